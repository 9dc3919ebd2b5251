"""Options that several commands share, their types, and the completion of their values."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from walkerbench import shipped_profiles

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


class ProfileName(click.ParamType):  # type: ignore[type-arg]  # generic in newer click only
    """A shipped profile's name, or a path."""

    name = "profile"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Names that begin like this, else files."""
        names = [CompletionItem(name) for name in shipped_profiles.names() if name.startswith(incomplete)]
        return names or [CompletionItem(incomplete, type="file")]


class RecordedRun(click.ParamType):  # type: ignore[type-arg]  # generic in newer click only
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
    return click.option("--json", "as_json", is_flag=True, help="Print run.json instead of tables.")(command)


def run_argument(command: Command) -> Command:
    """`RUN`: a recorded run."""
    return click.argument("recorded", metavar="RUN", type=RecordedRun())(command)


def profile_options(command: Command) -> Command:
    """`--profile` and every option that overrides a part of it; what is wrong with a value, profile.py says."""
    for option in reversed(_PROFILE_OPTIONS):
        command = option(command)
    return command


_PROFILE_OPTIONS = (
    click.option(
        "--profile",
        "profile_name",
        type=ProfileName(),
        metavar="NAME|PATH",
        default="default",
        show_default=True,
        help="What to run: a shipped profile or a TOML file. The options below override it.",
    ),
    click.option(
        "--mode",
        type=click.Choice(["sequential", "threaded", "process"]),
        help="Where agents are stepped: in one thread, in threads or in processes.",
    ),
    click.option("--workers", type=int, metavar="N", help="Threads or processes. Default: the cores allowed."),
    click.option("--agents", type=int, metavar="N", help="Number of agents."),
    click.option("--frames", type=int, metavar="N", help="Frames to run, warm-up included."),
    click.option(
        "--duration",
        "duration_s",
        type=Duration(),
        metavar="TIME",
        help="Time to run instead of frames: 90, 90s, 5m, 1h.",
    ),
    click.option("--seed", type=int, metavar="N", help="Root of every random stream."),
    click.option("--warmup", type=int, metavar="N", help="Frames at the start that are recorded and not judged."),
    click.option(
        "--pace",
        type=click.Choice(["max", "realtime"]),
        help="As fast as possible, or at the environment's own frames per second.",
    ),
    click.option(
        "--criterion",
        "criteria",
        multiple=True,
        metavar="TEXT",
        help="A criterion to judge by, such as 'frame_ms.p99 < 50'; takes the place of the profile's criterion of the "
        "same metric and statistic. Repeatable.",
    ),
)


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
