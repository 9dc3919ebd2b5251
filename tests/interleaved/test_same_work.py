from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from walkerbench.errors import NotComparable, UsageError
from walkerbench.interleaved.protocol import Digest, Digests
from walkerbench.interleaved.same_work import DigestWatch, check_measurable, requested_difference
from walkerbench.interleaved.sides import Side, parse_sides
from walkerbench.profile.loading import load_profile

SMOKE = load_profile("smoke")


def sides(*texts: str) -> tuple[Side, ...]:
    return parse_sides(texts, SMOKE)


def test_a_single_side_is_refused() -> None:
    with pytest.raises(UsageError, match="give two sides or more"):
        check_measurable(sides("."))


def test_two_sides_with_the_same_label_are_refused() -> None:
    with pytest.raises(UsageError, match=r"the same label: \., \."):
        check_measurable(sides(".") * 2)
    check_measurable(sides(".", "."))


def test_a_side_with_several_stages_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        check_measurable(sides("main", "ramp"))
    assert str(caught.value) == (
        "side 'ramp': the profile ramp has 3 stages, but sides are measured over one: "
        "choose a profile without [[stages]]"
    )


@pytest.mark.parametrize(
    ("texts", "difference"),
    [
        (["mode=sequential", "mode=process,workers=3"], None),
        ([".", "faults.extra_work_percent=5", "safeguards.slow_frame_s=1"], None),
        (["hold_gil=true", 'hold_gil=["physics"]', "."], None),  # the settings class says that it changes no work
        (["seed=1", ".", "seed=2"], "seed is 1 for side 'seed=1' and 2 for side 'seed=2'"),
        ([".", "agents=13"], "agents is 12 for side '.' and 13 for side 'agents=13'"),
        ([".", "warmup=7"], "warmup is 120 for side '.' and 7 for side 'warmup=7'"),
        (
            [".", "environment.brain.discount=0.5"],
            "environment.brain.discount is 0.99 for side '.' and 0.5 for side 'environment.brain.discount=0.5'",
        ),
    ],
)
def test_the_requested_work_of_sides_is_compared(texts: list[str], difference: str | None) -> None:
    assert requested_difference(sides(*texts)) == difference


class FakeSession:
    """Returns given digests, one after the other, in place of a session."""

    def __init__(
        self, label: str, digests: Sequence[str | None], rows: Sequence[Sequence[int]] = (), fields: str = "ab"
    ) -> None:
        self.label = label
        self._digests = iter(enumerate(digests))
        self._listed = Digests(fields=tuple(fields), rows=tuple(tuple(row) for row in rows))

    prepared: Any = SimpleNamespace(same_work_not_proven="mysim:Herd has no state()")

    def run_block(self, block: int, frames: int) -> None:
        """Do nothing: the next digest is that of the frame after it."""

    def take_digest(self) -> Digest:
        frame, digest = next(self._digests)
        return Digest(frame=frame, digest=digest)

    def list_digests(self) -> Digests:
        return self._listed


def refusal(*sessions: Any, checks: int = 1) -> NotComparable:
    watch = DigestWatch(allow_different=False)

    def check_often() -> None:
        for _ in range(checks):
            watch.check(sessions)

    with pytest.raises(NotComparable) as caught:
        check_often()
    assert caught.value.exit_code == 2
    assert caught.value.different_work == str(caught.value).startswith("not the same work: ")
    return caught.value


def refused(*sessions: Any, checks: int = 1) -> str:
    return str(refusal(*sessions, checks=checks))


def test_equal_digests_prove_the_same_work() -> None:
    watch = DigestWatch(allow_different=False)
    sessions: Any = [FakeSession("base", ["aa", "bb"]), FakeSession("new", ["aa", "bb"])]
    watch.check(sessions)
    watch.check(sessions)
    assert watch.difference is None
    assert watch.seen == {"base": {0: "aa", 1: "bb"}, "new": {0: "aa", 1: "bb"}}
    assert watch.sentence() == "Same work: the digests of all sides agree wherever they were taken, after frames 0, 1."


