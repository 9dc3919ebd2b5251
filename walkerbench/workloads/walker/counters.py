"""What the walker counts in each frame."""

from __future__ import annotations

SHARD_COUNTERS = {
    "ai_updates": "Agents that chose an action in a frame.",
    "physics_only": "Agents that only moved in a frame.",
    "immobilised": "Agents that had too little energy to move in a frame.",
    "learned": "Learning steps of agents.",
    "target_copies": "Copies of a network to its target network.",
    "recovered": "Agents that had energy to move again after they had been immobilised.",
    "falls": "Agents that fell below the world and were put back.",
}
"""What a shard counts in a frame: name → meaning. `kernels.acting` has the same order."""

ECOSYSTEM_COUNTERS = {
    "meals": "Food sources that agents ate.",
    "contested_meals": "Meals for which several agents were in reach of one source.",
    "deaths": "Agents that died.",
    "replaced": "Agents that were replaced by offspring.",
    "generations": "Generations that ended.",
}
"""What the ecosystem counts in a frame: name → meaning."""
