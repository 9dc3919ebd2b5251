from __future__ import annotations

from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkerbench.cli.option_types import Duration, ProfileName, RunName
from walkerbench.profile import shipped as shipped_profiles
from walkerbench.profile.loading import load_profile


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90.0), ("90s", 90.0), ("5m", 300.0), ("1h", 3600.0), ("1.5m", 90.0), ("0.25", 0.25)]
)
def test_durations_are_parsed_to_seconds(text: str, seconds: float) -> None:
    assert Duration().convert(text, None, None) == seconds


@pytest.mark.parametrize(
    "text", ["", "s", "5 m", "5M", "-5", "+5", "1e3", "nan", "inf", "1m30s", "٣", "5.", ".5", "5d"]
)
def test_a_text_that_is_not_a_duration_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is no duration"):
        Duration().convert(text, None, None)


@given(st.integers(0, 8784), st.sampled_from([("", 1), ("s", 1), ("m", 60), ("h", 3600)]))
def test_whole_durations_are_exact(number: int, unit: tuple[str, int]) -> None:
    assert Duration().convert(f"{number}{unit[0]}", None, None) == number * unit[1]


@given(st.text(max_size=8))
def test_any_text_is_a_finite_duration_or_a_usage_error(text: str) -> None:
    try:
        seconds = Duration().convert(text, None, None)
    except click.BadParameter:
        return
    assert 0 <= seconds < float("inf")


def context() -> tuple[click.Context, click.Parameter]:
    return click.Context(click.Command("any")), click.Option(["--any"])


def test_profile_names_are_completed_and_else_files() -> None:
    assert [item.value for item in ProfileName().shell_complete(*context(), "s")] == ["smoke", "soak"]
    assert [(item.value, item.type) for item in ProfileName().shell_complete(*context(), "./s")] == [("./s", "file")]


def test_runs_are_completed_to_latest_else_directories() -> None:
    assert [item.value for item in RunName().shell_complete(*context(), "@l")] == ["@latest"]
    assert [item.type for item in RunName().shell_complete(*context(), "res")] == ["dir"]


def test_shipped_profiles_are_found_in_the_package_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "walkerbench"
    package.mkdir()
    (tmp_path / "profiles").mkdir()
    monkeypatch.setattr(shipped_profiles, "__file__", str(package / "profile" / "shipped.py"))
    assert shipped_profiles.directory() == tmp_path / "profiles"
    (package / "profiles").mkdir()
    (package / "profiles" / "only.toml").write_text("seed = 5\n")
    assert shipped_profiles.directory() == package / "profiles"
    assert shipped_profiles.names() == ("only",)
    assert load_profile("only").seed == 5
