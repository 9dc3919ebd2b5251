"""`walkerbench compare`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from walkerbench.cli.options import (
    HELP_NAMES,
    Invocation,
    RunName,
    decision_options,
    json_option,
    quiet_option,
    rounds_options,
    verbose_option,
    work_options,
)
from walkerbench.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from walkerbench.comparison.comparison_result import Compared
    from walkerbench.interleaved.sides import Side
    from walkerbench.profile.model import Profile

_MEASURING = frozenset({"profile_name", "workload", "workers", "agents", "seed", "warmup", "budget_s", "rounds"})


@click.command("compare", context_settings=HELP_NAMES)
@click.argument("recorded", metavar="[BASE CANDIDATE...]", type=RunName(), nargs=-1)
@work_options
@rounds_options
@decision_options
@json_option
@quiet_option
@verbose_option
@click.pass_obj
def compare_command(
    invocation: Invocation,
    /,
    *,
    recorded: tuple[str, ...],
    profile_name: str,
    workers: int | None,
    as_json: bool,
    budget_s: float | None,
    rounds: int | None,
    quiet: bool,
    tolerance: float,
    alpha: float,
    allow_different_work: bool,
    **work: Any,
) -> ExitCode:
    """Compare the modes now, or recorded runs.

    Without runs, sequential, threaded and process mode are measured now,
    interleaved, and the answer is which of them to use on this machine; the
    exit code is then 0 if every verdict is clear, and 4 if one is
    inconclusive.

    With runs, each CANDIDATE is held against BASE: run directories, folders of
    runs as `walkerbench run --repeat` makes them, or @latest, @latest~1 and so
    on. Exit code: 0 not slower, 1 a regression, 4 inconclusive.

    \b
    Examples:
      walkerbench compare
      walkerbench compare --profile smoke --workers 2 --budget 90s
      walkerbench compare @latest~1 @latest
      walkerbench compare runs/before runs/after --tolerance 5%
    """  # noqa: D301  click takes the character \b for "leave these lines as they are"
    from walkerbench.cli.measuring import measure_and_judge, print_compared
    from walkerbench.profile.loading import load_profile
    from walkerbench.profile.overrides import ProfileOverrides, override

    decision: dict[str, Any] = {
        "tolerance": tolerance,
        "alpha": alpha,
        "allow_different_work": allow_different_work,
    }
    if recorded:
        _refuse_measuring(click.get_current_context())
        compared = _compare_recorded(recorded, **decision)
        print_compared(compared, compared.exit_code, as_json=as_json)
        return compared.exit_code
    profile = override(load_profile(profile_name), ProfileOverrides(**work))
    sides = _modes(profile, workers)
    compared = measure_and_judge(sides, budget_s=budget_s, rounds=rounds, quiet=quiet, **decision)
    # Threads that are slower are an answer here, not a fault.
    inconclusive = any(comparison.verdict == "inconclusive" for comparison in compared.comparisons)
    exit_code = ExitCode.INCONCLUSIVE if inconclusive else ExitCode.PASS
    print_compared(compared, exit_code, as_json=as_json, advice=_advice(compared))
    return exit_code


def _refuse_measuring(context: click.Context) -> None:
    """Refuse options that say what to measure: recorded runs are as they are."""
    given = [
        option.opts[0]
        for option in context.command.params
        if option.name in _MEASURING and context.get_parameter_source(option.name) is ParameterSource.COMMANDLINE
    ]
    if given:
        raise UsageError(f"{', '.join(given)}: what is recorded cannot be changed; give it without naming runs")


def _modes(profile: Profile, workers: int | None) -> tuple[Side, ...]:
    """Return one side per mode, the base mode first."""
    from walkerbench.interleaved.sides import Side
    from walkerbench.modes.registry import BASE_MODE, MODES
    from walkerbench.profile.overrides import ProfileOverrides, override
    from walkerbench.running.training_environment import choose_workers

    wanted = profile.workers if workers is None else workers
    sides = [Side(BASE_MODE, None, override(profile, ProfileOverrides(mode=BASE_MODE)))]
    for mode in (name for name in MODES.names() if name != BASE_MODE):
        count = choose_workers(mode, wanted, profile.stages[0].agents)
        changed = override(profile, ProfileOverrides(mode=mode, workers=wanted))
        sides.append(Side(f"{mode} ({count})", None, changed))
    return tuple(sides)


def _advice(compared: Compared) -> str:
    from walkerbench.comparison.advice import Candidate, advise

    python = compared.machine.get("python", {})
    candidates = [
        Candidate(side.mode, side.traits, side.workers, comparison)
        for side, comparison in zip(compared.sides[1:], compared.comparisons, strict=True)
    ]
    return advise(candidates, gil_enabled=python.get("gil_enabled"))


def _compare_recorded(texts: tuple[str, ...], **decision: Any) -> Compared:
    from walkerbench.recorded_sides.compare_recorded import compare_recorded
    from walkerbench.recorded_sides.sides import find_sides
    from walkerbench.run_directory import RUNS_ROOT

    return compare_recorded(find_sides(texts, RUNS_ROOT), **decision)
