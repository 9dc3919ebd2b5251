from __future__ import annotations

import dataclasses
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from fuzzing import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from walkerbench.errors import CriterionError, OverrideError, ProfileError
from walkerbench.modes.faults import Faults
from walkerbench.profile import shipped as shipped_profiles
from walkerbench.profile.loading import list_profiles, load_profile
from walkerbench.profile.model import Profile, Stage
from walkerbench.profile.overrides import ProfileOverrides, override
from walkerbench.profile.safeguards import Safeguards
from walkerbench.profile.table import default_criteria, keys_with_settings, profile_from_table
from walkerbench.workloads.walker import WalkerSettings, WalkerWorkload

NAMES = ("default", "bottleneck", "guide", "ramp", "smoke", "soak", "threads")


def write(directory: Path, text: str) -> str:
    path = directory / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def problems_of(directory: Path, text: str) -> tuple[str, ...]:
    path = write(directory, text)
    with pytest.raises(ProfileError) as caught:
        load_profile(path)
    assert caught.value.exit_code == 2
    assert all(line.startswith(f"{path}: ") for line in str(caught.value).splitlines())
    return caught.value.problems


# --- the reference, profiles/default.toml


def keys_with_defaults(kind: type, section: str) -> list[tuple[str, str, object]]:
    """Yield section, key and default of every key below a dataclass."""
    found = []
    default = kind()
    for field in dataclasses.fields(kind):
        value = getattr(default, field.name)
        if dataclasses.is_dataclass(value):
            inner = f"{section}.{field.name}" if section else field.name
            found += keys_with_defaults(type(value), inner)
        else:
            found.append((section, field.name, value))
    return found


DEFAULTS = default_criteria(WalkerWorkload(60))
WALKER_KEYS = keys_with_settings(WalkerSettings)
KEYS = keys_with_defaults(WALKER_KEYS, "")
SHORTER = {"hold_gil": False}
"""Default values that a profile writes in a shorter form, by their keys."""
LINES = (shipped_profiles.directory() / "default.toml").read_text(encoding="utf-8").splitlines()


def line_of(section: str, key: str) -> int:
    """Return the number of the line with a key of a section, commented out or not."""
    start = LINES.index(f"[{section}]") + 1 if section else 0
    for number in range(start, len(LINES)):
        if re.match(rf"(# )?{key} =", LINES[number]):
            return number
        if LINES[number].startswith("["):
            break
    raise AssertionError(f"default.toml does not give {section}.{key}")


def test_every_section_of_the_reference_is_checked() -> None:
    sections = {section for section, _, _ in KEYS}
    tables = [each for each in dataclasses.fields(WalkerSettings) if each.default is dataclasses.MISSING]
    assert sections == {"", "safeguards", "faults", "environment"} | {f"environment.{each.name}" for each in tables}
    assert len(KEYS) > 100


@pytest.mark.parametrize(("section", "key", "default"), KEYS, ids=[f"{s}.{k}" for s, k, _ in KEYS])
def test_the_reference_lists_and_explains_every_key(section: str, key: str, default: object) -> None:
    if key in ("stages", "criteria"):
        heading = LINES.index("# [[stages]]" if key == "stages" else "[criteria]")
        assert LINES[heading - 1].startswith("# ")
        return
    number = line_of(section, key)
    line = LINES[number]
    after = line.removeprefix("# ").partition(" # ")[2]
    assert after or LINES[number - 1].startswith("# ")
    commented_out = line.startswith("# ")
    assert commented_out == (default is None)
    if commented_out:
        return
    table: Any = tomllib.loads("\n".join(LINES))
    for step in section.split(".") if section else []:
        table = table[step]
    if key != "description":
        assert json.dumps(table[key]) == json.dumps(SHORTER.get(key, default))


def test_the_reference_equals_the_defaults_of_the_code() -> None:
    profile = load_profile("default")
    assert profile == Profile(
        name="default",
        source="built in",
        description=profile.description,
        workload="walker",
        workload_arguments={},
        setup=None,
        mode="sequential",
        workers=None,
        stages=(Stage(agents=60, frames=3600, duration_s=None),),
        warmup=240,
        seed=1,
        pace="max",
        checkpoint_every=60,
        criteria=DEFAULTS,
        host_stall="fail",
        safeguards=Safeguards(),
        faults=Faults(),
        environment=WalkerSettings(),
    )


