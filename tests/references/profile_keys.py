"""docs/profile-reference.md: every key of a profile."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_type_hints

from tests.references.default_profile import Explained, explained_keys, introductions
from tests.references.markdown import code, table
from tests.references.value_types import allowed_in_words, type_in_words
from walkerbench.profile.model import Stage
from walkerbench.profile.table import default_criteria, keys_with_settings
from walkerbench.workloads.walker import WalkerSettings, WalkerWorkload

PATH = "docs/profile-reference.md"

_HEAD = """\
# Profile reference

A profile is a TOML file. `walkerbench run --profile mine.toml` runs it, and `walkerbench profiles` lists those that
come with walkerbench. It holds only what it changes: what it leaves out is as here. The meanings are the comments of
[profiles/default.toml](../profiles/default.toml), which holds every key with its default value. This page is generated:
`python -m tests.references` writes it again.

A key without a default has no value where a profile leaves it out. Where a workload has many arguments, a table
`[workload]` holds the keys `spec` (called `workload` below), `arguments` (`workload_arguments`) and `setup`.
"""

_TOP = "\n## Keys at the top\n"
_CRITERIA = """
## `[criteria]`

{introduction} The metrics are in [metrics.md](metrics.md). A profile without `[criteria]` is judged by those of its
workload; the walkers' are {defaults}.
"""
_WALKER = "The settings of the workload `walker`; another workload has its own."

_IN_TABLES_OF_THEIR_OWN = ("criteria", "stages")


@dataclass(frozen=True)
class Key:
    """A key of a profile.

    Attributes:
        section: The table that it stands in, such as `environment.brain`; empty at the top.
        name: Its name.
        hint: The annotation of its field.
        default: Its default value; None without one.
    """

    section: str
    name: str
    hint: Any
    default: Any

    @property
    def explained(self) -> Explained | None:
        """What profiles/default.toml says of it; None where it says nothing."""
        return explained_keys().get((self.section, self.name))


def page() -> str:
    """Return the page as Markdown."""
    keys = profile_keys()
    sections = list(dict.fromkeys(key.section for key in keys))
    return "".join(
        [_HEAD, *(_section(name, [key for key in keys if key.section == name]) for name in sections), _criteria()]
    )


def profile_keys() -> tuple[Key, ...]:
    """Return every key, with those of a stage and of the walkers' settings; the criteria's keys are metrics."""
    everything = tuple(_keys_of(keys_with_settings(WalkerSettings), ""))
    top = [key for key in everything if key.name not in _IN_TABLES_OF_THEIR_OWN]
    stage = [Key("stages", name, hint, None) for name, hint in _hints(Stage).items()]
    inner = next(number for number, key in enumerate(top) if key.section)
    return (*top[:inner], *stage, *top[inner:])


def _keys_of(kind: type, section: str) -> Iterator[Key]:
    default = kind()
    for name, hint in _hints(kind).items():
        value = getattr(default, name)
        if dataclasses.is_dataclass(value):
            yield from _keys_of(type(value), f"{section}.{name}".removeprefix("."))
        else:
            yield Key(section, name, hint, value)


def _hints(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind, include_extras=True)
    return {each.name: hints[each.name] for each in dataclasses.fields(kind)}


def _section(name: str, keys: list[Key]) -> str:
    heading = f"\n## `{'[[stages]]' if name == 'stages' else f'[{name}]'}`\n\n{_introduction(name)}\n" if name else _TOP
    rows = table(["key", "type", "unit", "default", "allowed", "meaning"], map(_row, keys))
    return f"{heading}\n{rows}"


def _introduction(section: str) -> str:
    text = introductions()[section].rstrip(".:")
    return f"{text}. {_WALKER}" if section.startswith("environment.") else f"{text}."


def _row(key: Key) -> tuple[str, ...]:
    explained = key.explained or Explained("", "")
    default = "" if key.default is None else code(_as_toml(key.default))
    allowed = allowed_in_words(key.hint)
    return code(key.name), type_in_words(key.hint), explained.unit, default, allowed, explained.meaning


def _as_toml(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _criteria() -> str:
    defaults = ", ".join(code(str(each)) for each in default_criteria(WalkerWorkload(1)))
    return _CRITERIA.format(introduction=introductions()["criteria"], defaults=defaults)
