"""Shortens names, so that a plot has room beside them, and no two different names become equal."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from walkerbench.shown_text import MOST_IN_A_NAME, shortened

_SHORT = 28


def short_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return each name in at most 28 characters, or in as many as it takes to tell the names apart.

    Args:
        names: The names; equal names stay equal.
    """
    different = len(set(names))
    for most in range(_SHORT, MOST_IN_A_NAME):
        short = tuple(shortened(name, most) for name in names)
        if len(set(short)) == different:
            return short
    return tuple(shortened(name, MOST_IN_A_NAME) for name in names)


def folder_names(folders: Sequence[Path]) -> tuple[str, ...]:
    """Return the name of each folder, with as many of the folders above it as it takes to tell them apart, shortened.

    For example `runs/before/1` and `runs/after/1` are `before/1` and `after/1`.

    Args:
        folders: The folders; a folder that is given twice has the same name twice.
    """
    places = [Path(os.path.abspath(folder)) for folder in folders]  # noqa: PTH100  a link keeps its own name
    return short_names([next(_ends_of_its_own(place, places)) for place in places])


def _ends_of_its_own(place: Path, places: Sequence[Path]) -> Iterator[str]:
    """Yield the ends of a path that no other path has, the shortest first."""
    others = {other.parts for other in places if other != place}
    for count in range(1, len(place.parts) + 1):
        end = place.parts[-count:]
        if all(other[-count:] != end for other in others):
            yield str(Path(*end))
