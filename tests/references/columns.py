"""The tables of docs/run-directory.md: the columns of every array of a run, and what a checkpoint holds.

The rest of the page is written by hand. A table stands between `<!-- generated: NAME -->` and `<!-- end -->`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.references.docstrings import attributes_of, rows_of
from tests.references.markdown import code, table
from walkerbench.recording.cpu import cpu_dtype
from walkerbench.recording.frames import frame_dtype, worker_dtype
from walkerbench.run_directory import CheckpointRecord
from walkerbench.running.run_recorder import digest_dtype
from walkerbench.workloads.walker import WalkerWorkload

PATH = "docs/run-directory.md"
_FILE = Path(__file__).parents[2] / PATH
_BLOCK = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)

_WALKER = WalkerWorkload(1)
_DTYPES: Mapping[str, tuple[Callable[..., Any], np.dtype[Any]]] = {
    "frames": (frame_dtype, frame_dtype(_WALKER.phases, _WALKER.settle_phase, _WALKER.frame_counters)),
    "workers": (worker_dtype, worker_dtype(_WALKER.phases)),
    "cpu": (cpu_dtype, cpu_dtype(1)),
    "digests": (digest_dtype, digest_dtype(_WALKER.digest_fields)),
}
_NAMED_BY_THE_WALKER = {
    "{phase}": _WALKER.phases,
    "{settle_phase}": (_WALKER.settle_phase,),
    "{frame_counter}": _WALKER.frame_counters,
    "{digest_field}": _WALKER.digest_fields,
}
_UNITS = {"_ns": "ns", "_s": "s", "_bytes": "bytes", "_percent": "%"}


@dataclass(frozen=True)
class Column:
    """A column, or the columns that a workload names.

    Attributes:
        name: As it is shown, such as `wall_ns` or `{phase}_ns`.
        meaning: What it holds.
        names: The columns of a run of walkers.
    """

    name: str
    meaning: str
    names: tuple[str, ...]


def page() -> str:
    """Return the page with its tables as the code has them."""
    return _BLOCK.sub(lambda found: f"{found[1]}\n{_table(found[2])}\n{found[3]}", _FILE.read_text(encoding="utf-8"))


def columns_of(array: str) -> list[Column]:
    """Return the columns of an array, as the docstring of what makes its dtype describes them."""
    return [_column(name, text) for names, text in rows_of(_DTYPES[array][0]) for name in names]


def recorded_columns(array: str) -> tuple[str, ...]:
    """Return the columns that an array of a run of walkers has."""
    return _DTYPES[array][1].names or ()


def unit_of(name: str) -> str:
    """Return the unit that a column's name ends with; empty for a number without one."""
    return next((unit for suffix, unit in _UNITS.items() if name.endswith(suffix)), "")


def _column(name: str, text: str) -> Column:
    for placeholder, words in _NAMED_BY_THE_WALKER.items():
        if placeholder in name:
            names = tuple(name.replace(placeholder, word) for word in words)
            return Column(name, text, names)
    return Column(name, text, (name,))


def _meaning(column: Column) -> str:
    walkers = "" if column.names == (column.name,) else f"; the walker's: {', '.join(map(code, column.names))}"
    return f"{column.meaning}{walkers}"


def _table(name: str) -> str:
    if name == "checkpoints":
        return table(["key", "meaning"], ([code(key), text] for key, text in attributes_of(CheckpointRecord).items()))
    dtype = _DTYPES[name][1]
    return table(
        ["column", "type", "unit", "meaning"],
        ([code(c.name), dtype[c.names[0]].base.name, unit_of(c.name), _meaning(c)] for c in columns_of(name)),
    )
