"""Three recordings of one run: sampled for wall time, sampled for the GIL, and unsampled to hold them against.

Two passes in place of one: py-spy pauses a process to look into it, and two of them at once get in each other's way (a
third of the GIL samples failed); without pausing, stacks are torn, because they change while they are read.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from walkerbench.errors import Interrupted, NotComparable, OutputError, RunBroken
from walkerbench.flamegraph.py_spy import RATE_HZ, Moment, check_permitted, find_py_spy, record, record_sampled
from walkerbench.flamegraph.py_spy_file import read_tracks
from walkerbench.flamegraph.stacks import Track, collapsed, speedscope
from walkerbench.run_directory import RecordedRun, read_run
from walkerbench.system.atomic_files import WholeFile
from walkerbench.system.interrupts import InterruptWatch

_KEYS = ("stage", "frame", "agent")


@dataclass(frozen=True)
class SampledRun:
    """A run that was sampled.

    Attributes:
        moment: What was sampled.
        recorded: The run.
        tracks: The samples, by thread.
    """

    moment: Moment
    recorded: RecordedRun
    tracks: tuple[Track, ...]

    @property
    def frames(self) -> int:
        """How many frames were run, warm-up included."""
        return len(self.recorded.frames)


@dataclass(frozen=True)
class Profiled:
    """What profiling a run came to.

    Attributes:
        directory: Where everything lies.
        wall: Sampled at any time.
        gil: Sampled where the GIL was held; None where that was not come to.
        unsampled: The same run by itself; None where that was not come to.
        interrupted: Name of the signal that ended it early, or None.
    """

    directory: Path
    wall: SampledRun
    gil: SampledRun | None
    unsampled: RecordedRun | None
    interrupted: str | None


def profile_run(options: Sequence[str], directory: Path, tell: Callable[[str], None]) -> Profiled:
    """Record and sample a run; leaves flame graphs and the recorded runs.

    Args:
        options: Of `walkerbench run`, without its output.
        directory: To be made; must not exist.
        tell: Is told what is being done.

    Raises:
        OutputError: The directory exists or cannot be made.
        UsageError: py-spy is missing or not permitted, or the run cannot be carried out; nothing is left behind.
        RunBroken: A run or py-spy broke, or what it gave can no longer be written; what was recorded is kept.
        Interrupted: The user wants no more, and there is nothing to show.
        NotComparable: A sampled run did other work than the unsampled one; everything is kept.
    """
    py_spy = find_py_spy()
    made = _make(directory)
    with InterruptWatch() as interrupts:
        try:
            check_permitted(py_spy)
            if interrupts.received is not None:
                raise Interrupted(f"interrupted ({interrupts.received}) before the run began")
            tell(f"1 of 3: sampling wall time, recording into {directory / 'wall' / 'run'}")
            wall = _sample(py_spy, options, directory, "wall", interrupts)
        except BaseException:
            _remove_empty(directory, made)
            raise
        gil, unsampled = None, None
        with suppress(Interrupted):  # before a run of its own began: there is something to show all the same
            if interrupts.received is None:
                tell(f"2 of 3: sampling who holds the GIL, recording into {directory / 'gil' / 'run'}")
                gil = _sample(py_spy, options, directory, "gil", interrupts)
            if interrupts.received is None:
                tell(f"3 of 3: the same run unsampled, recording into {directory / 'run'}")
                record(options, directory / "run", interrupts)
                unsampled = _read(directory / "run")
    if unsampled is None or interrupts.received is not None:
        return Profiled(directory, wall, gil, None, interrupts.received)
    for sampled in filter(None, (wall, gil)):
        check_same_work(unsampled, sampled.recorded)
    return Profiled(directory, wall, gil, unsampled, None)


def check_same_work(unsampled: RecordedRun, sampled: RecordedRun) -> None:
    """See that both runs did the same work, as far as both went.

    A run of a given duration has as many frames as it came to, and is held against the other up to its last common
    checkpoint.

    Raises:
        NotComparable: They differ, or have no checkpoint in common.
    """
    ours = {(each.stage, each.frame): each.digest for each in unsampled.run.checkpoints}
    theirs = {(each.stage, each.frame): each.digest for each in sampled.run.checkpoints}
    common = sorted(ours.keys() & theirs.keys())
    if not common:
        raise NotComparable("the sampled run and the unsampled one have no checkpoint in common: give more frames")
    for stage, frame in common:
        if ours[stage, frame] != theirs[stage, frame]:
            where = _first_difference(unsampled, sampled, stage, frame)
            raise NotComparable(
                f"the sampled run did other work than the unsampled one: after frame {frame} of stage {stage + 1}, "
                f"{where}; the work must not depend on the clock or on chance"
            )


def common_checkpoints(unsampled: RecordedRun, sampled: RecordedRun) -> int:
    """How many checkpoints both runs have."""
    both = [{(each.stage, each.frame) for each in recorded.run.checkpoints} for recorded in (unsampled, sampled)]
    return len(both[0] & both[1])


def _first_difference(unsampled: RecordedRun, sampled: RecordedRun, stage: int, frame: int) -> str:
    ours, theirs = (
        each.digests[(each.digests["stage"] == stage) & (each.digests["frame"] == frame)]
        for each in (unsampled, sampled)
    )
    fields = [name for name in ours.dtype.names or () if name not in _KEYS]
    for one, other in zip(ours, theirs, strict=False):
        differing = [name for name in fields if one[name] != other[name]]
        if differing:
            return f"agent {one['agent']} is the first that differs, in {', '.join(differing)}"
    return "the digests differ, but those of no single agent"


def _sample(
    py_spy: str, options: Sequence[str], directory: Path, moment: Moment, interrupts: InterruptWatch
) -> SampledRun:
    place = directory / moment
    samples = place / "samples.json"
    _make(place)
    try:
        record_sampled(py_spy, options, place / "run", samples, moment, interrupts)
        recorded = _read(place / "run")
        tracks = read_tracks(samples, [stage.worker_pids for stage in recorded.run.stages])
    finally:
        samples.unlink(missing_ok=True)
        with suppress(OSError):  # an empty place says nothing; one with a run in it stays
            place.rmdir()
    for track in tracks:
        scope = json.dumps(speedscope(track, RATE_HZ, f"{track.name}, {moment}"))
        for kind, text in (("collapsed.txt", collapsed(track)), ("speedscope.json", scope)):
            with WholeFile.opened(place / f"{track.name}.{kind}") as file:
                file.write(text)
    return SampledRun(moment, recorded, tracks)


def _read(run: Path) -> RecordedRun:
    """A recorded run that came to its end, or was interrupted, or stopped itself."""
    recorded = read_run(run)
    if recorded.run.state in ("broken", "running"):
        raise RunBroken(f"{run}: the run broke: {recorded.run.ended_because or 'it was killed'}")
    return recorded


def _make(directory: Path) -> list[Path]:
    """Make a directory with parents; those that were made, the innermost first."""
    missing = [path for path in (directory, *directory.parents) if not path.exists()]
    if directory not in missing:
        raise OutputError(f"{directory}: the output exists already: give a directory that does not")
    try:
        directory.mkdir(parents=True)
    except OSError as error:
        raise OutputError(f"{directory}: the output cannot be written: {error.strerror}: give another") from error
    return missing


def _remove_empty(directory: Path, made: Sequence[Path]) -> None:
    """Leave nothing where nothing was recorded."""
    if (directory / "wall" / "run").exists():
        return
    shutil.rmtree(directory, ignore_errors=True)
    for path in made[1:]:
        with suppress(OSError):
            path.rmdir()
