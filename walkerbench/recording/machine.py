"""Collects facts of the machine that a run is measured on."""

from __future__ import annotations

import os
import platform
import re
import sys
import sysconfig
from importlib import metadata
from pathlib import Path
from typing import Any

import threadpoolctl

from walkerbench.recorded_value import NOT_AVAILABLE
from walkerbench.recording.gil import gil_enabled
from walkerbench.recording.instrumentation import instrumentation_facts
from walkerbench.system.resources import (
    allowed_cores,
    cpu_quota,
    load_average,
    machine_memory_bytes,
    present_cores,
    read_text,
)

MUST_MATCH = frozenset(
    {"cpu_model", "cores_allowed", "cpu_quota", "python", "instrumentation", "start_method", "blas", "packages"}
)
"""Facts that must be equal for two runs to be compared."""

MAY_DRIFT = frozenset({"cores_present", "memory_bytes", "os", "kernel", "load_average"})
"""Facts that may differ between runs that are compared."""

_ROOT = Path("/")


def machine_facts(start_method: str | None) -> dict[str, Any]:
    """Return facts of this machine; call it after all imports, which can switch the GIL on and load a BLAS.

    Args:
        start_method: How worker processes are started, or None without any.

    Returns:
        JSON-able; its keys are those of `MUST_MATCH` and `MAY_DRIFT`.
    """
    return {
        "cpu_model": cpu_model(),
        "cores_present": present_cores(),
        "cores_allowed": allowed_cores(),
        "cpu_quota": cpu_quota(),
        "memory_bytes": _known(machine_memory_bytes()),
        "os": platform.system(),
        "kernel": platform.release(),
        "python": _python(),
        "instrumentation": instrumentation_facts(),
        "start_method": start_method,
        "blas": _blas(),
        "packages": _packages(),
        "load_average": _known(load_average()),
    }


def _known(value: int | tuple[float, ...] | None) -> int | list[float] | str:
    if value is None:
        return NOT_AVAILABLE
    return list(value) if isinstance(value, tuple) else value


def cpu_model(root: Path = _ROOT) -> str:
    """Return the processor's name, or "n/a".

    Args:
        root: The folder that holds `proc`.
    """
    text = read_text(root / "proc/cpuinfo") or ""
    match = re.search(r"^model name[ \t]*+:(.*\S)", text, re.MULTILINE)
    return match[1].strip() if match else platform.processor() or NOT_AVAILABLE


def _python() -> dict[str, Any]:
    return {
        "version": platform.python_version(),
        "implementation": platform.python_implementation(),
        "build": " ".join((*platform.python_build(), platform.python_compiler())),
        "free_threaded_build": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
        "gil_enabled": gil_enabled(),
        "gil_variable": None if sys.flags.ignore_environment else os.environ.get("PYTHON_GIL") or None,
    }


def _blas() -> list[dict[str, Any]]:
    # The path says where something is installed; it does not affect the measurement and differs between equal
    # installations.
    # In an order of their own: libraries are listed in the order in which they were loaded.
    libraries = [
        {key: value for key, value in sorted(library.items()) if key != "filepath"}
        for library in threadpoolctl.threadpool_info()
    ]
    return sorted(libraries, key=str)


def _packages() -> dict[str, str]:
    """Return the versions of the packages that walkerbench depends on; empty where walkerbench is not installed."""
    try:
        requirements = metadata.requires("walkerbench") or []
    except metadata.PackageNotFoundError:
        return {}
    names = {re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0] for line in requirements if "extra ==" not in line}
    return {name: version for name in sorted(names) if (version := _version(name)) is not None}


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:  # meant for another version of Python
        return None
