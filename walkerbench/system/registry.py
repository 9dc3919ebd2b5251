"""Finds modes, workloads and the like by name: built in, registered by a call, or from an installed package."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar

from walkerbench.errors import RAISED_BY_OTHERS, UsageError, describe_error
from walkerbench.near_words import did_you_mean

T = TypeVar("T")


class Registry(Generic[T]):
    """Maps names to things. A thing is imported when it is first looked up by its name.

    Args:
        kind: The word for a thing in messages, such as `workload`.
        group: The entry-point group in which installed packages provide things; an entry point's name is the name,
            its object the thing.
        built_in: Name → `module:attribute` of this package.
        problem: Returns what is wrong with a thing that was registered under a name, or None.
    """

    def __init__(
        self, kind: str, group: str, built_in: Mapping[str, str], problem: Callable[[str, object], str | None]
    ) -> None:
        self._kind = kind
        self._group = group
        self._built_in = dict(built_in)
        self._problem = problem
        self._registered: dict[str, T] = {}

    def register(self, name: str, thing: T) -> None:
        """Add a thing for this process; a child process needs the entry point, or its own call.

        Raises:
            UsageError: The name is registered for another thing already.
        """
        if name in self._built_in or self._registered.get(name, thing) is not thing:
            raise UsageError(f"{self._kind} {name!r} is registered already: choose another name")
        self._registered[name] = thing

    def names(self) -> tuple[str, ...]:
        """Return every name: the built-in names first, in their order, then the others in alphabetical order."""
        others = {*self._registered, *(each.name for each in self._entry_points())} - self._built_in.keys()
        return (*self._built_in, *sorted(others))

    def find(self, name: str) -> T:
        """Return the thing that a name stands for.

        Raises:
            UsageError: There is no such name (the message lists the known names), or the thing cannot be imported or
                used.
        """
        if name in self._registered:
            return self._usable(name, self._registered[name])
        if name in self._built_in:
            module, _, attribute = self._built_in[name].partition(":")
            found: T = getattr(importlib.import_module(module), attribute)
            return found
        for each in self._entry_points():
            if each.name == name:
                return self._usable(name, self._load(each))
        raise UsageError(f"no such {self._kind}: {name!r}; {self.suggest(name)}")

    def suggest(self, name: str) -> str:
        """Return a sentence that suggests the nearest name, if any is near, and lists all names."""
        names = self.names()
        return f"{did_you_mean(name, names)}there are {', '.join(names)}"

    def _usable(self, name: str, thing: T) -> T:
        problem = self._problem(name, thing)
        if problem is not None:
            raise UsageError(f"{self._kind} {name!r} cannot be used: {problem}")
        return thing

    def _entry_points(self) -> tuple[EntryPoint, ...]:
        return tuple(entry_points(group=self._group))

    def _load(self, entry_point: EntryPoint) -> T:
        try:
            loaded: T = entry_point.load()
        except RAISED_BY_OTHERS as error:
            raise UsageError(
                f"{self._kind} {entry_point.name!r} cannot be imported from {entry_point.value}: "
                f"{describe_error(error)}"
            ) from error
        return loaded
