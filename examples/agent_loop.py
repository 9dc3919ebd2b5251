"""A loop over agents in a shared world, as many programs have it.

Run it from this folder:

    walkerbench compare --workload agents:agent_loop:make --agents 40
"""

import random


class World:
    """A wind that changes from frame to frame, and that all agents feel."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(f"wind {seed}")
        self.wind = 0.0

    def step(self, dt: float) -> None:
        self.wind += dt * self.random.uniform(-1, 1)


class Bird:
    """Flies with the wind, and thinks about its course."""

    def __init__(self, number: int, seed: int, world: World) -> None:
        self.random = random.Random(f"bird {number} {seed}")
        self.world = world
        self.place = float(number)
        self.course = 0.0

    def step(self, dt: float) -> None:
        thoughts = [self.random.gauss(self.course, 1) for _ in range(200)]
        self.course = sum(thoughts) / len(thoughts)
        self.step_physics_only(dt)

    def step_physics_only(self, dt: float) -> None:
        self.place += dt * (self.course + self.world.wind)

    def state(self) -> list[float]:
        return [self.place, self.course]


class Flock:
    """What walkerbench steps: first the world, then the agents."""

    def __init__(self, num_agents: int, seed: int) -> None:
        self.world = World(seed)
        self.agents = [Bird(number, seed, self.world) for number in range(num_agents)]

    def step_world(self, dt: float) -> None:
        self.world.step(dt)


def make(num_agents: int, seed: int) -> Flock:
    return Flock(num_agents, seed)
