from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from walkerbench.recorded_value import UNREAD
from walkerbench.slow_frames.unread_waits import shared_out


def of(read_ns: list[int], time_ns: list[int], thread: list[int] | None = None) -> list[int]:
    arrays = [np.array(each, np.int64) for each in (read_ns, time_ns, thread or [0] * len(read_ns))]
    return [int(each) for each in shared_out(*arrays)]


def test_values_that_were_all_read_stay_as_they_are() -> None:
    assert of([5, 0, 7], [10, 10, 10]) == [5, 0, 7]
    assert of([], []) == []


def test_a_value_is_shared_with_the_unread_rows_before_it() -> None:
    assert of([5, UNREAD, UNREAD, 60, 7], [10, 10, 20, 30, 10]) == [5, 10, 20, 30, 7]


def test_a_row_that_began_late_has_nearly_all_of_the_wait() -> None:
    assert of([UNREAD, UNREAD, 5_150], [50, 5_000, 100]) == [50, 5_000, 100]


def test_rows_without_time_get_the_same() -> None:
    assert of([UNREAD, UNREAD, 30], [0, 0, 0]) == [10, 10, 10]


def test_unread_rows_at_the_end_have_none() -> None:
    assert of([4, UNREAD, UNREAD], [1, 1, 1]) == [4, 0, 0]


def test_each_thread_has_its_own_values() -> None:
    read = [UNREAD, 3, UNREAD, UNREAD, 40, UNREAD]
    assert of(read, [1] * 6, [0, 1, 0, 1, 0, 1]) == [13, 3, 13, 0, 13, 0]


@given(st.lists(st.tuples(st.sampled_from([UNREAD, 0, 1, 10**9]), st.integers(0, 10**9), st.integers(0, 3))))
def test_the_sum_stays_and_nothing_is_negative(rows: list[tuple[int, int, int]]) -> None:
    read, time, thread = (np.array([row[part] for row in rows], np.int64) for part in range(3))
    shared: NDArray[np.int64] = shared_out(read, time, thread)
    assert (shared >= 0).all()
    assert abs(int(shared.sum()) - int(read[read != UNREAD].sum())) <= len(rows)
