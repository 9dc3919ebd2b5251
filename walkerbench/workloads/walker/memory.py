"""How much memory a walker takes."""

from __future__ import annotations

from walkerbench.workloads.walker.kernels.records import AGENT, DRAWN, EXPERIENCE, NETWORK_PARTS, OBSERVATION_SIZE
from walkerbench.workloads.walker.network import NetworkPlan
from walkerbench.workloads.walker.settings import BrainSettings, WalkerSettings
from walkerbench.workloads.walker.streams import BATCHES_AHEAD, EXPLORATIONS_AHEAD

# As measured: 220 kB for a b2World with 500 segments and a robot, including Python's objects for them.
_WORLD_BYTES = 160_000
_SEGMENT_BYTES = 200
_BOX_BYTES = 600
_POINT_BYTES = 16  # of the outlines around a segment of the ground


def bytes_per_walker(settings: WalkerSettings, agents: int) -> int:
    """Return the bytes of one of so many agents: its brain, its world, and its share of what a shard has once."""
    plan = NetworkPlan.of(settings.brain, OBSERVATION_SIZE, len(settings.action.pairs))
    terrain, ray = settings.terrain, settings.senses.ray_length_m
    width = terrain.x_max_m - terrain.x_min_m
    segments = int(width / terrain.resolution_m)
    boxes = min(agents - 1, int(width / terrain.obstacle_spacing_m) + 1)
    world = _WORLD_BYTES + _SEGMENT_BYTES * segments + _BOX_BYTES * boxes
    points = int(2 * ray / terrain.resolution_m) + 2 + 6 * min(boxes, int(2 * ray / terrain.obstacle_spacing_m) + 2)
    shared = learning_bytes(plan, settings.brain.batch_size) + _POINT_BYTES * points * segments
    return AGENT.itemsize + bytes_per_brain(plan, settings.brain) + world + -(-shared // agents)


def bytes_per_brain(plan: NetworkPlan, brain: BrainSettings) -> int:
    """Return the bytes of a brain: its network, its experiences, and the random numbers drawn ahead."""
    experience = 2 * plan.inputs * 4 + EXPERIENCE.itemsize
    drawn = 8 * (2 * EXPLORATIONS_AHEAD + brain.batch_size * BATCHES_AHEAD)
    return 4 * NETWORK_PARTS * plan.size + brain.replay_capacity * experience + drawn


def learning_bytes(plan: NetworkPlan, batch: int) -> int:
    """Return the bytes of the memory in which the agents of a shard learn, one after the other."""
    outputs = 2 * batch * plan.outputs + batch * (plan.outputs + plan.hidden[-1])
    return batch * DRAWN.itemsize + 4 * (2 * batch * plan.inputs + outputs + 3 * batch * plan.actions + plan.size)
