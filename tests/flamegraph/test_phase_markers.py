"""The real py-spy sees every function that marks a phase."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import sampled_workload
from brought import brought
from every_way import why_nothing_can_be_sampled

from walkerbench.errors import UsageError
from walkerbench.flamegraph.phase_markers import phase_markers
from walkerbench.flamegraph.py_spy import find_py_spy, record_sampled
from walkerbench.flamegraph.py_spy_file import read_tracks
from walkerbench.flamegraph.stacks import OVERHEAD_PHASES, SETTLE, WAITING, phases
from walkerbench.profile.loading import load_profile
from walkerbench.run_directory import read_recorded
from walkerbench.running.run_process import RunRequest
from walkerbench.system.interrupts import InterruptWatch

# Frames are short, and threaded mode has many workers: so a large share of the time is spent outside of shards.
WORKERS = {"sequential": 1, "threaded": 8, "process": 2}


@pytest.fixture
def _sampled_workload(tmp_path: Path) -> Iterator[None]:
    if reason := why_nothing_can_be_sampled():
        pytest.skip(reason)
    with brought(tmp_path / "package", "walkerbench.workloads", "sampled", sampled_workload.__file__, "factory"):
        yield


def sampled_phases(directory: Path, mode: str) -> dict[str, Counter[str]]:
    """Run frames under py-spy for 2 s; return for each thread how many samples fell into each phase."""
    (directory / "sampled.toml").write_text(
        f'workload = "sampled"\nmode = "{mode}"\nagents = {WORKERS[mode]}\nworkers = {WORKERS[mode]}\n'
        "duration_s = 2\ncheckpoint_every = 20\n"
    )
    profile = load_profile(str(directory / "sampled.toml"))
    request = RunRequest(profile=profile, directory=directory / mode, command_line=(), progress=False)
    with InterruptWatch() as interrupts:
        record_sampled(find_py_spy(), request, directory / "samples.json", "wall", interrupts)
    (stage,) = read_recorded(directory / mode).run.stages
    markers = phase_markers([stage.mode])
    tracks = read_tracks(directory / "samples.json", [stage.worker_pids])
    return {track.name: phases(track, markers) for track in tracks}


@pytest.mark.usefixtures("_sampled_workload")
def test_py_spy_sees_every_marker(tmp_path: Path) -> None:
    sampled = {mode: sampled_phases(tmp_path, mode) for mode in WORKERS}

    assert list(sampled["sequential"]) == ["main"]
    for mode in ("threaded", "process"):
        workers = [f"worker-{number}" for number in range(WORKERS[mode])]
        assert list(sampled[mode]) == ["main", *workers]
        assert all(sampled[mode][worker][WAITING] for worker in workers)
    seen = {phase for tracks in sampled.values() for counts in tracks.values() for phase in counts}
    assert seen - sampled_workload.SHARD_PHASES == {*OVERHEAD_PHASES, SETTLE}


def test_the_markers_of_an_unknown_mode_are_refused() -> None:
    with pytest.raises(UsageError, match="no such mode: 'telepathic'"):
        phase_markers(["telepathic"])
