"""Makes sides that differ only in their mode: one side per mode."""

from __future__ import annotations

import dataclasses

from walkerbench.interleaved.sides import Side
from walkerbench.modes.registry import BASE_MODE, MODES, refusal
from walkerbench.profile.model import Profile
from walkerbench.profile.overrides import ProfileOverrides, override
from walkerbench.running.worker_count import choose_workers


def one_side_per_mode(profile: Profile, overrides: ProfileOverrides) -> tuple[Side, ...]:
    """Return one side for each mode that can run the workload, the base mode's first; all run the code that runs now.

    Args:
        profile: What each side runs.
        overrides: Parts of it to replace; its number of workers is for every mode that runs shards side by side.
    """
    wanted = profile.workers if overrides.workers is None else overrides.workers
    same = override(profile, dataclasses.replace(overrides, mode=BASE_MODE, workers=None))
    sides = [Side(BASE_MODE, None, same)]
    shards = same.make_workload(same.stages[0]).shards
    for mode in (name for name in MODES.names() if name != BASE_MODE and refusal(shards, MODES.find(name)) is None):
        count = choose_workers(mode, wanted, same.stages[0].agents, shards)
        changed = override(same, ProfileOverrides(mode=mode, workers=wanted))
        sides.append(Side(f"{mode} ({count})", None, changed))
    return tuple(sides)