def test_the_first_difference_is_named_by_checkpoint_agent_and_field() -> None:
    base = FakeSession("base", ["aa", "bb"], [[1, 2], [3, 4], [5, 6]])
    new = FakeSession("new", ["aa", "cc"], [[1, 2], [3, 0], [0, 0]])
    found = refusal(base, new, checks=2)
    assert str(found) == (
        "not the same work: after frame 1, agent 1 is the first that differs between sides 'base' and 'new', in b"
    )
    assert found.details == ("2 of 3 agents differ: 1, 2", "the digests cover a, b")


def test_different_numbers_of_agents_and_fields_are_named() -> None:
    rows = [[1, 2]]
    said = refused(FakeSession("base", ["aa"], rows), FakeSession("new", ["cc"], rows * 2))
    assert said.startswith("not the same work: after frame 0, there are 1 and 2 agents between sides 'base' and 'new'")
    said = refused(FakeSession("base", ["aa"], rows), FakeSession("new", ["cc"], rows, "xy"))
    assert "the digests cover a, b and x, y between sides" in said
    said = refused(FakeSession("base", ["aa"], rows), FakeSession("new", ["cc"], rows))
    assert "but those of no single agent" in said


def test_different_work_that_is_allowed_is_reported() -> None:
    watch = DigestWatch(allow_different=True)
    sessions: Any = [FakeSession("base", ["aa", "bb"], [[1, 2]]), FakeSession("new", ["cc", "dd"], [[1, 3]])]
    watch.check(sessions)
    watch.check(sessions)
    assert watch.sentence() == (
        "after frame 0, agent 0 is the first that differs "
        "between sides 'base' and 'new', in b; different work was allowed"
    )


@pytest.mark.parametrize("allowed", [True, False])
def test_a_side_that_does_not_repeat_its_work_is_always_refused(allowed: bool) -> None:
    watch = DigestWatch(allow_different=allowed)
    for digest in ("aa", "aa"):
        watch.check([FakeSession("base", [digest]), FakeSession("new", [digest])])  # type: ignore[list-item]
    with pytest.raises(NotComparable, match="side 'base' is not deterministic: after frame 0"):
        watch.check([FakeSession("base", ["bb"]), FakeSession("new", ["bb"])])  # type: ignore[list-item]


def test_sides_without_digests_are_not_said_to_do_the_same_work() -> None:
    watch = DigestWatch(allow_different=False)
    sessions: Any = [FakeSession("base", [None]), FakeSession("new", [None])]
    watch.check(sessions)
    assert (watch.difference, watch.not_proven) == (None, "mysim:Herd has no state()")
    assert watch.sentence() == "same work not proven: mysim:Herd has no state()"


def test_one_side_without_digests_makes_the_work_unproven() -> None:
    watch = DigestWatch(allow_different=False)
    watch.check([FakeSession("base", ["aa"]), FakeSession("new", [None])])  # type: ignore[list-item]
    assert watch.sentence() == "same work not proven: mysim:Herd has no state()"


def test_a_side_that_depends_on_chance_is_named() -> None:
    watch = DigestWatch(allow_different=False)
    sessions: Any = [FakeSession("base", ["aa"], [[1, 2]]), FakeSession("new", ["bb"], [[1, 3]])]
    with pytest.raises(NotComparable, match="not the same work"):
        watch.check(sessions)
    repeated: Any = [FakeSession("base", ["aa"]), FakeSession("new", ["bb"])]
    watch.check_repeated(repeated, warmup=1)
    by_chance: Any = [FakeSession("base", ["aa"]), FakeSession("new", ["cc"])]
    with pytest.raises(NotComparable, match="side 'new' is not deterministic: after frame 0") as caught:
        watch.check_repeated(by_chance, warmup=1)
    assert not caught.value.different_work


def test_a_difference_known_beforehand_is_kept() -> None:
    watch = DigestWatch(allow_different=True)
    watch.difference = "seed is 1 here and 2 there"
    sessions = {label: FakeSession(label, [label]) for label in "ab"}
    only_digests: Any = [SimpleNamespace(label=label, take_digest=each.take_digest) for label, each in sessions.items()]
    watch.check(only_digests)
    assert watch.sentence() == "seed is 1 here and 2 there; different work was allowed"
