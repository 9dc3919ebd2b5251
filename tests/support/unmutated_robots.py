"""Records of agents whose robots have the default measures, without a world."""

from __future__ import annotations

import numpy as np

from walkerbench.workloads.walker.kernels.records import AGENT, MEASURES
from walkerbench.workloads.walker.settings import GENES, RobotSettings
from walkerbench.workloads.walker.shape import Shape


def unmutated_agents(count: int) -> np.ndarray:
    """Return `(count,)` records `AGENT` with the robots' measures; everything else is 0."""
    agents, shape = np.zeros(count, AGENT), Shape.of(RobotSettings(), np.ones((1, len(GENES))))
    for name in MEASURES:
        agents[name] = getattr(shape, name)[0]
    return agents