def test_a_file_without_keys_has_the_defaults_of_the_code(tmp_path: Path) -> None:
    empty = load_profile(write(tmp_path, ""))
    assert empty.source == str(tmp_path / "mine.toml")
    assert empty.name == "mine"
    assert empty.stages == (Stage(agents=60, frames=3600),)
    assert empty.criteria == DEFAULTS
    assert empty.environment == WalkerSettings()


def test_the_walkers_default_criteria_are_the_guides() -> None:
    assert [str(criterion) for criterion in DEFAULTS] == [
        "frame_ms.max < 200",
        "agent_processing_ms.max < 200",
        "emergency_shutdowns == 0",
        "physics_fps > 400",
    ]


# --- the other profiles


def test_the_shipped_profiles() -> None:
    profiles = list_profiles()
    assert tuple(profile.name for profile in profiles) == NAMES
    for profile in profiles:
        assert profile.source == "built in"
        assert len(profile.description) > 40
        expected = {"frame_ms.max", "agent_processing_ms.max", "emergency_shutdowns"}
        expected -= {"frame_ms.max"} if profile.name == "guide" else set()  # the guide's list has no such point
        assert expected <= {criterion.key for criterion in profile.criteria}


def test_smoke_is_small() -> None:
    smoke = load_profile("smoke")
    assert smoke.stages == (Stage(agents=12, frames=600),)
    assert smoke.warmup == 120


def test_ramp_has_three_stages() -> None:
    ramp = load_profile("ramp")
    assert ramp.stages == tuple(Stage(agents=agents, frames=1200) for agents in (30, 60, 120))


def test_soak_runs_for_an_hour_and_judges_deadlines() -> None:
    soak = load_profile("soak")
    assert soak.stages == (Stage(agents=60, duration_s=3600.0),)
    assert soak.pace == "realtime"
    assert soak.host_stall == "inconclusive"
    keys = {criterion.key for criterion in soak.criteria}
    assert "missed_deadlines" in keys
    assert "physics_fps" not in keys


def test_guide_asks_the_four_points_of_the_guide() -> None:
    guide = load_profile("guide")
    assert [str(criterion) for criterion in guide.criteria] == [
        "emergency_shutdowns == 0",
        "agent_processing_ms.max < 200",
        "cpu.effective_cores > 1.5",
        "physics_fps > 400",
    ]
    assert "guide's four critical success metrics" in guide.description


def test_guide_runs_60_and_120_agents_at_both_paces() -> None:
    guide = load_profile("guide")
    paces = [(guide.pace_of(stage), stage.agents) for stage in guide.stages]
    assert paces == [("realtime", 60), ("realtime", 120), ("max", 60), ("max", 120)]
    # Every stage has its number of frames, so that every mode does the same work.
    assert [guide.num_frames(stage) for stage in guide.stages] == [1800, 1800, 9000, 9000]
    assert sum(stage.duration_s or 0 for stage in guide.stages) <= 60


@pytest.mark.parametrize("name", NAMES)
def test_as_dict_is_json_and_complete(name: str) -> None:
    profile = load_profile(name)
    content = profile.as_dict()
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert set(content) == {field.name for field in dataclasses.fields(Profile)}
    assert content["criteria"] == [str(criterion) for criterion in profile.criteria]
    brain = {field.name for field in dataclasses.fields(profile.environment.brain)}
    assert set(content["environment"]["brain"]) == brain


def test_as_dict_writes_stalls_with_text_keys(tmp_path: Path) -> None:
    profile = load_profile(write(tmp_path, 'faults.stall_frames = { "100" = 0.25 }'))
    assert profile.faults == Faults(stall_frames={100: 0.25})
    assert profile.as_dict()["faults"]["stall_frames"] == {"100": 0.25}


# --- reading


def test_a_given_key_replaces_only_its_default(tmp_path: Path) -> None:
    text = 'mode = "process"\nworkers = 2\n[environment.brain]\nhidden_units = [8, 4, 2]\ndiscount = 1\n'
    profile = load_profile(write(tmp_path, text))
    default = WalkerSettings()
    brain = dataclasses.replace(default.brain, hidden_units=(8, 4, 2), discount=1.0)
    assert profile.mode == "process"
    assert profile.workers == 2
    assert profile.environment == dataclasses.replace(default, brain=brain)


def test_a_duration_takes_the_place_of_frames(tmp_path: Path) -> None:
    assert load_profile(write(tmp_path, "duration_s = 1.5")).stages == (Stage(agents=60, duration_s=1.5),)


