"""Says where the working directory holds another copy of the code that runs, which is not measured."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from walkerbench.cli.output import complain
from walkerbench.system.imported_code import describe_other_copies


def note_other_copies(packages: Sequence[str]) -> None:
    """Write to stderr which packages run from elsewhere although the working directory's project holds them.

    Args:
        packages: Top-level packages and modules, imported in this process.
    """
    for sentence in describe_other_copies(packages, Path.cwd()):
        complain(sentence)
