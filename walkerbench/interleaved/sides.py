"""Sides: the text that a user writes for a side, and the code and the profile that the text stands for."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from walkerbench.errors import ProfileError, SideError
from walkerbench.modes.registry import MODES
from walkerbench.profile import shipped as shipped_profiles
from walkerbench.profile.loading import load_profile
from walkerbench.profile.model import Profile
from walkerbench.profile.table import profile_from_dict
from walkerbench.profile.toml_text import toml_value
from walkerbench.shown_text import shortened

_OVERRIDE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*)=(.*)", re.DOTALL)
_MOST_CHARACTERS = 4000  # the pairs of a whole action table have some 3,000
_MOST_SECTIONS = 4
_KEYS_OF_STAGES = frozenset({"agents"})
_KEYS_WITHOUT_EFFECT = frozenset(
    {"criteria", "host_stall", "pace", "frames", "duration_s", "checkpoint_every", "stages", "name", "source"}
)
"""Keys that a measurement of sides does not use, and therefore refuses to change for one side."""

_OPENING_BRACKETS, _CLOSING_BRACKETS = "[{", "]}"


@dataclass(frozen=True)
class Side:
    """Code and a profile.

    Attributes:
        label: Its name in every message and result; no two sides of a measurement have the same.
        code: A git revision, "." for the working tree as it is, or None for the package that runs now.
        profile: A profile of one stage; a measurement does not use its number of frames, its pace and its criteria.
    """

    label: str
    code: str | None
    profile: Profile


def parse_sides(texts: Sequence[str], profile: Profile) -> tuple[Side, ...]:
    """Return the sides that a user's texts stand for.

    Args:
        texts: One text per side, see `parse_side`; the same text twice makes two sides, `text` and `text #2`.
        profile: The profile of every side whose text names no other.

    Raises:
        SideError: A text is wrong.
        ProfileError: A text names a profile that does not exist or is wrong.
    """
    seen: Counter[str] = Counter()
    sides = []
    for text in texts:
        seen[text] += 1
        side = parse_side(text, profile)
        sides.append(side if seen[text] == 1 else dataclasses.replace(side, label=f"{text} #{seen[text]}"))
    return tuple(sides)


def parse_side(text: str, profile: Profile) -> Side:
    """Return the side that a user's text stands for: parts joined by commas, in any order.

    ============================ ====================================================================
    part                         meaning
    ============================ ====================================================================
    `main`, `HEAD~3`, `v1.2`     the code of a git revision (`heads/smoke` where a profile has its name)
    `.`                          the code of the working tree as it is
    `smoke`, `mine.toml`         a profile
    `mode=threaded`              a profile's key; the value is TOML, or a string without its quotes; a key of
                                 `[environment]` itself may be written without `environment.`
    ============================ ====================================================================

    Args:
        text: The user's text.
        profile: The profile of a side whose text names no other.

    Raises:
        SideError: The text is wrong.
        ProfileError: The text names a profile that does not exist or is wrong.
    """
    if len(text) > _MOST_CHARACTERS:
        raise SideError(
            f"side {shortened(text)!r}: its {len(text):,} characters are more than "
            f"{_MOST_CHARACTERS:,}; write a profile"
        )
    code: str | None = None
    named: str | None = None
    changes: dict[str, Any] = {}
    for part in _split(text):
        override = _OVERRIDE.fullmatch(part)
        if override:
            if override[1] in changes:
                raise SideError(f"side {text!r}: {override[1]} is given twice")
            changes[override[1]] = toml_value(override[2])
        elif not part:
            raise SideError(f"side {text!r}: a part is empty; give a revision, '.', a profile or key=value")
        elif _is_profile(part):
            named = _only_one(text, "profile", named, part)
        elif part.startswith("-"):
            raise SideError(
                f"side {text!r}: {part!r} is neither a revision nor a profile; write options as separate arguments"
            )
        else:
            code = _only_one(text, "revision", code, part)
    chosen = profile if named is None else load_profile(named)
    return Side(text, code, _overridden(chosen, changes, text) if changes else chosen)


def _split(text: str) -> Iterator[str]:
    """Yield the parts between commas; a comma within brackets or quotes does not separate parts."""
    depth, quote, part = 0, "", ""
    for letter in text:
        if letter == "," and depth <= 0 and not quote:
            yield part.strip()
            part = ""
            continue
        part += letter
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        else:
            depth += (letter in _OPENING_BRACKETS) - (letter in _CLOSING_BRACKETS)
    yield part.strip()


def _is_profile(part: str) -> bool:
    return part.endswith(".toml") or part in shipped_profiles.names()


def _only_one(text: str, what: str, before: str | None, part: str) -> str:
    if before is not None:
        raise SideError(f"side {text!r}: {before!r} and {part!r} are two {what}s; give one")
    return part


def _overridden(profile: Profile, changes: Mapping[str, Any], text: str) -> Profile:
    table = profile.as_dict()
    for short, value in changes.items():
        # A key of the environment may be written without its section.
        key = f"environment.{short}" if short not in table and short in table["environment"] else short
        if key.split(".")[0] in _KEYS_WITHOUT_EFFECT:
            raise SideError(f"side {text!r}: {key}: plays no part where sides are measured against one another")
        for target in table["stages"] if key in _KEYS_OF_STAGES else [table]:
            _set(target, key.replace("workload.arguments", "workload_arguments").split("."), value, text)
    if "workload" in changes:
        # Another workload has its own settings and default criteria; a measurement uses no criteria.
        table["environment"] = {}
        table["criteria"] = []
        if not any(key.startswith(("workload.arguments", "workload_arguments")) for key in changes):
            table["workload_arguments"] = {}
    mode = changes.get("mode")
    if "workers" not in changes and mode in MODES.names() and not MODES.find(mode).traits.side_by_side:
        table["workers"] = None
    try:
        return profile_from_dict(table)
    except ProfileError as error:
        raise SideError(*(f"side {text!r}: {problem}" for problem in error.problems)) from None


def _set(table: dict[str, Any], path: Sequence[str], value: Any, text: str) -> None:
    """Set a dotted key; its value is checked later, with the whole profile."""
    *sections, last = path
    if len(sections) > _MOST_SECTIONS:
        raise SideError(f"side {text!r}: no such key; a key has at most {_MOST_SECTIONS} sections before it")
    for section in sections:
        inner = table.setdefault(section, {})
        if not isinstance(inner, dict):
            raise SideError(f"side {text!r}: {'.'.join(path)}: no such key; {section} is not a section")
        table = inner
    table[last] = value