def test_own_criteria_replace_all_but_emergency_shutdowns(tmp_path: Path) -> None:
    profile = load_profile(write(tmp_path, '[criteria]\n"frame_ms.p99" = "< 50"'))
    assert [str(criterion) for criterion in profile.criteria] == ["frame_ms.p99 < 50", "emergency_shutdowns == 0"]


def test_an_unknown_name_lists_the_known_names() -> None:
    with pytest.raises(ProfileError) as caught:
        load_profile("smkoe")
    assert str(caught.value) == (
        "profile 'smkoe': no such profile; did you mean smoke? there are default, bottleneck, guide, ramp, smoke, "
        "soak, threads; a file is given by a path with .toml"
    )


def test_a_path_that_is_no_text_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="/dev/zero: is no regular file"):
        load_profile("/dev/zero")
    with pytest.raises(ProfileError, match=r"gone\.toml: no such file"):
        load_profile(str(tmp_path / "gone.toml"))
    with pytest.raises(ProfileError, match="is no regular file but a folder"):
        load_profile(str(tmp_path))
    (tmp_path / "bytes.toml").write_bytes(b"seed = \xff")
    with pytest.raises(ProfileError, match=r"bytes\.toml: is not a text file in UTF-8 \(byte 7\)"):
        load_profile(str(tmp_path / "bytes.toml"))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("seed = \n", "is not valid TOML: Invalid value (at line 1, column 8)"),
        ("seed = 1\nseed = 2\n", "is not valid TOML: Cannot overwrite a value (at line 2, column 9)"),
        ('workload = "wakler"', "workload: no such workload: 'wakler'; did you mean walker? there are walker"
        "; code of your own is MODULE:NAME, such as mysim:Herd"),
        ("workload = 3", "workload: 3 is wrong; allowed: a valid string"),
        ("agent = 3", "agent: no such key; did you mean agents? allowed: description, workload, "
         "workload_arguments, setup, mode, workers, agents, frames, duration_s, warmup, seed, pace, checkpoint_every, "
         "stages, criteria, host_stall, safeguards, faults, environment"),
        ("[faults]\nstall_frame = {}",
         "faults.stall_frame: no such key; did you mean stall_frames? allowed: extra_work_percent, stall_frames, "
         "main_phase_stall_frames, exit_frame, hang_frame, diverge_frame, end_frame"),
        ("[environment.schedule]\nlearning = 1",
         "environment.schedule.learning: no such key; allowed: ai_interval_frames, learn_interval_updates"),
        ("[[stages]]\nagents = 1\nframes = 500\nframs = 1",
         "stages (entry 1).frams: no such key; did you mean frames? allowed: agents, frames, duration_s, pace"),
        ("[[stages]]\nagents = 1\nframes = 500\npace = 'slow'",
         "stages (entry 1).pace: \"slow\" is wrong; allowed: 'max' or 'realtime'"),
        ('host_stall = "excuse"', "host_stall: \"excuse\" is wrong; allowed: 'fail' or 'inconclusive'"),
        ('mode = "fast"', "mode: no such mode: 'fast'; there are sequential, threaded, process"),
        ("agents = 0", "agents: 0 is wrong; allowed: 1 to 1000000"),
        ("agents = -60", "agents: -60 is wrong; allowed: 1 to 1000000"),
        ('agents = "60"', 'agents: "60" is wrong; allowed: a valid integer'),
        ("agents = true", "agents: true is wrong; allowed: a valid integer"),
        ("agents = 60.0", "agents: 60.0 is wrong; allowed: a valid integer"),
        ("seed = 2026-01-02", "seed: 2026-01-02 is wrong; allowed: a number, a string, true or false; no date or time"),
        ("duration_s = inf", "duration_s: inf is wrong; allowed: a finite number"),
        ("duration_s = true", "duration_s: true is wrong; allowed: a valid number"),
        ("[environment.physics]\ngravity_m_s2 = nan",
         "environment.physics.gravity_m_s2: nan is wrong; allowed: a finite number"),
        ("environment = 3", "environment: 3 is wrong; allowed: a table"),
        ("stages = []", "stages: an array of 0 is wrong; allowed: at least 1 item, not 0"),
        ("[[stages]]\nagents = 3", "stages (entry 1).frames, duration_s: give exactly one of the two"),
        ("[[stages]]\nagents = 3\nframes = 300\nduration_s = 1",
         "stages (entry 1).frames, duration_s: give exactly one of the two"),
        ("[[stages]]\nframes = 300", "stages (entry 1).agents: a table is wrong; allowed: Field required"),
        ("frames = 300\nduration_s = 3", "frames, duration_s: both are given; allowed: one of the two"),
        ("agents = 3\nstages = [{ agents = 3, frames = 300 }]",
         "agents: given beside [[stages]]; allowed: in each [[stages]] instead"),
        ("frames = 240", "warmup: 240 frames of warm-up leave none of 240 to judge; allowed: less than 240, "
         "for instance 24"),
        ("stages = [{ agents = 3, frames = 300 }, { agents = 3, frames = 10 }]",
         "warmup: stage 2: 240 frames of warm-up leave none of 10 to judge; allowed: less than 10, for instance 1"),
        ('mode = "process"\nworkers = 3\nagents = 2', "workers: 3 workers for 2 agents; allowed: at most 2"),
        ("workers = 2", "workers: 2 workers in mode sequential; allowed: 1; or mode threaded or process"),
        ('[criteria]\nmissed_deadlines = "== 0"',
         "criteria: missed_deadlines == 0 cannot be judged at pace max, which has no deadlines; "
         "allowed: it at pace realtime"),
        ("[criteria]\nframe_ms.max = '< 1'", "criteria.frame_ms: a table is wrong; allowed: a valid string"),
        ("[criteria]\nphysics_fps = 400", "criteria.physics_fps: 400 is wrong; allowed: a valid string"),
        ("[environment.robot]\nelbow_limits_deg = [10, 5]",
         "environment.robot.elbow_limits_deg: give the lower bound first, not [10.0, 5.0]"),
        ("[environment.brain]\nhidden_units = [8, 0]",
         "environment.brain.hidden_units (entry 2): 0 is wrong; allowed: 1 to 8192"),
        ("[environment.senses]\nray_angles_deg = [1]",
         "environment.senses.ray_angles_deg: an array of 1 is wrong; allowed: at least 5 items, not 1"),
        ("[environment.ecosystem]\nenergy_start = [0.5, 2.0]",
         "environment.ecosystem.energy_start (entry 2): 2.0 is wrong; allowed: 0 to 1"),
        ("[safeguards]\nmemory_limit_share = 1.5",
         "safeguards.memory_limit_share: 1.5 is wrong; allowed: 1e-06 to 1"),
        ('[faults.stall_frames]\n"-1" = 1',
         'faults.stall_frames.-1: "-1" is wrong; allowed: 0 to 10000000000'),
    ],
)  # fmt: skip
def test_each_wrong_profile_says_what_is_wrong_and_what_is_allowed(tmp_path: Path, text: str, problem: str) -> None:
    assert problems_of(tmp_path, text) == (problem,)


