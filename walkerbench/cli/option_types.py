"""Types of options and arguments: which texts are valid, and how the shell completes them."""

from __future__ import annotations

import re
from typing import Any

import click
from click.shell_completion import CompletionItem

from walkerbench.profile import shipped as shipped_profiles
from walkerbench.profile.toml_text import toml_value
from walkerbench.shown_text import shortened
from walkerbench.system.registry import Registry
from walkerbench.workloads.registry import WORKLOADS
from walkerbench.workloads.specs import FAMILIES

_UNITS_S = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
_YEAR_S = 366 * 24 * 3600.0


class Duration(click.ParamType):  # type: ignore[type-arg]  # generic in newer click only
    """Seconds, written as `90`, `90s`, `1.5m` or `1h`."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Turn the text into seconds."""
        match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)([smh]?)", str(value), re.ASCII)
        if match is None:
            self.fail(
                f"{_quoted(value)} is no duration: give seconds, or a number with s, m or h, as in 90s or 5m.",
                param,
                ctx,
            )
        seconds = float(match[1]) * _UNITS_S[match[2]]
        if seconds > _YEAR_S:
            self.fail(f"{value!r} is more than a year: give at most 8784h.", param, ctx)
        return seconds


class WholeNumber(click.types.IntParamType):
    """A whole number of at most 20 digits, which keeps messages short."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Turn the text into a number."""
        text = str(value)
        if not re.fullmatch(r"[+-]?[0-9]{1,20}", text):
            self.fail(f"{_quoted(text)} is no whole number of at most 20 digits.", param, ctx)
        return super().convert(value, param, ctx)


class WholeNumberWithin(WholeNumber, click.IntRange):
    """A whole number within a range, which `--help` shows."""


class PartOfOne(click.ParamType):  # type: ignore[type-arg]  # generic in newer click only
    """A share below 1, written as `2%` or `0.02`."""

    name = "share"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Turn the text into a share, 0 ≤ share < 1."""
        match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?|\.\d{1,9})(%?)", str(value), re.ASCII)
        if match is None:
            self.fail(
                f"{_quoted(value)} is no share: give a number with a percent sign, as in 2%, or 0.02.", param, ctx
            )
        if not match[2] and float(match[1]) >= 1:
            self.fail(f"{value!r} is 100% or more: did you mean {value}%?", param, ctx)
        share = float(match[1]) / (100.0 if match[2] else 1.0)
        if share >= 1:
            self.fail(f"{value!r} is no share: give less than 100%.", param, ctx)
        return share


class ProfileName(click.ParamType):  # type: ignore[type-arg]  # generic in newer click only
    """A shipped profile's name, or a path."""

    name = "profile"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Return names that begin with the typed text, else files."""
        names = [CompletionItem(name) for name in shipped_profiles.names() if name.startswith(incomplete)]
        return names or [CompletionItem(incomplete, type="file")]


class WorkloadSpec(click.ParamType):  # type: ignore[type-arg]  # generic in newer click only
    """A registered workload's name, or a SPEC with a colon that names the user's code."""

    name = "spec"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Return registered names and families that begin with the typed text."""
        beginnings = (*WORKLOADS.names(), *(f"{family}:" for family in FAMILIES))
        return [CompletionItem(each) for each in beginnings if each.startswith(incomplete)]


class Argument(click.ParamType):  # type: ignore[type-arg]  # generic in newer click only
    """A name and a value, written as `size=3`; the value is TOML, or a string without its quotes."""

    name = "argument"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Any]:
        """Turn the text into the name and the value."""
        if isinstance(value, tuple):
            return value
        name, equals, text = str(value).partition("=")
        if not equals or not name.isidentifier():
            self.fail(f"{_quoted(value)} is no argument: give KEY=VALUE, as in size=3.", param, ctx)
        return name, toml_value(text)


class RegisteredName(click.ParamType):  # type: ignore[type-arg]  # generic in newer click only
    """A name in a registry; the object with this name is imported only where it is used.

    Args:
        registry: The registry, such as `MODES`.
    """

    name = "name"

    def __init__(self, registry: Registry[Any]) -> None:
        self._registry = registry

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Return names that begin with the typed text."""
        return [CompletionItem(name) for name in self._registry.names() if name.startswith(incomplete)]


class RunName(click.ParamType):  # type: ignore[type-arg]  # generic in newer click only
    """A run directory, or `@latest`."""

    name = "run"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Return `@latest` where it begins with the typed text, else directories."""
        if incomplete and "@latest".startswith(incomplete):
            return [CompletionItem("@latest", help="the newest run in .walkerbench/runs")]
        return [CompletionItem(incomplete, type="dir")]


def _quoted(value: object) -> str:
    return repr(shortened(str(value)))
