from __future__ import annotations

import math
from typing import Any

import pytest

from walkerbench.comparison.decision_rules import DecisionRules
from walkerbench.errors import UsageError


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"tolerance": -0.1}, "a tolerance of -0.1 makes no sense: give 0 or more, such as 0.02 for 2 %"),
        ({"tolerance": math.inf}, "a tolerance of inf makes no sense: give 0 or more, such as 0.02 for 2 %"),
        ({"alpha": 0.0}, "an alpha of 0 makes no sense: give more than 0 and less than 0.5"),
        ({"alpha": 0.5}, "an alpha of 0.5 makes no sense: give more than 0 and less than 0.5"),
    ],
)
def test_rules_out_of_range_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        DecisionRules(**wrong)
    assert str(caught.value) == message


def test_the_rules_are_2_percent_and_1_percent_by_default() -> None:
    assert DecisionRules() == DecisionRules(tolerance=0.02, alpha=0.01, allow_different_work=False)
