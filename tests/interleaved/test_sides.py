from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkerbench.errors import ProfileError, SideError
from walkerbench.interleaved.sides import Side, parse_side, parse_sides
from walkerbench.profile.loading import load_profile
from walkerbench.profile.table import profile_from_dict

SMOKE = load_profile("smoke")


def refused(text: str) -> str:
    with pytest.raises(SideError) as caught:
        parse_side(text, SMOKE)
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_a_revision_runs_the_common_profile() -> None:
    assert parse_side("HEAD~3", SMOKE) == Side("HEAD~3", "HEAD~3", SMOKE)
    assert parse_side("feature/faster", SMOKE).code == "feature/faster"
    assert parse_side(".", SMOKE).code == "."


def test_a_sides_profile_replaces_the_common_profile() -> None:
    assert parse_side("bottleneck", SMOKE) == Side("bottleneck", None, load_profile("bottleneck"))


def test_a_path_is_a_profile(tiny: Any) -> None:
    path = tiny().source
    assert path.endswith("tiny.toml")
    assert parse_side(path, SMOKE).profile.name == "tiny"


def test_the_order_of_parts_has_no_effect() -> None:
    one = parse_side("mode=threaded, main ,workers=2,default", SMOKE)
    other = parse_side("default,workers=2,main,mode=threaded", SMOKE)
    assert (one.code, one.profile) == (other.code, other.profile)
    assert one.profile.workers == 2
    assert one.profile.environment == load_profile("default").environment


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("mode=process", lambda profile: profile.mode == "process"),
        ("agents=7", lambda profile: profile.stages[0].agents == 7),
        ("seed=5", lambda profile: profile.seed == 5),
        ("environment.brain.batch_size=64", lambda profile: profile.environment.brain.batch_size == 64),
        ("environment.brain.hidden_units=[8, 9]", lambda profile: profile.environment.brain.hidden_units == (8, 9)),
        ("environment.terrain.style=flat", lambda profile: profile.environment.terrain.style == "flat"),
        ('environment.terrain.style="flat"', lambda profile: profile.environment.terrain.style == "flat"),
        ("hold_gil=true", lambda profile: profile.environment.hold_gil == ("agents", "physics")),
        ("environment.hold_gil=['physics']", lambda profile: profile.environment.hold_gil == ("physics",)),
        ("faults.extra_work_percent=5", lambda profile: profile.faults.extra_work_percent == 5),
        ('faults.stall_frames={"3"=0.5,"4"=1.0}', lambda profile: dict(profile.faults.stall_frames) == {3: 0.5, 4: 1}),
        ("safeguards.slow_frame_s=0.5", lambda profile: profile.safeguards.slow_frame_s == 0.5),
    ],
)
def test_every_key_that_has_an_effect_can_be_changed(text: str, found: Any) -> None:
    side = parse_side(text, SMOKE)
    assert side.label == text
    assert side.code is None
    assert found(side.profile)
    assert not found(SMOKE)


def test_sequential_mode_drops_the_number_of_workers() -> None:
    threaded = parse_side("mode=threaded,workers=2", SMOKE).profile
    assert parse_side("mode=sequential", threaded).profile.workers is None
    assert parse_side("mode=process", threaded).profile.workers == 2


def test_the_same_text_twice_makes_two_sides() -> None:
    assert [side.label for side in parse_sides([".", "main", ".", "."], SMOKE)] == [".", "main", ". #2", ". #3"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "side '': a part is empty; give a revision, '.', a profile or key=value"),
        ("main,", "side 'main,': a part is empty; give a revision, '.', a profile or key=value"),
        ("main,HEAD", "side 'main,HEAD': 'main' and 'HEAD' are two revisions; give one"),
        ("smoke,default", "side 'smoke,default': 'smoke' and 'default' are two profiles; give one"),
        ("seed=1,seed=2", "side 'seed=1,seed=2': seed is given twice"),
        ("--mode", "side '--mode': '--mode' is neither a revision nor a profile; write options as separate arguments"),
        ("mode=fast", "side 'mode=fast': mode: no such mode: 'fast'; there are sequential, threaded, process"),
        (
            "workers=2",
            "side 'workers=2': workers: 2 workers in mode sequential; allowed: 1; or mode threaded or process",
        ),
        ("agents=0", "side 'agents=0': stages (entry 1).agents: 0 is wrong; allowed: 1 to 1000000"),
        ("seed.x=1", "side 'seed.x=1': seed.x: no such key; seed is not a section"),
        ("frames=9", "side 'frames=9': frames: plays no part where sides are measured against one another"),
        (
            "criteria.meals=>1",
            "side 'criteria.meals=>1': criteria.meals: plays no part where sides are measured against one another",
        ),
    ],
)
def test_a_text_that_is_wrong_is_refused(text: str, said: str) -> None:
    assert refused(text) == said


def test_an_unknown_key_is_refused_with_a_suggestion() -> None:
    said = refused("environment.brain.batchsize=4")
    assert said.startswith(
        "side 'environment.brain.batchsize=4': environment.brain.batchsize: no such key; did you mean batch_size?"
    )


def test_a_profile_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ProfileError, match=r"nowhere\.toml: no such file"):
        parse_side("nowhere.toml", SMOKE)


@given(st.text())
def test_any_text_is_a_side_or_refused(text: str) -> None:
    try:
        side = parse_side(text, SMOKE)
    except (SideError, ProfileError):
        return
    assert side.label == text


words = st.from_regex(r"[a-z]{3,8}(/[a-z]+)?", fullmatch=True)


@given(words, st.integers(0, 2**31), st.integers(1, 64), st.permutations(range(3)))
def test_each_part_of_a_text_has_its_effect(revision: str, seed: int, batch: int, order: list[int]) -> None:
    parts = [f"rev-{revision}", f"seed={seed}", f"environment.brain.batch_size={batch}"]
    side = parse_side(",".join(parts[index] for index in order), SMOKE)
    assert (side.code, side.profile.seed) == (f"rev-{revision}", seed)
    assert side.profile.environment.brain.batch_size == batch


def test_every_shipped_profile_is_the_same_after_plain_data() -> None:
    for name in ("default", "bottleneck", "ramp", "smoke", "soak"):
        profile = load_profile(name)
        assert profile_from_dict(profile.as_dict()) == profile
