"""What profiles/default.toml says of each key: the comment behind its value, or above it where there is none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from walkerbench.profile import shipped

UNITS = frozenset({"m", "s", "%", "degrees", "rad", "m/s", "m/s²", "rad/s", "kg/m²", "N·m"})
"""What may stand before a meaning: `m; radius of a wheel`."""

_HEADING = re.compile(r"(?:# )?\[{1,2}([\w.]+)\]{1,2}")
_KEY = re.compile(r"(?:# )?(\w+) = (.*)")
_MORE = re.compile(r"\s+# (.*)")


@dataclass(frozen=True)
class Explained:
    """What a key is.

    Attributes:
        unit: Its unit; empty for a number without one.
        meaning: What it says, in words.
    """

    unit: str
    meaning: str


@cache
def explained_keys() -> Mapping[tuple[str, str], Explained]:
    """Return section and key → what the file says of it."""
    return {place: _explained(text) for place, text in _read()[0].items()}


def introductions() -> Mapping[str, str]:
    """Return section → the comment above its heading."""
    return _read()[1]


def _read() -> tuple[dict[tuple[str, str], str], dict[str, str]]:
    keys: dict[tuple[str, str], str] = {}
    sections: dict[str, str] = {}
    section, last = "", None
    above: list[str] = []
    for line in (shipped.directory() / "default.toml").read_text(encoding="utf-8").splitlines():
        if heading := _HEADING.fullmatch(line):
            section, last = heading[1], None
            sections[section] = " ".join(above)
        elif key := _KEY.fullmatch(line):
            last = (section, key[1])
            keys[last] = key[2].partition(" # ")[2] or " ".join(above)
        elif (more := _MORE.fullmatch(line)) and last is not None:
            keys[last] += f" {more[1]}"
        above = [*above, line[2:]] if line.startswith("# ") and not (heading or key) else []
    return keys, sections


def _explained(text: str) -> Explained:
    unit, separator, meaning = text.partition("; ")
    return Explained(unit, meaning) if separator and unit in UNITS else Explained("", text)
