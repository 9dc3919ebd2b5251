"""The workloads by their names. A workload is one module or folder here, and one line in this file.

An installed package adds its own by an entry point of the group `walkerbench.workloads`, whose object is the factory:
a subclass of `Workload` or anything else that `WorkloadFactory` describes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from walkerbench.system.registry import Registry

if TYPE_CHECKING:
    from walkerbench.workloads.contract import WorkloadFactory


def _problem(name: str, factory: object) -> str | None:
    from walkerbench.workloads.declaration import factory_problem  # imports NumPy, which names alone do not need

    return factory_problem(factory)


WORKLOADS: Registry[WorkloadFactory] = Registry(
    "workload",
    "walkerbench.workloads",
    {
        "walker": "walkerbench.workloads.walker:WalkerWorkload",
    },
    _problem,
)

DEFAULT_WORKLOAD = "walker"
"""The workload of a profile that names none."""
