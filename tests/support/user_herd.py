"""The source of a simulation as a user writes it: a class with agents."""

from __future__ import annotations

HERD = """
import random

class Herd:
    def __init__(self, agents, seed, speed=1):
        self.speed = speed
        self.randoms = {agent: random.Random(f"{seed} {agent}") for agent in agents}
        self.places = dict.fromkeys(agents, 0)

    def step(self, frame):
        for agent, numbers in self.randoms.items():
            self.places[agent] += self.speed * numbers.randrange(1000) + frame

    def state(self, agent):
        return self.places[agent]

def make(agents, seed):
    return Herd(agents, seed)

def make_nothing(agents, seed):
    return None

number = 3
"""
