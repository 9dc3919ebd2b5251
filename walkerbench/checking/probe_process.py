"""The child's side of a probe: runs the workload as the request says, and answers with what it saw."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from walkerbench.checking.probes import Declared, Failing, ProbeAnswer, ProbeRequest, ProcessChanges
from walkerbench.checking.process_watch import ProcessWatch, RandomStreams
from walkerbench.errors import (
    RAISED_BY_OTHERS,
    OverrideError,
    RunBroken,
    UsageError,
    WalkerbenchError,
    WorkerError,
    describe_error,
    user_traceback_of,
)
from walkerbench.modes.blas_threads import BlasLimit
from walkerbench.modes.registry import BASE_MODE
from walkerbench.profile.loading import load_profile
from walkerbench.profile.model import Profile
from walkerbench.profile.overrides import ProfileOverrides, override
from walkerbench.profile.table import profile_from_dict
from walkerbench.running.found_settings import find_settings
from walkerbench.running.training_environment import TrainingEnvironment
from walkerbench.system.forked_copies import OneProcess
from walkerbench.workloads.contract import BufferLayout, FrameBuffers, Workload, shard_bounds
from walkerbench.workloads.digests import watching_for_nan
from walkerbench.workloads.failures import workload_failures
from walkerbench.workloads.specs import fixed_agents

AGENTS = 6
"""How many agents a check runs by default: few, but enough for every mode and for shards of several sizes."""

_PAUSE_S = 0.002
_GLOBAL_SEED = 20_240_229  # of the global random streams, in every probe except the perturbed one
_OTHER_GLOBAL_SEED = 4_711
_GROWTH_PARTS = 4  # the frames of the growing probe are split into these parts; the first fills caches
_LEAST_GROWTH_BYTES = 512  # per frame: what the interpreter itself keeps is less

_Rows = tuple[tuple[int, ...], ...]


def carry_out(request: ProbeRequest) -> ProbeAnswer:
    """Run a workload as requested, and return the answer, which also holds what the workload raised."""
    try:
        with OneProcess():
            return _Probe(request).answer()
    except WalkerbenchError as error:
        problems = error.problems if isinstance(error, OverrideError) else ()
        message, users = str(error), user_traceback_of(error)
        return ProbeAnswer(failing=_failing(error), message=message, problems=problems, user_traceback=users)
    except RAISED_BY_OTHERS as error:
        return ProbeAnswer(failing="fault", message=describe_error(error))


def _failing(error: WalkerbenchError) -> Failing:
    if isinstance(error, UsageError):
        return "unusable"
    return "broke" if isinstance(error, RunBroken | WorkerError) else "fault"


@dataclass
class _Seen:
    digests: list[_Rows] = field(default_factory=list)
    mode_used: str = ""
    workers: int = 0
    nan: bool = False
    alone_changed: int | None = None
    growth_bytes: int = 0


class _Probe:
    """One probe, from the import of the workload to the answer.

    Args:
        request: What to run, and how.
    """

    def __init__(self, request: ProbeRequest) -> None:
        self._request = request
        self._seen = _Seen()
        self._watch = ProcessWatch()
        self._random = RandomStreams()

    def answer(self) -> ProbeAnswer:
        """Run the workload, and return what was seen."""
        watch = self._watch
        with watch.clocks_watched(), watching_for_nan() as found_nan:
            profile = self._profile()
            self._random.seed(_OTHER_GLOBAL_SEED if self._request.treatment == "perturbed" else _GLOBAL_SEED)
            workload = profile.make_workload(profile.stages[0])
            self._run(profile, workload)
        seen = self._seen
        return ProbeAnswer(
            digests=tuple(seen.digests),
            mode_used=seen.mode_used,
            workers=seen.workers,
            declared=Declared(
                profile=profile.as_dict() | {"criteria": []},
                agents=workload.num_agents,
                shards=workload.shards,
                fixed=fixed_agents(profile.factory) is not None,
                unproven=workload.same_work_not_proven,
            ),
            observed=ProcessChanges(
                clocks=tuple(sorted(watch.clocks)),
                random_streams=tuple(sorted(self._random.drawn)),
                nan=seen.nan or bool(found_nan),
                threads=watch.threads_started(),
                children=watch.children_left(),
                left_changed=tuple(watch.changes()),
                growth_bytes=seen.growth_bytes,
                alone_changed=seen.alone_changed,
            ),
        )

    def _profile(self) -> Profile:
        """Return the profile to run: the one in the request; for the first probe, one that is made for the subject."""
        if self._request.profile is not None:
            return profile_from_dict(dict(self._request.profile))
        subject = self._request.subject
        overrides = ProfileOverrides(workload=subject.spec, workload_arguments=subject.arguments, seed=subject.seed)
        profile = override(load_profile(subject.profile), overrides)
        agents = subject.agents
        if agents is None and fixed_agents(profile.factory) is None:
            agents = AGENTS
        overrides = ProfileOverrides(agents=agents, warmup=0, mode=BASE_MODE, pace="max", frames=self._request.frames)
        return find_settings(override(replace(profile, warmup=0), overrides))

    def _run(self, profile: Profile, workload: Workload) -> None:
        match self._request.treatment:
            case "reversed":
                self._run_reversed(workload)
            case "growing":
                self._run_growing(profile, workload)
            case "restarted":
                self._step(profile, workload, self._request.frames // 2 + 1)
                self._seen = _Seen()
                self._step(profile, workload, self._request.frames)
            case _:
                self._step(profile, workload, self._request.frames)

    def _step(self, profile: Profile, workload: Workload, frames: int) -> None:
        """Run frames in the requested mode, and digest after each of them."""
        with self._environment(profile, workload) as environment:
            self._random.look()
            for _ in range(frames):
                self._between_frames(environment.frame)
                environment.step()
                self._random.look()
                environment.checkpoint()
                self._note(environment.buffers)
            self._seen.mode_used, self._seen.workers = environment.mode_used, environment.num_workers

    @contextmanager
    def _environment(self, profile: Profile, workload: Workload) -> Iterator[TrainingEnvironment]:
        environment = TrainingEnvironment(
            mode=self._request.mode,
            num_workers=self._request.workers,
            workload=workload,
            safeguards=profile.safeguards,
        )
        with environment:
            yield environment

    def _between_frames(self, frame: int) -> None:
        if self._request.treatment == "slow":
            time.sleep(_PAUSE_S)
        elif self._request.treatment == "perturbed":
            self._random.seed(_OTHER_GLOBAL_SEED + frame)

    def _note(self, buffers: FrameBuffers) -> None:
        self._seen.digests.append(_rows(buffers))
        arrays = (*buffers.current.values(), *buffers.published.values())
        self._seen.nan |= any(bool(np.isnan(each).any()) for each in arrays if each.dtype.kind in "fc")

    def _run_reversed(self, workload: Workload) -> None:
        """Step one agent alone; then build all agents again, and step them from the last to the first.

        Each agent is a shard of its own.
        """
        agents = workload.num_agents
        with BlasLimit() as blas:
            buffers, step, digest = self._single_agents(workload)
            blas.apply()  # again: building agents may have loaded another BLAS
            for agent in range(agents):  # step each once: some agents have a state only after a step
                step(agent, 0)
            digest()
            before = _rows(buffers)
            step(0, 1)
            digest()
            changed = [agent for agent in range(1, agents) if _rows(buffers)[agent] != before[agent]]
            self._seen.alone_changed = changed[0] if changed else None
            buffers, step, digest = self._single_agents(workload)
            for frame in range(self._request.frames):
                for agent in reversed(range(agents)):
                    step(agent, frame)
                step(-1, frame)
                digest()
                self._note(buffers)
        self._seen.workers = agents

    @staticmethod
    def _single_agents(
        workload: Workload,
    ) -> tuple[FrameBuffers, Callable[[int, int], None], Callable[[], None]]:
        """Build every agent as a shard of its own.

        Returns:
            The buffers; a function that steps an agent, or settles where the number is -1; one that digests all agents.
        """
        with OneProcess(), workload_failures("while its agents were built one by one"):
            buffers = FrameBuffers(BufferLayout.of(workload, workload.num_agents))
            settler = workload.make_settler(buffers)
            bounds = shard_bounds(workload.num_agents, workload.num_agents)
            shards = [workload.make_shard(*agents, buffers, worker) for worker, agents in enumerate(bounds)]

        def step(agent: int, frame: int) -> None:
            with OneProcess(), workload_failures(f"in frame {frame}, as its agents were stepped one by one"):
                if agent < 0:
                    settler.settle(frame)
                    buffers.counters[:] = 0
                    return
                for phase in shards[agent].phases().values():
                    phase(frame)

        def digest() -> None:
            with OneProcess(), workload_failures("while its agents were digested one by one"):
                for shard in shards:
                    shard.digest()

        return buffers, step, digest

    def _run_growing(self, profile: Profile, workload: Workload) -> None:
        """Measure memory after each part of the frames: memory that grows in every part grows without end."""
        part = max(1, self._request.frames // _GROWTH_PARTS)
        with self._environment(profile, workload) as environment:
            tracemalloc.start()
            held = []
            for _ in range(_GROWTH_PARTS):
                for _ in range(part):
                    environment.step()
                held.append(tracemalloc.get_traced_memory()[0])
            tracemalloc.stop()
        grown = [after - before for before, after in pairwise(held)]
        self._seen.growth_bytes = min(grown) // part if min(grown) > _LEAST_GROWTH_BYTES * part else 0


def _rows(buffers: FrameBuffers) -> _Rows:
    return tuple(tuple(row) for row in buffers.digests.tolist())
