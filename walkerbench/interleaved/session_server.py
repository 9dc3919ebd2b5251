"""A session as its child process runs it: holds one side's environment, and answers requests until it must end."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import BinaryIO

import walkerbench
from walkerbench.errors import (
    RAISED_BY_OTHERS,
    CallOrderError,
    EmergencyShutdown,
    UsageError,
    WalkerbenchError,
    describe_error,
    user_traceback_of,
)
from walkerbench.interleaved.profile_keys import known_keys
from walkerbench.interleaved.protocol import (
    Answer,
    BlockDone,
    Close,
    Digest,
    Digests,
    Facts,
    Failed,
    Hello,
    KnownProfileKeys,
    ListDigests,
    ListFacts,
    ListProfileKeys,
    Prepare,
    Prepared,
    Request,
    RunBlock,
    TakeDigest,
    decode_request,
    encode,
)
from walkerbench.profile.model import Profile
from walkerbench.profile.table import profile_from_dict
from walkerbench.recording.code_facts import code_facts, imported_files
from walkerbench.recording.frames import FrameRecorder, FrameTiming, frame_dtype, worker_dtype
from walkerbench.recording.gil import gil_enabled
from walkerbench.recording.machine import machine_facts
from walkerbench.running.found_settings import found_settings
from walkerbench.running.frame_loop import FrameLoop
from walkerbench.running.observers import ObserverFanOut, RunObserver, StageView
from walkerbench.running.pacing import Pacer
from walkerbench.running.training_environment import TrainingEnvironment
from walkerbench.slow_frames.attribution import nanoseconds
from walkerbench.slow_frames.worker_times import Setting
from walkerbench.system.imported_code import path_text, project_modules
from walkerbench.system.interrupts import InterruptWatch, ignore_interrupts
from walkerbench.system.resources import process_usage
from walkerbench.workloads.contract import Workload


def serve_parent() -> None:
    """Answer the parent's requests on this process's stdin and stdout, until the parent sends `Close` or ends."""
    ignore_interrupts()  # an interrupt can reach the whole process group; the parent then ends its sessions
    requests, answers = _take_over_pipes()
    serve(_lines(requests), answers)


def serve(lines: Iterator[bytes], answers: BinaryIO) -> None:
    """Send `Hello`, then answer each request; the first failure is the last answer.

    Args:
        lines: The parent's messages.
        answers: The stream that answers are written to.
    """
    _send(answers, Hello(package=str(path_text(Path(walkerbench.__file__).resolve().parent))))
    server = _Server()
    try:
        for line in lines:
            answer = server.answer(line)
            if answer is None:
                failed = server.end()
                if failed is not None:
                    _send(answers, failed)
                break
            _send(answers, answer)
            if isinstance(answer, Failed):
                break
    finally:
        server.close()


class _Server:
    """Carries out requests, and refuses those that come in a wrong order."""

    def __init__(self) -> None:
        self._side: _SideRunner | None = None

    def answer(self, line: bytes) -> Answer | None:
        """Carry out a request, and return the answer; None for a request to end."""
        try:
            return self._carry_out(decode_request(line))
        except WalkerbenchError as error:
            return Failed(message=str(error), exit_code=error.exit_code, user_traceback=user_traceback_of(error))
        except RAISED_BY_OTHERS as error:
            # The parent gets every error: the code may be a revision that was never run before.
            return Failed(message=describe_error(error), exit_code=WalkerbenchError.exit_code)

    def end(self) -> Failed | None:
        """Stop every worker, and return the failure of that; None where it succeeds."""
        try:
            self.close()
        except WalkerbenchError as error:
            return Failed(message=str(error), exit_code=error.exit_code, user_traceback=user_traceback_of(error))
        return None

    def close(self) -> None:
        """Stop every worker."""
        if self._side is not None:
            self._side.environment.stop()

    def _carry_out(self, request: Request) -> Answer | None:
        match request:
            case Close():
                return None
            case ListProfileKeys(workload=workload):
                return KnownProfileKeys(keys=known_keys(workload))
            case Prepare(profile=plain):
                return self._prepare(profile_from_dict(plain))
        if self._side is None:
            raise CallOrderError("a session is prepared before anything else")
        match request:
            case RunBlock(frames=frames):
                return self._side.run_block(frames)
            case TakeDigest():
                return self._side.take_digest()
            case ListDigests():
                return self._side.list_digests()
            case ListFacts():
                return self._side.list_facts()

    def _prepare(self, profile: Profile) -> Prepared:
        if self._side is not None:
            raise CallOrderError("a session is prepared once")
        self._side = _SideRunner(profile)
        return self._side.warm_up(profile.warmup)


class _BlockRecorder(RunObserver):
    """Records frames as a run does, so that a frame's time means the same as in a run."""

    required = True

    def __init__(self, workload: Workload) -> None:
        columns = frame_dtype(workload.phases, workload.settle_phase, ())
        self.rows = FrameRecorder(columns, worker_dtype(workload.phases))

    def frame(self, stage: StageView, timing: FrameTiming) -> None:
        self.rows.record(stage.number, False, timing, stage.environment.buffers.workers, ())


