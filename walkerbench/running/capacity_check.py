"""Whether agents fit into this machine's memory."""

from __future__ import annotations

import math

from walkerbench.errors import CapacityError
from walkerbench.profile.safeguards import Safeguards
from walkerbench.system.resources import allowed_memory_bytes, free_memory_bytes
from walkerbench.workloads.contract import Workload


def check_capacity(workload: Workload, safeguards: Safeguards) -> None:
    """Raise an error where the agents need more memory than there is; where that is not known, never.

    Raises:
        CapacityError: The agents do not fit into memory; nothing has been built.
    """
    known = [each for each in (free_memory_bytes(), allowed_memory_bytes()) if each is not None]
    available = min(known, default=math.inf) * safeguards.memory_limit_share
    needed = workload.num_agents * workload.bytes_per_agent()
    if needed > available:
        most = int(available // workload.bytes_per_agent())
        raise CapacityError(
            f"{workload.num_agents} agents need {needed / 1e9:.1f} GB of memory, of which {available / 1e9:.1f} GB "
            f"may be used: give at most {most} agents"
        )
