"""Where a shard runs, and nothing else: sequential, threaded, process."""

from walkerbench.modes.contract import BARRIER_TIMEOUT_S, ExecutionMode
from walkerbench.modes.faults import Faults
from walkerbench.modes.process import ProcessMode
from walkerbench.modes.sequential import SequentialMode
from walkerbench.modes.thread_pool import ThreadPoolManager
from walkerbench.modes.threaded import ThreadedMode

MODES = ("sequential", "threaded", "process")

__all__ = [
    "BARRIER_TIMEOUT_S",
    "MODES",
    "ExecutionMode",
    "Faults",
    "ProcessMode",
    "SequentialMode",
    "ThreadPoolManager",
    "ThreadedMode",
]
