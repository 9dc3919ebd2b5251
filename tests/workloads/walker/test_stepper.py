"""Compiled code and Box2D's binding step worlds alike, to the bit; and the first is used only where it is sure to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from herds import Herd
from lively import LIVELY, LIVELY_AGENTS, LIVELY_FRAMES
from llvmlite import binding

from walkerbench.workloads.walker import box2d_memory
from walkerbench.workloads.walker.box2d_memory import find_box2d, find_layout
from walkerbench.workloads.walker.kernels.records import BODY_LAYOUT, READING
from walkerbench.workloads.walker.kernels.stepping import SYMBOLS
from walkerbench.workloads.walker.robot import Box2D
from walkerbench.workloads.walker.stepper import BindingStepper, CompiledStepper


@pytest.fixture(autouse=True)
def _box2d_is_found_again() -> Iterator[None]:
    """Forget what other tests found, and what this test found after it changed where to look."""
    find_box2d.cache_clear()
    yield
    find_box2d.cache_clear()


def hide_symbol(monkeypatch: pytest.MonkeyPatch, hidden: str) -> None:
    """Let Box2D's library seem not to export a function."""
    address_of = binding.address_of_symbol
    monkeypatch.setattr(binding, "address_of_symbol", lambda name: None if name == hidden else address_of(name))


def steppers(herd: Herd) -> list[type]:
    return [type(shard._stepper) for shard in herd.shards]


def test_binding_and_compiled_code_give_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = Herd(LIVELY_AGENTS, LIVELY, shards=2)
    assert steppers(compiled) == [CompiledStepper] * 2, "compiled code reaches Box2D here"
    hide_symbol(monkeypatch, SYMBOLS[0])
    find_box2d.cache_clear()
    bound = Herd(LIVELY_AGENTS, LIVELY, shards=2)
    assert steppers(bound) == [BindingStepper] * 2
    counted = np.zeros(len(compiled.workload.counters), np.int64)
    for frame in range(LIVELY_FRAMES):
        for herd in (compiled, bound):
            herd.step()
        counted += compiled.counts.sum(axis=0)
        np.testing.assert_array_equal(bound.counts, compiled.counts)
        for name in ("position", "speed"):
            np.testing.assert_array_equal(bound.buffers.current[name], compiled.buffers.current[name])
        for ours, theirs in zip(bound.shards, compiled.shards, strict=True):
            for name in READING:
                np.testing.assert_array_equal(ours._agents[name], theirs._agents[name], err_msg=name)
        if frame % 60 == 59:
            np.testing.assert_array_equal(bound.digests(), compiled.digests())
    assert (counted > 0).all(), "over a span in which everything happens"


def test_what_compiled_code_reads_is_what_the_binding_reads() -> None:
    herd = Herd(4, LIVELY)
    herd.step(30)
    agents = herd.shards[0]._agents
    for robot, row in zip(herd.robots(), np.flatnonzero(agents["built"]), strict=True):
        assert tuple(agents[name][row] for name in READING) == robot.reading()
        assert tuple(herd.buffers.current["position"][row]) == tuple(robot.chassis.position)


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_a_missing_function_is_a_reason_to_refuse(monkeypatch: pytest.MonkeyPatch, symbol: str) -> None:
    assert find_box2d().refusal is None
    hide_symbol(monkeypatch, symbol)
    assert find_box2d.__wrapped__().refusal == "Box2D's library does not export its functions"


def test_a_field_that_was_not_found_is_a_reason_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(box2d_memory, "_PROBED_BYTES", 8)
    assert find_box2d().refusal == "the fields of Box2D's bodies were not found in memory"
    assert steppers(Herd(1, LIVELY)) == [BindingStepper]


def test_every_field_lies_at_a_place_of_its_own() -> None:
    layout = find_layout()
    assert layout is not None
    places = [int(layout[name][0]) for name in BODY_LAYOUT.names or ()]
    assert len(set(places)) == len(places) == 4
    assert all(place % 4 == 0 and 0 <= place < box2d_memory._PROBED_BYTES for place in places)


@pytest.mark.parametrize("name", BODY_LAYOUT.names or ())
def test_a_field_beyond_the_probed_memory_is_not_found(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    layout = find_layout()
    assert layout is not None
    monkeypatch.setattr(box2d_memory, "_PROBED_BYTES", int(layout[name][0]))
    assert find_layout() is None


def test_a_field_found_at_two_places_is_in_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    def still(number: int) -> tuple[Any, Any]:
        world = Box2D.b2World(doSleep=False)  # every field of its body is 0
        return world, world.CreateDynamicBody()

    monkeypatch.setattr(box2d_memory, "_probe", still)
    assert find_layout() is None
