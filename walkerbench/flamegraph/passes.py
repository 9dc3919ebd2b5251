"""Record one run three times: sampled for wall time, sampled for the GIL, and unsampled to compare them with.

Wall time and the GIL are sampled one after the other: py-spy pauses a process to read its stacks, and two of them at
the same time disturb each other (a third of the GIL samples failed). Without the pause, stacks change while they are
read.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from walkerbench.errors import Interrupted, NotComparable, OutputError, RunBroken
from walkerbench.flamegraph.phase_markers import phase_markers
from walkerbench.flamegraph.py_spy import RATE_HZ, SampleKind, check_permitted, find_py_spy, record, record_sampled
from walkerbench.flamegraph.py_spy_file import read_tracks
from walkerbench.flamegraph.stacks import PhaseMarkers, Track, collapsed, speedscope
from walkerbench.profile.model import Profile
from walkerbench.run_directory import RecordedRun
from walkerbench.running.found_settings import find_settings
from walkerbench.running.run_process import RunRequest
from walkerbench.running.summary import read_concluded
from walkerbench.system.atomic_files import WholeFile
from walkerbench.system.interrupts import InterruptWatch
from walkerbench.workloads.digests import digest_fields, digests_at, first_difference


@dataclass(frozen=True)
class SampledRun:
    """A run that was recorded under py-spy.

    Attributes:
        kind: What was sampled.
        recorded: The run.
        tracks: The samples of each thread.
        markers: The functions that tell the phases of the samples apart.
    """

    kind: SampleKind
    recorded: RecordedRun
    tracks: tuple[Track, ...]
    markers: PhaseMarkers

    @property
    def frames(self) -> int:
        """Number of frames that were run, warm-up included."""
        return len(self.recorded.frames)


@dataclass(frozen=True)
class FlameGraphs:
    """The recordings of one run, whose flame graphs are in files.

    Attributes:
        directory: Holds the flame graphs and the recorded runs.
        wall: The run sampled for wall time.
        gil: The run sampled for the GIL; None after an interrupt before its end.
        unsampled: The run without py-spy; None after an interrupt before its end.
        interrupted: Name of the signal that ended the recording early, or None.
    """

    directory: Path
    wall: SampledRun
    gil: SampledRun | None
    unsampled: RecordedRun | None
    interrupted: str | None


def record_flame_graphs(
    profile: Profile, command_line: Sequence[str], directory: Path, tell: Callable[[str], None]
) -> FlameGraphs:
    """Record and sample a run, and write its flame graphs and recordings into a new directory.

    Args:
        profile: What to run.
        command_line: What the user typed, for the record.
        directory: The directory to create; must not exist.
        tell: Called with a line of text before each recording.

    Raises:
        OutputError: The directory exists or cannot be created.
        UsageError: py-spy is missing or not permitted, or the run cannot start as asked; no file is left.
        RunBroken: A run or py-spy broke, or a file can no longer be written; what was recorded is kept.
        Interrupted: An interrupt came before anything was sampled.
        NotComparable: A sampled run did different work from the unsampled one; everything is kept.
    """
    py_spy = find_py_spy()
    profile = find_settings(profile)  # once, so that every recording does the same

    def request(run: Path) -> RunRequest:
        return RunRequest(profile=profile, directory=run, command_line=tuple(command_line), progress=False)

    with InterruptWatch() as interrupts:
        created = _create(directory)
        try:
            check_permitted(py_spy, directory)
            if interrupts.received is not None:
                raise Interrupted(f"interrupted ({interrupts.received}) before the run began")
            tell(f"1 of 3: sampling wall time, recording into {directory / 'wall' / 'run'}")
            wall = _sample(py_spy, request, directory, "wall", interrupts)
        except BaseException:
            _remove_empty(directory, created)
            raise
        gil, unsampled = None, None
        with suppress(Interrupted):  # an interrupt before this run began: the samples of wall time are kept and shown
            if interrupts.received is None:
                tell(f"2 of 3: sampling who holds the GIL, recording into {directory / 'gil' / 'run'}")
                gil = _sample(py_spy, request, directory, "gil", interrupts)
            if interrupts.received is None:
                tell(f"3 of 3: the same run unsampled, recording into {directory / 'run'}")
                record(request(directory / "run"), interrupts)
                unsampled = _read(directory / "run")
    if unsampled is None or interrupts.received is not None:
        return FlameGraphs(directory, wall, gil, None, interrupts.received)
    for sampled in filter(None, (wall, gil)):
        check_same_work(unsampled, sampled.recorded)
    return FlameGraphs(directory, wall, gil, unsampled, None)


def check_same_work(unsampled: RecordedRun, sampled: RecordedRun) -> None:
    """Check that both runs did the same work up to their last common checkpoint.

    Two runs of the same duration can have different numbers of frames. Where nothing is digested, nothing can be
    checked.

    Raises:
        NotComparable: The work differs, or the runs have no checkpoint in common.
    """
    if unsampled.run.workload.same_work_not_proven is not None:
        return
    ours = {(each.stage, each.frame): each.digest for each in unsampled.run.checkpoints}
    theirs = {(each.stage, each.frame): each.digest for each in sampled.run.checkpoints}
    common = sorted(ours.keys() & theirs.keys())
    if not common:
        raise NotComparable("the sampled run and the unsampled one have no checkpoint in common: give more frames")
    for stage, frame in common:
        if ours[stage, frame] != theirs[stage, frame]:
            where = _first_difference_in_words(unsampled, sampled, stage, frame)
            raise NotComparable(
                f"the sampled run did different work from the unsampled one: after frame {frame} of stage {stage + 1}, "
                f"{where}; the work must not depend on the clock or on chance"
            )


def common_checkpoints(unsampled: RecordedRun, sampled: RecordedRun) -> int:
    """Return the number of checkpoints that both runs have."""
    both = [{(each.stage, each.frame) for each in recorded.run.checkpoints} for recorded in (unsampled, sampled)]
    return len(both[0] & both[1])


def _first_difference_in_words(unsampled: RecordedRun, sampled: RecordedRun, stage: int, frame: int) -> str:
    fields = digest_fields(unsampled.digests)
    found = first_difference(fields, *(digests_at(each.digests, stage, frame) for each in (unsampled, sampled)))
    if found is None:
        return "the runs' digests differ, but the digests of all agents are equal"
    return f"agent {found.agent} is the first that differs, in {', '.join(found.fields)}"


def _sample(
    py_spy: str,
    request: Callable[[Path], RunRequest],
    directory: Path,
    kind: SampleKind,
    interrupts: InterruptWatch,
) -> SampledRun:
    place = directory / kind
    samples = place / "samples.json"
    _create(place)
    try:
        record_sampled(py_spy, request(place / "run"), samples, kind, interrupts)
        recorded = _read(place / "run")
        tracks = read_tracks(samples, [stage.worker_pids for stage in recorded.run.stages])
    finally:
        samples.unlink(missing_ok=True)
        with suppress(OSError):  # an empty folder is useless; one with a run in it stays
            place.rmdir()
    for track in tracks:
        scope = json.dumps(speedscope(track, RATE_HZ, f"{track.name}, {kind}"))
        for ending, text in (("collapsed.txt", collapsed(track)), ("speedscope.json", scope)):
            with WholeFile.opened(place / f"{track.name}.{ending}") as file:
                file.write(text)
    return SampledRun(kind, recorded, tracks, phase_markers({stage.mode for stage in recorded.run.stages}))


def _read(run: Path) -> RecordedRun:
    """Return a recorded run that finished, was interrupted or stopped itself; raise `RunBroken` for any other."""
    recorded = read_concluded(run)
    if recorded.run.state in ("broken", "running"):
        raise RunBroken(f"{run}: the run broke: {recorded.run.ended_because or 'it was killed'}")
    return recorded


def _create(directory: Path) -> list[Path]:
    """Create a directory and its parents; return those that did not exist, the innermost first."""
    missing = [path for path in (directory, *directory.parents) if not path.exists()]
    if directory not in missing:
        raise OutputError(f"{directory}: the output exists already: give a directory that does not")
    try:
        directory.mkdir(parents=True)
    except OSError as error:
        raise OutputError(f"{directory}: the output cannot be written: {error.strerror}: give another") from error
    return missing


def _remove_empty(directory: Path, created: Sequence[Path]) -> None:
    """Remove the directory and the parents that were created for it, unless a run was recorded."""
    if (directory / "wall" / "run").exists():
        return
    shutil.rmtree(directory, ignore_errors=True)
    for path in created[1:]:
        with suppress(OSError):
            path.rmdir()
