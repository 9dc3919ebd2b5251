from __future__ import annotations

import json

import pytest
from comparisons import SLOWER, UNCLEAR, gated

from walkerbench.gating import GateResult


@pytest.mark.parametrize(
    ("result", "code", "word"),
    [
        (gated("pass"), 0, "PASS"),
        (gated("fail"), 1, "FAIL"),
        (gated("pass", ratio=SLOWER), 1, "FAIL"),
        (gated("unsupported"), 4, "INCONCLUSIVE"),
        (gated("pass", ratio=UNCLEAR), 4, "INCONCLUSIVE"),
        (gated("unsupported", ratio=SLOWER), 1, "FAIL"),
        (gated(), 4, "INCONCLUSIVE"),  # a gate that judged nothing passes nothing
        (gated("pass", state="emergency", ended_because="slow"), 1, "FAIL"),
        (gated("pass", state="interrupted"), 130, "NO VERDICT"),
        (gated("fail", state="broken"), 3, "NO VERDICT"),
    ],
)
def test_what_a_gate_comes_to(result: GateResult, code: int, word: str) -> None:
    assert (result.exit_code, result.word) == (code, word)
    plain = json.loads(json.dumps(result.as_dict(), allow_nan=False))
    assert (plain["exit_code"], plain["verdict"]) == (code, word)
    assert plain["runs"][0]["directory"] == "a-run"


def test_failures_and_doubts_are_named_once_each() -> None:
    one = gated("fail", "unsupported", ratio=SLOWER)
    result = GateResult(one.runs * 3, one.compared)
    assert result.failures == [
        "criterion not met: frame_ms.max < 200 (250 is not < 200)",
        "regression: frame time of . +24.9 % against main (+20.0…+30.0 %): slower by more than 2 % (p = 0.00024)",
    ]
    assert result.doubts == ["criterion not judged: frame_ms.max < 200 (there are no judged frames)"]


def test_an_emergency_is_a_failure() -> None:
    assert gated("pass", state="emergency", ended_because="10 slow frames").failures == [
        "emergency shutdown: 10 slow frames"
    ]
