"""`walkerbench doctor`."""

from __future__ import annotations

import click

from walkerbench.cli.options import HELP_NAMES, verbose_option
from walkerbench.cli.output import note, write_out
from walkerbench.errors import ExitCode

_NOISE_S = 5.0


_HELP = """\
Say whether this machine is fit for measuring.

Looks at cores, quota, frequency, load, steal, swap, BLAS, the GIL and the
timer, and measures the same work against itself for five seconds, to tell
which slowdown would drown in the machine's noise. Ends with 0 whatever it
finds, unless --strict is given.

\b
Examples:
  walkerbench doctor
  walkerbench doctor --strict
  walkerbench doctor --json
"""


@click.command("doctor", help=_HELP, context_settings=HELP_NAMES)
@click.option("--strict", is_flag=True, help="End with 4 if the machine is unfit.")
@click.option("--json", "as_json", is_flag=True, help="Print checks and readings as JSON.")
@verbose_option
def doctor_command(*, strict: bool, as_json: bool) -> ExitCode:
    """Carry out `walkerbench doctor`."""
    from walkerbench.cli.rich_console import to_text
    from walkerbench.doctor.checks import check_machine, is_fit
    from walkerbench.doctor.noise import measure_noise
    from walkerbench.doctor.readings import read_all
    from walkerbench.profile.loading import load_profile
    from walkerbench.reports import doctor_json
    from walkerbench.reports.terminal.doctor import checks_table

    note(f"measuring for about {_NOISE_S:.0f} s")
    smoke = load_profile("smoke")
    readings = read_all(lambda: measure_noise(smoke, _NOISE_S))
    checks = check_machine(readings)
    write_out(doctor_json.render(checks, readings) if as_json else to_text(checks_table(checks)))
    return ExitCode.INCONCLUSIVE if strict and not is_fit(checks) else ExitCode.PASS
