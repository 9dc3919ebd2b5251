"""Measures whether threads or processes really make a simulation's frame fast enough.

The public API is the names in `__all__`. Each is imported when it is first used. Every other name is private.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from walkerbench.criteria.judging import Verdict
    from walkerbench.errors import (
        BaselineSizeError,
        BudgetTooSmall,
        CallOrderError,
        CapacityError,
        CriterionError,
        EmergencyShutdown,
        ExitCode,
        GitError,
        InjectedFaults,
        Interrupted,
        ModeFailed,
        NotComparable,
        OutputError,
        OutputLost,
        OverrideError,
        ProfileError,
        ProtocolError,
        RunBroken,
        RunFileError,
        SessionCrashed,
        SessionError,
        SessionFailed,
        SessionTimeout,
        SideError,
        TooFewRounds,
        UsageError,
        WalkerbenchError,
        WorkerCrashed,
        WorkerError,
        WorkerFailed,
        WorkerTimeout,
        WorkloadFailed,
    )
    from walkerbench.modes.thread_pool import ThreadPoolManager
    from walkerbench.profile.loading import load_profile
    from walkerbench.profile.model import Profile
    from walkerbench.profile.overrides import ProfileOverrides, override
    from walkerbench.profile.safeguards import Safeguards
    from walkerbench.recording.frames import FrameTiming
    from walkerbench.run_directory import RecordedRun, RunFile
    from walkerbench.running.observers import RunObserver
    from walkerbench.running.run_control import RunControl
    from walkerbench.running.runner import run
    from walkerbench.running.summary import read_run
    from walkerbench.running.training_environment import TrainingEnvironment
    from walkerbench.workloads.contract import Workload

__version__ = "0.1.0"

__all__ = [
    "BaselineSizeError",
    "BudgetTooSmall",
    "CallOrderError",
    "CapacityError",
    "CriterionError",
    "EmergencyShutdown",
    "ExitCode",
    "FrameTiming",
    "GitError",
    "InjectedFaults",
    "Interrupted",
    "ModeFailed",
    "NotComparable",
    "OutputError",
    "OutputLost",
    "OverrideError",
    "Profile",
    "ProfileError",
    "ProfileOverrides",
    "ProtocolError",
    "RecordedRun",
    "RunBroken",
    "RunControl",
    "RunFile",
    "RunFileError",
    "RunObserver",
    "Safeguards",
    "SessionCrashed",
    "SessionError",
    "SessionFailed",
    "SessionTimeout",
    "SideError",
    "ThreadPoolManager",
    "TooFewRounds",
    "TrainingEnvironment",
    "UsageError",
    "Verdict",
    "WalkerbenchError",
    "WorkerCrashed",
    "WorkerError",
    "WorkerFailed",
    "WorkerTimeout",
    "Workload",
    "WorkloadFailed",
    "__version__",
    "load_profile",
    "override",
    "read_run",
    "run",
]

_HOMES = {
    "FrameTiming": "walkerbench.recording.frames",
    "Profile": "walkerbench.profile.model",
    "ProfileOverrides": "walkerbench.profile.overrides",
    "RecordedRun": "walkerbench.run_directory",
    "RunControl": "walkerbench.running.run_control",
    "RunFile": "walkerbench.run_directory",
    "RunObserver": "walkerbench.running.observers",
    "Safeguards": "walkerbench.profile.safeguards",
    "ThreadPoolManager": "walkerbench.modes.thread_pool",
    "TrainingEnvironment": "walkerbench.running.training_environment",
    "Verdict": "walkerbench.criteria.judging",
    "Workload": "walkerbench.workloads.contract",
    "load_profile": "walkerbench.profile.loading",
    "override": "walkerbench.profile.overrides",
    "read_run": "walkerbench.running.summary",
    "run": "walkerbench.running.runner",
}
"""The modules of all names but the errors, which are in `walkerbench.errors`."""


def __getattr__(name: str) -> Any:
    """Import a name of the public API when it is first used: `--help` and shell completion need none of them."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES.get(name, "walkerbench.errors")), name)


def __dir__() -> list[str]:
    """Return the names that an interactive prompt offers, including those that are not imported yet."""
    return sorted({*globals(), *__all__})
