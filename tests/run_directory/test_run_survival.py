from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from walkerbench.errors import OutputLost
from walkerbench.run_directory import (
    RunWriter,
    read_recorded,
    writer,
)

CONFTEST = str(Path(__file__).parent / "conftest.py")
ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="needs the resource limits and signals of Linux")


def in_child(path: Path, body: str) -> subprocess.CompletedProcess[str]:
    """Run code in a process of its own, with an open `recording` of a run at `path`."""
    start = f"""
        import importlib.util, os, resource, signal
        from pathlib import Path
        from walkerbench.errors import OutputLost
        from walkerbench.run_directory import RunWriter
        spec = importlib.util.spec_from_file_location("toy", {CONFTEST!r})
        toy = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(toy)
        recording = RunWriter.create(Path({str(path)!r}), toy.begun(), toy.DTYPES)
    """
    code = textwrap.dedent(start) + textwrap.dedent(body)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.promise("kept", "Rows that were flushed survive SIGKILL at any instant.")
@ON_LINUX
def test_flushed_rows_survive_sigkill(tmp_path: Path, toy: Any) -> None:
    done = in_child(
        tmp_path / "run",
        """
        toy.append_frames(recording, 0, 1, 2)
        recording.flush()
        toy.append_frames(recording, 3, 4)
        os.kill(os.getpid(), signal.SIGKILL)
        """,
    )

    assert done.returncode == -signal.SIGKILL, done.stderr
    assert np.load(tmp_path / "run" / "frames.npy", allow_pickle=False)["frame"].tolist() == [0, 1, 2]
    assert np.load(tmp_path / "run" / "workers.npy", allow_pickle=False)["frame"].tolist() == [0, 1, 2]
    recorded = read_recorded(tmp_path / "run")
    assert recorded.run.state == "running"
    np.testing.assert_array_equal(recorded.frames, toy.rows("frames", 0, 1, 2))


@pytest.mark.promise("kept", "A full disk keeps what was recorded before, and run.json says what happened.")
@ON_LINUX
def test_a_full_disk_keeps_flushed_rows_and_room_for_the_reason(tmp_path: Path, toy: Any) -> None:
    done = in_child(
        tmp_path / "run",
        """
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
        flushed = 0
        try:
            while flushed < 10_000:
                toy.append_frames(recording, *range(flushed, flushed + 7))
                recording.flush()
                flushed += 7
        except OutputLost as error:
            print(flushed, error, sep="|")
        recording.write(toy.begun().changed(
            state="broken", ended_because="the disk is full", finished_utc="2026-01-02T03:04:06Z",
            stages=[toy.ended().stages[0].model_copy(update={"frames": flushed, "warmup": 0})]
        ))
        recording.close()
        """,
    )

    assert done.returncode == 0, done.stderr
    flushed, message = done.stdout.strip().split("|")
    assert int(flushed) > 7
    assert message == (
        f"{tmp_path / 'run' / 'frames.npy'}: can no longer be written: File too large; what was recorded before is kept"
    )
    recorded = read_recorded(tmp_path / "run")
    assert recorded.run.state == "broken"
    np.testing.assert_array_equal(recorded.frames, toy.rows("frames", *range(int(flushed))))
    header_size = len(writer._header(toy.dtypes["frames"], 0))
    rows_size = int(flushed) * toy.dtypes["frames"].itemsize
    assert (tmp_path / "run" / "frames.npy").stat().st_size == header_size + rows_size


def test_a_failed_flush_keeps_the_rows_of_earlier_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toy: Any
) -> None:
    recording = RunWriter.create(tmp_path / "run", toy.begun(), toy.dtypes)
    toy.append_frames(recording, 0)
    recording.flush()
    toy.append_frames(recording, 1)

    def fail(descriptor: Any, data: Any) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr(os, "write", fail)
        with pytest.raises(OutputLost, match=r"frames\.npy: can no longer be written: Input/output error"):
            recording.flush()
        assert read_recorded(tmp_path / "run").frames["frame"].tolist() == [0]
        with pytest.raises(OutputLost):
            recording.close()
    recording.close()


def test_leaving_the_context_keeps_the_error_being_raised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toy: Any
) -> None:
    def fail(descriptor: Any, data: Any) -> None:
        raise OSError(errno.EIO, "Input/output error")

    def leave_with_unwritable_rows(error: Any) -> None:
        with RunWriter.create(tmp_path / repr(error), toy.begun(), toy.dtypes) as recording:
            toy.append_frames(recording, 0)
            monkeypatch.setattr(os, "write", fail)
            if error is not None:
                raise error

    with pytest.raises(ZeroDivisionError):
        leave_with_unwritable_rows(ZeroDivisionError())
    monkeypatch.undo()
    with pytest.raises(OutputLost):
        leave_with_unwritable_rows(None)


def test_a_short_write_is_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toy: Any) -> None:
    really_write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: really_write(descriptor, bytes(data[:13])))

    with RunWriter.create(tmp_path / "run", toy.begun(), toy.dtypes) as recording:
        toy.append_frames(recording, 0, 1, 2)

    np.testing.assert_array_equal(read_recorded(tmp_path / "run").frames, toy.rows("frames", 0, 1, 2))
