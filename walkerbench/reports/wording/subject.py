"""The name of a run for readers: the profile's name and, where it is not the built-in one, the workload."""

from __future__ import annotations

from walkerbench.run_directory import RunFile
from walkerbench.workloads.registry import DEFAULT_WORKLOAD


def workload_in_words(run: RunFile) -> str:
    """Return the workload with its arguments: `mysim:Herd (speed=2.5)`."""
    arguments = run.profile.get("workload_arguments") or {}
    given = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
    return f"{run.workload.name} ({given})" if given else run.workload.name


def subject(run: RunFile) -> str:
    """Return the name of a run in lists and titles: `default`, or `mysim:Herd (default)`."""
    profile = str(run.profile.get("name", ""))
    spec = str(run.profile.get("workload", DEFAULT_WORKLOAD))
    return profile if spec == DEFAULT_WORKLOAD else f"{spec} ({profile})"
