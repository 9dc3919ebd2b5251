"""What there is in the walker's kernels room: its modules, its kernels and its inner functions."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

from walkerbench.workloads.walker import kernels
from walkerbench.workloads.walker.kernels.compiling import Kernel

ROOM = Path(kernels.__file__).parent


def modules() -> list[ModuleType]:
    """Return every module of the room."""
    names = sorted(file.stem for file in ROOM.glob("*.py") if file.stem != "__init__")
    return [kernels, *(importlib.import_module(f"{kernels.__name__}.{name}") for name in names)]


def all_kernels() -> list[Kernel[Any, Any]]:
    """Return every kernel, of whatever module."""
    found = [each for module in modules() for each in vars(module).values() if isinstance(each, Kernel)]
    return list({id(each): each for each in found}.values())


def inner_functions() -> list[Any]:
    """Return every inner function, as Numba's dispatcher."""
    found = [each for module in modules() for each in vars(module).values() if hasattr(each, "py_func")]
    return list({id(each): each for each in found}.values())
