"""Finds what slows the interpreter that measures a run: tracers, profilers, debug settings, other allocators."""

from __future__ import annotations

import os
import sys
import sysconfig
import threading
import tracemalloc
from collections.abc import Mapping
from typing import Any

_ALLOCATOR_VARIABLES = ("LD_PRELOAD", "GLIBC_TUNABLES", "MALLOC_CHECK_", "MALLOC_PERTURB_", "DYLD_INSERT_LIBRARIES")
"""Environment variables that replace the system's allocator, or load a tracer."""

_MONITORING_TOOLS = range(6)  # as many as `sys.monitoring` has, see its documentation


def instrumentation_facts() -> dict[str, Any]:
    """Return facts that make this interpreter slower or faster than a plain one.

    Returns:
        JSON-able. Names: `tracers` and `profilers` (of this thread and of new ones), and `monitoring_tools`. Values:
        `tracemalloc_frames` (0 where it is off), `allocator` (`PYTHONMALLOC`, or None), `preloaded` (variables that
        replace the system's allocator), `dev_mode`, `debug_build`, `perf_trampoline`, `optimize` (0 to 2, as by `-O`),
        `switch_interval_s`.
    """
    flags = sys.flags
    return {
        "tracers": _names(sys.gettrace(), threading.gettrace()),
        "profilers": _names(sys.getprofile(), threading.getprofile()),
        "monitoring_tools": _monitoring_tools(),
        "tracemalloc_frames": tracemalloc.get_traceback_limit() if tracemalloc.is_tracing() else 0,
        "allocator": None if flags.ignore_environment else os.environ.get("PYTHONMALLOC") or None,
        "preloaded": {name: os.environ[name] for name in _ALLOCATOR_VARIABLES if os.environ.get(name)},
        "dev_mode": flags.dev_mode,
        "debug_build": bool(sysconfig.get_config_var("Py_DEBUG")),
        "perf_trampoline": _has_perf_trampoline(),
        "optimize": flags.optimize,
        "switch_interval_s": sys.getswitchinterval(),
    }


def slowed_by(facts: Mapping[str, Any]) -> list[str]:
    """Return in words what slows an interpreter.

    Args:
        facts: As returned by `instrumentation_facts`.
    """
    found = [f"traced by {name}" for name in facts["tracers"]]
    found += [f"profiled by {name}" for name in facts["profilers"]]
    found += [f"monitored by {name}" for name in facts["monitoring_tools"]]
    if facts["tracemalloc_frames"]:
        found.append("tracemalloc is on")
    if facts["allocator"]:
        found.append(f"PYTHONMALLOC={facts['allocator']}")
    found += [f"{name}={value}" for name, value in facts["preloaded"].items()]
    switches = {"dev_mode": "development mode (-X dev)", "debug_build": "a debug build of Python"}
    switches |= {"perf_trampoline": "the trampolines for perf (-X perf)"}
    return found + [words for name, words in switches.items() if facts[name]]


def _names(*functions: object) -> list[str]:
    """Return the names of the functions that are set, each once."""
    named = [f"{type(each).__module__}.{_name(each)}" for each in functions if each is not None]
    return list(dict.fromkeys(named))


def _name(function: object) -> str:
    return str(getattr(function, "__qualname__", type(function).__qualname__))


def _monitoring_tools() -> list[str]:
    monitoring = getattr(sys, "monitoring", None)
    if monitoring is None:  # before Python 3.12
        return []
    return [str(tool) for number in _MONITORING_TOOLS if (tool := monitoring.get_tool(number)) is not None]


def _has_perf_trampoline() -> bool:
    is_active = getattr(sys, "is_stack_trampoline_active", None)  # since Python 3.12
    return bool(is_active is not None and is_active())
