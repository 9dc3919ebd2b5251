"""Marks functions and names threads, so that they are found again in the stacks that a sampling profiler takes.

A module declares the markers of its own functions beside them, from the functions themselves: a function that is
renamed or moved takes its marker along.
"""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

WORKER_THREAD_NAME = "walkerbench-worker-{number}"
"""The name that a mode gives to the thread or process of worker `number`, counted from 0."""


@dataclass(frozen=True)
class StackMarker:
    """A function, or every function of a package, as a profiler names it.

    Build it with `of`, `of_name` or `of_package`.

    Attributes:
        function: The last part of the function's qualified name; empty for every function.
        file: The path of its file as returned by `short_path`; with a slash at its end it is a folder, and stands for
            every file in it; empty for every file.
    """

    function: str
    file: str

    @classmethod
    def of(cls, function: Callable[..., Any]) -> StackMarker:
        """Mark one function.

        Args:
            function: Written in Python. Decorators are looked through where they use `functools.wraps`.
        """
        code = inspect.unwrap(function).__code__
        return cls(last_part(code.co_qualname), short_path(code.co_filename))

    @classmethod
    def of_name(cls, function: Callable[..., Any]) -> StackMarker:
        """Mark every function with this function's name, such as all implementations of a protocol's method."""
        return cls(function.__name__, "")

    @classmethod
    def of_package(cls, package: ModuleType) -> StackMarker:
        """Mark every function of a package.

        Args:
            package: A package, with a folder of its own.
        """
        (folder,) = package.__path__
        return cls("", short_path(os.path.join(folder, "")))  # noqa: PTH118  the slash at the end is wanted

    def marks(self, function: str, file: str) -> bool:
        """Return whether a function of a stack is one of those that are marked.

        Args:
            function: Its name, qualified or not.
            file: Its path as returned by `short_path`.
        """
        if self.function and last_part(function) != self.function:
            return False
        is_folder = not self.file or self.file.endswith("/")
        return file.startswith(self.file) if is_folder else file == self.file


def short_path(path: str) -> str:
    """Return a source file's path from its package on, so that it names no machine: `walkerbench/running/runner.py`."""
    match = re.fullmatch(r"(?:.*[/\\])?(?:site-packages|dist-packages|python3\.\d+t?)[/\\](.+)", path) or re.fullmatch(
        r".*[/\\](walkerbench[/\\].+)", path
    )
    return (match[1] if match else path).replace("\\", "/")


def last_part(function: str) -> str:
    """Return a function's own name: `run` of `ShardRunner.run`."""
    return function.rpartition(".")[2]
