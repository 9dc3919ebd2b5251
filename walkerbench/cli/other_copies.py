"""Says where the working directory holds another copy of the code that runs, which is not measured."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from walkerbench.cli.output import note
from walkerbench.system.imported_code import imported_from, other_copy


def note_other_copies(packages: Sequence[str]) -> None:
    """Write to stderr which packages run from elsewhere although the working directory's project holds them.

    Args:
        packages: Top-level packages and modules, imported in this process.
    """
    for package in packages:
        other, imported = other_copy(package, Path.cwd()), imported_from(package)
        if other is not None and imported is not None:
            note(
                f"walkerbench: {package} runs from {imported.parent}, and not from {other.parent}: an edit there has "
                "no effect; `pip install -e .` in its project makes it the one that runs"
            )
