"""What compare, ab and gate say before anything is measured: what is needed, and how long it takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from walkerbench.cli.suite_comparison import describe_suite
from walkerbench.comparison.decision_rules import ALPHA
from walkerbench.comparison.permutation_test import MOST_REPEATS, repeats_needed
from walkerbench.errors import NotComparable
from walkerbench.interleaved import rounds as measuring
from walkerbench.interleaved.measurement_observer import MeasurementObserver
from walkerbench.interleaved.round_plan import MeasurementRequest, find_limits
from walkerbench.interleaved.sides import Side


def only_begins(sides: Sequence[Side], request: object, rules: object, observer: MeasurementObserver) -> None:
    """Stand in for `measure`: tell the observer that the measurement begins, and end it."""
    observer.started(sides)
    raise NotComparable("not measured")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--budget 2m", "main, HEAD: about 120 s; 2 sides need at least 11 rounds (--rounds), about 36 s (--budget)"),
        ("--rounds 20", "main, HEAD: about 94 s; 2 sides need at least 11 rounds (--rounds), about 36 s (--budget)"),
        ("--alpha 5%", "main, HEAD: about 60 s; 2 sides need at least 8 rounds (--rounds), about 27 s (--budget)"),
    ],
)
def test_a_measurement_says_first_what_it_needs_and_takes(
    command: Any, monkeypatch: pytest.MonkeyPatch, options: str, said: str
) -> None:
    monkeypatch.setattr(measuring, "measure", only_begins)
    assert command("ab", "main", "HEAD", *options.split()).err.splitlines()[0] == f"measuring {said}"


@pytest.mark.parametrize("name", ["compare", "ab", "gate"])
def test_the_help_says_what_a_measurement_needs_and_takes(command: Any, name: str) -> None:
    text = " ".join(command(name, "--help").out.split())
    two, three = (find_limits(MeasurementRequest(), sides, ALPHA) for sides in (2, 3))
    assert f"two sides need at least {two.rounds}, three {three.rounds}." in text
    assert f"two sides need about {two.least_s:.0f}s at least, three {three.least_s:.0f}s." in text
    assert f"about {two.expected_s:.0f} seconds, or the time of --budget" in text


def test_the_help_says_how_many_repeats_can_be_compared(command: Any) -> None:
    compare, gate = (" ".join(command(name, "--help").out.split()) for name in ("compare", "gate"))
    least, most = repeats_needed(ALPHA), MOST_REPEATS
    assert f"at least {least} runs ({repeats_needed(ALPHA, 3)} where there are three candidates); it may" in compare
    assert f"it may have {most} at most" in compare
    assert f"as many runs as the baseline has, {least} to {most} at the default alpha" in gate


@pytest.mark.parametrize(
    ("tests", "budget_s", "said"),
    [
        (1, None, "measuring 1 test: about 60 s; each needs at least 11 rounds, about 36 s of the budget"),
        (4, None, "measuring 4 tests: about 240 s; each needs at least 13 rounds, about 42 s of the budget"),
        (4, 100.0, "measuring 4 tests: about 100 s; each needs at least 13 rounds, about 42 s of the budget"),
    ],
)
def test_a_suite_says_first_what_it_needs_and_takes(tests: int, budget_s: float | None, said: str) -> None:
    assert describe_suite(tests, MeasurementRequest(budget_s=budget_s), ALPHA) == said
