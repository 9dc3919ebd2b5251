"""A user's plain function as a workload: one agent, whose frames are calls of the function."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from walkerbench.errors import UsageError
from walkerbench.workloads.call_batches import CALL_LENGTH, CALL_PHASE, CallBatch, CallSettings, CallWorkload
from walkerbench.workloads.contract import FrameBuffers
from walkerbench.workloads.user_code import import_user_object

_FAMILY = "function"


def make_factory(rest: str, arguments: Mapping[str, Any]) -> FunctionFactory:
    """Return the factory of the workload `function:MODULE:CALLABLE`.

    Raises:
        UsageError: There is no such function, it cannot be called, or it takes other arguments.
    """
    what = _what(rest)
    function = _import(rest)
    if not callable(function):
        raise UsageError(f"{what}: it is a {type(function).__name__}, which cannot be called")
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise UsageError(f"{what}: a call runs none of its code, because it is async or has a yield: wrap it")
    try:
        inspect.signature(function).bind(**arguments)
    except TypeError as error:
        raise UsageError(f"{what}: does not fit the arguments that you gave ({_listed(arguments)}): {error}") from None
    except ValueError:
        pass  # written in C, without a signature: a wrong call raises
    return FunctionFactory(rest, dict(arguments))


@dataclass(frozen=True)
class FunctionFactory:
    """Makes the workload of a function.

    Attributes:
        rest: `MODULE:CALLABLE`.
        arguments: Keyword arguments of every call.
    """

    rest: str
    arguments: Mapping[str, Any]
    settings_class = CallSettings
    fixed_agents = 1
    default_length = CALL_LENGTH

    def __call__(self, num_agents: int, seed: int, settings: CallSettings) -> FunctionWorkload:
        """Make the workload; calls nothing."""
        return FunctionWorkload(self.rest, self.arguments, settings)


class FunctionWorkload(CallWorkload):
    """Calls of a function.

    Args:
        rest: `MODULE:CALLABLE`.
        arguments: Keyword arguments of every call.
        settings: How many calls a frame makes.
    """

    def __init__(self, rest: str, arguments: Mapping[str, Any], settings: CallSettings) -> None:
        super().__init__(f"{_FAMILY}:{rest}", settings)
        self._rest = rest
        self._arguments = arguments

    def make_shard(self, lo: int, hi: int, buffers: FrameBuffers, worker: int) -> FunctionShard:
        """Return the shard; calls the function only where settings are left open."""
        call = functools.partial(_import(self._rest), **self._arguments) if self._arguments else _import(self._rest)
        return FunctionShard(CallBatch(call, self.settings, buffers, worker))

    def code_modules(self) -> tuple[str, ...]:
        """Return the module of the function."""
        return (self._rest.partition(":")[0],)


class FunctionShard:
    """The workload's one agent, whose frames are calls.

    Args:
        batch: Makes the calls of a frame.
    """

    def __init__(self, batch: CallBatch) -> None:
        self._batch = batch

    def phases(self) -> Mapping[str, Callable[[int], None]]:
        """Return the one phase, which makes the calls of a frame."""
        return {CALL_PHASE: self._batch.run}

    def digest(self) -> None:
        """Digest what the last call returned."""
        self._batch.digest()

    def snapshot(self) -> None:
        """Do nothing: there is nothing to draw."""


def _import(rest: str) -> Any:
    module, _, name = rest.partition(":")
    return import_user_object(module, name, _what(rest))


def _what(rest: str) -> str:
    return f"workload '{_FAMILY}:{rest}'"


def _listed(arguments: Mapping[str, Any]) -> str:
    return ", ".join(arguments) or "none"
