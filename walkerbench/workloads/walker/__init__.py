"""The walker training environment, the built-in workload: it knows no clock, mode or file."""

from walkerbench.workloads.walker.settings import WalkerSettings
from walkerbench.workloads.walker.workload import WalkerWorkload

__all__ = ["WalkerSettings", "WalkerWorkload"]
