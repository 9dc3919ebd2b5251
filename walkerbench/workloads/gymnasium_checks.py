"""Finds and builds Gymnasium's environments, and tells apart what can be wrong with one that a SPEC names."""

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

_NEAREST = 3  # ids that are offered for one that there is not
_INSTALL = re.compile(r"pip install [^`]+")


@dataclass(frozen=True)
class EnvironmentFacts:
    """What one environment of a SPEC, built and stepped once, has shown.

    Attributes:
        module: The module of its class.
        frames_per_second: Those of its simulated time, as its metadata has them for a viewer; None where they do not.
        digestible: Whether its observations can be digested.
    """

    module: str
    frames_per_second: float | None
    digestible: bool


_FACTS: dict[tuple[str, str], EnvironmentFacts] = {}
"""By SPEC and arguments: a profile asks for its workload more than once."""


def environment_facts(rest: str, arguments: Mapping[str, Any]) -> EnvironmentFacts:
    """Build an environment, reset it, step it once, and return what that has shown.

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
            raise UsageError(f"{what}: render_mode 'human' opens a window and waits for it: leave it out")
        with _build_failures(what), _no_warnings():
            _FACTS[key] = _tried(make_environment(rest, arguments), what)
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
    """Return what is looked for, for messages."""
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
    """Refuse an id that no environment is registered by.

    Raises:
        UsageError: There is none, and the nearest ones.
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
    """Return what may have been meant by an id that is not known."""
    versions = [each for each in known if _without_version(each) == _without_version(env_id)]
    if versions:
        return f"there is {' and '.join(sorted(versions, key=_version))}"
    by_spelling = {each.lower(): each for each in sorted(known, key=_version)}
    near = difflib.get_close_matches(env_id.lower(), by_spelling, n=_NEAREST)
    if near:
        return f"did you mean {' or '.join(by_spelling[each] for each in near)}?"
    return f"where another package registers it, name its module, too, as in {FAMILY}:ale_py:ALE/Pong-v5"


def _without_version(env_id: str) -> str:
    return re.sub(r"-v\d+$", "", env_id)


def _version(env_id: str) -> int:
    found = re.search(r"-v(\d+)$", env_id)
    return int(found[1]) if found else 0


@contextmanager
def _no_warnings() -> Iterator[None]:
    """Keep back what Gymnasium warns of while it builds environments: it would say so of each, in every process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _tried(environment: Any, what: str) -> EnvironmentFacts:
    """Return the facts of an environment that has been built, after a reset and a step; it is closed."""
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
    """Say in one line why an environment cannot be used; its own traceback follows.

    Raises:
        UsageError: It cannot.
    """
    try:
        yield
    except UsageError:
        raise
    except RAISED_BY_OTHERS as error:
        raise _build_failure(what, error) from error


def _build_failure(what: str, error: BaseException) -> UsageError:
    told = " ".join(str(error).split())
    if type(error).__name__ == "DependencyNotInstalled":
        wanted = _INSTALL.search(told)
        return UsageError(f"{what}: it needs what is not installed: {told if wanted is None else wanted[0]}")
    if isinstance(error, ModuleNotFoundError):
        return UsageError(f"{what}: it needs the module {error.name!r}, which is not installed")
    if isinstance(error, TypeError) and ("Gym is incompatible" in told or "must inherit from" in told):
        return UsageError(f"{what}: its class is not derived from gymnasium.Env (the old gym's are not, either)")
    if isinstance(error, TypeError) and "unexpected keyword argument" in told:
        return UsageError(f"{what}: it takes other arguments: {told}")
    if re.search(r"\bdisplay\b|video device|\bGLFW\b|\bX11\b", told, re.IGNORECASE):
        return UsageError(f"{what}: it needs a display, which a measurement has not: {describe_error(error)}")
    beneath = Path(str(_gymnasium(what).__file__)).parent
    traceback = user_traceback(error, beneath).splitlines()[1:-1]
    return UsageError(f"{what}: it cannot be built, reset and stepped: {describe_error(error)}", *traceback)
