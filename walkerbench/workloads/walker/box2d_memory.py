"""Finds Box2D's functions in its library, and the fields of its bodies in memory, for compiled code.

Box2D's Python binding holds the GIL while it steps a world, and takes longer to read a body than Box2D to step it.
Nothing is assumed: the functions must be exported, and every field must be found by values that the binding reads.
"""

from __future__ import annotations

import ctypes
import functools
from dataclasses import dataclass
from typing import Any

import numpy as np

from walkerbench.workloads.walker.arrays import Records
from walkerbench.workloads.walker.kernels.records import BODY_LAYOUT
from walkerbench.workloads.walker.kernels.stepping import SYMBOLS
from walkerbench.workloads.walker.robot import Box2D

_PROBED_BYTES = 144  # of a body's memory; Box2D 2.3 has all fields within it, and a body is larger
_PROBES = 12


@dataclass(frozen=True)
class Box2DMemory:
    """How compiled code reaches Box2D.

    Attributes:
        layout: One record `BODY_LAYOUT`.
        refusal: Why it cannot be reached, as a clause; None where it can.
    """

    layout: Records
    refusal: str | None = None


@functools.cache
def find_box2d() -> Box2DMemory:
    """Load Box2D's library for compiled code, and find what it needs there."""
    from llvmlite import binding

    library = Box2D._Box2D.__file__  # noqa: SLF001  the extension module of the package
    binding.load_library_permanently(library)
    if any(binding.address_of_symbol(symbol) is None for symbol in SYMBOLS):
        return Box2DMemory(np.zeros(1, BODY_LAYOUT), "Box2D's library does not export its functions")
    layout = find_layout()
    if layout is None:
        return Box2DMemory(np.zeros(1, BODY_LAYOUT), "the fields of Box2D's bodies were not found in memory")
    return Box2DMemory(layout)


def find_layout() -> Records | None:
    """Return where the fields of a body lie, as one record `BODY_LAYOUT`; None where one is not found beyond doubt."""
    candidates: dict[str, set[int]] = {}
    for probe in range(_PROBES):
        world, body = _probe(probe)
        memory = ctypes.string_at(int(body.this), _PROBED_BYTES)
        wanted = {
            "position": tuple(body.position),
            "angle": (body.angle,),
            "velocity": tuple(body.linearVelocity),
            "angular_velocity": (body.angularVelocity,),
        }
        for field, values in wanted.items():
            pattern = np.array(values, np.float32).tobytes()
            found = {place for place in range(0, _PROBED_BYTES, 4) if memory.startswith(pattern, place)}
            candidates[field] = candidates.get(field, found) & found
        del world
    if any(len(places) != 1 for places in candidates.values()):
        return None
    return np.array([tuple(candidates[field].pop() for field in BODY_LAYOUT.names or ())], BODY_LAYOUT)


def _probe(number: int) -> tuple[Any, Any]:
    """Return a world and a moving body whose centre of mass is not its origin, so that no two of its fields agree."""
    world = Box2D.b2World(gravity=(0.0, -9.8), doSleep=False)
    body = world.CreateDynamicBody(position=(1.5 + number, -2.25 * number), angle=0.3 + number)
    shape = Box2D.b2PolygonShape(box=(1.0, 0.5, (0.7, 0.3), 0.0))
    body.CreateFixture(shape=shape, density=1.0)
    shape.thisown = True  # otherwise pybox2d never frees it; see `robot`
    body.linearVelocity = (3.75 + number, 1.125 - number)
    body.angularVelocity = 0.625 + number
    for _ in range(number % 3):
        world.Step(1.0 / 60.0, 8, 3)
    return world, body
