"""Measures whether threads or processes really make a simulation's frame fast enough.

What stands in `__all__` is the public API, imported when it is first asked for; everything else is private.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from walkerbench.modes.thread_pool import ThreadPoolManager
    from walkerbench.profile.loading import load_profile
    from walkerbench.run_directory import read_run
    from walkerbench.running.observers import RunObserver
    from walkerbench.running.runner import run
    from walkerbench.running.training_environment import TrainingEnvironment
    from walkerbench.workloads.contract import Workload

__version__ = "0.1.0"

__all__ = [
    "RunObserver",
    "ThreadPoolManager",
    "TrainingEnvironment",
    "Workload",
    "__version__",
    "load_profile",
    "read_run",
    "run",
]

_HOMES = {
    "RunObserver": "walkerbench.running.observers",
    "ThreadPoolManager": "walkerbench.modes.thread_pool",
    "TrainingEnvironment": "walkerbench.running.training_environment",
    "Workload": "walkerbench.workloads.contract",
    "load_profile": "walkerbench.profile.loading",
    "read_run": "walkerbench.run_directory",
    "run": "walkerbench.running.runner",
}


def __getattr__(name: str) -> Any:
    """Import a name of the public API when it is first asked for: help and completion need none of them."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
