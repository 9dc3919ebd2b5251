"""The walker training environment, the built-in workload: it knows no clock, mode or file."""

from walkerbench.environment.settings import EnvironmentSettings
from walkerbench.environment.walker import WalkerWorkload

__all__ = ["EnvironmentSettings", "WalkerWorkload"]
