"""The first error of each worker's agents that was counted and did not end the run, as text that crosses shards."""

from __future__ import annotations

import traceback
from pathlib import Path

from walkerbench.errors import describe_error
from walkerbench.workloads.contract import Field, FrameBuffers

_MOST_TEXT_BYTES = 400
_MOST_WORKERS = 64  # workers beyond these count their errors, but store no text

_TEXT, _FRAME = "first_error_text", "first_error_frame"

FIRST_ERROR_FIELDS = (
    Field("current", _TEXT, "uint8", (_MOST_WORKERS, _MOST_TEXT_BYTES), per_agent=False),
    Field("current", _FRAME, "int64", (_MOST_WORKERS,), per_agent=False),
)
"""One row per worker: its first error as UTF-8 text, and the number of that error's frame plus 1; 0 before an error."""


class FirstError:
    """Stores the first error of one worker's agents.

    Args:
        buffers: Hold the worker's row.
        worker: The worker's number.
    """

    def __init__(self, buffers: FrameBuffers, worker: int) -> None:
        self._noted = worker >= _MOST_WORKERS
        if not self._noted:
            self._text, self._frames = buffers.current[_TEXT][worker], buffers.current[_FRAME]
        self._worker = worker

    def note(self, frame: int, agent: int, error: BaseException) -> None:
        """Store an error, unless an earlier one is stored."""
        if self._noted:
            return
        self._noted = True
        text = f"agent {agent} in frame {frame}{_where(error)}: {describe_error(error)}".encode("utf-8", "replace")
        cut = text[:_MOST_TEXT_BYTES]
        self._text[: len(cut)] = list(cut)
        self._frames[self._worker] = frame + 1


def first_error(buffers: FrameBuffers) -> str | None:
    """Return the text of the error of the earliest frame, of its lowest worker; None where no error was stored."""
    frames = buffers.current[_FRAME]
    noted = [(int(frame), worker) for worker, frame in enumerate(frames) if frame]
    if not noted:
        return None
    return bytes(buffers.current[_TEXT][min(noted)[1]]).rstrip(b"\0").decode("utf-8", "ignore")


def _where(error: BaseException) -> str:
    """Return the file and line that raised, as ` (herd.py:12)`."""
    frames = traceback.extract_tb(error.__traceback__)
    return f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
