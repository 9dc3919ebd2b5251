"""Marks functions and names threads, so that walkerbench finds them in the stacks of a sampling profiler.

A module makes the markers of its functions from the functions themselves. So a marker stays right where a function is
renamed or moved.
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
        file: The path of its file as returned by `short_path`. A path that ends with a slash is a folder, and
            means every file in it. Empty for every file.
    """

    function: str
    file: str

    @classmethod
    def of(cls, function: Callable[..., Any]) -> StackMarker:
        """Mark one function.

        Args:
            function: A function in Python. Decorators that use `functools.wraps` are unwrapped.
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
        """Return whether this marker marks a function of a stack.

        Args:
            function: Its name, qualified or not.
            file: Its path as returned by `short_path`.
        """
        if self.function and last_part(function) != self.function:
            return False
        is_folder = not self.file or self.file.endswith("/")
        return file.startswith(self.file) if is_folder else file == self.file


def short_path(path: str) -> str:
    """Return a source file's path from its package on, the same on every machine: `walkerbench/running/runner.py`."""
    match = re.fullmatch(r"(?:.*[/\\])?(?:site-packages|dist-packages|python3\.\d+t?)[/\\](.+)", path) or re.fullmatch(
        r".*[/\\](walkerbench[/\\].+)", path
    )
    return (match[1] if match else path).replace("\\", "/")


def last_part(function: str) -> str:
    """Return a function's own name: `run` of `ShardRunner.run`."""
    return function.rpartition(".")[2]