def test_a_criterion_that_cannot_be_parsed_names_its_key(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, '[criteria]\n"frame_ms.max" = "about 200"')
    assert problem.startswith('criteria."frame_ms.max": criterion ')


def test_all_problems_are_reported_and_none_follows_from_another(tmp_path: Path) -> None:
    text = """
sed = 1
agents = -1
workers = 100
mode = "process"
warmup = 4000
[criteria]
"frame_ms.max" = "<"
[environment.brain]
discount = 2
[environment.robot]
wheel_radius_m = nan
[environment.ecosystem]
health_start = [1.0, 0.5]
"""
    problems = problems_of(tmp_path, text)
    assert [problem.split(": ")[0] for problem in problems] == [
        "sed",
        "agents",
        "environment.robot.wheel_radius_m",
        "environment.brain.discount",
        "environment.ecosystem.health_start",
        'criteria."frame_ms.max"',
        "warmup",
    ]  # not workers, since the number of agents is unknown


TOML_VALUES = st.recursive(
    st.booleans() | st.integers(-5, 5000) | st.floats() | st.text(max_size=5) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=examples(200))
@given(st.dictionaries(st.sampled_from([field.name for field in dataclasses.fields(WALKER_KEYS)]), TOML_VALUES))
def test_any_file_gives_a_profile_or_a_profile_error(table: dict[str, object]) -> None:
    try:
        profile = profile_from_table(table, "any", "any.toml", "any.toml")
    except ProfileError:
        return
    json.dumps(profile.as_dict(), allow_nan=False)
    assert all(stage.frames is None or stage.frames > profile.warmup for stage in profile.stages)


# --- overriding


def test_without_overrides_a_profile_is_unchanged() -> None:
    for profile in list_profiles():
        assert override(profile, ProfileOverrides()) == profile


