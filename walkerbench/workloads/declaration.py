"""Checks what a workload declares as soon as the workload is made, so that a wrong declaration cannot fail later."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from numbers import Integral, Real
from typing import Any, get_args

import numpy as np

from walkerbench.workloads.contract import Field, Shards, Workload
from walkerbench.workloads.main_phase import MainPhase
from walkerbench.workloads.picture import Picture

_WRITTEN_BY = {"fields": ("current", "published"), "snapshot_fields": ("snapshot",)}


def factory_problem(factory: object) -> str | None:
    """Return what is wrong with a workload's factory, or None.

    Args:
        factory: See `WorkloadFactory`.
    """
    if not callable(factory):
        return f"it is {factory!r}; allowed: a subclass of Workload, or a function that makes one"
    settings = getattr(factory, "settings_class", None)
    if not isinstance(settings, type) or not dataclasses.is_dataclass(settings):
        return f"its settings_class is {settings!r}; allowed: a dataclass"
    for field in dataclasses.fields(settings):
        if field.init and field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            return f"its setting {field.name} has no default"
    return None


def declaration_problems(workload: object) -> Iterator[str]:
    """Yield what is wrong with a workload's declaration, each as `attribute is value; allowed: …`.

    Args:
        workload: What a factory made.

    Raises:
        Exception: A method of the workload raised.
    """
    if not isinstance(workload, Workload):
        yield f"its factory made {workload!r}; allowed: an instance of Workload"
        return
    wrong_names = [*_wrong_names(workload)]
    yield from wrong_names or _wrong_relations(workload)
    yield from _wrong_fields(workload)
    yield from _wrong_picture(workload)
    yield from _wrong_numbers(workload)


def checked_statistics(statistics: object) -> dict[str, float]:
    """Return a settler's statistics, if they are well formed.

    Raises:
        TypeError: They are not a dictionary from names to numbers.
    """
    if not isinstance(statistics, dict) or not all(isinstance(name, str) for name in statistics):
        raise TypeError(f"statistics() is {statistics!r}; allowed: a dictionary with names as keys")
    for name, value in statistics.items():
        if not isinstance(value, Real):
            raise TypeError(f"statistics() has {value!r} as {name!r}; allowed: a number")
    return statistics


def _wrong_names(workload: Workload) -> Iterator[str]:
    for attribute in ("name", "settle_phase"):
        value = getattr(workload, attribute, None)
        if not _is_name(value):
            yield f"{attribute} is {value!r}; allowed: a word in printable characters"
    for attribute, fewest in (
        *(("phases", 1), ("digest_fields", 0)),
        *(("counters", 0), ("frame_counters", 0), ("event_counters", 0), ("default_criteria", 0)),
    ):
        value = getattr(workload, attribute, None)
        if not isinstance(value, tuple) or len(value) < fewest or not all(map(_is_name, value)):
            yield f"{attribute} is {value!r}; allowed: a tuple of {'at least one word' if fewest else 'words'}"
        elif repeated := [each for each, times in Counter(value).items() if times > 1]:
            yield f"{attribute} names {repeated[0]!r} more than once"
    if not _is_name(workload.why_no_digest):
        yield f"why_no_digest is {workload.why_no_digest!r}; allowed: words in printable characters"
    if workload.shards not in get_args(Shards):
        yield f"shards is {workload.shards!r}; allowed: {', '.join(get_args(Shards))}"
    main = getattr(workload, "main_phase", None)
    if not (isinstance(main, MainPhase) and _is_name(main.phase) and _is_name(main.title)):
        yield f"main_phase is {main!r}; allowed: a MainPhase with a phase and a title"


def _wrong_relations(workload: Workload) -> Iterator[str]:
    if workload.main_phase.phase not in workload.phases:
        yield f"main_phase is {workload.main_phase.phase!r}; allowed: one of the phases {', '.join(workload.phases)}"
    for attribute, among in (("frame_counters", "counters"), ("event_counters", "frame_counters")):
        unknown = [each for each in getattr(workload, attribute) if each not in getattr(workload, among)]
        if unknown:
            yield f"{attribute} names {unknown[0]!r}, which is none of the {among}"


def _wrong_fields(workload: Workload) -> Iterator[str]:
    for method, groups in _WRITTEN_BY.items():
        fields = getattr(workload, method)()
        if not isinstance(fields, tuple) or not all(isinstance(each, Field) for each in fields):
            yield f"{method}() is {fields!r}; allowed: a tuple of Field"
            continue
        for each, times in Counter((each.group, each.name) for each in fields).items():
            if times > 1:
                yield f"{method}() has {each[1]!r} of the group {each[0]!r} more than once"
        for field in fields:
            if field.group not in groups:
                yield f"{method}() has {field.name!r} in the group {field.group!r}; allowed: {' or '.join(groups)}"
            if not _is_number_type(field.dtype):
                yield f"{method}() has {field.name!r} of dtype {field.dtype!r}; allowed: NumPy's name of a number type"
            if not all(isinstance(length, int) and length >= 0 for length in field.shape):
                yield f"{method}() has {field.name!r} of shape {field.shape!r}; allowed: lengths of at least 0"


def _wrong_picture(workload: Workload) -> Iterator[str]:
    picture = workload.picture()
    if picture is not None and not isinstance(picture, Picture):
        yield f"picture() is {picture!r}; allowed: a Picture, or None"
    elif picture is not None and not workload.snapshot_fields():
        yield f"picture() is {picture!r}, and snapshot_fields() names nothing that it could draw"


def _wrong_numbers(workload: Workload) -> Iterator[str]:
    frames = workload.frames_per_second()
    if not (_is_number(frames) and 0 < frames < math.inf):
        yield f"frames_per_second() is {frames!r}; allowed: a finite number above 0"
    needed = workload.bytes_per_agent()
    if not (isinstance(needed, Integral) and int(needed) >= 0):
        yield f"bytes_per_agent() is {needed!r}; allowed: an integer of at least 0"
    limits = workload.resource_limits()
    if not (isinstance(limits, Mapping) and all(_is_name(name) and _is_number(most) for name, most in limits.items())):
        yield f"resource_limits() is {limits!r}; allowed: names with numbers"


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value.isprintable() and value.strip() == value != ""


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not math.isnan(value)


def _is_number_type(dtype: Any) -> bool:
    try:
        return np.dtype(dtype).kind in "biufc"
    except TypeError:
        return False
