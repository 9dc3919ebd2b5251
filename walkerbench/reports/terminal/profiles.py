"""The shipped profiles, each with what it runs and its criteria."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.padding import Padding

from walkerbench.reports.terminal.tables import blank_line, line

if TYPE_CHECKING:
    from walkerbench.profile.model import Profile, Stage

_INDENT = 2


def profile_tables(profiles: Sequence[Profile]) -> Iterator[RenderableType]:
    """Lay out profiles: name, description, what is run, and the criteria."""
    for number, profile in enumerate(profiles):
        if number:
            yield blank_line()
        yield line(profile.name, "bold")
        yield _indented(profile.description)
        paces = [profile.pace_of(stage) for stage in profile.stages]
        several = len(set(paces)) > 1
        stages = " → ".join(
            _stage(stage, pace if several else None) for stage, pace in zip(profile.stages, paces, strict=True)
        )
        facts = [stages, f"warm-up {profile.warmup} frames", f"mode {profile.mode}"]
        yield _indented(f"runs: {'; '.join(facts if several else (*facts, f'pace {paces[0]}'))}")
        yield _indented(f"judged by: {', '.join(str(criterion) for criterion in profile.criteria)}")


def _stage(stage: Stage, pace: str | None) -> str:
    length = f"{stage.frames} frames" if stage.frames is not None else f"{stage.duration_s:g} s"
    return f"{stage.agents} agents for {length}" + (f" at pace {pace}" if pace else "")


def _indented(text: str) -> Padding:
    return Padding(line(text), (0, 0, 0, _INDENT))
