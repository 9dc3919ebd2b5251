"""The text of the first error that was counted is stored, of any length and in any script."""

from __future__ import annotations

import pytest

from walkerbench.workloads.contract import BufferLayout, FrameBuffers
from walkerbench.workloads.first_errors import FIRST_ERROR_FIELDS, FirstError, first_error


@pytest.fixture
def buffers() -> FrameBuffers:
    arrays: list[tuple[str, str, str, tuple[int, ...], int]] = []
    offset = 0
    for field in FIRST_ERROR_FIELDS:
        arrays.append((field.group, field.name, field.dtype, field.shape, offset))
        offset += 1 << 16
    arrays += [("mode", name, "int64", (1, 1), offset) for name in ("workers", "counters", "digests")]
    return FrameBuffers(BufferLayout(tuple(arrays), offset + 64))


def test_the_error_of_the_earliest_frame_is_reported(buffers: FrameBuffers) -> None:
    assert first_error(buffers) is None
    late, early = FirstError(buffers, 0), FirstError(buffers, 3)
    late.note(7, 1, ValueError("late"))
    early.note(2, 9, KeyError("early"))
    early.note(3, 9, KeyError("another"))
    assert first_error(buffers) == "agent 9 in frame 2: KeyError: 'early'"


def test_a_worker_beyond_the_table_stores_no_error(buffers: FrameBuffers) -> None:
    FirstError(buffers, 1000).note(0, 0, ValueError("lost"))
    assert first_error(buffers) is None


def test_a_long_text_is_cut_between_two_characters(buffers: FrameBuffers) -> None:
    FirstError(buffers, 0).note(0, 0, ValueError("ß€" * 1000))
    text = first_error(buffers)
    assert text is not None
    assert text.startswith("agent 0 in frame 0: ValueError: ß€ß€")
    assert len(text.encode()) <= 400


def test_an_error_without_a_readable_text_is_still_reported(buffers: FrameBuffers) -> None:
    class Untold(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    FirstError(buffers, 0).note(4, 2, Untold())
    text = first_error(buffers)
    assert text is not None
    assert text.startswith("agent 2 in frame 4: ")
