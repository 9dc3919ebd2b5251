"""Finds out whether the GIL is on, and which import switched it on; this module imports nothing that could do so."""

from __future__ import annotations

import importlib
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from walkerbench.errors import RunBroken, describe_exit
from walkerbench.system.child_processes import ChildProcess, interpreter_command

IMPORTS = (
    *("numpy", "scipy.stats", "psutil", "pydantic", "threadpoolctl", "Box2D", "numba", "scipy.linalg.cython_blas"),
    "walkerbench.running.runner",
)
"""Modules that a run imports, in this order: each may load an extension that needs the GIL."""

FROM_THE_START = "the interpreter's start (PYTHON_GIL or -X gil)"

_TIMEOUT_S = 60.0
_TAIL_BYTES = 4096
_CHILD = (
    "from walkerbench.doctor.gil import first_to_switch_on; import sys; sys.stdout.write(first_to_switch_on() or '')"
)


@dataclass(frozen=True)
class GilState:
    """Whether this Python can run without the GIL, and whether it does.

    Attributes:
        free_threaded_build: Whether this Python can run without the GIL.
        enabled: Whether the GIL is on during a run.
        switched_on_by: What switched the GIL on; None where it is off, or where this Python always has it.
    """

    free_threaded_build: bool
    enabled: bool
    switched_on_by: str | None


def read_gil() -> GilState:
    """Return the state of the GIL; on a free-threaded build, a fresh interpreter imports what a run imports.

    Raises:
        RunBroken: The fresh interpreter fails, or does not end in time.
    """
    if not sysconfig.get_config_var("Py_GIL_DISABLED"):
        return GilState(free_threaded_build=False, enabled=True, switched_on_by=None)
    switched_on_by = _ask_fresh_interpreter()
    return GilState(free_threaded_build=True, enabled=switched_on_by != "", switched_on_by=switched_on_by or None)


def _ask_fresh_interpreter() -> str:
    """Return what switched the GIL on in a process of its own; an empty text where it stays off."""
    with ChildProcess([*interpreter_command(), "-c", _CHILD], stdout=subprocess.PIPE) as child:
        if not child.ended_within(_TIMEOUT_S):
            raise RunBroken(f"a fresh interpreter did not finish the imports of a run within {_TIMEOUT_S:g} s")
        if child.exit_status != 0:
            said = " ".join(child.stderr_tail(_TAIL_BYTES).split())
            raise RunBroken(
                f"a fresh interpreter that tried the imports of a run {describe_exit(child.exit_status)}: {said}"
            )
        return child.stdout.read().decode()


def first_to_switch_on(
    modules: Sequence[str] = IMPORTS,
    import_module: Callable[[str], Any] = importlib.import_module,
    gil_enabled: Callable[[], bool] | None = None,
) -> str | None:
    """Import modules one by one, and return the first after which the GIL is on.

    Args:
        modules: The names of the modules.
        import_module: Imports one module.
        gil_enabled: Returns whether the GIL is on; by default the function of `sys`.

    Returns:
        The module's name; `FROM_THE_START` where the GIL was on before the first; None where it stays off.
    """
    is_on = getattr(sys, "_is_gil_enabled", _always) if gil_enabled is None else gil_enabled
    if is_on():
        return FROM_THE_START
    for name in modules:
        import_module(name)
        if is_on():
            return name
    return None


def _always() -> bool:
    return True
