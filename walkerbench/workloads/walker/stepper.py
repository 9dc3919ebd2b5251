"""Steps the worlds of a shard's robots: by compiled calls of Box2D's own functions, or by its Python binding.

Both carry out the same commands and read the same values, to the bit.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from walkerbench.workloads.walker.arrays import Floats, Records
from walkerbench.workloads.walker.box2d_memory import find_box2d
from walkerbench.workloads.walker.kernels.records import READING, settings_record
from walkerbench.workloads.walker.kernels.stepping import step_worlds
from walkerbench.workloads.walker.robot import RobotBody
from walkerbench.workloads.walker.settings import WalkerSettings


class Stepper(Protocol):
    """Steps the worlds of a shard."""

    def step(self) -> int:
        """Carry out each robot's commands, step its world and read it; return how many robots have fallen."""
        ...


class CompiledStepper:
    """Steps all worlds of a shard in one compiled call.

    Args:
        settings: The walker's settings.
        agents: `(agents,)` records `AGENT`, with addresses in Box2D's memory.
        position: `(agents, 2)` gets the robots' positions, m.
        speed: `(agents,)` gets their speeds, m/s.
        layout: One record `BODY_LAYOUT`.
    """

    def __init__(
        self, settings: WalkerSettings, agents: Records, position: Floats, speed: Floats, layout: Records
    ) -> None:
        self._step_worlds = step_worlds.bind(
            agents,
            settings_record(settings.physics),
            layout,
            float(settings.terrain.fall_limit_m),
            position,
            speed,
            hold_gil=settings.holds_gil("physics"),
        )

    def step(self) -> int:
        """Carry out each robot's commands, step its world and read it; return how many robots have fallen."""
        return self._step_worlds()


class BindingStepper:
    """Steps one world after the other through Box2D's Python binding, which holds the GIL.

    Args:
        settings: The walker's settings.
        agents: `(agents,)` records `AGENT`.
        position: `(agents, 2)` gets the robots' positions, m.
        speed: `(agents,)` gets their speeds, m/s.
        worlds: The agents' worlds.
        robots: The agents' robots; None for an agent without one.
    """

    def __init__(
        self,
        settings: WalkerSettings,
        agents: Records,
        position: Floats,
        speed: Floats,
        worlds: list[Any],
        robots: list[RobotBody | None],
    ) -> None:
        physics = settings.physics
        self._step = physics.dt_s, physics.velocity_iterations, physics.position_iterations
        self._fall_limit = settings.terrain.fall_limit_m
        self._agents, self._position, self._speed = agents, position, speed
        self._worlds, self._robots = worlds, robots

    def step(self) -> int:
        """Carry out each robot's commands, step its world and read it; return how many robots have fallen."""
        self._carry_out()
        values = []
        for world, robot in zip(self._worlds, self._robots, strict=True):
            if robot is not None:
                world.Step(*self._step)
                values.append(robot.reading())
        built = np.flatnonzero(self._agents["built"])
        for name, column in zip(READING, np.array(values).reshape(-1, len(READING)).T, strict=True):
            self._agents[name][built] = column
        agents = self._agents[built]
        self._position[built] = np.stack([agents["x"], agents["y"]], axis=1)
        self._speed[built] = np.sqrt(agents["velocity_x"] ** 2 + agents["velocity_y"] ** 2)
        return int(np.count_nonzero(agents["y"] < self._fall_limit))

    def _carry_out(self) -> None:
        agents = self._agents
        for row, robot in self._robots_with("motors_switched"):
            robot.switch_motors(bool(agents["motors_on"][row]))
        for row, robot in self._robots_with("speeds_changed"):
            robot.command(float(agents["shoulder_command"][row]), float(agents["elbow_command"][row]))
        agents["motors_switched"] = agents["speeds_changed"] = False

    def _robots_with(self, flag: str) -> list[tuple[int, RobotBody]]:
        """Return the rows and robots of the agents that have a flag set."""
        rows = np.flatnonzero(self._agents["built"] & self._agents[flag]).tolist()
        return [(row, robot) for row in rows if (robot := self._robots[row]) is not None]


def make_stepper(
    settings: WalkerSettings,
    agents: Records,
    position: Floats,
    speed: Floats,
    worlds: list[Any],
    robots: list[RobotBody | None],
) -> Stepper:
    """Return a compiled stepper where compiled code can reach Box2D, else one that uses the binding."""
    box2d = find_box2d()
    if box2d.refusal is None:
        return CompiledStepper(settings, agents, position, speed, box2d.layout)
    return BindingStepper(settings, agents, position, speed, worlds, robots)
