"""Runs a profile and records it: opens the run directory, runs each stage in a new environment, judges the run."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import walkerbench
from walkerbench.criteria.judging import RunState
from walkerbench.errors import (
    RAISED_BY_OTHERS,
    Interrupted,
    OutputLost,
    UsageError,
    WorkerTimeout,
    WorkloadFailed,
    describe_error,
)
from walkerbench.modes.blas_threads import BlasLimit
from walkerbench.modes.registry import MODES
from walkerbench.profile.contradictions import find_contradictions
from walkerbench.profile.model import Profile, Stage
from walkerbench.recording.code_facts import code_facts
from walkerbench.recording.cpu import CpuSampler
from walkerbench.recording.machine import machine_facts
from walkerbench.run_directory import (
    RUNS_ROOT,
    MachineFacts,
    ModeRecord,
    RecordedProfile,
    RunFile,
    RunWriter,
    StageRecord,
    WorkloadRecord,
    default_directory,
    read_recorded,
)
from walkerbench.running.capacity_check import check_capacity
from walkerbench.running.found_settings import find_settings
from walkerbench.running.frame_loop import FrameLoop
from walkerbench.running.observers import ObserverFanOut, RunObserver, StageView
from walkerbench.running.pacing import Pacer
from walkerbench.running.run_control import LiveStage, RunControl
from walkerbench.running.run_recorder import RunRecorder, digest_dtype, recorded_dtypes
from walkerbench.running.summary import conclude
from walkerbench.running.training_environment import TrainingEnvironment
from walkerbench.running.worker_count import choose_workers
from walkerbench.shown_text import encodable
from walkerbench.system.capacity import capacity_problem
from walkerbench.system.interrupts import InterruptWatch
from walkerbench.system.working_directory import WorkingDirectory
from walkerbench.workloads.contract import Workload, same_work_settings


def run(
    profile: Profile,
    *,
    output: str | Path | None = None,
    command_line: Sequence[str] = (),
    observers: Sequence[RunObserver] = (),
    control: RunControl | None = None,
) -> Path:
    """Run a profile in this process, record the run, judge it and return its directory.

    Args:
        profile: What to run.
        output: The run directory, which must not exist; None for one by time and name below `.walkerbench/runs`.
        command_line: The words that the user typed, for the record; empty where a program starts the run.
        observers: Told how the run goes, in addition to the recorder.
        control: Lets other threads change the run while it goes on; None where they cannot.

    Returns:
        The run directory, also of a run that was interrupted or stopped itself; its state says so.

    Raises:
        UsageError: The profile cannot be run as asked; nothing has been written.
        RunBroken: A worker crashed, hung or raised, or the output can no longer be written. What was recorded is kept.
        Interrupted: The user interrupted it twice before anything was recorded.
    """
    with InterruptWatch() as interrupts:
        try:
            profile = find_settings(profile, interrupts)
            directory = None if output is None else Path(output)
            return _Run(profile, directory, command_line, observers, interrupts, control or RunControl()).carry_out()
        except KeyboardInterrupt:
            raise Interrupted("interrupted before anything was recorded") from None


class _Run:
    """One run from its opening to its conclusion."""

    def __init__(
        self,
        profile: Profile,
        output: Path | None,
        command_line: Sequence[str],
        observers: Sequence[RunObserver],
        interrupts: InterruptWatch,
        control: RunControl,
    ) -> None:
        self._profile = profile
        self._control = control
        self._observers = tuple(observers)
        self._interrupts = interrupts
        self._home = WorkingDirectory()
        prepared = [_prepare_stage(profile, stage) for stage in profile.stages]
        self._workloads = [workload for workload, _ in prepared]
        self._workers = [workers for _, workers in prepared]
        started = datetime.now(UTC)
        self._run = self._opening(started, command_line)
        self._directory = output or default_directory(
            RUNS_ROOT, started, profile.name, profile.mode, profile.stages[-1].agents
        )

    def carry_out(self) -> Path:
        """Open the directory, run every stage, conclude."""
        workload = self._workloads[0]
        frame_columns, worker_columns = recorded_dtypes(workload)
        dtypes = {
            "frames": frame_columns,
            "workers": worker_columns,
            "cpu": CpuSampler(lambda: ()).dtype,
            "digests": digest_dtype(workload.digest_fields),
        }
        with ExitStack() as closing:
            writer = closing.enter_context(RunWriter.create(self._directory, self._run, dtypes))
            recorder = RunRecorder(workload, writer)
            observers = ObserverFanOut((recorder, *self._observers))
            if observers.want_rows:
                closing.enter_context(recorder.telling_rows(observers.recorded_rows))
            try:
                observers.started(self._directory, self._run)
                number = 0
                while number < len(self._profile.stages) and self._run.state == "running":
                    self._run_stage(number, writer, recorder, observers)
                    self._follow_control(number)
                    number += 1
            except BaseException as error:
                self._interrupts.hold()
                refused = isinstance(error, UsageError) or capacity_problem(error) is not None
                if refused and not any(stage.frames for stage in self._run.stages):
                    writer.discard()  # the profile cannot be run as asked, and no frame was run
                    raise
                interruption = self._interruption(error)
                if interruption is None:
                    self._end("broken", describe_error(error))
                    # An error of the output is suppressed here: the error that broke the run says more.
                    with suppress(OutputLost):
                        self._conclude(writer, observers)
                    raise
                self._end("interrupted", interruption)
            self._interrupts.hold()
            self._conclude(writer, observers)
        return self._directory

    def _interruption(self, error: BaseException) -> str | None:
        """Return how an interrupt ended the run within a frame; None where the error itself ended the run."""
        if isinstance(error, KeyboardInterrupt):
            return "interrupted twice: ended within a frame"
        if isinstance(error, WorkerTimeout) and self._interrupts.received is not None:
            return f"{self._interrupts.received}; {error}"
        return None

    def _run_stage(self, number: int, writer: RunWriter, recorder: RunRecorder, observers: ObserverFanOut) -> None:
        profile = self._profile
        if self._interrupts.received is not None:
            self._end("interrupted", f"{self._interrupts.received} before stage {number + 1}")
            return
        environment = TrainingEnvironment(
            mode=profile.mode,
            num_workers=self._workers[number],
            workload=self._workloads[number],
            safeguards=profile.safeguards,
            faults=profile.faults,
            interrupts=self._interrupts,
        )
        # The callbacks run in reverse order, each in any case: what was recorded is kept, whatever else fails.
        with ExitStack() as closing:
            closing.callback(self._interrupts.release)
            closing.enter_context(environment)
            self._home.restore()  # the workload's code may have changed it, and paths are relative to it
            self._note_mode(number, environment)
            if number == 0:
                # Read again: building the workload may have loaded another BLAS, or switched the GIL on.
                self._run = self._run.changed(machine=_facts(self._run.mode.start_method))
            writer.write(self._run)
            sampler = CpuSampler(lambda: (os.getpid(), *environment.worker_pids()))
            recorder.sample(sampler)
            stage = self._stage_view(number, environment, recorder)
            pacer = Pacer(profile.frames_per_second(profile.stages[number]))
            loop = FrameLoop(stage, observers, pacer, self._interrupts, profile.checkpoint_every, self._control)
            live = LiveStage(environment, pacer)
            closing.callback(self._control.finish_stage)
            self._control.begin_stage(live, self._check_agents)
            closing.callback(recorder.save)
            closing.callback(self._note_stage, number, live)
            sampler.start()
            closing.callback(sampler.stop)  # it reads the workers, so it ends before they do
            closing.callback(self._interrupts.hold)
            closing.callback(self._home.restore)
            ending = loop.run(stage.frames)
        if ending is not None:
            self._end(ending.state, ending.because)

    def _check_agents(self, agents: int) -> None:
        """Raise an error where a stage cannot run this number of agents."""
        self._prepare_next(agents)

    def _prepare_next(self, agents: int) -> tuple[Stage, Workload, int]:
        """Return a stage with a number of agents, as long as the last planned stage, its workload and its workers."""
        profile = self._profile
        if agents < 1:
            raise UsageError(f"{agents} agents: give at least 1")
        stage = replace(profile.stages[-1], agents=agents)
        fitting = replace(profile, workers=profile.workers and min(profile.workers, agents), stages=(stage,))
        for contradiction in find_contradictions(fitting):
            raise UsageError(f"{contradiction.key}: {contradiction.text}")
        return (stage, *_prepare_stage(fitting, stage))

    def _follow_control(self, number: int) -> None:
        """Change the planned stages where other threads ended a stage: to what was run, and what comes next."""
        end = self._control.take_end()
        if end is None or self._run.state != "running":
            return
        stages = [*self._profile.stages[:number]]
        record = self._run.stages[number]
        pace = self._profile.stages[number].pace
        stages.append(Stage(agents=record.agents, frames=record.frames, pace=pace))
        if end.next_agents is not None:
            stage, workload, workers = self._prepare_next(end.next_agents)
            stages.append(stage)
            self._workloads[number + 1 :], self._workers[number + 1 :] = [workload], [workers]
        self._profile = replace(self._profile, stages=tuple(stages))
        self._run = self._run.changed(profile=_plain(self._profile))

    def _stage_view(self, number: int, environment: TrainingEnvironment, recorder: RunRecorder) -> StageView:
        profile, stage, now_ns = self._profile, self._profile.stages[number], time.perf_counter_ns()
        frames = profile.faults.end_frame or profile.num_frames(stage)
        return StageView(
            number=number,
            stages=len(profile.stages),
            frames=frames,
            limit_ns=now_ns + int((stage.duration_s or 0) * 1e9) if frames is None else None,
            warmup=profile.warmup,
            begun_ns=now_ns,
            environment=environment,
            effective_cores=recorder.effective_cores,
        )

    def _note_stage(self, number: int, live: LiveStage) -> None:
        environment = live.environment
        population: dict[str, float] = {}
        # Where statistics fail, the last checkpoint has failed too and has ended the run; the stage is still kept.
        with suppress(WorkloadFailed):
            population = environment.statistics()
        remarks: tuple[str, ...] = ()
        with suppress(*RAISED_BY_OTHERS):
            remarks = tuple(encodable(str(each)) for each in environment.workload.remarks(environment.buffers))
        stage = StageRecord(
            stage=number,
            agents=environment.workload.num_agents,
            frames=environment.frame,
            warmup=min(environment.frame, self._profile.warmup),
            workers=environment.num_workers,
            mode=environment.mode_used,
            traits=environment.traits,
            switches=live.switches(),
            worker_pids=tuple(environment.worker_pids()),
            digest=None,
            counters=environment.counters,
            population={**population},
            remarks=remarks,
            metrics={},
        )
        mode = self._run.mode
        if stage.mode_switched:  # the run has several modes
            asked = {"used": mode.requested, "traits": MODES.find(mode.requested).traits}
            mode = mode.model_copy(update=asked)
        self._run = self._run.changed(stages=(*self._run.stages, stage), mode=mode)

    def _note_mode(self, stage: int, environment: TrainingEnvironment) -> None:
        method = environment.start_method
        requested, before = self._profile.mode, self._run.mode.used
        # A later stage that fell back, with fewer agents, does not change that an earlier one ran the requested mode.
        used = requested if stage > 0 and before == requested else environment.mode_used
        mode = ModeRecord(
            requested=requested,
            used=used,
            traits=MODES.find(used).traits,
            # A later stage with more agents does not change that an earlier one fell back.
            fallback=environment.fallback or self._run.mode.fallback,
            workers=environment.num_workers,
            start_method=method[0] if method else None,
            start_method_reason=method[1] if method else None,
        )
        self._run = self._run.changed(mode=mode)

    def _end(self, state: RunState, because: str) -> None:
        self._run = self._run.changed(state=state, ended_because=because, emergency_shutdowns=int(state == "emergency"))

    def _conclude(self, writer: RunWriter, observers: ObserverFanOut) -> None:
        try:
            self._judge(writer, observers)
        except OutputLost as error:
            if self._run.state != "broken":
                self._end("broken", describe_error(error))
            raise
        finally:
            observers.finished(self._run)

    def _judge(self, writer: RunWriter, observers: ObserverFanOut) -> None:
        if self._run.state == "running":
            self._run = self._run.changed(state="finished")
        self._run = self._run.changed(
            finished_utc=_utc(datetime.now(UTC)), checkpoints=writer.checkpoints(), observers=observers.records()
        )
        writer.write(self._run)
        writer.flush()
        self._run = conclude(read_recorded(self._directory))
        writer.write(self._run)

    def _opening(self, started: datetime, command_line: Sequence[str]) -> RunFile:
        profile, workload, mode = self._profile, self._workloads[0], MODES.find(self._profile.mode)
        return RunFile(
            walkerbench_version=walkerbench.__version__,
            state="running",
            started_utc=_utc(started),
            workload=WorkloadRecord(
                name=workload.name,
                phases=workload.phases,
                main_phase=workload.main_phase,
                settle_phase=workload.settle_phase,
                frames_per_second=workload.frames_per_second(),
                counters=workload.counters,
                frame_counters=workload.frame_counters,
                event_counters=workload.event_counters,
                same_work_not_proven=workload.same_work_not_proven,
                same_work_settings=same_work_settings(profile.environment),
            ),
            mode=ModeRecord(
                requested=profile.mode,
                used=profile.mode,
                traits=mode.traits,
                fallback=None,
                workers=self._workers[0],
                start_method=mode.start_method,
                start_method_reason=None,
            ),
            profile=_plain(profile),
            command_line=tuple(map(encodable, command_line)),
            code=code_facts(profile.code_modules()),
            machine=_facts(mode.start_method),
            criteria=tuple(str(criterion) for criterion in profile.criteria),
            faults=profile.faults.in_words,
        )


def _prepare_stage(profile: Profile, stage: Stage) -> tuple[Workload, int]:
    """Return what a stage runs, and how many workers it has.

    Raises:
        UsageError: The stage cannot be run.
        CapacityError: The stage does not fit into memory.
    """
    workload = profile.make_workload(stage)
    workers = choose_workers(profile.mode, profile.workers, workload.num_agents, workload.shards)
    check_capacity(workload, profile.safeguards)
    return workload, workers


def _plain(profile: Profile) -> RecordedProfile:
    plain = profile.as_dict() | {"name": encodable(profile.name), "source": encodable(profile.source)}
    return cast("RecordedProfile", plain)


def _facts(start_method: str | None) -> MachineFacts:
    # Taken with BLAS limited to one thread, as it is in this process and in every worker while frames run.
    with BlasLimit():
        return cast("MachineFacts", machine_facts(start_method))


def _utc(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
