"""A comparison against golden files; `python tests/reports/test_comparison.py` writes them anew."""

from __future__ import annotations

from pathlib import Path

import pytest
from comparisons import compared, side

from walkerbench.cli.result import to_text
from walkerbench.reports.comparison import report
from walkerbench.sessions.same_work import DigestWatch

GOLDEN = Path(__file__).parent / "golden"


def different_work() -> str:
    """What a measurement says of sides that were allowed to differ."""
    watch = DigestWatch(allow_different=True)
    watch.difference = "agents is 60 for side 'main' and 61 for side '[working] tree'"
    return watch.sentence()


MODES = compared(
    side("threaded (2)", "threaded", 1.25), side("process (2)", "process", 0.5), ratios=[(1.24, 1.26), (0.5, 0.52)]
)
REVISIONS = compared(
    side(
        "[working] tree",
        factor=1.05,
        revision="b" * 40,
        dirty=True,
        faults="extra work of 5 % in every frame",
        fallback="with 4 agents or fewer, threads are not used",
    ),
    ratios=[(1.01, 1.03)],
    base=side("main", revision="a" * 40, dirty=False, frame_ms=dict.fromkeys(("mean", "p50", "p99", "max"))),
    did_same_work=False,
    same_work=different_work(),
)

CASES = {
    "compared_modes": (MODES, "on this machine use process with 2 workers: 2.00 times sequential"),
    "compared_revisions": (REVISIONS, None),
}


def text(name: str) -> str:
    result, advice = CASES[name]
    return to_text(report(result, advice=advice))


@pytest.mark.parametrize("name", CASES)
def test_the_report_is_as_it_was(name: str) -> None:
    found = text(name)
    assert found == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")
    assert max(map(len, found.splitlines())) <= 80


def test_what_spoils_a_comparison_is_said_before_and_after_it() -> None:
    found = text("compared_revisions")
    for warning in ("FAULTS INJECTED", "DIFFERENT WORK", "ran as sequential"):
        assert found.count(warning) == 2


if __name__ == "__main__":
    for each in CASES:
        (GOLDEN / f"{each}.txt").write_text(text(each), encoding="utf-8")
