"""Finds and builds Gymnasium's environments, and says what is wrong with an environment that cannot be used."""

from __future__ import annotations

import difflib
import importlib
import inspect
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from walkerbench.errors import RAISED_BY_OTHERS, UsageError, describe_error
from walkerbench.system.user_tracebacks import user_traceback
from walkerbench.workloads.gymnasium_shard import digestible
from walkerbench.workloads.user_code import import_user_module
from walkerbench.workloads.value_digests import digest_value

FAMILY = "gymnasium"

_MOST_SUGGESTED_IDS = 3  # for an unknown id
_INSTALL = re.compile(r"pip install [^`]+")


@dataclass(frozen=True)
class EnvironmentFacts:
    """Facts of a SPEC's environments, found by building and stepping one of them.

    Attributes:
        module: The module of the environment's class.
        frames_per_second: Frames in a second of simulated time, from its metadata's `render_fps`; None without one.
        digestible: Whether its observations can be digested.
    """

    module: str
    frames_per_second: float | None
    digestible: bool


_FACTS: dict[tuple[str, str], EnvironmentFacts] = {}
"""Facts that were found, by SPEC and arguments: a profile asks for its workload more than once."""


def environment_facts(rest: str, arguments: Mapping[str, Any]) -> EnvironmentFacts:
    """Build an environment, reset it, step it once, and return its facts.

    Args:
        rest: What follows the family's colon: `ENV_ID` or `MODULE:ENV_ID`.
        arguments: Keyword arguments of `gymnasium.make`.

    Raises:
        UsageError: There is no such environment, or it cannot be built, reset with a seed and stepped.
    """
    key = (rest, repr(sorted(arguments.items())))
    if key not in _FACTS:
        what = described(rest)
        _check_id(rest, what)
        if arguments.get("render_mode") == "human":
            raise UsageError(f"{what}: render_mode 'human' opens a window and waits for it: leave this argument out")
        with _build_failures(what), _no_warnings():
            _FACTS[key] = _try_environment(make_environment(rest, arguments), what)
    return _FACTS[key]


def make_environment(rest: str, arguments: Mapping[str, Any]) -> Any:
    """Return an environment as `gymnasium.make` builds it, wrappers included.

    Raises:
        UsageError: Gymnasium is not installed, or the SPEC's module cannot be imported.
        Exception: The environment raised.
    """
    what = described(rest)
    gymnasium = _gymnasium(what)
    env_id = _import_registering(rest, what)
    with _no_warnings():
        return gymnasium.make(env_id, **arguments)


def described(rest: str) -> str:
    """Return the workload's name for messages."""
    return f"workload '{FAMILY}:{rest}'"


def _gymnasium(what: str) -> Any:
    try:
        return importlib.import_module(FAMILY)
    except ModuleNotFoundError as error:
        if error.name != FAMILY:
            raise
        raise UsageError(f"{what}: gymnasium is not installed: pip install 'walkerbench[gymnasium]'") from None


def _import_registering(rest: str, what: str) -> str:
    """Import the module of `MODULE:ENV_ID`, where there is one, and return the id."""
    module, _, env_id = rest.rpartition(":")
    if module:
        import_user_module(module, what)
    return env_id


def _check_id(rest: str, what: str) -> None:
    """Refuse an id that no environment is registered under.

    Raises:
        UsageError: There is no such environment; the message names those with the nearest ids.
    """
    gymnasium = _gymnasium(what)
    env_id = _import_registering(rest, what)
    try:
        with _no_warnings():
            gymnasium.spec(env_id)
    except gymnasium.error.Error:
        known = [str(each) for each in gymnasium.registry]
        raise UsageError(f"{what}: there is no environment {env_id!r}; {_hint(env_id, known)}") from None


def _hint(env_id: str, known: Sequence[str]) -> str:
    """Return which ids a user may have meant by an unknown id."""
    versions = [each for each in known if _without_version(each) == _without_version(env_id)]
    if versions:
        return f"there is {' and '.join(sorted(versions, key=_version))}"
    by_spelling = {each.lower(): each for each in sorted(known, key=_version)}
    near = difflib.get_close_matches(env_id.lower(), by_spelling, n=_MOST_SUGGESTED_IDS)
    if near:
        return f"did you mean {' or '.join(by_spelling[each] for each in near)}?"
    return f"if another package registers it, name that package's module, too, as in {FAMILY}:ale_py:ALE/Pong-v5"