class _SideRunner:
    """One side's environment, and what is recorded of its frames.

    Args:
        profile: Of one stage.
    """

    def __init__(self, profile: Profile) -> None:
        if len(profile.stages) != 1:
            raise UsageError(f"the profile {profile.name} has {len(profile.stages)} stages: a session runs one")
        workload = profile.make_workload(profile.stages[0])
        self._profile = profile
        self.environment = TrainingEnvironment(
            mode=profile.mode,
            num_workers=profile.workers,
            workload=workload,
            safeguards=profile.safeguards,
            faults=profile.faults,
        )
        self._recorder = _BlockRecorder(workload)
        self.environment.start()
        stage = StageView(
            number=0, stages=1, frames=None, limit_ns=None, warmup=0, begun_ns=time.perf_counter_ns(),
            environment=self.environment, effective_cores=lambda: None,
        )  # fmt: skip
        # The parent requests the digests, and ends its sessions when it is interrupted.
        observers = ObserverFanOut((self._recorder,))
        self._loop = FrameLoop(stage, observers, Pacer(None), InterruptWatch(), checkpoint_every=None)

    def warm_up(self, frames: int) -> Prepared:
        """Run the frames that are not judged, and return how the environment was built."""
        self._step(frames)
        self._recorder.rows.drain()
        environment = self.environment
        return Prepared(
            mode_used=environment.mode_used,
            traits=environment.traits,
            main_phase=environment.workload.main_phase,
            fallback=environment.fallback,
            workers=environment.num_workers,
            imported=imported_files((*self._profile.code_packages(), *project_modules())),
            found_settings={**found_settings(environment)},
            same_work_not_proven=environment.workload.same_work_not_proven,
        )

    def run_block(self, frames: int) -> BlockDone:
        """Run the next frames, and return their times."""
        own_s, workers_s, begun_ns = time.process_time(), self._workers_cpu_s(), time.perf_counter_ns()
        self._step(frames)
        elapsed_ns = time.perf_counter_ns() - begun_ns
        own_s, after_s = time.process_time() - own_s, self._workers_cpu_s()
        recorded, workers = self._recorder.rows.drain()
        # Where the CPU time of other processes is not available, the workers' rows give their CPU time within frames.
        in_frames_s = float(workers["cpu_ns"].sum() / 1e9)
        cpu_s = own_s + (in_frames_s if workers_s is None or after_s is None else after_s - workers_s)
        return BlockDone(
            wall_ns=tuple(recorded["wall_ns"].tolist()),
            main_phase_ns=tuple(recorded[self.environment.workload.main_phase.column].tolist()),
            cpu_s=max(0.0, cpu_s),
            elapsed_s=elapsed_ns / 1e9,
            parts_ns=nanoseconds(recorded, workers, self._setting()),
        )

    def take_digest(self) -> Digest:
        """Return the digest of all agents."""
        digest = self.environment.checkpoint()
        self._raise_in_emergency()
        return Digest(
            frame=self.environment.frame - 1,
            digest=None if digest is None else digest.hex(),
            remarks=self.environment.workload.remarks(self.environment.buffers),
        )

    def list_digests(self) -> Digests:
        """Return the digests of the single agents that the last digest was computed from."""
        rows = tuple(tuple(row) for row in self.environment.buffers.digests.tolist())
        return Digests(fields=self.environment.workload.digest_fields, rows=rows)

    def list_facts(self) -> Facts:
        """Return the facts of the code and of the machine, read while BLAS is limited to one thread as in frames."""
        method = self.environment.start_method
        return Facts(
            machine=machine_facts(method[0] if method else None), code=code_facts(self._profile.code_modules())
        )

    def _setting(self) -> Setting:
        environment = self.environment
        workload = environment.workload
        return Setting(environment.traits, gil_enabled(), workload.settle_phase, workload.main_phase)

    def _step(self, frames: int) -> None:
        if frames:
            self._loop.run(self.environment.frame + frames)
            self._raise_in_emergency()

    def _raise_in_emergency(self) -> None:
        environment = self.environment
        if environment.emergency is not None:
            raise EmergencyShutdown(f"emergency shutdown after frame {environment.frame - 1}: {environment.emergency}")

    def _workers_cpu_s(self) -> float | None:
        """Return the CPU seconds so far of the worker processes; None where they are not available on this system."""
        usages = [process_usage(pid) for pid in self.environment.worker_pids()]
        known = [usage.cpu_s for usage in usages if usage is not None and usage.cpu_s is not None]
        return sum(known) if len(known) == len(usages) else None


def _send(answers: BinaryIO, answer: Answer) -> None:
    answers.write(encode(answer))
    answers.flush()


def _take_over_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Return the pipes to the parent; from now on prints go to stderr, and workers inherit neither pipe."""
    requests, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return os.fdopen(requests, "rb"), os.fdopen(answers, "wb")


def _lines(requests: BinaryIO) -> Iterator[bytes]:
    """Yield the parent's messages; the thread that reads them ends this process as soon as the parent has ended."""
    inbox: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_read, args=(requests, inbox), daemon=True).start()
    while True:
        yield inbox.get()


def _read(requests: BinaryIO, inbox: SimpleQueue[bytes]) -> None:
    for line in requests:
        inbox.put(line)
    # This also ends a block that hangs. The workers notice that this process has ended, and end by themselves.
    os._exit(1)
