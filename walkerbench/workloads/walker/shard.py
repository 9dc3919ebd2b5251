"""A shard of walkers: the only code that steps agents `lo:hi`.

Each of its two phases is one compiled call over all its agents. Python does what is rare: births, deaths, robots put
back after a fall, and random numbers, which are drawn ahead.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from walkerbench.workloads.contract import FrameBuffers
from walkerbench.workloads.digests import digest64
from walkerbench.workloads.walker.brain import Brains
from walkerbench.workloads.walker.counters import SHARD_COUNTERS
from walkerbench.workloads.walker.kernels.acting import FALLS, ActingSettings, Current, Published, act
from walkerbench.workloads.walker.kernels.records import (
    AGENT,
    BODIES,
    MEASURES,
    OBSERVATION_SIZE,
    READING,
    settings_record,
)
from walkerbench.workloads.walker.network import NetworkPlan
from walkerbench.workloads.walker.robot import RobotBody, make_world
from walkerbench.workloads.walker.senses import surroundings_of
from walkerbench.workloads.walker.settings import WalkerSettings
from walkerbench.workloads.walker.shape import Shape
from walkerbench.workloads.walker.stepper import make_stepper
from walkerbench.workloads.walker.terrain import Ground


class WalkerShard:
    """Agents `lo:hi`: their worlds, robots, senses and brains.

    Args:
        settings: The walker's settings.
        ground: The terrain.
        seed: The run's seed.
        lo: Number of the first agent.
        hi: One more than the number of the last agent.
        buffers: The arrays that cross shards.
        worker: Row of `buffers.counters` to count into.
    """

    def __init__(
        self, settings: WalkerSettings, ground: Ground, seed: int, lo: int, hi: int, buffers: FrameBuffers, worker: int
    ) -> None:
        agents = hi - lo
        self._settings = settings
        self._ground = ground
        self._lo = lo
        self._counts = buffers.counters[worker, : len(SHARD_COUNTERS)]
        self._current = {name: array[lo:hi] for name, array in buffers.current.items()}
        self._own = {name: buffers.published[name][lo:hi] for name in (*Published._fields, "genome")}
        self._digests = buffers.digests[lo:hi]
        self._drawn = {name: array[lo:hi] for name, array in buffers.snapshot.items()}

        self._agents = np.zeros(agents, AGENT)
        self._agents["life"] = -1
        plan = NetworkPlan.of(settings.brain, OBSERVATION_SIZE, len(settings.action.pairs))
        self._brains = Brains(settings.brain, plan, seed, lo, self._agents)
        self._shape = Shape.of(settings.robot, self._own["genome"])
        self._worlds = [make_world(settings, ground) for _ in range(agents)]
        self._robots: list[RobotBody | None] = [None] * agents
        self._act = act.bind(
            lo,
            self._agents,
            Published(**{name: self._own[name] for name in Published._fields}),
            Current(**{name: self._current[name] for name in Current._fields}),
            self._brains.arrays,
            surroundings_of(
                settings.senses, settings.robot, ground, buffers.published["position"], buffers.published["food"]
            ),
            _acting_settings(settings),
            self._brains.memory,
            self._counts,
            examples=(0,),
            hold_gil=settings.holds_gil("agents"),
        )
        self._stepper = make_stepper(
            settings, self._agents, self._current["position"], self._current["speed"], self._worlds, self._robots
        )
        self._follow_lives()
        self._publish_starts()

    def phases(self) -> dict[str, Callable[[int], None]]:
        """Return the two phases: agents act, then their worlds are stepped."""
        return {"agents": self.act, "physics": self.step_worlds}

    def act(self, frame: int) -> None:
        """Let every agent whose turn it is sense, learn and act."""
        while not self._act(frame):
            self._follow_lives()
            self._brains.draw_ahead()

    def step_worlds(self, frame: int) -> None:
        """Step every robot's world, read the robot, and put fallen robots back at their starts."""
        if self._stepper.step():
            self._put_back_fallen()

    def digest(self) -> None:
        """Digest each agent's bodies, brain and bookkeeping, and count bodies."""
        agents, parameters = self._agents, self._brains.parameters
        for row, robot in enumerate(self._robots):
            state = robot.state() if robot is not None else []
            own = agents[row : row + 1]
            self._digests[row, 0] = digest64(np.array(state))
            self._digests[row, 1] = digest64(parameters[row])
            self._digests[row, 2] = digest64(
                *(own[name] for name in ("shoulder_action", "elbow_action", "epsilon", "learning_steps", "life")),
                self._own["energy"][row : row + 1],
                self._own["genome"][row],
            )
            self._current["bodies"][row] = self._worlds[row].bodyCount

    def snapshot(self) -> None:
        """Write where each agent's bodies are, and the agent's last observation, action and reward."""
        absent = [math.nan] * (3 * BODIES)
        poses = [absent if robot is None else robot.poses() for robot in self._robots]
        self._drawn["bodies"][:] = np.array(poses).reshape(-1, BODIES, 3)
        self._drawn["senses"][:] = self._agents["seen"]
        self._drawn["action"][:, 0] = self._agents["shoulder_action"]
        self._drawn["action"][:, 1] = self._agents["elbow_action"]
        self._drawn["reward"][:] = self._agents["reward"]

    def _follow_lives(self) -> None:
        """Build the robots and brains of new lives, and remove dead robots from their worlds."""
        for row in np.flatnonzero(self._own["life"] != self._agents["life"]).tolist():
            self._begin_life(row)
        for row in np.flatnonzero(self._own["alive"] & ~self._agents["built"]).tolist():
            self._place_robot(row)
        for row in np.flatnonzero(self._agents["built"] & ~self._own["alive"]).tolist():
            self._remove_robot(row)

    def _begin_life(self, row: int) -> None:
        agent = self._agents[row]
        agent["life"] = self._own["life"][row]
        self._shape.put(row, Shape.of(self._settings.robot, self._own["genome"][row : row + 1]))
        for name in MEASURES:
            agent[name] = getattr(self._shape, name)[row]
        self._brains.begin_life(row, int(agent["life"]))
        agent["seen_meals"] = self._own["meals"][row]
        for name in ("reward_sum", "updates", "stored"):
            self._current[name][row] = 0
        for name in ("epsilon", "loss"):
            self._current[name][row] = agent[name]
        self._place_robot(row)

    def _place_robot(self, row: int) -> None:
        """Build a robot at its start; its brain is kept."""
        self._remove_robot(row)
        terrain, x = self._settings.terrain, float(self._ground.starts[self._lo + row])
        span = float(self._shape.chassis_half_width[row] + self._shape.wheel_radius[row])
        top = self._ground.top_between(x - span, x + span)
        robot = RobotBody(self._worlds[row], self._settings.robot, self._shape, row, x, top, terrain.start_clearance_m)
        self._robots[row] = robot
        agent = self._agents[row]
        agent["built"], agent["motors_on"] = True, True
        for name in ("remembers", "immobile", "motors_switched", "speeds_changed"):
            agent[name] = False
        agent["shoulder_action"] = agent["elbow_action"] = 0.0
        agent["world"], agent["chassis"], agent["shoulder"], agent["elbow"] = robot.addresses()
        for name, value in zip(READING, robot.reading(), strict=True):
            agent[name] = value

    def _remove_robot(self, row: int) -> None:
        robot = self._robots[row]
        if robot is not None:
            robot.destroy()
            self._robots[row] = None
        self._agents["built"][row] = False

    def _put_back_fallen(self) -> None:
        fallen = self._agents["built"] & (self._agents["y"] < self._settings.terrain.fall_limit_m)
        for row in np.flatnonzero(fallen).tolist():
            self._place_robot(row)
            self._publish_start(row)
            self._counts[FALLS] += 1

    def _publish_starts(self) -> None:
        for row in range(len(self._agents)):
            self._publish_start(row)

    def _publish_start(self, row: int) -> None:
        self._current["position"][row] = self._agents["x"][row], self._agents["y"][row]
        self._current["speed"][row] = 0.0


def _acting_settings(settings: WalkerSettings) -> ActingSettings:
    return ActingSettings(
        ai_interval=settings.schedule.ai_interval_frames,
        immobile_below=float(settings.ecosystem.immobile_below_energy),
        brain=settings_record(settings.brain),
        reward=settings_record(settings.reward),
        actions=np.array(settings.action.pairs),
    )