def _without_version(env_id: str) -> str:
    return re.sub(r"-v\d+$", "", env_id)


def _version(env_id: str) -> int:
    found = re.search(r"-v(\d+)$", env_id)
    return int(found[1]) if found else 0


@contextmanager
def _no_warnings() -> Iterator[None]:
    """Suppress Gymnasium's warnings within the block: it would repeat them for each environment, in every process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _try_environment(environment: Any, what: str) -> EnvironmentFacts:
    """Reset an environment, step it once, close it, and return its facts."""
    try:
        _check_interface(environment.unwrapped, what)
        observation, _ = environment.reset(seed=0)
        after, *_ = environment.step(environment.action_space.sample())
        shown = (environment.metadata or {}).get("render_fps")
        return EnvironmentFacts(
            module=type(environment.unwrapped).__module__,
            frames_per_second=float(shown) if isinstance(shown, (int, float)) and shown > 0 else None,
            digestible=all(map(_is_digestible, (observation, after))),
        )
    finally:
        environment.close()


def _check_interface(environment: Any, what: str) -> None:
    """Refuse an environment whose methods are those of the old gym.

    Raises:
        UsageError: Its reset takes no seed, or its methods return other values than Gymnasium's.
    """
    parameters = inspect.signature(environment.reset).parameters.values()
    if not any(each.name == "seed" or each.kind is each.VAR_KEYWORD for each in parameters):
        raise UsageError(
            f"{what}: its reset takes no seed, so no two runs would do the same work: define "
            "reset(self, *, seed=None, options=None)"
        )
    environment.action_space.seed(0)
    _check_returned("reset", environment.reset(seed=0), "observation, info", what)
    result = environment.step(environment.action_space.sample())
    _check_returned("step", result, "observation, reward, terminated, truncated, info", what)


def _check_returned(method: str, result: object, wanted: str, what: str) -> None:
    if isinstance(result, tuple) and len(result) == len(wanted.split(", ")):
        return
    returned = f"{len(result)} values" if isinstance(result, tuple) else f"{type(result).__name__}"
    raise UsageError(f"{what}: its {method} returns {returned}, as the old gym's did: return {wanted}")


def _is_digestible(observation: Any) -> bool:
    try:
        digest_value(digestible(observation))
    except TypeError:
        return False
    return True


@contextmanager
def _build_failures(what: str) -> Iterator[None]:
    """Turn what an environment raises within the block into a line that says why the environment cannot be used.

    Raises:
        UsageError: The environment raised; its own traceback follows the line.
    """
    try:
        yield
    except UsageError:
        raise
    except RAISED_BY_OTHERS as error:
        raise _build_failure(what, error) from error


def _build_failure(what: str, error: BaseException) -> UsageError:
    message = " ".join(str(error).split())
    if type(error).__name__ == "DependencyNotInstalled":
        command = _INSTALL.search(message)
        return UsageError(f"{what}: it needs what is not installed: {message if command is None else command[0]}")
    if isinstance(error, ModuleNotFoundError):
        return UsageError(f"{what}: it needs the module {error.name!r}, which is not installed")
    if isinstance(error, TypeError) and ("Gym is incompatible" in message or "must inherit from" in message):
        return UsageError(f"{what}: its class is not derived from gymnasium.Env (classes of the old gym are not)")
    if isinstance(error, TypeError) and "unexpected keyword argument" in message:
        return UsageError(f"{what}: it takes other arguments: {message}")
    if re.search(r"\bdisplay\b|video device|\bGLFW\b|\bX11\b", message, re.IGNORECASE):
        return UsageError(f"{what}: it needs a display, and a measurement has none: {describe_error(error)}")
    gymnasium_folder = Path(str(_gymnasium(what).__file__)).parent
    traceback = user_traceback(error, gymnasium_folder).splitlines()[1:-1]
    return UsageError(f"{what}: it cannot be built, reset and stepped: {describe_error(error)}", *traceback)
