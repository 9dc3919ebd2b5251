"""What the system allows this process to use: cores and memory."""

from __future__ import annotations
import psutil
from walkerbench.recording.machine import allowed_cores


def allowed_memory_bytes() -> int:
    return psutil.virtual_memory().total
