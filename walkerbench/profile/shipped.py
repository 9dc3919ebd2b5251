"""Finds the shipped profiles; imports little, because shell completion uses it."""

from __future__ import annotations

from pathlib import Path


def directory() -> Path:
    """Return the directory of the shipped profiles: in the package where installed, beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "profiles"
    return installed if installed.is_dir() else package.parent / "profiles"


def names() -> tuple[str, ...]:
    """Return the names of the shipped profiles: `default` first, the others in alphabetical order."""
    found = sorted(path.stem for path in directory().glob("*.toml"))
    return tuple(sorted(found, key=lambda name: name != "default"))