def test_each_option_replaces_its_part() -> None:
    overrides = ProfileOverrides(
        mode="process",
        workers=2,
        agents=8,
        frames=100,
        seed=7,
        warmup=10,
        pace="realtime",
        criteria=("frame_ms.max < 50", "ai_updates > 0"),
    )
    changed = override(load_profile("default"), overrides)
    assert changed.mode == "process"
    assert changed.workers == 2
    assert changed.stages == (Stage(agents=8, frames=100),)
    assert (changed.seed, changed.warmup, changed.pace) == (7, 10, "realtime")
    assert {str(criterion) for criterion in changed.criteria} == {
        "frame_ms.max < 50",
        "agent_processing_ms.max < 200",
        "emergency_shutdowns == 0",
        "physics_fps > 400",
        "ai_updates > 0",
    }


def test_frames_and_duration_replace_each_other_in_every_stage() -> None:
    assert override(load_profile("soak"), ProfileOverrides(frames=300)).stages == (Stage(agents=60, frames=300),)
    ramp = override(load_profile("ramp"), ProfileOverrides(duration_s=2.5))
    assert ramp.stages == tuple(Stage(agents=agents, duration_s=2.5) for agents in (30, 60, 120))


def test_a_pace_replaces_that_of_every_stage() -> None:
    guide = load_profile("guide")
    for pace in ("max", "realtime"):
        changed = override(guide, ProfileOverrides(pace=pace, frames=500))
        assert [changed.pace_of(stage) for stage in changed.stages] == [pace] * 4
        assert changed.stages == tuple(Stage(agents=agents, frames=500) for agents in (60, 120, 60, 120))


def test_other_overrides_keep_the_paces_of_stages() -> None:
    changed = override(load_profile("guide"), ProfileOverrides(frames=500, mode="threaded"))
    assert [stage.pace for stage in changed.stages] == ["realtime", "realtime", None, None]


def test_a_duration_is_simulated_time_in_paced_stages_only(tmp_path: Path) -> None:
    text = 'warmup = 9\nstages = [{ agents = 3, duration_s = 2, pace = "realtime" }, { agents = 3, duration_s = 2 }]'
    profile = load_profile(write(tmp_path, text))
    assert [profile.num_frames(stage) for stage in profile.stages] == [120, None]
    paced = load_profile(write(tmp_path, f'pace = "realtime"\n{text.replace("realtime", "max")}'))
    assert [paced.num_frames(stage) for stage in paced.stages] == [None, 120]


def test_one_stage_with_deadlines_is_enough_to_judge_them(tmp_path: Path) -> None:
    text = 'stages = [{{ agents = 3, frames = 300 }}, {{ agents = 3, frames = 300, pace = "{pace}" }}]'
    text += '\n[criteria]\nmissed_deadlines = "== 0"'
    assert load_profile(write(tmp_path, text.format(pace="realtime"))).pace == "max"
    (problem,) = problems_of(tmp_path, text.format(pace="max"))
    assert problem.startswith("criteria: missed_deadlines == 0 cannot be judged at pace max")


