"""Adds a workload or a mode as an installed package does: by an entry point, which every child process finds, too."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def brought(directory: Path, group: str, name: str, module_file: str, attribute: str) -> Iterator[None]:
    """Make a name known to this process and its children within the block.

    Args:
        directory: An empty one, for the package's metadata.
        group: The entry-point group.
        name: The name to be known by.
        module_file: The file of the module that holds the object.
        attribute: The object's name in it.
    """
    metadata = directory / f"{name}-1.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text(f"[{group}]\n{name} = {Path(module_file).stem}:{attribute}\n")
    # The module may import what tests import, such as modules in this file's folder.
    places = [str(directory), str(Path(module_file).parent), str(Path(__file__).parent)]
    with pytest.MonkeyPatch.context() as patched:
        for place in reversed(places):
            patched.syspath_prepend(place)
        kept = os.environ.get("PYTHONPATH")
        patched.setenv("PYTHONPATH", os.pathsep.join([*places, *([kept] if kept else [])]))
        yield
