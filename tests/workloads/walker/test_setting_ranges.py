"""Every number of the walker's settings has a range, and the environment runs with every value in the range."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

import numpy as np
import pytest
from annotated_types import Interval
from fuzzing import examples
from herds import Herd
from hypothesis import given, settings
from hypothesis import strategies as st

from walkerbench.errors import ProfileError
from walkerbench.profile.table import profile_from_table
from walkerbench.workloads.walker.settings import GENES, BrainSettings, WalkerSettings

SMALL = {("brain", "hidden_units"): (8,), ("brain", "head_units"): 4, ("brain", "batch_size"): 8}
"""Sizes whose upper ends only take more time."""

COSTLY = {"replay_capacity": 64, "learn_from_experiences": 64, "food_sources": 50, "head_units": 4, "batch_size": 8}
TERRAIN = {"x_min_m", "x_max_m", "resolution_m", "start_margin_m", "ray_length_m"}
"""Keys whose values are not valid in every combination, so that one strategy draws them together."""


def sections() -> Iterator[dataclasses.Field[Any]]:
    """Return the fields that are sections of keys; the others are keys without a section, such as `hold_gil`."""
    return (each for each in dataclasses.fields(WalkerSettings) if each.default is dataclasses.MISSING)


def ranges() -> Iterator[tuple[str, str, float, float]]:
    """Return the section, the key, and the lower and upper end of every key that is one number."""
    for section in sections():
        kind = get_type_hints(WalkerSettings)[section.name]
        for key, hint in get_type_hints(kind, include_extras=True).items():
            for bounds in getattr(hint, "__metadata__", ()):
                if isinstance(bounds, Interval):
                    assert isinstance(bounds.ge, int | float), key
                    assert isinstance(bounds.le, int | float), key
                    yield section.name, key, bounds.ge, bounds.le


RANGES = list(ranges())
GROUNDS: list[dict[tuple[str, str], Any]] = [
    {},
    {("terrain", "x_min_m"): 4980, ("terrain", "x_max_m"): 5000, ("senses", "ray_length_m"): 100},
    {("terrain", "x_min_m"): -5000, ("terrain", "x_max_m"): -4980, ("terrain", "resolution_m"): 0.1},
    {("senses", "ray_length_m"): 0.1, ("terrain", "start_margin_m"): 0.01},
    {("terrain", "start_margin_m"): 249.9},
]


def made(values: dict[tuple[str, str], Any]) -> WalkerSettings:
    default = WalkerSettings()
    sections: dict[str, dict[str, Any]] = {}
    for (section, key), value in values.items():
        sections.setdefault(section, {})[key] = value
    return dataclasses.replace(
        default, **{name: dataclasses.replace(getattr(default, name), **keys) for name, keys in sections.items()}
    )


def drawn_settings() -> st.SearchStrategy[WalkerSettings]:
    ends = {
        (section, key): st.sampled_from([low, min(high, COSTLY.get(key, high))])
        for section, key, low, high in RANGES
        if key not in TERRAIN and key not in GENES
    }
    ends |= {("genome", gene): st.sampled_from([(0.5, 1.0), (1.0, 2.0), (0.5, 2.0)]) for gene in GENES}
    ends[("terrain", "style")] = st.sampled_from(["flat", "rolling", "rough", "mixed"])
    ends.pop(("brain", "replay_capacity"))
    corners = st.fixed_dictionaries({}, optional=ends) | st.fixed_dictionaries(ends)
    return st.builds(lambda ground, values: made({**SMALL, **ground, **values}), st.sampled_from(GROUNDS), corners)


def run_frames(walker: WalkerSettings, frames: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        herd = Herd(3, walker)
        herd.step(frames)
        herd.digests()
    assert np.isfinite(herd.buffers.published["energy"]).all()


@pytest.mark.promise("input", "Every combination of walker settings within their ranges runs.")
@settings(max_examples=examples(25))
@given(drawn_settings())
def test_the_walker_runs_at_the_corners_of_its_ranges(walker: WalkerSettings) -> None:
    run_frames(walker, 20)


@pytest.mark.parametrize("end", [2, 3], ids=["low", "high"])
def test_all_keys_at_one_end_run_together(end: int) -> None:
    keys = [each for each in RANGES if each[1] not in TERRAIN | {"replay_capacity"}]
    values = {(each[0], each[1]): min(each[end], COSTLY.get(each[1], each[end])) for each in keys}
    run_frames(made({**SMALL, **values}), 30)


@pytest.mark.promise("input", "A number out of its range is refused by its key and range, before anything starts.")
@pytest.mark.parametrize(("section", "key", "low", "high"), RANGES, ids=[f"{each[0]}.{each[1]}" for each in RANGES])
def test_each_number_just_out_of_range_is_refused(section: str, key: str, low: float, high: float) -> None:
    whole = get_args(get_type_hints(get_type_hints(WalkerSettings)[section], include_extras=True)[key])[0] is int
    below = low - 1 if whole else np.nextafter(low, -np.inf).item()
    above = high + 1 if whole else np.nextafter(high, np.inf).item()
    for value in (below, above, *(() if whole else (1e308, -1e308))):
        with pytest.raises(ProfileError) as caught:
            profile_from_table({"environment": {section: {key: value}}}, "any", "any.toml", "any.toml")
        (problem,) = caught.value.problems
        assert problem.startswith(f"environment.{section}.{key}: ")
        assert problem.endswith(f"allowed: {low} to {high}")


def test_every_number_has_a_range() -> None:
    named = {(section, key) for section, key, _, _ in RANGES}
    for section in sections():
        for field in dataclasses.fields(section.default_factory):  # type: ignore[arg-type]
            default = field.default
            if isinstance(default, int | float) and not isinstance(default, bool):
                assert (section.name, field.name) in named


def test_a_ground_too_fine_for_long_rays_is_refused() -> None:
    table = {"terrain": {"x_min_m": -5000, "x_max_m": 5000, "resolution_m": 0.1}, "senses": {"ray_length_m": 100}}
    with pytest.raises(ProfileError, match=r"environment\.senses\.ray_length_m: give at most 10 on a ground so"):
        profile_from_table({"environment": table}, "any", "any.toml", "any.toml")


def test_learning_that_diverges_gives_no_warning() -> None:
    wild = BrainSettings(adam_beta2=0.0, learning_rate=1e30, batch_size=1, learn_from_experiences=1, hidden_units=(8,))
    schedule = dataclasses.replace(WalkerSettings().schedule, ai_interval_frames=1, learn_interval_updates=1)
    run_frames(WalkerSettings(brain=wild, schedule=schedule), 30)
