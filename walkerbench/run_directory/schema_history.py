"""Lists the changes of `run.json` from schema to schema, and converts files of older schemas.

1  The first schema. run.json has every key of `RunFile` but those below; frames.npy, workers.npy, cpu.npy and
   digests.npy, whose columns run.json describes under "arrays".
2  run.json says where the time went: "attribution", "slow_frames", "worst_frames". workers.npy has the system's
   figures of each thread's time, -1 where there are none, and frames.npy has those of the parent's thread. A run of
   schema 1 has none of these columns.
3  A stage says which mode ran it and its workers' process ids. workers.npy counts voluntary switches, frames.npy has
   the parent's, and a worker's garbage collection is that of its thread. "worst_frames" holds the longest frames, with
   no criterion, where none is over a limit.
4  "code" says which code ran, walkerbench's own and the workload's, in place of the machine's "git", which was the
   revision of whatever repository the working directory was in. A workload states its main phase and its frames per
   second at real-time pace; modes have their traits; the profile names its workload. Observers are recorded with the
   time that they took.
5  "code" says from which folders the code was imported, and has digests of its source; where git did not give the
   revision, it says why. The machine's facts say what slows the interpreter: "instrumentation". A workload without
   digests says why: "same_work_not_proven"; its checkpoints have none. A stage has the workload's
   "remarks". A stage of the profile may have a pace of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

SCHEMA_VERSION = 5
"""The schema that this walkerbench writes, and the newest that it reads."""

_IN_CALLER_PROCESS = {"in_caller_process": True, "share_gil": True, "own_processes": False, "on_this_machine": True}
_TRAITS: Mapping[str, Mapping[str, bool]] = {
    "sequential": {"side_by_side": False} | _IN_CALLER_PROCESS,
    "threaded": {"side_by_side": True} | _IN_CALLER_PROCESS,
    "process": {
        "side_by_side": True,
        "in_caller_process": False,
        "share_gil": False,
        "own_processes": True,
        "on_this_machine": True,
    },
}
"""Traits of the modes that existed before schema 4."""


def migrate(content: dict[str, Any]) -> dict[str, Any]:
    """Convert the content of an older `run.json` to today's schema; values that it lacks become None or empty.

    Args:
        content: Has a `schema_version` from 1 to `SCHEMA_VERSION`, which is kept. The rest may have any shape, since
            nothing has been checked yet.

    Returns:
        The content, with the keys of later schemas.

    Raises:
        LookupError: A key is missing that every file of its schema has.
        TypeError: A value has a type that no schema allows.
    """
    for version in range(content["schema_version"], SCHEMA_VERSION):
        content = _STEPS[version](content)
    return content


def _from_1(content: dict[str, Any]) -> dict[str, Any]:
    return {"attribution": None, "slow_frames": {}, "worst_frames": [], **content}


def _from_2(content: dict[str, Any]) -> dict[str, Any]:
    used = content["mode"]["used"]
    return content | {"stages": [{"mode": used, "worker_pids": [], **stage} for stage in content["stages"]]}


def _from_3(content: dict[str, Any]) -> dict[str, Any]:
    profile, mode = content["profile"], content["mode"]
    # There was one workload, whose main phase the guide (docs/guide.md) calls agent processing.
    workload = {
        **content["workload"],
        "main_phase": {"phase": "agents", "title": "agent processing"},
        "frames_per_second": profile["environment"]["physics"]["frames_per_second"],
        "event_counters": [name for name in content["workload"]["frame_counters"] if name == "replaced"],
    }
    stages = [
        {**stage, "mode": stage["mode"] or mode["used"], "traits": _TRAITS[stage["mode"] or mode["used"]]}
        for stage in content["stages"]
    ]
    git = content["machine"].get("git") or {"revision": None, "dirty": None}
    revision = {"revision": git["revision"], "changed_files": git["dirty"]}
    code = {
        "walkerbench": {"version": content["walkerbench_version"], **revision},
        "workload": {"module": None, **revision},
    }
    return content | {
        "code": code,
        "workload": workload,
        "mode": {**mode, "traits": _TRAITS[mode["used"]]},
        "profile": {"workload": "walker", **profile},
        "stages": stages,
        "observers": [],
    }


def _from_4(content: dict[str, Any]) -> dict[str, Any]:
    unknown = {"folder": None, "digest": None, "git_error": None}
    code = {part: {**unknown, **content["code"][part]} for part in ("walkerbench", "workload")}
    return content | {"code": code}


_STEPS: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: _from_1, 2: _from_2, 3: _from_3, 4: _from_4}
"""Schema → the step to the next one."""
