"""Where the profiles lie that come with walkerbench; cheap to import, for completion in the shell."""

from __future__ import annotations

from pathlib import Path


def directory() -> Path:
    """The directory of the shipped profiles: in the package where installed, beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "profiles"
    return installed if installed.is_dir() else package.parent / "profiles"


def names() -> tuple[str, ...]:
    """Names of the shipped profiles: `default` first, the others by the alphabet."""
    found = sorted(path.stem for path in directory().glob("*.toml"))
    return tuple(sorted(found, key=lambda name: name != "default"))
