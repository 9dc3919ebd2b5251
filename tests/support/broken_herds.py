"""The source of simulations as users write them, each of which breaks one rule of the contract."""

from __future__ import annotations

BROKEN = '''
import io
import os
import random
import subprocess
import sys
import threading
import time

import numpy


class Sound:
    def __init__(self, agents, seed):
        self.streams = {agent: random.Random(f"{seed} {agent}") for agent in agents}
        self.places = dict.fromkeys(agents, 0)

    def step(self, frame):
        for agent, stream in self.streams.items():
            self.places[agent] += stream.randrange(1000)

    def state(self, agent):
        return self.places[agent]


class Clock(Sound):
    def step(self, frame):
        super().step(frame)
        for agent in self.places:
            self.places[agent] += time.perf_counter_ns()


class Pace(Sound):
    """Does the same work again at the same pace, and other work where frames are far apart."""

    def __init__(self, agents, seed):
        super().__init__(agents, seed)
        self.before = None

    def step(self, frame):
        super().step(frame)
        now = time.monotonic()
        if self.before is not None and now > self.before:
            self.places[min(self.places)] += 1
        self.before = now


class GlobalRandom(Sound):
    def step(self, frame):
        for agent in self.places:
            self.places[agent] += random.randrange(1000)


class NumpyRandom(Sound):
    def step(self, frame):
        for agent in self.places:
            self.places[agent] += int(numpy.random.randint(1000))


class Shared(Sound):
    total = [0]

    def step(self, frame):
        super().step(frame)
        self.total[0] += 1
        for agent in self.places:
            self.places[agent] += self.total[0]


class SharedState(Sound):
    everything = {}

    def step(self, frame):
        super().step(frame)
        self.everything["steps"] = self.everything.get("steps", 0) + 1

    def state(self, agent):
        return [self.places[agent], self.everything["steps"]]


class Sharded(Sound):
    def step(self, frame):
        super().step(frame)
        for agent in self.places:
            self.places[agent] += len(self.places)


class Chance(Sound):
    def step(self, frame):
        for agent in self.places:
            self.places[agent] += int.from_bytes(os.urandom(4), "big")


class Seedless(Sound):
    def __init__(self, agents, seed):
        super().__init__(agents, 1)


class NotANumber(Sound):
    def state(self, agent):
        return numpy.array([self.places[agent], float("nan")])


class Prints(Sound):
    def step(self, frame):
        super().step(frame)
        print("{\\"type\\": \\"hello\\", \\"protocol\\": 99}", flush=True)
        print("[bold]baa[/bold]", file=sys.stderr, flush=True)


class Raises(Sound):
    def step(self, frame):
        super().step(frame)
        if frame == 7:
            self.stumble()

    def stumble(self):
        raise ValueError("a sheep stumbled")


class Hangs(Sound):
    def step(self, frame):
        super().step(frame)
        while frame == 7:
            time.sleep(0.01)


class Forks(Sound):
    def step(self, frame):
        super().step(frame)
        if frame == 7:
            os.fork()


class Leaves(Sound):
    def step(self, frame):
        super().step(frame)
        if frame == 7:
            subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])


class Threads(Sound):
    def __init__(self, agents, seed):
        super().__init__(agents, seed)
        self.ended = threading.Event()
        for _ in range(2):
            threading.Thread(target=self.ended.wait, daemon=True).start()


class Streams(Sound):
    def step(self, frame):
        super().step(frame)
        sys.stdout = self.kept = getattr(self, "kept", None) or io.StringIO()


class Exits(Sound):
    def step(self, frame):
        super().step(frame)
        if frame == 7:
            sys.exit(0)


class Dies(Sound):
    def step(self, frame):
        super().step(frame)
        if frame == 7:
            os._exit(0)


class Moves(Sound):
    def step(self, frame):
        super().step(frame)
        os.chdir(os.path.sep)


class Leaks(Sound):
    kept = []

    def step(self, frame):
        super().step(frame)
        self.kept.append(bytearray(10_000))


class NoState:
    def __init__(self, agents, seed):
        self.agents = agents

    def step(self, frame):
        pass


class Undigestible(Sound):
    def state(self, agent):
        return object()
'''
