"""The simple contract: a class that holds some of the agents.

Run it from this folder:

    walkerbench compare --workload herd:Herd --agents 60 --workload-argument thoughts=100
"""

import random


class Herd:
    """Agents that each walk at random, after some thought.

    Args:
        agents: The numbers of the agents to hold. Each worker has a Herd of its own agents.
        seed: The seed of all random numbers; each agent has its own generator.
        thoughts: How much work an agent has in a frame.
    """

    def __init__(self, agents: range, seed: int, thoughts: int = 50) -> None:
        self.thoughts = thoughts
        self.random = {agent: random.Random(f"{seed} {agent}") for agent in agents}
        self.places = dict.fromkeys(agents, 0.0)

    def step(self, frame: int) -> None:
        """Run one frame of all these agents."""
        for agent, numbers in self.random.items():
            thoughts = [numbers.gauss(0, 1) for _ in range(self.thoughts)]
            self.places[agent] += sum(thoughts)

    def state(self, agent: int) -> float:
        """Return values that are equal only if an agent did the same work: numbers, bytes, text or arrays."""
        return self.places[agent]
