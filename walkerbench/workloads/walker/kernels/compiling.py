"""Compiles functions with Numba, once per machine and version of this folder.

No function is compiled with `fastmath`: the bits of a result must not depend on the width of a vector.
"""

from __future__ import annotations

import functools
import hashlib
import os
import pickle
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Generic, ParamSpec, TypeVar, cast

from numba import njit
from numba.core import event
from numba.core.caching import CompileResultCacheImpl, FunctionCache, _CacheLocator

P = ParamSpec("P")
R = TypeVar("R")
F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = {"error_model": "numpy"}  # a division by zero gives infinity or NaN, as in NumPy, and raises nothing


def inner(function: F) -> F:
    """Compile a function that only compiled code calls; it is compiled together with its caller."""
    return cast(F, njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, **_OPTIONS)(function))


class Kernel(Generic[P, R]):
    """A compiled function that Python calls, with two variants of the same machine code.

    Args:
        function: What to compile; nothing is compiled before a variant is bound to arguments, or called.
    """

    def __init__(self, function: Callable[P, R]) -> None:
        self._function = cast(types.FunctionType, function)
        functools.update_wrapper(cast(Any, self), function)

    def variant(self, *, hold_gil: bool) -> Callable[P, R]:
        """Return the variant that holds the GIL while it runs, or the variant that releases it."""
        return cast(Callable[P, R], self._holding if hold_gil else self._releasing)

    def bind(self, *arguments: Any, examples: tuple[Any, ...] = (), hold_gil: bool) -> Callable[..., R]:
        """Return a variant with its first arguments, compiled for their types or loaded from the cache.

        Calling it skips the search for a compiled form that fits the arguments, which takes longer than the call.

        Args:
            arguments: The first arguments.
            examples: One example of each of the others, which are given in each call; only its type counts.
            hold_gil: Whether the GIL is held while it runs.
        """
        dispatcher = cast(Any, self.variant(hold_gil=hold_gil))
        entry_point = dispatcher.compile(tuple(map(dispatcher.typeof_pyval, (*arguments, *examples))))
        return functools.partial(entry_point, *arguments)

    @functools.cached_property
    def _releasing(self) -> Any:
        return _cached(self._function, nogil=True)

    @functools.cached_property
    def _holding(self) -> Any:
        # Numba's cache tells functions apart by their names, not by whether they release the GIL.
        copy = types.FunctionType(self._function.__code__, self._function.__globals__)
        copy.__module__ = self._function.__module__
        copy.__qualname__ = f"{self._function.__qualname__}_holding_gil"
        return _cached(copy, nogil=False)


def kernel(function: Callable[P, R]) -> Kernel[P, R]:
    """Make a function a `Kernel`."""
    return Kernel(function)


@contextmanager
def telling_of_compilation(tell: Callable[[], None]) -> Iterator[None]:
    """Call `tell` once, before the first function is compiled in this context; not where all come from the cache."""
    listener = _FirstCompilation(tell)
    with event.install_listener("numba:compile", listener):
        yield


class _FirstCompilation(event.Listener):  # type: ignore[misc]
    def __init__(self, tell: Callable[[], None]) -> None:
        self._tell: Callable[[], None] | None = tell

    def on_start(self, event: Any) -> None:
        tell, self._tell = self._tell, None
        if tell is not None:
            tell()

    def on_end(self, event: Any) -> None: ...


def cache_folder() -> Path:
    """Return the folder in which compiled code is kept between runs."""
    if sys.platform == "darwin":
        base = Path("~/Library/Caches").expanduser()
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or "~/AppData/Local").expanduser()
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    return base / "walkerbench" / "kernels"


@functools.cache
def source_digest() -> str:
    """Return a digest of every file in this folder."""
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parent.glob("*.py")):
        content = file.read_bytes()
        digest.update(f"{file.name} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:16]


class _Locator(_CacheLocator):  # type: ignore[misc]
    """Keeps compiled code by the content of this folder, so that equal revisions in any worktree share it."""

    @classmethod
    def from_function(cls, py_func: Any, py_file: str) -> _Locator | None:
        locator = cls()
        try:
            locator.ensure_cache_path()
        except OSError:
            return None
        return locator

    def get_cache_path(self) -> str:
        return str(cache_folder() / source_digest())

    def get_source_stamp(self) -> str:
        return source_digest()

    def get_disambiguator(self) -> str:
        return "0"  # names are unique within this folder


class _CacheImplementation(CompileResultCacheImpl):  # type: ignore[misc]
    _locator_classes = [_Locator]  # noqa: RUF012


class _Cache(FunctionCache):  # type: ignore[misc]
    """Does without files that cannot be read or written: then a process compiles for itself."""

    _impl_class = _CacheImplementation

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except (OSError, EOFError, pickle.UnpicklingError):  # damaged: the whole index is written again
            with suppress(OSError):
                self.flush()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        with suppress(OSError):
            super().save_overload(sig, data)


def _cached(function: Callable[..., Any], *, nogil: bool) -> Any:
    dispatcher = njit(nogil=nogil, **_OPTIONS)(function)
    with suppress(RuntimeError):  # no folder can be written: then each process compiles for itself
        dispatcher._cache = _Cache(function)  # noqa: SLF001  Numba has no other way to choose a folder by content
    return dispatcher
