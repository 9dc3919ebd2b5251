"""Groups of options that several commands share: what is run, how much is measured, how a verdict is decided."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from walkerbench.cli.grouped_command import OptionGroup
from walkerbench.cli.option_types import (
    Argument,
    Duration,
    PartOfOne,
    ProfileName,
    RegisteredName,
    WholeNumber,
    WholeNumberWithin,
    WorkloadSpec,
)
from walkerbench.modes.registry import MODES
from walkerbench.shown_text import shortened
from walkerbench.workloads.registry import DEFAULT_WORKLOAD

if TYPE_CHECKING:
    from walkerbench.cli.profile_choice import ProfileChoice
    from walkerbench.comparison.decision_rules import DecisionRules
    from walkerbench.interleaved.round_plan import MeasurementRequest


def _named_once(ctx: click.Context, param: click.Parameter, given: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    named = dict(given)
    if len(named) < len(given):
        repeated = next(name for number, (name, _) in enumerate(given) if name in dict(given[:number]))
        raise click.BadParameter(f"{shortened(repeated)} is given twice.", ctx, param)
    return named


_PROFILE = click.Option(
    ["--profile", "profile_name"],
    type=ProfileName(),
    metavar="NAME|PATH",
    default="default",
    show_default=True,
    help="A shipped profile or a TOML file; other options override it.",
)
MODE_OPTION = click.Option(
    ["--mode"],
    type=RegisteredName(MODES),
    metavar="MODE",
    help="Where agents are stepped: sequential (one thread), threaded, process, or a mode that a package brings.",
)
WORKLOAD_ARGUMENT_OPTION = click.Option(
    ["--workload-argument", "workload_arguments"],
    type=Argument(),
    multiple=True,
    callback=_named_once,
    metavar="KEY=VALUE",
    help="A keyword argument of the class or function that SPEC names. Repeatable.",
)
WORK_OPTIONS = (
    click.Option(
        ["--workload"],
        type=WorkloadSpec(),
        metavar="SPEC",
        help=f"What is run: {DEFAULT_WORKLOAD}, gymnasium:ID, MODULE:CLASS, agents:MODULE:FUNCTION, "
        "function:MODULE:FUNCTION, pytest:FILE::TEST, or a workload that a package brings. Default: the profile's.",
    ),
    WORKLOAD_ARGUMENT_OPTION,
    click.Option(
        ["--workers"],
        type=WholeNumber(),
        metavar="N",
        help="Number of threads or processes. Default: the cores allowed.",
    ),
    click.Option(["--agents"], type=WholeNumber(), metavar="N", help="Number of agents."),
    click.Option(["--seed"], type=WholeNumber(), metavar="N", help="Root of every random stream."),
    click.Option(
        ["--warmup"], type=WholeNumber(), metavar="N", help="Frames at the start that are recorded and not judged."
    ),
)
SETUP_OPTION = click.Option(
    ["--setup"],
    metavar="COMMAND",
    help="A command, such as 'pip install -e .', to run once in each fresh worktree before it is measured. Each "
    "worktree has its own virtual environment, which can also import the packages installed here.",
)
PACE_OPTION = click.Option(
    ["--pace"],
    type=click.Choice(["max", "realtime"]),
    help="max: as fast as possible; realtime: at the workload's own frames per second.",
)
LENGTH_OPTIONS = (
    click.Option(["--frames"], type=WholeNumber(), metavar="N", help="Frames to run, warm-up included."),
    click.Option(
        ["--duration", "duration_s"],
        type=Duration(),
        metavar="TIME",
        help="Time to run instead of frames: 90, 90s, 5m, 1h.",
    ),
    PACE_OPTION,
)
CRITERION_OPTION = click.Option(
    ["--criterion", "criteria"],
    multiple=True,
    metavar="TEXT",
    help="A criterion to judge by, such as 'frame_ms.p99 < 50'; replaces the profile's criterion of the same metric "
    "and statistic. Repeatable.",
)
_DECISION = (
    click.Option(
        ["--tolerance"],
        type=PartOfOne(),
        default="2%",
        show_default=True,
        metavar="SHARE",
        help="The smallest slowdown or speed-up that matters.",
    ),
    click.Option(
        ["--alpha"],
        type=PartOfOne(),
        default="1%",
        show_default=True,
        metavar="SHARE",
        help="Highest rate of false verdicts of each kind (regression, no regression, faster), over all sides "
        "together.",
    ),
    click.Option(
        ["--allow-different-work"],
        is_flag=True,
        help="Compare sides that do different work; every report then says so.",
    ),
    click.Option(
        ["--allow-faults"],
        is_flag=True,
        help="Compare sides with injected faults; every report then says so.",
    ),
)
_ROUNDS = (
    click.Option(
        ["--budget", "budget_s"],
        type=Duration(),
        metavar="TIME",
        help="About how long the measurement may take; it sets the number of rounds. Default: 60s, or longer where "
        "60s are too short for a verdict at alpha. At the default alpha, two sides need about 36s at least, three 58s.",
    ),
    click.Option(
        ["--rounds"],
        type=WholeNumberWithin(min=1, max=10_000),
        metavar="N",
        help="Number of rounds, however long they take. At the default alpha, two sides need at least 11, three 12.",
    ),
)


def _profile_choice(values: Mapping[str, Any]) -> ProfileChoice:
    from walkerbench.cli.profile_choice import ProfileChoice
    from walkerbench.profile.overrides import ProfileOverrides

    overrides = {name: value for name, value in values.items() if name != "profile_name"}
    return ProfileChoice(values["profile_name"], ProfileOverrides(**overrides))


def _measurement_request(values: Mapping[str, Any]) -> MeasurementRequest:
    from walkerbench.interleaved.round_plan import MeasurementRequest

    return MeasurementRequest(**values)


def _decision_rules(values: Mapping[str, Any]) -> DecisionRules:
    from walkerbench.comparison.decision_rules import DecisionRules

    return DecisionRules(**values)


def profile_group(*options: click.Option, heading: str = "What is run") -> OptionGroup:
    """Return `--profile` with options that override parts of it, received as a `ProfileChoice` in `choice`.

    Values are not checked here: `walkerbench.profile` does that.
    """
    return OptionGroup(heading, (_PROFILE, *options), ("choice", _profile_choice))


def doctor_group() -> OptionGroup:
    """Return the options for the workload that `doctor` measures noise with, as a `ProfileChoice` in `choice`."""
    options = tuple(each for each in WORK_OPTIONS if each.name in ("workload", "workload_arguments", "agents", "seed"))
    parts = ("choice", lambda values: _profile_choice({"profile_name": "smoke", **values}))
    return OptionGroup("The workload that noise is measured with", options, parts)


def rounds_group(heading: str = "How much is measured") -> OptionGroup:
    """Return the options for how much is measured, received as a `MeasurementRequest` in `request`."""
    return OptionGroup(heading, _ROUNDS, ("request", _measurement_request))


def decision_group(heading: str = "How a verdict is decided") -> OptionGroup:
    """Return the options for how a comparison is decided, received as `DecisionRules` in `rules`."""
    return OptionGroup(heading, _DECISION, ("rules", _decision_rules))
