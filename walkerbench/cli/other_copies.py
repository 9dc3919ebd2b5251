"""Warns where the working directory holds another copy of the code that runs: that copy is not measured."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from walkerbench.cli.output import complain
from walkerbench.system.imported_code import describe_other_copies


def note_other_copies(packages: Sequence[str]) -> None:
    """Warn on stderr of packages that run from elsewhere, although the working directory's project holds them, too.

    Args:
        packages: Top-level packages and modules, imported in this process.
    """
    for sentence in describe_other_copies(packages, Path.cwd()):
        complain(sentence)
