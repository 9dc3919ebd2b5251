"""`walkerbench doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from walkerbench.cli.grouped_command import grouped_command
from walkerbench.cli.option_groups import doctor_group
from walkerbench.cli.options import verbose_option
from walkerbench.cli.output import note, users_code_runs, write_out
from walkerbench.errors import ExitCode

if TYPE_CHECKING:
    from walkerbench.cli.profile_choice import ProfileChoice

_NOISE_S = 5.0


_HELP = """\
Is this machine fit for measuring?

Looks at cores, quota, frequency, load, steal, swap, BLAS, the GIL and the
timer. Then compares a workload with itself for five seconds, to find how
large a slowdown must be to exceed the machine's noise. The workload is the
built-in one, unless you name another. The exit code is 0 whatever it finds,
unless --strict is given.

\b
Examples:
  walkerbench doctor
  walkerbench doctor --strict
  walkerbench doctor --json
  walkerbench doctor --workload mysim:Herd --agents 60
"""


@grouped_command("doctor", _HELP, doctor_group())
@click.option("--strict", is_flag=True, help="Exit with 4 if the machine is unfit.")
@click.option("--json", "as_json", is_flag=True, help="Print checks and readings as JSON.")
@verbose_option
def doctor_command(*, choice: ProfileChoice, strict: bool, as_json: bool) -> ExitCode:
    """Carry out `walkerbench doctor`."""
    from walkerbench.cli.rich_console import to_text
    from walkerbench.doctor.checks import check_machine, is_fit
    from walkerbench.doctor.noise import measure_noise
    from walkerbench.doctor.readings import read_all
    from walkerbench.reports import doctor_json
    from walkerbench.reports.terminal.doctor import checks_table
    from walkerbench.running.found_settings import find_settings

    profile = choice.load()
    note(f"measuring for about {_NOISE_S:.0f} s")
    with users_code_runs():
        profile = find_settings(profile)
        readings = read_all(lambda: measure_noise(profile, _NOISE_S))
    checks = check_machine(readings)
    write_out(doctor_json.render(checks, readings) if as_json else to_text(checks_table(checks)))
    return ExitCode.INCONCLUSIVE if strict and not is_fit(checks) else ExitCode.PASS
