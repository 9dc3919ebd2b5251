"""Read py-spy's output: a speedscope file whose outermost frames are processes and threads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from walkerbench.errors import RunBroken, describe_error
from walkerbench.flamegraph.stacks import MAIN, Call, Stack, Track
from walkerbench.system.stack_markers import WORKER_THREAD_NAME, short_path

_TITLE = re.compile(r'Process (\d+) Thread \S+ "(.*)"')
_PROCESS = re.compile(r"process \d+:")
_THREAD = re.compile(r"thread \(\S+\)(?:: (.*))?")
_WORKER_THREAD = re.compile(WORKER_THREAD_NAME.format(number=r"(\d+)"))
_WORKER_TRACK = "worker-{number}"


@dataclass(frozen=True)
class _Thread:
    """One thread's samples, with its process and name."""

    pid: int
    name: str
    is_root: bool
    stacks: tuple[Stack, ...]


def read_tracks(path: Path, worker_pids: Iterable[Sequence[int]]) -> tuple[Track, ...]:
    """Return the samples of the main thread and of every worker; other threads run no frames, and are left out.

    Args:
        path: A file that py-spy wrote with `--format speedscope --subprocesses --threads`.
        worker_pids: For each stage, the process ids of its worker processes in the order of their numbers.

    Raises:
        RunBroken: There is no such file, or it has another format.
    """
    try:
        return tracks(json.loads(path.read_text(encoding="utf-8")), worker_pids)
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise RunBroken(
            f"py-spy has written no samples that can be read ({describe_error(error)}): try another version of py-spy"
        ) from error


def tracks(content: Mapping[str, Any], worker_pids: Iterable[Sequence[int]]) -> tuple[Track, ...]:
    """Return the tracks of a parsed file: `main`, then the workers by their numbers, each over all stages.

    The name of a worker's thread (`system.stack_markers.WORKER_THREAD_NAME`) identifies it; a worker's process is
    identified by its process id.
    """
    calls = [_call(frame) for frame in content["shared"]["frames"]]
    threads = [_thread(entry, calls) for entry in content["profiles"] if entry["samples"]]
    names = {pid: _WORKER_TRACK.format(number=number) for pids in worker_pids for number, pid in enumerate(pids)}
    gathered: dict[str, list[Stack]] = {}
    for thread in threads:
        name = _track(thread, names)
        if name is not None:
            gathered.setdefault(name, []).extend(thread.stacks)
    return tuple(Track(name, tuple(gathered[name])) for name in sorted(gathered, key=_in_order))


def _thread(entry: Mapping[str, Any], calls: Sequence[Call]) -> _Thread:
    match = _TITLE.fullmatch(entry["name"])
    if match is None:
        raise ValueError(f"a thread's title is {entry['name']!r}")
    stacks = [tuple(calls[number] for number in sample) for sample in entry["samples"]]
    owners = [call.function for call in stacks[-1] if _is_owner(call)]
    processes = [owner for owner in owners if _PROCESS.match(owner)]
    # The title may lack the name: a thread has none yet when py-spy first sees it.
    thread = next((_THREAD.fullmatch(owner) for owner in owners if not _PROCESS.match(owner)), None)
    return _Thread(
        pid=int(match[1]),
        name=(thread[1] if thread else None) or match[2],
        is_root=len(processes) == 1,
        stacks=tuple(tuple(call for call in stack if not _is_owner(call)) for stack in stacks),
    )


def _track(thread: _Thread, worker_processes: Mapping[int, str]) -> str | None:
    if match := _WORKER_THREAD.fullmatch(thread.name):
        return _WORKER_TRACK.format(number=match[1])
    if thread.name != "MainThread":
        return None
    if thread.is_root:
        return MAIN
    return worker_processes.get(thread.pid)


def _is_owner(call: Call) -> bool:
    return not call.file and bool(_PROCESS.match(call.function) or _THREAD.fullmatch(call.function))


def _call(frame: Mapping[str, Any]) -> Call:
    return Call(frame["name"], short_path(frame.get("file") or ""), frame.get("line") or 0)


def _in_order(name: str) -> tuple[bool, int]:
    return name != MAIN, 0 if name == MAIN else int(name.rpartition("-")[2])
