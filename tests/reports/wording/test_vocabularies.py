"""Every word of a recorded vocabulary has its words for readers."""

from __future__ import annotations

from typing import get_args

from walkerbench.comparison.verdicts import ComparisonVerdict
from walkerbench.criteria.judging import Outcome, VerdictWord
from walkerbench.reports.terminal import tables
from walkerbench.reports.terminal.comparison import VERDICT_STYLES
from walkerbench.reports.wording.run_verdict import OUTCOMES
from walkerbench.reports.wording.slow_frames import CAUSES
from walkerbench.reports.wording.time_shares import PARTS
from walkerbench.slow_frames.attribution import TimePart
from walkerbench.slow_frames.critical_path import Cause


def test_every_cause_has_words() -> None:
    assert set(CAUSES) == set(get_args(Cause))


def test_every_part_has_words() -> None:
    # The meaning of `blocked` depends on the mode and the GIL, so a function returns its words.
    assert {*PARTS, "blocked"} == set(get_args(TimePart))


def test_every_outcome_has_a_word() -> None:
    assert set(OUTCOMES) == set(tables.OUTCOME_STYLES) == set(get_args(Outcome))


def test_every_verdict_has_a_style() -> None:
    assert set(tables.STYLES) == set(get_args(VerdictWord))
    assert set(VERDICT_STYLES) == set(get_args(ComparisonVerdict))
