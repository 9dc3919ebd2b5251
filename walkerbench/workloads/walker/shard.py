"""A shard of walkers: the only code that steps agents `lo:hi`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from walkerbench.workloads.contract import FrameBuffers
from walkerbench.workloads.digests import digest64
from walkerbench.workloads.walker.arrays import Bools, Floats
from walkerbench.workloads.walker.brain import Brains
from walkerbench.workloads.walker.network import NetworkPlan
from walkerbench.workloads.walker.robot import BODIES, Outline, RobotBody, Shape, make_world
from walkerbench.workloads.walker.senses import OBSERVATION_SIZE, NearestFood, Readings, SenseOrgans
from walkerbench.workloads.walker.settings import RewardSettings, WalkerSettings
from walkerbench.workloads.walker.terrain import Ground

SHARD_COUNTERS = {
    "ai_updates": "Agents that chose an action in a frame.",
    "physics_only": "Agents that only moved in a frame.",
    "immobilised": "Agents that had too little energy to move in a frame.",
    "learned": "Learning steps of agents.",
    "target_copies": "Copies of a network to its target network.",
    "recovered": "Agents that had energy to move again after they had been immobilised.",
    "falls": "Agents that fell below the world and were put back.",
}
"""What a shard counts in a frame: name → meaning."""


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
        columns: Column of each of `SHARD_COUNTERS`.
    """

    def __init__(
        self,
        settings: WalkerSettings,
        ground: Ground,
        seed: int,
        lo: int,
        hi: int,
        buffers: FrameBuffers,
        worker: int,
        columns: dict[str, int],
    ) -> None:
        agents = hi - lo
        self._settings = settings
        self._ground = ground
        self._lo = lo
        self._agents = agents
        self._counts = buffers.counters[worker]
        self._columns = columns
        self._current = {name: array[lo:hi] for name, array in buffers.current.items()}
        self._own = {name: buffers.published[name][lo:hi] for name in ("energy", "alive", "life", "genome", "meals")}
        self._all_positions = buffers.published["position"]
        self._food = buffers.published["food"]
        self._digests = buffers.digests[lo:hi]
        self._drawn = {name: array[lo:hi] for name, array in buffers.snapshot.items()}

        self._pairs = np.array(settings.action.pairs).view(np.complex128)[:, 0]
        self._senses = SenseOrgans(settings.senses, settings.robot, ground)
        plan = NetworkPlan.of(settings.brain, OBSERVATION_SIZE, len(self._pairs))
        self._learn_interval = settings.schedule.ai_interval_frames * settings.schedule.learn_interval_updates
        self._brains = Brains(settings.brain, plan, seed, lo, agents, most_learners=-(-agents // self._learn_interval))
        self._shape = Shape.of(settings.robot, self._own["genome"])
        self._outline = Outline.of(self._shape)
        self._worlds = [make_world(settings, ground) for _ in range(agents)]
        self._robots: list[RobotBody | None] = [None] * agents
        self._chassis: list[Any] = [None] * agents

        self._life = np.full(agents, -1, np.int64)
        self._immobile = np.zeros(agents, np.bool_)
        self._numbers = np.arange(lo, hi)
        # Vectors in the plane are complex numbers x + iy, as in the senses.
        self._pose = np.zeros((agents, 2), np.complex128)  # position and velocity of the chassis, as last read
        self._action = np.zeros(agents, np.complex128)  # shoulder + i elbow
        self._chosen = np.zeros(agents, np.intp)
        self._rewarded = np.zeros(agents)  # each agent's last reward, for snapshots
        # What the last AI update sensed, for the reward of the next one; without meaning where _remembers is False.
        self._remembers = np.zeros(agents, np.bool_)
        self._seen = np.zeros((agents, OBSERVATION_SIZE), np.float32)
        self._seen_position = np.zeros(agents, np.complex128)
        self._seen_food = np.full(agents, -1, np.int64)
        self._seen_food_distance = np.zeros(agents)
        self._seen_meals = np.zeros(agents, np.int64)
        self._follow_lives()
        self._publish_pose()

    def phases(self) -> dict[str, Callable[[int], None]]:
        """Return the two phases: agents act, then their worlds are stepped."""
        return {"agents": self.act, "physics": self.step_worlds}

    def act(self, frame: int) -> None:
        """Let every agent whose turn it is sense, learn and act, and switch motors on or off as energy demands."""
        self._follow_lives()
        alive = self._own["alive"]
        immobile = alive & (self._own["energy"] < self._settings.ecosystem.immobile_below_energy)
        recovered = self._follow_energy(alive, immobile)
        rows = self._slot(frame, self._settings.schedule.ai_interval_frames)
        awake = (alive & ~immobile)[rows]
        learned = copies = 0
        if awake.any():
            learned, copies = self._update(frame, rows, awake)
        updates = int(np.count_nonzero(awake))
        resting = int(np.count_nonzero(immobile))
        self._count("ai_updates", updates)
        self._count("immobilised", resting)
        self._count("physics_only", int(np.count_nonzero(alive)) - resting - updates)
        self._count("learned", learned)
        self._count("target_copies", copies)
        self._count("recovered", recovered)

    def step_worlds(self, frame: int) -> None:
        """Step every robot's world, read the robot's new position, and put fallen robots back at their starts."""
        physics = self._settings.physics
        dt, velocity, position = physics.dt_s, physics.velocity_iterations, physics.position_iterations
        for world, robot in zip(self._worlds, self._robots, strict=True):
            if robot is not None:
                world.Step(dt, velocity, position)
        self._read_pose()
        fallen = self._pose[:, 0].imag < self._settings.terrain.fall_limit_m
        for row in fallen.nonzero()[0]:
            if self._robots[row] is not None:
                self._place_robot(int(row))
                self._count("falls", 1)
        self._publish_pose()

    def digest(self) -> None:
        """Digest each agent's bodies, brain and bookkeeping, and count bodies."""
        for row, robot in enumerate(self._robots):
            state = robot.state() if robot is not None else []
            self._digests[row, 0] = digest64(np.array(state))
            self._digests[row, 1] = digest64(self._brains.parameters[row])
            self._digests[row, 2] = digest64(
                self._action[row : row + 1],
                self._brains.epsilon[row : row + 1],
                self._brains.learning_steps[row : row + 1],
                self._own["energy"][row : row + 1],
                self._own["genome"][row],
                self._life[row : row + 1],
            )
            self._current["bodies"][row] = self._worlds[row].bodyCount

    def snapshot(self) -> None:
        """Write where each agent's bodies are, and the agent's last observation, action and reward."""
        absent = [math.nan] * (3 * BODIES)
        poses = [absent if robot is None else robot.poses() for robot in self._robots]
        self._drawn["bodies"][:] = np.array(poses).reshape(-1, BODIES, 3)
        self._drawn["senses"][:] = self._seen
        self._drawn["action"][:] = self._action.view(np.float64).reshape(-1, 2)
        self._drawn["reward"][:] = self._rewarded

    def _slot(self, frame: int, interval: int) -> slice:
        """Return the rows of agents whose number equals the frame's, modulo the interval."""
        return slice((frame - self._lo) % interval, self._agents, interval)

    def _count(self, what: str, amount: int) -> None:
        self._counts[self._columns[what]] += amount

    # Lives and motors: carry out what the ecosystem decided.

    def _follow_lives(self) -> None:
        """Build the robots and brains of new lives, and remove dead robots from their worlds."""
        born = np.flatnonzero(self._own["life"] != self._life)
        for row in born:
            self._life[row] = self._own["life"][row]
            self._shape.put(int(row), Shape.of(self._settings.robot, self._own["genome"][row : row + 1]))
            self._brains.begin_life(int(row), int(self._life[row]))
            self._seen_meals[row] = self._own["meals"][row]
            self._current["reward_sum"][row] = 0.0
            self._current["updates"][row] = 0
            self._current["epsilon"][row] = self._brains.epsilon[row]
            self._current["loss"][row] = self._brains.loss[row]
            self._place_robot(int(row))
        if len(born):
            self._outline = Outline.of(self._shape)
        if not self._own["alive"].all():
            for row in np.flatnonzero(~self._own["alive"]):
                self._remove_robot(int(row))

    def _place_robot(self, row: int) -> None:
        """Build a robot at its start; its brain is kept."""
        self._remove_robot(row)
        terrain, x = self._settings.terrain, float(self._ground.starts[self._lo + row])
        span = float(self._shape.chassis_half_width[row] + self._shape.wheel_radius[row])
        top = self._ground.top_between(x - span, x + span)
        robot = RobotBody(self._worlds[row], self._settings.robot, self._shape, row, x, top, terrain.start_clearance_m)
        self._robots[row] = robot
        self._remembers[row] = False
        self._immobile[row] = False
        self._action[row] = 0.0
        self._pose[row] = complex(*robot.chassis.position), 0.0
        self._chassis[row] = robot.chassis

    def _remove_robot(self, row: int) -> None:
        robot = self._robots[row]
        if robot is not None:
            robot.destroy()
            self._robots[row] = self._chassis[row] = None

    def _follow_energy(self, alive: Bools, immobile: Bools) -> int:
        """Switch motors off for exhausted agents and on for recovered ones; return how many recovered."""
        changed = np.flatnonzero((immobile != self._immobile) & alive)
        if not len(changed):
            return 0
        for row in changed:
            robot = self._robots[row]
            if robot is not None:
                robot.switch_motors(not immobile[row], self._motor_speeds(int(row)))
        recovered = int(np.count_nonzero(self._immobile[changed]))
        self._immobile[changed] = immobile[changed]
        return recovered

    def _motor_speeds(self, row: int) -> tuple[float, float]:
        speeds = complex(self._action[row] * self._shape.motor_speed[row])
        return speeds.real, speeds.imag

    # The AI update: sense, reward, store, learn, choose, apply.

    def _update(self, frame: int, rows: slice, awake: Bools) -> tuple[int, int]:
        readings = self._read(rows)
        observations, food = self._senses.observe(readings, self._outline, rows, self._all_positions, self._food)
        rewards = self._rewards(rows, readings, food)
        agents = np.arange(self._agents)[rows]
        knowing = awake & self._remembers[rows]
        known = agents[knowing]
        self._brains.remember(
            known, self._seen[known], self._chosen[known], rewards[knowing].astype(np.float32), observations[knowing]
        )
        self._current["reward_sum"][known] += rewards[knowing]
        self._rewarded[known] = rewards[knowing]
        learned, copies = self._learn(frame, self._awake_rows(agents, awake))
        chosen = self._brains.choose(rows, observations, awake)
        self._apply(agents, awake, chosen)
        self._remember(agents, awake, readings, observations, food, chosen)
        return learned, copies

    def _awake_rows(self, agents: NDArray[np.intp], awake: Bools) -> Bools:
        mask = np.zeros(self._agents, np.bool_)
        mask[agents[awake]] = True
        return mask

    def _learn(self, frame: int, awake: Bools) -> tuple[int, int]:
        """Let agents learn whose turn it is; return how many did, and how many copied to their target network."""
        # By default agent i learns when i = frame modulo 40: in every tenth of its AI updates.
        rows = self._slot(frame, self._learn_interval)
        due = np.arange(self._agents)[rows]
        able = awake[due] & self._brains.ready(due)
        if able.all() and len(due):
            return len(due), self._brains.learn(rows)
        # A slice even for one row: a slice is a view of the stacked weights, and an index array would copy them.
        copies = sum(self._brains.learn(slice(int(row), int(row) + 1)) for row in due[able])
        return int(np.count_nonzero(able)), copies

    def _rewards(self, rows: slice, readings: Readings, food: NearestFood) -> Floats:
        """Return the reward of every agent of a slot since its last AI update."""
        same = (food.source == self._seen_food[rows]) & (food.source >= 0)
        nearer = np.zeros(len(same))
        np.subtract(self._seen_food_distance[rows], food.distance, out=nearer, where=same)
        return rewards(
            self._settings.reward,
            readings.displacement.real,
            nearer,
            self._own["meals"][rows] - self._seen_meals[rows],
            readings.angles[0],
            readings.velocity.real,
        )

    def _apply(self, agents: NDArray[np.intp], awake: Bools, chosen: NDArray[np.intp]) -> None:
        acting = agents[awake]
        actions = self._pairs[chosen[awake]]
        self._action[acting] = actions
        speeds = (actions * self._shape.motor_speed[acting]).tolist()
        for agent, speed in zip(acting.tolist(), speeds, strict=True):
            robot = self._robots[agent]
            if robot is not None:
                robot.shoulder.motorSpeed = speed.real
                robot.elbow.motorSpeed = speed.imag

    def _remember(
        self,
        agents: NDArray[np.intp],
        awake: Bools,
        readings: Readings,
        observations: NDArray[np.float32],
        food: NearestFood,
        chosen: NDArray[np.intp],
    ) -> None:
        awakened = agents[awake]
        self._seen[awakened] = observations[awake]
        self._seen_position[awakened] = readings.position[awake]
        self._seen_food[awakened] = food.source[awake]
        self._seen_food_distance[awakened] = food.distance[awake]
        self._seen_meals[awakened] = self._own["meals"][awakened]
        self._chosen[awakened] = chosen[awake]
        self._remembers[awakened] = True
        self._current["updates"][awakened] += 1
        self._current["epsilon"][awakened] = self._brains.epsilon[awakened]
        self._current["loss"][awakened] = self._brains.loss[awakened]

    # Reading values from pybox2d needs a Python loop over robots.

    def _read(self, rows: slice) -> Readings:
        """Return all that the agents of a slot sense of their own robots."""
        values = [
            (robot.chassis.angle, robot.shoulder.angle, robot.elbow.angle,
             robot.chassis.angularVelocity, robot.shoulder.speed, robot.elbow.speed)
            if robot is not None
            else (0.0,) * 6
            for robot in self._robots[rows]
        ]  # fmt: skip
        hinges = np.array(values).T.copy()
        position = self._pose[rows, 0]
        displacement = position - self._seen_position[rows]
        displacement[~self._remembers[rows]] = 0.0
        return Readings(
            position=position,
            velocity=self._pose[rows, 1],
            displacement=displacement,
            last_action=self._action[rows],
            angles=hinges[:3],
            speeds=hinges[3:],
            own=self._numbers[rows],
        )

    def _read_pose(self) -> None:
        values: list[float] = []
        for chassis in self._chassis:
            if chassis is None:
                values += (0.0, 0.0, 0.0, 0.0)
                continue
            position, velocity = chassis.position, chassis.linearVelocity
            values += (position.x, position.y, velocity.x, velocity.y)
        self._pose[:] = np.array(values).view(np.complex128).reshape(-1, 2)

    def _publish_pose(self) -> None:
        self._current["position"][:] = self._pose.view(np.float64)[:, :2]
        np.abs(self._pose[:, 1], out=self._current["speed"])


def rewards(
    settings: RewardSettings, forward: Floats, nearer: Floats, meals: NDArray[np.int64], angle: Floats, velocity: Floats
) -> Floats:
    """Return the rewards of agents for what happened between two AI updates.

    Args:
        settings: Rates and limits.
        forward: Displacement in x, m.
        nearer: By how much the distance of the nearest source fell, m; 0 where another source is the nearest now.
        meals: Number of meals eaten.
        angle: Angle of the chassis, rad, not wrapped.
        velocity: Velocity in x, m/s.

    Returns:
        One reward per agent, within ± `settings.limit`.
    """
    turns = angle * (0.5 / np.pi)
    tilt = np.abs(turns - np.rint(turns)) * (2 * np.pi)
    total = np.where(forward > 0, settings.forward_per_m, -settings.backward_per_m) * forward
    total += np.where(nearer > 0, settings.nearer_food_per_m, -settings.farther_food_per_m) * nearer
    total += settings.meal * meals
    total += settings.upright * (tilt < settings.upright_below_rad)
    total += settings.toppled * (tilt > settings.toppled_above_rad)
    speed = np.minimum(settings.speed_most, settings.speed_per_m_s * velocity)
    total += speed * (velocity > settings.speed_above_m_s)
    return np.minimum(np.maximum(total, -settings.limit), settings.limit)
