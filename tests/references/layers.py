"""docs/layers.md: the packages from the lowest layer to the highest."""

from __future__ import annotations

import ast

from tests.references.markdown import code, table
from tests.test_architecture import ARROWS, TREES, layers

PATH = "docs/layers.md"

_HEAD = """\
# Layers

The packages and modules of `walkerbench/`, lowest layer first. Each imports only from layers before its own, and only
what the last column names; tests/test_architecture.py holds that. This page is generated: `python -m tests.references`
writes it again.
"""


def page() -> str:
    """Return the page as Markdown."""
    rows = [
        (str(number), code(room), first_line_of(room), ", ".join(map(code, sorted(ARROWS[room]))))
        for number, rooms in enumerate(layers())
        for room in rooms
    ]
    return "\n".join([_HEAD, table(["layer", "package", "what it is for", "imports"], rows)])


def first_line_of(room: str) -> str:
    """Return the first line of a package's docstring, or of a module's."""
    return (ast.get_docstring(TREES[room]) or "").partition("\n")[0]
