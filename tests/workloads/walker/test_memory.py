"""Objects in Box2D's worlds are freed: no life and no environment may leave memory allocated."""

from __future__ import annotations

import pytest
from heap import heap_growth, heap_is_told
from herds import PLAIN, SMALL_BRAIN, Herd

from walkerbench.workloads.walker.robot import make_world
from walkerbench.workloads.walker.settings import WalkerSettings
from walkerbench.workloads.walker.terrain import build_ground

pytestmark = pytest.mark.skipif(not heap_is_told(), reason="the C library does not say what is allocated")

SMALLEST_SHAPE = 32  # bytes that the allocator takes for a circle


@pytest.mark.promise("long runs", "Memory does not grow with the robots that are born.")
def test_births_leave_nothing_in_memory() -> None:
    herd = Herd(2, PLAIN)

    def next_life() -> None:
        herd.buffers.published["life"] += 1
        herd.step()

    births = 200
    assert heap_growth(next_life, calls=births, before=50) < births * SMALLEST_SHAPE


def test_deaths_leave_nothing_in_memory() -> None:
    herd = Herd(2, PLAIN)

    def die_and_live() -> None:
        herd.buffers.published["alive"][:] = False
        herd.step()
        herd.buffers.published["alive"][:] = True
        herd.buffers.published["life"] += 1
        herd.step()

    deaths = 200
    assert heap_growth(die_and_live, calls=deaths, before=50) < deaths * SMALLEST_SHAPE


def test_worlds_leave_nothing_in_memory() -> None:
    settings = WalkerSettings(brain=SMALL_BRAIN)
    ground = build_ground(settings.terrain, 12, seed=1)
    assert len(ground.boxes)

    worlds = 50
    assert heap_growth(lambda: make_world(settings, ground), calls=worlds, before=10) < worlds * SMALLEST_SHAPE
