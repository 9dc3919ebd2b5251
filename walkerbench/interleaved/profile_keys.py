"""Fits a profile to the code that will run it: an old revision gets a profile without keys that it does not know."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from walkerbench.profile.model import Profile
from walkerbench.profile.table import profile_from_dict


def known_keys(workload: str) -> tuple[str, ...]:
    """Return every key of a profile that this code knows for a workload.

    Keys are those of `Profile.as_dict`; the sections of a key are joined by dots: `environment.brain.batch_size`.

    Raises:
        ProfileError: There is no such workload.
    """
    return tuple(_key_paths(profile_from_dict({"workload": workload}).as_dict()))


def fitted(profile: Profile, known: Collection[str]) -> dict[str, Any]:
    """Return a profile as plain data, without keys that are unknown to its reader and have their default value here.

    A key that is unknown to the reader and has another value is kept: the reader then refuses the key by its name.

    Args:
        profile: What is to be run.
        known: The keys that its reader knows, as returned by `known_keys`.
    """
    defaults = profile_from_dict({"workload": profile.workload}).as_dict()
    return _fitted(profile.as_dict(), defaults, known, "")


def _fitted(
    plain: Mapping[str, Any], defaults: Mapping[str, Any], known: Collection[str], prefix: str
) -> dict[str, Any]:
    kept = {}
    for key, value in plain.items():
        default = defaults[key]
        if isinstance(default, Mapping) and default:
            inner = _fitted(value, default, known, f"{prefix}{key}.")
            if inner:
                kept[key] = inner
        elif f"{prefix}{key}" in known or value != default:
            kept[key] = value
    return kept


def _key_paths(plain: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in plain.items():
        # An empty table, such as that of the stalls, is a value, not a section.
        if isinstance(value, Mapping) and value:
            yield from _key_paths(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"
