"""A script that uses kernels in a process of its own, and prints as JSON what had to be compiled for it."""

from __future__ import annotations

import json
import os
import sys

import numpy as np
from compiled import from_python
from herds import PLAIN, Herd
from kernels_room import all_kernels, inner_functions
from lively import LIVELY, LIVELY_AGENTS, LIVELY_FRAMES

from walkerbench.workloads.walker.kernels.records import settings_record
from walkerbench.workloads.walker.kernels.settling import age
from walkerbench.workloads.walker.kernels.vectors import copy_values
from walkerbench.workloads.walker.settings import EcosystemSettings


def age_one(*, hold_gil: bool) -> float:
    """Return the health of one starving agent, which was 0.5, after a frame."""
    health = np.array([0.5])
    age.variant(hold_gil=hold_gil)(settings_record(EcosystemSettings()), np.array([True]), np.array([0.1]), health)
    return float(health[0])


def go_everywhere() -> None:
    """Run the lively herd until everything has happened, then put its robots where there is no place."""
    herd = Herd(LIVELY_AGENTS, LIVELY, shards=2)
    herd.step(LIVELY_FRAMES)
    for nowhere in (np.nan, np.inf, -np.inf):
        for shard in herd.shards:
            shard._agents["x"] = nowhere
            for frame in range(herd.frame, herd.frame + 4):  # each agent has an AI update
                shard.act(frame)
        herd.buffers.current["position"][:] = nowhere
        herd.settle()


def accesses_are_checked() -> bool:
    """Return whether compiled code notices that a vector is longer than the one that it is copied to."""
    try:
        from_python(copy_values)(np.zeros(3, np.float32), np.zeros(2, np.float32))
    except IndexError:
        return True
    return False


def main(which: str) -> None:
    """Use every kernel for some frames, or `age` alone: the variant that releases the GIL, or both."""
    health = []
    if which == "every":
        Herd(2, PLAIN).step(5)
    elif which == "everywhere":
        go_everywhere()
    else:
        health = [age_one(hold_gil=hold_gil) for hold_gil in ((False, True) if which == "both" else (False,))]
    variants = [vars(each)[name] for each in all_kernels() for name in ("_releasing", "_holding") if name in vars(each)]
    told = {
        "used": sorted(each.py_func.__qualname__ for each in variants),
        "compiled": sum(each.stats.cache_misses.total() for each in variants),
        "loaded": sum(each.stats.cache_hits.total() for each in variants),
        "inner": sum(len(each.overloads) for each in inner_functions()),
        "health": health,
        "checked": os.environ.get("NUMBA_BOUNDSCHECK") == "1" and accesses_are_checked(),
    }
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1])
