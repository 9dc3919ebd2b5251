"""`walkerbench selftest`."""

from __future__ import annotations

import sys

from walkerbench.cli.grouped_command import grouped_command
from walkerbench.cli.options import json_option, quiet_option, verbose_option
from walkerbench.cli.output import write_out
from walkerbench.errors import ExitCode

_HELP = """\
Does the gate find faults on this machine?

Injects faults, in every mode that they apply to: a slow frame, slow agent
processing, slow frames in a row, a worker that exits or hangs, another
trajectory, an empty run, steps that are 10 % slower. Each fault must lead to
exactly the right criterion, message and exit code; a run without a fault
must pass. Takes less than two minutes on two cores, and leaves no file and
no process.

Exit code: 0 every proof succeeded, 1 a proof failed.

\b
Examples:
  walkerbench selftest
  walkerbench selftest --json
"""


@grouped_command("selftest", _HELP)
@json_option
@quiet_option
@verbose_option
def selftest_command(*, as_json: bool, quiet: bool) -> ExitCode:
    """Carry out `walkerbench selftest`."""
    from walkerbench.cli.display import open_display
    from walkerbench.cli.rich_console import to_text
    from walkerbench.reports import selftest_json
    from walkerbench.reports.terminal import selftest as terminal
    from walkerbench.selftest import run_cases
    from walkerbench.system.child_processes import PassedOnSignals
    from walkerbench.system.temporary import temporary_directory

    planned = list(run_cases.planned_cases(run_cases.modes_to_prove()))
    with (
        open_display(sys.stderr, quiet=quiet) as display,
        PassedOnSignals(run_cases.RUN_DEADLINE_S) as signals,
        temporary_directory("walkerbench-selftest-") as directory,
    ):
        display.begin()

        def tell(number: int, fault: str, mode: str) -> None:
            facts = f"{number}/{len(planned)}  {fault}"
            display.show(what=mode, facts=facts, completed=number, total=len(planned))

        bench = run_cases.ProcessBench(signals)
        result = run_cases.run_selftest(bench, directory, planned, tell)
    write_out(selftest_json.render(result) if as_json else to_text(terminal.report(result)))
    return result.exit_code
