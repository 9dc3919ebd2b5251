"""Finds values of a profile that contradict each other, wherever they come from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from walkerbench.modes.registry import MODES
from walkerbench.profile.model import Profile
from walkerbench.profile.toml_tables import wrong


class Contradiction(NamedTuple):
    """Values that do not go together.

    Attributes:
        key: The key to change.
        involved: Top-level keys that the contradiction is between.
        text: What is wrong, and what is allowed.
    """

    key: str
    involved: frozenset[str]
    text: str


def find_contradictions(profile: Profile) -> Iterator[Contradiction]:
    """Return every contradiction in a profile whose single values are right."""
    yield from _of_stages(profile)
    if profile.workers not in (None, 1) and not MODES.find(profile.mode).traits.side_by_side:
        what = f"{profile.workers} workers in mode {profile.mode}"
        others = " or ".join(name for name in MODES.names() if MODES.find(name).traits.side_by_side)
        yield Contradiction("workers", frozenset({"workers", "mode"}), wrong(what, f"1; or mode {others}"))
    yield from _of_faults(profile)
    for criterion in profile.criteria:
        if criterion.metric == "missed_deadlines" and profile.pace != "realtime":
            what = f"{criterion} cannot be judged at pace {profile.pace}, which has no deadlines"
            yield Contradiction("criteria", frozenset({"criteria", "pace"}), wrong(what, "it at pace realtime"))


def _of_stages(profile: Profile) -> Iterator[Contradiction]:
    several = len(profile.stages) > 1
    for number, stage in enumerate(profile.stages, 1):
        prefix = f"stage {number}: " if several else ""
        frames = profile.num_frames(stage)
        if frames is not None and frames <= profile.warmup:
            what = f"{prefix}{profile.warmup} frames of warm-up leave none of {frames} to judge"
            allowed = f"less than {frames}, for instance {frames // 10}"
            involved = frozenset({"warmup", "frames", "duration_s", "pace", "stages"})
            yield Contradiction("warmup", involved, wrong(what, allowed))
        if profile.workers is not None and profile.workers > stage.agents:
            what = f"{prefix}{profile.workers} workers for {stage.agents} agents"
            involved = frozenset({"workers", "agents", "stages"})
            yield Contradiction("workers", involved, wrong(what, f"at most {stage.agents}"))


def _of_faults(profile: Profile) -> Iterator[Contradiction]:
    known = [frames for stage in profile.stages if (frames := profile.num_frames(stage)) is not None]
    for frame in profile.faults.stall_frames:
        if len(known) == len(profile.stages) and frame >= max(known):
            what = f"frame {frame} is beyond the last one, {max(known) - 1}"
            involved = frozenset({"faults", "frames", "stages"})
            yield Contradiction("faults.stall_frames", involved, wrong(what, f"0 to {max(known) - 1}"))
