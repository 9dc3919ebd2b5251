from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from walkerbench.criteria.judging import exit_code_of_run
from walkerbench.reports.wording.run_verdict import run_verdict, trouble
from walkerbench.run_directory import RunFile

FINISHED = RunFile.model_validate_json((Path(__file__).parents[1] / "finished_run.json").read_bytes())


def verdicts(*outcomes: str) -> list[dict[str, Any]]:
    names = ("a < 1", "b < 1", "c < 1")
    return [
        {"criterion": name, "stage": None, "value": None, "outcome": outcome, "detail": ""}
        for name, outcome in zip(names, outcomes, strict=False)
    ]


CASES = [
    ("finished", ("pass", "pass"), "PASS", "every criterion is met.", 0),
    ("finished", ("pass", "fail"), "FAIL", "not met: b < 1.", 1),
    ("finished", ("fail", "unsupported", "fail"), "FAIL", "not met: a < 1, c < 1.", 1),
    ("finished", ("pass", "unsupported"), "INCONCLUSIVE", "could not be judged: b < 1.", 4),
    ("finished", (), "INCONCLUSIVE", "nothing was judged.", 4),
    ("emergency", ("pass", "fail"), "FAIL", "too slow.", 1),
    ("emergency", (), "FAIL", "too slow.", 1),
    ("broken", ("fail",), "NO VERDICT", "the run broke: too slow.", 3),
    (
        "interrupted",
        ("fail",),
        "NO VERDICT",
        "the run was interrupted; what was measured until then is shown.",
        130,
    ),
    ("running", (), "NO VERDICT", "the run has no end: it is still going on, or it was killed.", 3),
]


@pytest.mark.parametrize(("state", "outcomes", "word", "because", "code"), CASES)
def test_the_words_agree_with_the_exit_code(
    state: str, outcomes: tuple[str, ...], word: str, because: str, code: int
) -> None:
    run = FINISHED.changed(state=state, ended_because="too slow", verdicts=verdicts(*outcomes))
    verdict = run_verdict(run)
    assert (verdict.word, verdict.because) == (word, because)
    assert exit_code_of_run(run.state, run.verdicts) == code
    assert verdict.word == {0: "PASS", 1: "FAIL", 4: "INCONCLUSIVE"}.get(code, "NO VERDICT")


def test_stages_are_named_from_one() -> None:
    stages = [{**dict(FINISHED.stages[0]), "stage": number} for number in range(2)]
    outcomes = [{**verdict, "stage": stage} for stage in (0, 1, None) for verdict in verdicts("fail")]
    run = FINISHED.changed(stages=stages, verdicts=outcomes)
    assert run_verdict(run).because == "not met: a < 1 (stage 1), a < 1 (stage 2), a < 1 (as a whole)."
    passed = run.changed(verdicts=[{**verdict, "outcome": "pass"} for verdict in outcomes])
    assert run_verdict(passed).because == "every criterion is met, in each of 2 stages and as a whole."


@pytest.mark.parametrize(
    ("state", "because", "text"),
    [
        ("finished", None, None),
        ("interrupted", "by the user", "INTERRUPTED: by the user (after 3,600 frames)"),
        ("broken", None, "BROKEN (after 3,600 frames)"),
        ("emergency", "too slow", "STOPPED ITSELF: too slow (after 3,600 frames)"),
        ("running", None, "UNFINISHED: still running, or killed; shown as far as it was recorded (after 3,600 frames)"),
    ],
)
def test_a_run_that_did_not_finish_has_a_warning(state: str, because: str | None, text: str | None) -> None:
    assert trouble(FINISHED.changed(state=state, ended_because=because)) == text
