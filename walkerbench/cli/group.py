"""The group of all commands."""

from __future__ import annotations

from typing import Any

import click

from walkerbench import __version__
from walkerbench.cli.ab import ab_command
from walkerbench.cli.check import check_command
from walkerbench.cli.compare import compare_command
from walkerbench.cli.doctor import doctor_command
from walkerbench.cli.export import export_command
from walkerbench.cli.flamegraph import flamegraph_command
from walkerbench.cli.gate import gate_command
from walkerbench.cli.options import HELP_NAMES
from walkerbench.cli.other_copies import note_other_copies
from walkerbench.cli.profiles import profiles_command
from walkerbench.cli.report import report_command
from walkerbench.cli.run import run_command
from walkerbench.cli.runs import runs_command
from walkerbench.cli.selftest import selftest_command
from walkerbench.cli.serve import serve_command
from walkerbench.cli.show import show_command
from walkerbench.errors import UsageError


class _CommandGroup(click.Group):
    """Commands end by returning: a `sys.exit()` in what they run is a fault, and chooses no exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        note_other_copies(("walkerbench",))
        try:
            return super().invoke(ctx)
        except SystemExit as error:
            raise RuntimeError(f"sys.exit({error.code!r}) was called within a command") from error


_HELP = """\
Measure a simulation in sequential, threaded and process mode, and judge it.

\b
Examples:
  walkerbench run
  walkerbench run --mode process --workers 2
  walkerbench show @latest
  walkerbench runs
  walkerbench compare
  walkerbench ab main HEAD
  walkerbench gate --against origin/main
  walkerbench flamegraph -o where-time-goes
  walkerbench check mysim:Herd
  walkerbench doctor
  walkerbench selftest
  walkerbench profiles

\b
Completion in the shell; to keep it, add one line to the start-up file:
  bash, ~/.bashrc:
    eval "$(_WALKERBENCH_COMPLETE=bash_source walkerbench)"
  zsh, ~/.zshrc:
    eval "$(_WALKERBENCH_COMPLETE=zsh_source walkerbench)"
  fish, ~/.config/fish/completions/walkerbench.fish:
    _WALKERBENCH_COMPLETE=fish_source walkerbench | source

\b
Exit codes:
  0    every criterion is met, and no side is slower
  1    a criterion is not met, a side is slower, a safeguard stopped it, or
       selftest has not proven all
  2    the request, a profile or a recorded run cannot be used
  3    the run started and could not be finished
  4    a comparison is inconclusive, or a criterion was not judged
  70   a fault in walkerbench itself
  130  interrupted
"""


@click.group(
    cls=_CommandGroup, help=_HELP, context_settings=HELP_NAMES, invoke_without_command=True, no_args_is_help=False
)
@click.version_option(__version__, prog_name="walkerbench")
@click.pass_context
def walkerbench(ctx: click.Context) -> None:
    """Refuse to be called without a command."""
    if ctx.invoked_subcommand is None:
        raise UsageError("no command given: try `walkerbench run`, or `walkerbench --help` for the others")


for command in (
    run_command,
    serve_command,
    show_command,
    runs_command,
    report_command,
    export_command,
    compare_command,
    ab_command,
    gate_command,
    flamegraph_command,
    check_command,
    doctor_command,
    selftest_command,
    profiles_command,
):
    walkerbench.add_command(command)
