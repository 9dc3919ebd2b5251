"""Options that several commands share, their types, and the completion of their values."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from walkerbench.modes.registry import MODES
from walkerbench.profile import shipped as shipped_profiles
from walkerbench.system.registry import Registry
from walkerbench.workloads.registry import DEFAULT_WORKLOAD, WORKLOADS

HELP_NAMES = {"help_option_names": ["-h", "--help"], "max_content_width": 80}
"""Every command's context settings."""

_UNITS_S = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass
class Invocation:
    """What of the command line is needed beyond the command itself.

    Attributes:
        verbose: Whether errors show their traceback.
    """

    verbose: bool = False


class Duration(click.ParamType):  # type: ignore[type-arg]  # generic in newer click only
    """Seconds, written as `90`, `90s`, `1.5m` or `1h`."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Turn the text into seconds."""
        match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)([smh]?)", str(value), re.ASCII)
        if match is None:
            self.fail(
                f"{value!r} is no duration: give seconds, or a number with s, m or h, as in 90s or 5m.", param, ctx
            )
        return float(match[1]) * _UNITS_S[match[2]]


class PartOfOne(click.ParamType):  # type: ignore[type-arg]  # generic in newer click only
    """A part of 1, written as `2%` or `0.02`."""

    name = "share"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Turn the text into a part of 1."""
        match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?|\.\d{1,9})(%?)", str(value), re.ASCII)
        if match is None:
            self.fail(f"{value!r} is no share: give a number with a percent sign, as in 2%, or 0.02.", param, ctx)
        if not match[2] and float(match[1]) >= 1:
            self.fail(f"{value!r} would be all of it or more: did you mean {value}%?", param, ctx)
        share = float(match[1]) / (100.0 if match[2] else 1.0)
        if share >= 1:
            self.fail(f"{value!r} is no share: give less than 100%.", param, ctx)
        return share


class ProfileName(click.ParamType):  # type: ignore[type-arg]  # generic in newer click only
    """A shipped profile's name, or a path."""

    name = "profile"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Names that begin like this, else files."""
        names = [CompletionItem(name) for name in shipped_profiles.names() if name.startswith(incomplete)]
        return names or [CompletionItem(incomplete, type="file")]


class RegisteredName(click.ParamType):  # type: ignore[type-arg]  # generic in newer click only
    """A name in a registry; what stands for it is imported where it is used.

    Args:
        registry: Of modes or workloads.
    """

    name = "name"

    def __init__(self, registry: Registry[Any]) -> None:
        self._registry = registry

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Names that begin like this."""
        return [CompletionItem(name) for name in self._registry.names() if name.startswith(incomplete)]


class RunName(click.ParamType):  # type: ignore[type-arg]  # generic in newer click only
    """A run directory, or `@latest`."""

    name = "run"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """`@latest` where it begins like this, else directories."""
        if incomplete and "@latest".startswith(incomplete):
            return [CompletionItem("@latest", help="the newest run in .walkerbench/runs")]
        return [CompletionItem(incomplete, type="dir")]


