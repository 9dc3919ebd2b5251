"""Every frame as CSV: the columns of `frames.npy` under their names, one line per frame.

Source of the format: RFC 4180 with a header line, its lines ended as on Unix. Names that end in `_ns` are nanoseconds;
`start_ns` counts from a moment of the machine's own. What each column is, `recording.frames.frame_dtype` says. A figure
that the system has no source for is an empty field. A run without a frame is the header alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from walkerbench.recorded_value import MISSING
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
    """Return a column's name in full; one that is no plain word is quoted, and its control characters are escaped."""
    return name if name.isidentifier() and name.isascii() else '"' + visible(name).replace('"', '""') + '"'


def _field(value: int) -> str:
    return "" if value == MISSING else str(int(value))
