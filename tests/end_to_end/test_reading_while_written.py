"""Every command can read a run while another process writes it."""

from __future__ import annotations

import csv
import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny_profile import profile_text
from whole_process import Started, WholeProcess, rows, until

from walkerbench.run_directory import read_recorded
from walkerbench.running.summary import concluded

READS = 100
WORKERS = 2


@pytest.fixture
def recording(walkerbench: WholeProcess) -> Iterator[Started]:
    """Start a run of two workers that goes on, and wait until it has recorded some frames."""
    (walkerbench.cwd / "tiny.toml").write_text(profile_text(frames=10_000_000, checkpoint_every=3))
    arguments = ("--profile", "./tiny.toml", "--mode", "process", "--workers", str(WORKERS), "-q", "-o", "run")
    with walkerbench.start("run", *arguments) as started:
        until(lambda: rows(walkerbench.cwd / "run") > 50)
        yield started
        assert started.process.poll() is None
        started.signal(signal.SIGINT)
        assert started.end().code == 130


@pytest.mark.promise("long runs", "A run can be read while it is written, and never with a part of a row.")
@pytest.mark.usefixtures("recording")
def test_every_reading_of_a_run_that_is_written_is_whole(walkerbench: WholeProcess) -> None:
    seen = 0
    for _ in range(READS):
        recorded = read_recorded(walkerbench.cwd / "run")
        frames, workers = recorded.frames, recorded.workers

        assert len(frames) >= seen
        seen = len(frames)
        assert frames["frame"].tolist() == list(range(seen))
        assert (frames["wall_ns"] > 0).all()
        assert len(workers) == WORKERS * seen
        assert workers["frame"].tolist() == [frame for frame in range(seen) for _ in range(WORKERS)]
        assert (workers["busy_ns"] > 0).all()
        # The digest of a checkpoint is known only when the digests of all agents are there.
        assert len(recorded.digests) % 12 == 0
        assert concluded(recorded).run.stages[0].frames == seen


@pytest.mark.usefixtures("recording")
def test_every_command_reads_a_run_that_is_written(walkerbench: WholeProcess) -> None:
    for attempt in range(2):
        shown = walkerbench("show", "run")
        assert (shown.code, shown.err) == (0, "")
        assert "UNFINISHED: still running, or killed" in shown.out

        as_json = walkerbench("show", "run", "--json")
        assert (as_json.code, as_json.err) == (0, "")
        assert json.loads(as_json.out)["state"] == "running"

        assert walkerbench("report", "run", "-o", f"{attempt}.html").code == 0

        exported = walkerbench("export", "run", "--format", "csv", "-o", f"{attempt}.csv")
        assert exported.code == 0, exported.err
        _check_lines(walkerbench.cwd / f"{attempt}.csv")

        for form in ("json", "markdown", "chrome-trace", "junit"):
            exported = walkerbench("export", "run", "--format", form, "-o", f"{attempt}.{form}")
            assert exported.code == 0, exported.err

        refused = walkerbench("compare", "run", "run")
        assert refused.code == 2
        assert "the run has no end: it is still going on, or it was killed" in refused.err


def _check_lines(file: Path) -> None:
    head, *lines = csv.reader(file.read_text().splitlines())
    assert {len(line) for line in lines} == {len(head)}