def _set_verbose(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    invocation = ctx.find_object(Invocation)
    if invocation is not None and value:
        invocation.verbose = True


def verbose_option(command: Command) -> Command:
    """`-v/--verbose`: sets `Invocation.verbose`; the command does not receive it."""
    return click.option(
        "-v",
        "--verbose",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_set_verbose,
        help="Say more: facts of the machine, tracebacks of errors.",
    )(command)


def json_option(command: Command) -> Command:
    """`--json`: the result as JSON."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print JSON instead of tables; of a run, its run.json."
    )(command)


def run_argument(command: Command) -> Command:
    """`RUN`: a recorded run."""
    return click.argument("recorded", metavar="RUN", type=RunName())(command)


def profile_options(command: Command) -> Command:
    """`--profile` and every option that overrides a part of it; what is wrong with a value, profile.py says."""
    return _with(command, _PROFILE, _MODE, *_WORK, *_LENGTH, _CRITERION)


def judged_profile_options(command: Command) -> Command:
    """Those of them that a measurement heeds whose length is derived from its budget, and whose frames are judged."""
    return _with(command, _PROFILE, _MODE, *_WORK, _CRITERION)


def unjudged_profile_options(command: Command) -> Command:
    """All of them but the criterion, for a run that is not judged."""
    return _with(command, _PROFILE, _MODE, *_WORK, *_LENGTH)


def profile_option(command: Command) -> Command:
    """`--profile` alone, for sides that say the rest themselves."""
    return _PROFILE(command)


def work_options(command: Command) -> Command:
    """Those of them that say what is run, but not where, for how long, or what it must reach."""
    return _with(command, _PROFILE, *_WORK)


def decision_options(command: Command) -> Command:
    """What a comparison is decided by; `PartOfOne` values are parts of 1."""
    return _with(command, *_DECISION)


def rounds_options(command: Command) -> Command:
    """How much is measured where sides are measured now."""
    return _with(command, *_ROUNDS)


def _with(command: Command, *options: Callable[[Command], Command]) -> Command:
    for option in reversed(options):
        command = option(command)
    return command


_PROFILE = click.option(
    "--profile",
    "profile_name",
    type=ProfileName(),
    metavar="NAME|PATH",
    default="default",
    show_default=True,
    help="What to run: a shipped profile or a TOML file. The options below override it.",
)
_MODE = click.option(
    "--mode",
    type=RegisteredName(MODES),
    metavar="MODE",
    help="Where agents are stepped: sequential (one thread), threaded, process, or a mode that a package brings.",
)
_WORK = (
    click.option(
        "--workload",
        type=RegisteredName(WORKLOADS),
        metavar="SPEC",
        help=f"What is run: {DEFAULT_WORKLOAD}, or a workload that a package brings. Default: the profile's.",
    ),
    click.option("--workers", type=int, metavar="N", help="Threads or processes. Default: the cores allowed."),
    click.option("--agents", type=int, metavar="N", help="Number of agents."),
    click.option("--seed", type=int, metavar="N", help="Root of every random stream."),
    click.option("--warmup", type=int, metavar="N", help="Frames at the start that are recorded and not judged."),
)
_LENGTH = (
    click.option("--frames", type=int, metavar="N", help="Frames to run, warm-up included."),
    click.option(
        "--duration",
        "duration_s",
        type=Duration(),
        metavar="TIME",
        help="Time to run instead of frames: 90, 90s, 5m, 1h.",
    ),
    click.option(
        "--pace",
        type=click.Choice(["max", "realtime"]),
        help="As fast as possible, or at the environment's own frames per second.",
    ),
)
_CRITERION = click.option(
    "--criterion",
    "criteria",
    multiple=True,
    metavar="TEXT",
    help="A criterion to judge by, such as 'frame_ms.p99 < 50'; takes the place of the profile's criterion of the "
    "same metric and statistic. Repeatable.",
)
_DECISION = (
    click.option(
        "--tolerance",
        type=PartOfOne(),
        default="2%",
        show_default=True,
        metavar="SHARE",
        help="The smallest slowdown that matters.",
    ),
    click.option(
        "--alpha",
        type=PartOfOne(),
        default="1%",
        show_default=True,
        metavar="SHARE",
        help="How often at most a verdict of either kind may be false, over all sides together.",
    ),
    click.option(
        "--allow-different-work",
        is_flag=True,
        help="Compare sides that do not compute the same, and say so wherever the result is shown.",
    ),
)
_ROUNDS = (
    click.option(
        "--budget",
        "budget_s",
        type=Duration(),
        metavar="TIME",
        help="About how long the measurement may take; the number of rounds is derived from it. Default: 60s, or what "
        "the fewest rounds take that reach alpha.",
    ),
    click.option("--rounds", type=click.IntRange(min=1), metavar="N", help="Number of rounds, whatever they take."),
)


def repeat_option(command: Command) -> Command:
    """`--repeat`: how many runs."""
    return click.option(
        "--repeat",
        type=click.IntRange(min=1),
        metavar="N",
        default=1,
        help="Number of runs, one after the other, each in a fresh process and, with -o, in a numbered folder of DIR. "
        "The first one without a verdict ends them.",
    )(command)


def output_option(command: Command) -> Command:
    """`-o/--output`: the run directory."""
    return click.option(
        "-o",
        "--output",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="Run directory to create. Default: a new one in .walkerbench/runs.",
    )(command)


def quiet_option(command: Command) -> Command:
    """`-q/--quiet`: no progress."""
    return click.option("-q", "--quiet", is_flag=True, help="No progress on stderr; the result is printed.")(command)
