"""Finds values of a profile that contradict each other, from a file or from overrides."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from walkerbench.criteria.metrics import MISSED_DEADLINES
from walkerbench.modes.registry import MODES, mode_that_runs, refusal
from walkerbench.profile.model import MOST_FRAMES, Profile
from walkerbench.profile.safeguards import Safeguards
from walkerbench.profile.toml_tables import wrong
from walkerbench.workloads.specs import fixed_agents


class Contradiction(NamedTuple):
    """Values of a profile that contradict each other.

    Attributes:
        key: The key to change.
        involved: The top-level keys that contradict each other.
        text: What is wrong, and what is allowed.
    """

    key: str
    involved: frozenset[str]
    text: str


def find_contradictions(profile: Profile) -> Iterator[Contradiction]:
    """Yield every contradiction in a profile whose single values are right."""
    yield from _of_stages(profile)
    if profile.workers not in (None, 1) and not MODES.find(profile.mode).traits.side_by_side:
        what = f"{profile.workers} workers in mode {profile.mode}"
        others = " or ".join(name for name in MODES.names() if MODES.find(name).traits.side_by_side)
        yield Contradiction("workers", frozenset({"workers", "mode"}), wrong(what, f"1; or mode {others}"))
    yield from _of_workload(profile)
    yield from _of_faults(profile)
    yield from _of_safeguards(profile.safeguards)
    for criterion in profile.criteria:
        if criterion.key == MISSED_DEADLINES and "realtime" not in map(profile.pace_of, profile.stages):
            what = f"{criterion} cannot be judged at pace max, which has no deadlines"
            involved = frozenset({"criteria", "pace", "stages"})
            yield Contradiction("criteria", involved, wrong(what, "it at pace realtime"))


def _of_stages(profile: Profile) -> Iterator[Contradiction]:
    several = len(profile.stages) > 1
    for number, stage in enumerate(profile.stages, 1):
        prefix = f"stage {number}: " if several else ""
        frames = profile.num_frames(stage)
        if frames is not None and frames > MOST_FRAMES:
            rate = f"{profile.frames_per_second(stage):g} frames per second"
            what = f"{prefix}{stage.duration_s:g} s at {rate} are too many"
            involved = frozenset({"duration_s", "pace", "stages", "environment"})
            yield Contradiction("duration_s", involved, wrong(what, f"at most {MOST_FRAMES} frames"))
        if frames is not None and frames <= profile.warmup:
            what = f"{prefix}{profile.warmup} frames of warm-up leave none of {frames} to judge"
            allowed = f"less than {frames}, for instance {frames // 10}"
            involved = frozenset({"warmup", "frames", "duration_s", "pace", "stages"})
            yield Contradiction("warmup", involved, wrong(what, allowed))
        if profile.workers is not None and profile.workers > stage.agents:
            what = f"{prefix}{profile.workers} workers for {stage.agents} agents"
            involved = frozenset({"workers", "agents", "stages"})
            yield Contradiction("workers", involved, wrong(what, f"at most {stage.agents}"))


def _of_workload(profile: Profile) -> Iterator[Contradiction]:
    agents = fixed_agents(profile.factory)
    for stage in profile.stages:
        if agents is not None and stage.agents != agents:
            what = f"{stage.agents} of a workload that always has {agents}"
            yield Contradiction("agents", frozenset({"agents", "stages", "workload"}), wrong(what, f"{agents}"))
            return
        shards = profile.make_workload(stage).shards
        reason = refusal(shards, mode_that_runs(profile.mode, stage.agents))
        if reason is not None:
            others = " or ".join(name for name in MODES.names() if refusal(shards, MODES.find(name)) is None)
            what = f"{profile.mode} cannot run {profile.workload}: {reason}"
            yield Contradiction("mode", frozenset({"mode", "agents", "stages", "workload"}), wrong(what, others))
            return
        if shards == "one" and profile.workers not in (None, 1):
            what = f"{profile.workers} for {profile.workload}, whose agents cannot be split"
            yield Contradiction("workers", frozenset({"workers", "workload"}), wrong(what, "1"))
            return


def _of_safeguards(safeguards: Safeguards) -> Iterator[Contradiction]:
    if safeguards.hung_after_s <= safeguards.slow_frame_s:
        what = f"{safeguards.hung_after_s:g} s, and a frame is slow from {safeguards.slow_frame_s:g} s on"
        allowed = wrong(what, "more than slow_frame_s")
        yield Contradiction("safeguards.barrier_timeout_s", frozenset({"safeguards"}), allowed)


def _of_faults(profile: Profile) -> Iterator[Contradiction]:
    known = [frames for stage in profile.stages if (frames := profile.num_frames(stage)) is not None]
    last = max(known) - 1 if len(known) == len(profile.stages) else math.inf
    for key, injected_in in profile.faults.frames.items():
        for frame in injected_in:
            if frame > last:
                what = f"frame {frame} is beyond the last one, {last}"
                involved = frozenset({"faults", "frames", "stages"})
                yield Contradiction(f"faults.{key}", involved, wrong(what, f"up to {last}"))
    # The mode that runs, which may differ from the requested one.
    modes = {mode.name: mode for stage in profile.stages for mode in [mode_that_runs(profile.mode, stage.agents)]}
    for mode in modes.values():
        for key, reason in profile.faults.impossible_in(mode.traits).items():
            possible = [
                name for name in MODES.names() if key not in profile.faults.impossible_in(MODES.find(name).traits)
            ]
            what = f"cannot be injected in mode {mode.name}: {reason}"
            involved = frozenset({"faults", "mode", "agents", "stages"})
            yield Contradiction(f"faults.{key}", involved, wrong(what, f"in mode {' or '.join(possible)}"))
