"""Reads profiles from files: shipped profiles by their names, others by their paths."""

from __future__ import annotations

import os
from pathlib import Path

from walkerbench.errors import ProfileError
from walkerbench.near_words import did_you_mean
from walkerbench.profile import shipped
from walkerbench.profile.model import Profile
from walkerbench.profile.table import profile_from_table
from walkerbench.profile.toml_text import MOST_PROFILE_BYTES, parse_toml
from walkerbench.system.regular_files import read_at_most


def load_profile(name_or_path: str | Path) -> Profile:
    """Return a profile, read from its file and checked.

    Args:
        name_or_path: A shipped profile's name, or the path of a TOML file (as text it has a separator or ends with
            `.toml`).

    Returns:
        The profile.

    Raises:
        ProfileError: There is no such profile, or something in it is wrong; carries every problem.

    Examples:
        >>> from walkerbench import load_profile
        >>> profile = load_profile("smoke")
        >>> [stage.agents for stage in profile.stages]
        [12]
    """
    if isinstance(name_or_path, Path):
        return _read(name_or_path, str(name_or_path))
    if name_or_path.endswith(".toml") or "/" in name_or_path or os.sep in name_or_path:
        return _read(Path(name_or_path), name_or_path)
    names = shipped.names()
    if name_or_path not in names:
        hint = f"{did_you_mean(name_or_path, names)}there are {', '.join(names)}; a file is given by a path with .toml"
        raise ProfileError(f"profile {name_or_path!r}", (f"no such profile; {hint}",))
    return _read(shipped.directory() / f"{name_or_path}.toml", "built in")


def list_profiles() -> tuple[Profile, ...]:
    """Return every shipped profile.

    Raises:
        ProfileError: Something in a profile is wrong.
    """
    return tuple(load_profile(name) for name in shipped.names())


def _read(path: Path, source: str) -> Profile:
    where = str(path)
    try:
        text = read_at_most(path, MOST_PROFILE_BYTES + 1)
        if text is None:
            problem = "is no regular file but a folder, a pipe or a device; give the path of a file"
            raise ProfileError(where, (problem,))
        if len(text) > MOST_PROFILE_BYTES:
            raise ProfileError(where, (f"is larger than {MOST_PROFILE_BYTES:,} bytes: no profile",))
        table = parse_toml(text.decode("utf-8"))
    except FileNotFoundError:
        raise ProfileError(where, ("no such file; `walkerbench profiles` lists the profiles there are",)) from None
    except OSError as error:
        raise ProfileError(where, (f"cannot be read: {error.strerror}",)) from error
    except UnicodeDecodeError as error:
        raise ProfileError(where, (f"is not a text file in UTF-8 (byte {error.start})",)) from error
    except ValueError as error:
        raise ProfileError(where, (f"is not valid TOML: {error}",)) from error
    return profile_from_table(table, path.stem, source, where)
