"""Measures how much two measurements of the same work differ on this machine: an A/A comparison of one profile."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np

from walkerbench.comparison.confidence_interval import bound_rank
from walkerbench.errors import WalkerbenchError
from walkerbench.profile.model import Profile
from walkerbench.running.found_settings import find_settings
from walkerbench.running.training_environment import TrainingEnvironment

_BLOCK_S = 0.1
"""Approximate duration of a block of frames, s: much longer than a frame, but about twenty pairs fit into 5 s."""

_ERROR = 0.005  # on each side of the median's interval, so that its level is 99 %


@dataclass(frozen=True)
class Noise:
    """The result of an A/A comparison.

    Attributes:
        pairs: Number of pairs of blocks that were timed.
        typical: Median of |log(time B / time A)| over the pairs.
        drowned: The largest slowdown, as a share, that the noise hides with this many pairs: the farther end of the
            99 % interval of the median ratio, or of all ratios where there are too few pairs for this interval.
    """

    pairs: int
    typical: float
    drowned: float


def noise_of(log_ratios: Sequence[float]) -> Noise:
    """Return the noise that the log ratios of an A/A comparison show; there is at least one ratio."""
    ordered = np.sort(np.asarray(log_ratios))
    rank = max(1, bound_rank(len(ordered), _ERROR))
    farthest = max(abs(float(ordered[rank - 1])), abs(float(ordered[-rank])))
    return Noise(len(ordered), float(np.median(np.abs(ordered))), math.expm1(farthest))


def measure_noise(profile: Profile, duration_s: float, clock_ns: Callable[[], int] = time.perf_counter_ns) -> Noise:
    """Time two environments of one profile against each other, in blocks of the same frames, in alternating order.

    Args:
        profile: The profile whose first stage is run, in one thread.
        duration_s: How long to measure, after the warm-up.
        clock_ns: A monotonic clock.

    Raises:
        WalkerbenchError: The two environments did not do the same work.
    """
    profile = find_settings(profile)  # once, so that both do the same
    workload = profile.make_workload(profile.stages[0])
    with ExitStack() as closing:
        sides = [closing.enter_context(TrainingEnvironment(mode="sequential", workload=workload)) for _ in range(2)]
        warmup = max(1, profile.warmup)
        warmup_ns = [_time_block(side, warmup, clock_ns) for side in sides]
        frames = max(1, round(_BLOCK_S * 1e9 * warmup / min(warmup_ns)))
        log_ratios: list[float] = []
        end = clock_ns() + duration_s * 1e9
        while clock_ns() < end or not log_ratios:
            order = (0, 1) if len(log_ratios) % 2 == 0 else (1, 0)
            spent = {number: _time_block(sides[number], frames, clock_ns) for number in order}
            log_ratios.append(math.log(spent[1] / spent[0]))
        if sides[0].checkpoint() != sides[1].checkpoint():
            raise WalkerbenchError("two environments of one profile did not do the same work")
    return noise_of(log_ratios)


def _time_block(environment: TrainingEnvironment, frames: int, clock_ns: Callable[[], int]) -> int:
    """Return how long some frames take, ns."""
    start = clock_ns()
    for _ in range(frames):
        environment.step()
    return clock_ns() - start
