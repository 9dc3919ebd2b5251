"""Every frame as CSV: the columns of `frames.npy` under their names, one line per frame.

Source of the format: RFC 4180 with a header line, but with Unix line ends. Names that end in `_ns` are nanoseconds;
`start_ns` is a time of the machine's monotonic clock. `recording.frames.frame_dtype` describes each column. A figure
that is not available on the system, or was not read in the frame, is an empty field. For a run without a frame, the
file is the header alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from walkerbench.recorded_value import MISSING, UNREAD
from walkerbench.shown_text import visible

if TYPE_CHECKING:
    from walkerbench.run_directory import RecordedRun

_ROWS_A_PART = 4096


def render(recorded: RecordedRun) -> Iterator[str]:
    """Yield the file, in parts."""
    frames = recorded.frames
    yield ",".join(map(_heading, frames.dtype.names or ())) + "\n"
    for first in range(0, len(frames), _ROWS_A_PART):
        rows = frames[first : first + _ROWS_A_PART].tolist()
        yield "".join(",".join(map(_field, row)) + "\n" for row in rows)


def _heading(name: str) -> str:
    """Return a column's name; a name that is not a plain word is quoted, and its control characters are escaped."""
    return name if name.isidentifier() and name.isascii() else '"' + visible(name).replace('"', '""') + '"'


def _field(value: int) -> str:
    return "" if value in (MISSING, UNREAD) else str(int(value))