def test_sequential_mode_ignores_the_profiles_workers(tmp_path: Path) -> None:
    threaded = load_profile(write(tmp_path, 'mode = "threaded"\nworkers = 4'))
    assert override(threaded, ProfileOverrides(mode="sequential")).workers is None
    assert override(threaded, ProfileOverrides(mode="process")).workers == 4


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("default", {"agents": 0}, "agents: 0 is wrong; allowed: 1 to 1000000"),
        ("default", {"frames": -1}, "frames: -1 is wrong; allowed: 1 to 10000000000"),
        ("default", {"duration_s": 0.0}, "duration_s: 0.0 is wrong; allowed: 0.001 to 31622400"),
        ("default", {"seed": -1}, "seed: -1 is wrong; allowed: 0 to 9223372036854775807"),
        ("default", {"warmup": -1}, "warmup: -1 is wrong; allowed: 0 to 10000000000"),
        ("default", {"mode": "gpu"}, "mode: no such mode: 'gpu'; there are sequential, threaded, process"),
        (
            "default",
            {"workload": "wakler"},
            "workload: no such workload: 'wakler'; did you mean walker? there are walker"
            "; code of your own is MODULE:NAME, such as mysim:Herd",
        ),
        ("default", {"pace": "slow"}, "pace: \"slow\" is wrong; allowed: 'max' or 'realtime'"),
        ("default", {"mode": "process", "workers": 0}, "workers: 0 is wrong; allowed: 1 to 1024"),
        ("default", {"workers": 2}, "workers: 2 workers in mode sequential; allowed: 1; or mode threaded or process"),
        (
            "default",
            {"mode": "threaded", "workers": 61},
            "workers: 61 workers for 60 agents; allowed: at most 60",
        ),
        (
            "default",
            {"frames": 200},
            "warmup: 240 frames of warm-up leave none of 200 to judge; allowed: less than 200, for instance 20",
        ),
        ("default", {"frames": 300, "duration_s": 1.0}, "frames, duration_s: give one of the two"),
        (
            "ramp",
            {"agents": 5},
            "agents: the profile ramp has stages of 30, 60, 120 agents; change them in its file",
        ),
        (
            "soak",
            {"pace": "max"},
            "criteria: missed_deadlines == 0 cannot be judged at pace max, which has no deadlines; "
            "allowed: it at pace realtime",
        ),
        (
            "default",
            {"agents": 0, "seed": -1},
            "agents: 0 is wrong; allowed: 1 to 1000000\nseed: -1 is wrong; allowed: 0 to 9223372036854775807",
        ),
    ],
)
def test_impossible_overrides_name_the_key_to_change(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(OverrideError) as caught:
        override(load_profile(name), ProfileOverrides(**options))
    assert str(caught.value) == message


def test_a_criterion_option_that_cannot_be_parsed() -> None:
    with pytest.raises(CriterionError, match="frame_ms"):
        override(load_profile("default"), ProfileOverrides(criteria=("frame_ms is small",)))


def test_an_unknown_metric_is_one_of_the_problems_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('agents = 0\n[criteria]\n"frame_ms.p98" = "< 1"\n"meal" = "> 0"\n')
    with pytest.raises(ProfileError) as raised:
        load_profile(str(path))
    problems = raised.value.problems
    assert [problem.partition(":")[0] for problem in problems] == ["agents", 'criteria."frame_ms.p98"', "criteria.meal"]
    assert "did you mean meals?" in problems[2]


def test_a_stall_beyond_the_last_frame_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('frames = 300\n[faults]\nstall_frames = { "300" = 0.1 }\n')
    with pytest.raises(ProfileError, match=r"faults.stall_frames: frame 300 is beyond the last one, 299"):
        load_profile(str(path))
    path.write_text('frames = 300\n[faults]\nstall_frames = { "299" = 0.1 }\n')
    assert load_profile(str(path)).faults.stall_frames == {299: 0.1}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[faults]\nend_frame = 3600", "faults.end_frame: frame 3600 is beyond the last one, 3599"),
        (
            '[faults]\nmain_phase_stall_frames = { "3600" = 1.0 }',
            "faults.main_phase_stall_frames: frame 3600 is beyond",
        ),
        (
            'mode = "threaded"\nfaults.exit_frame = 3',
            "faults.exit_frame: cannot be injected in mode threaded: its workers share a process, which would exit as "
            "a whole; allowed: in mode process",
        ),
        (
            # Threads are not used for so few agents.
            'mode = "threaded"\nagents = 4\nfaults.hang_frame = 3',
            "faults.hang_frame: cannot be injected in mode sequential: its worker runs in the thread that would "
            "have to detect the hang; allowed: in mode threaded or process",
        ),
        (
            "[safeguards]\nbarrier_timeout_s = 2.0",
            "safeguards.barrier_timeout_s: 2 s, and a frame is slow from 2 s on; allowed: more than slow_frame_s",
        ),
    ],
)
def test_impossible_faults_and_deadlines_are_refused(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(ProfileError) as raised:
        load_profile(write(tmp_path, text))
    (found,) = raised.value.problems
    assert found.startswith(problem)


def test_a_slow_frame_never_counts_as_a_hung_worker() -> None:
    assert Safeguards().hung_after_s == 30.0
    assert Safeguards(slow_frame_s=20.0).hung_after_s == 40.0
    assert Safeguards(slow_frame_s=0.5, barrier_timeout_s=1.0).hung_after_s == 1.0


def test_faults_are_refused_for_a_mode_that_cannot_have_them(tmp_path: Path) -> None:
    profile = load_profile(write(tmp_path, 'mode = "process"\nfaults.exit_frame = 3'))
    with pytest.raises(OverrideError, match=r"faults.exit_frame: cannot be injected in mode sequential"):
        override(profile, ProfileOverrides(mode="sequential"))
