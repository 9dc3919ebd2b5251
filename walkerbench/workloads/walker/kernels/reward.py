"""The reward of an agent for what happened between two AI updates."""

from __future__ import annotations

import math

import numpy as np

from walkerbench.workloads.walker.arrays import Records
from walkerbench.workloads.walker.kernels.compiling import inner


@inner
def reward_of(rates: Records, forward: float, nearer: float, meals: int, angle: float, velocity: float) -> float:
    """Return the reward of an agent.

    Args:
        rates: Rates and limits.
        forward: Displacement in x, m.
        nearer: By how much the distance of the nearest source fell, m; 0 where another source is the nearest now.
        meals: Number of meals eaten.
        angle: Angle of the chassis, rad, not wrapped.
        velocity: Velocity in x, m/s.

    Returns:
        The reward, within ± `rates.limit`.
    """
    turns = angle * (0.5 / math.pi)
    tilt = abs(turns - np.rint(turns)) * (2 * math.pi)
    total = (rates.forward_per_m if forward > 0 else -rates.backward_per_m) * forward
    total += (rates.nearer_food_per_m if nearer > 0 else -rates.farther_food_per_m) * nearer
    total += rates.meal * meals
    if tilt < rates.upright_below_rad:
        total += rates.upright
    if tilt > rates.toppled_above_rad:
        total += rates.toppled
    if velocity > rates.speed_above_m_s:
        total += min(rates.speed_most, rates.speed_per_m_s * velocity)
    limited: float = min(max(total, -rates.limit), rates.limit)
    return limited
