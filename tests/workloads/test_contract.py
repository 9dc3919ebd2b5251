from __future__ import annotations

import hashlib
import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy_workload import ToyWorkload

from walkerbench.workloads.contract import WORKER_COLUMNS, BufferLayout, FrameBuffers, shard_bounds
from walkerbench.workloads.digests import digest64, fold_digests
from walkerbench.workloads.walker import WalkerWorkload


@pytest.mark.parametrize(
    ("agents", "workers", "bounds"),
    [
        (1, 1, ((0, 1),)),
        (5, 2, ((0, 2), (2, 5))),
        (6, 3, ((0, 2), (2, 4), (4, 6))),
        (3, 3, ((0, 1), (1, 2), (2, 3))),
    ],
)
def test_shards_are_contiguous_and_of_equal_size(agents: int, workers: int, bounds: Any) -> None:
    assert shard_bounds(agents, workers) == bounds


@given(st.integers(1, 300).flatmap(lambda agents: st.tuples(st.just(agents), st.integers(1, agents))))
def test_shards_cover_every_agent_once_and_differ_by_one_at_most(sizes: Any) -> None:
    agents, workers = sizes
    bounds = shard_bounds(agents, workers)
    assert [agent for lo, hi in bounds for agent in range(lo, hi)] == list(range(agents))
    shares = {hi - lo for lo, hi in bounds}
    assert len(bounds) == workers
    assert max(shares) - min(shares) <= 1
    assert min(shares) >= 1


@pytest.mark.parametrize(("agents", "workers"), [(3, 0), (3, 4), (0, 1), (3, -1)])
def test_impossible_shards_are_refused(agents: int, workers: int) -> None:
    with pytest.raises(ValueError, match=f"{workers} workers for {agents} agents: give between 1 and {agents}"):
        shard_bounds(agents, workers)


def spans(layout: BufferLayout) -> list[tuple[int, int]]:
    return [
        (offset, offset + int(np.prod(shape)) * np.dtype(dtype).itemsize)
        for _, _, dtype, shape, offset in layout.arrays
    ]


@pytest.mark.parametrize("workload", [ToyWorkload(5, ballast_bytes=3), WalkerWorkload(7)], ids=["toy", "walkers"])
def test_the_arrays_of_a_block_share_no_memory_and_no_cache_line(workload: Any) -> None:
    layout = BufferLayout.of(workload, 2)
    places = spans(layout)
    assert all(start % 64 == 0 for start, _ in places)
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(places))
    assert places[0][0] == 0
    assert places[-1][1] <= layout.nbytes < places[-1][1] + 64


def test_the_arrays_have_the_declared_shapes_and_are_zero() -> None:
    buffers = FrameBuffers(BufferLayout.of(ToyWorkload(5, ballast_bytes=3), 2))
    shapes = {name: (array.dtype.name, array.shape) for name, array in buffers.current.items()}
    assert shapes == {
        "number": ("uint64", (5,)),
        "blas_threads": ("int64", (5,)),
        "thread": ("int64", (5,)),
        "ballast": ("uint8", (3,)),
    }
    assert {name: array.shape for name, array in buffers.published.items()} == {"total": (1,)}
    assert (buffers.workers.dtype, buffers.workers.shape) == (np.dtype(np.int64), (2, len(WORKER_COLUMNS) + 2))
    assert (buffers.counters.dtype, buffers.counters.shape) == (np.dtype(np.int64), (2 + 1, 3))
    assert (buffers.digests.dtype, buffers.digests.shape) == (np.dtype(np.uint64), (5, 1))
    arrays = (
        *buffers.current.values(),
        *buffers.published.values(),
        buffers.workers,
        buffers.counters,
        buffers.digests,
    )
    assert not any(array.any() for array in arrays)


def test_two_buffers_on_one_memory_hold_the_same_values() -> None:
    layout = BufferLayout.of(ToyWorkload(5), 2)
    memory = bytearray(layout.nbytes)
    ours, theirs = FrameBuffers(layout, memory), FrameBuffers(layout, memoryview(memory))
    theirs.current["number"][3] = 42
    theirs.digests[4] = 7
    theirs.workers[1, 0] = 9
    assert ours.current["number"].tolist() == [0, 0, 0, 42, 0]
    assert ours.digests.tolist() == [[0], [0], [0], [0], [7]]
    assert ours.workers[1, 0] == 9


def test_memory_that_is_too_small_is_refused() -> None:
    layout = BufferLayout.of(ToyWorkload(5), 2)
    with pytest.raises(TypeError, match="too small"):
        FrameBuffers(layout, bytearray(layout.nbytes // 2))


def test_digest64_is_the_beginning_of_a_known_digest() -> None:
    array = np.array([1.0, -0.0])
    expected = hashlib.sha256(array.tobytes()).digest()[:8]
    assert digest64(array) == int.from_bytes(expected, "little")
    assert digest64(array[:1], array[1:]) == digest64(array)
    assert digest64(np.arange(6.0)[::2]) == digest64(np.array([0.0, 2.0, 4.0]))
    # Equal as numbers, but not in their bits.
    assert digest64(np.array([1.0, 0.0])) != digest64(array)


def test_the_fold_depends_on_every_digest_and_on_their_order() -> None:
    digests = np.array([[1, 2], [3, 4]], np.uint64)
    assert fold_digests(digests) == hashlib.sha256(digests.tobytes()).digest()
    assert fold_digests(digests[::-1]) != fold_digests(digests)
    # A view that is not contiguous folds like its copy.
    assert fold_digests(np.array([[1, 9, 2], [3, 9, 4]], np.uint64)[:, ::2]) == fold_digests(digests)
    for place in np.ndindex(2, 2):
        changed = digests.copy()
        changed[place] ^= np.uint64(1)
        assert fold_digests(changed) != fold_digests(digests)
