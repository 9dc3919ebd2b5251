from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from walkerbench.errors import RunBroken
from walkerbench.flamegraph.py_spy_file import read_tracks, tracks
from walkerbench.flamegraph.stacks import Call
from walkerbench.system.stack_markers import WORKER_THREAD_NAME

ROOT = 'process 10:"python -m walkerbench run"'
TRACKER = 'process 11:"python -c from multiprocessing.resource_tracker import main;main(9)"'
WORK = Call("work", "work.py", 3)


def worker(pid: int) -> str:
    return f'process {pid}:"python -c from multiprocessing.spawn import spawn_main --multiprocessing-fork"'


def py_spy_content(*threads: Any) -> dict[str, Any]:
    """Return what py-spy writes for threads: `(pid, name when first seen, owners, samples)`."""
    owners = list(dict.fromkeys(owner for thread in threads for owner in thread[2]))
    frames = [{"name": owner, "file": "", "line": 0, "col": None} for owner in owners]
    frames.append({"name": "work", "file": "/usr/lib/python3.11/work.py", "line": 3, "col": None})
    entries = [
        {
            "name": f'Process {pid} Thread {pid} "{name}"',
            "samples": [[owners.index(owner) for owner in outer] + [len(owners)]] * samples,
        }
        for pid, name, outer, samples in threads
    ]
    return {"shared": {"frames": frames}, "profiles": entries}


def test_threads_are_identified_by_their_names() -> None:
    tenth, second = (WORKER_THREAD_NAME.format(number=number) for number in (10, 2))
    content = py_spy_content(
        (10, tenth, [ROOT, f"thread (14): {tenth}"], 1),
        (10, second, [ROOT, f"thread (13): {second}"], 2),
        (10, "", [ROOT, "thread (10): MainThread"], 3),
        (10, "cpu-sampler", [ROOT, "thread (12): cpu-sampler"], 4),
    )

    found = tracks(content, [()])

    assert [(track.name, track.samples) for track in found] == [
        ("main", ((WORK,),) * 3),
        ("worker-2", ((WORK,),) * 2),
        ("worker-10", ((WORK,),)),
    ]


def test_processes_are_identified_by_ids_in_each_stage() -> None:
    pids = (23, 20, 22, 21)  # two stages of two workers; 22, the first of the second stage, has no samples
    content = py_spy_content(
        (10, "MainThread", [ROOT, "thread (10): MainThread"], 1),
        (11, "MainThread", [ROOT, TRACKER, "thread (11): MainThread"], 1),
        *((pid, "MainThread", [ROOT, worker(pid), f"thread ({pid}): MainThread"], pid) for pid in pids if pid != 22),
        (20, "Thread-1 (watch)", [ROOT, worker(20), "thread (30): Thread-1 (watch)"], 1),
    )

    found = tracks(content, [(20, 21), (22, 23)])

    assert {track.name: len(track.samples) for track in found} == {"main": 1, "worker-0": 20, "worker-1": 21 + 23}


def test_a_thread_without_samples_or_name_is_left_out() -> None:
    content = py_spy_content(
        (10, "MainThread", [ROOT, "thread (10): MainThread"], 0), (10, "", [ROOT, "thread (12)"], 1)
    )

    assert tracks(content, [()]) == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        json.dumps({"shared": {"frames": []}, "profiles": [{"name": "?", "samples": [[0]]}]}),
        json.dumps({"shared": {"frames": []}, "profiles": [{"name": 'Process 1 Thread 1 ""', "samples": [[0]]}]}),
    ],
)
def test_a_file_that_cannot_be_read_gives_one_line(tmp_path: Path, text: Any) -> None:
    (tmp_path / "samples.json").write_text(text)

    with pytest.raises(RunBroken, match=r"^py-spy has written no samples that can be read \(.+\): try another .+$"):
        read_tracks(tmp_path / "samples.json", [()])


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(RunBroken, match="FileNotFoundError"):
        read_tracks(tmp_path / "samples.json", [()])
