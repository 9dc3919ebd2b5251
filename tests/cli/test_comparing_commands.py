"""compare, ab and gate with a fake measurement: what they request, print and return."""

from __future__ import annotations

import json
import re
import sys
from contextlib import chdir
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import click
import pytest
from fake_measuring import FakeMeasuring, FakeRepeats
from fake_measuring import baseline as baseline
from fake_measuring import fake as fake
from fake_measuring import recording as recording  # fixtures
from recorded_runs import recorded, run_file, write

from walkerbench.comparison.decision_rules import DecisionRules
from walkerbench.errors import BudgetTooSmall
from walkerbench.interleaved.round_plan import MeasurementRequest
from walkerbench.profile.loading import load_profile
from walkerbench.profile.overrides import ProfileOverrides, override


def test_compare_measures_all_modes_and_advises(command: Any, fake: FakeMeasuring) -> None:
    fake.factors = (1.0, 1.25, 0.5)
    ended = command("compare", "--profile", "smoke", "--workers", "2", "--agents", "8", "--seed", "5")
    assert ended.code == 0, "threads that are slower are an answer, not a fault"
    assert [side.label for side in fake.sides] == ["sequential", "threaded (2)", "process (2)"]
    assert [side.profile.mode for side in fake.sides] == ["sequential", "threaded", "process"]
    assert [side.profile.workers for side in fake.sides] == [None, 2, 2]
    assert {(side.code, side.profile.seed, side.profile.stages[0].agents) for side in fake.sides} == {(None, 5, 8)}
    told = " ".join(ended.out.split())
    assert "process (2) is 2.00 times as fast as sequential (2.00…2.00): faster by more than 2 % (p = 0.00049)" in told
    assert told.endswith(
        "On this machine use process with 2 workers: it is 2.00 times as fast as sequential (2.00…2.00); threaded is "
        "0.80 times as fast: this Python holds the GIL."
    )
    assert ended.err == (
        "measuring sequential, threaded (2), process (2): about 60 s; "
        "3 sides need at least 12 rounds (--rounds), about 58 s (--budget)\n"
        "12 rounds of 2 blocks of 50 frames a side, about 0:12\n"
        "round 1/12  0:11 left\n"
    )


def test_options_reach_the_measurement(command: Any, fake: FakeMeasuring) -> None:
    decision = "--tolerance 5% --alpha 0.02 --allow-different-work --allow-faults"
    command("ab", "smoke", "smoke,mode=process", "--budget", "2m", "--rounds", "20", *decision.split(), "-q")
    assert fake.request == MeasurementRequest(budget_s=120.0, rounds=20)
    assert fake.rules == DecisionRules(tolerance=0.05, alpha=0.02, allow_different_work=True, allow_faults=True)
    command("ab", ".", ".", "-q")
    assert (fake.request, fake.rules) == (MeasurementRequest(), DecisionRules())


@pytest.mark.parametrize(
    ("factor", "code", "word"),
    [(1.0, 0, "NO REGRESSION"), (0.5, 0, "FASTER"), (1.05, 1, "REGRESSION"), (1.02, 4, "INCONCLUSIVE")],
)
def test_ab_ends_with_its_verdict(command: Any, fake: FakeMeasuring, factor: float, code: int, word: str) -> None:
    fake.factors = (1.0, factor)
    ended = command("ab", "main", "HEAD", "-q")
    assert ended.err == ""
    assert ended.code == code
    assert ended.out.splitlines()[-1].startswith(f"{word}: HEAD is {1 / factor:.2f}")
    assert [(side.label, side.code) for side in fake.sides] == [("main", "main"), ("HEAD", "HEAD")]


def test_json_is_all_that_is_printed(command: Any, fake: FakeMeasuring) -> None:
    fake.factors = (1.0, 1.25, 0.5)
    ended = command("compare", "--json")
    found = json.loads(ended.out)
    assert [each["verdict"] for each in found["comparisons"]] == ["regression", "faster"]
    assert found["exit_code"] == ended.code == 0
    assert found["comparisons"][1]["p_faster"] == pytest.approx(2 / 4096)
    assert found["advice"].startswith("on this machine use process")
    assert json.loads(command("ab", ".", ".", "--json").out)["sides"][1]["label"] == ". #2"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("ab", "."), "Missing argument 'CANDIDATE'."),
        (("ab", ".", ".", "--tolerance", "much"), "'much' is no share: give a number with a percent sign, as in 2%"),
        (("ab", ".", ".", "--tolerance", "5"), "'5' is 100% or more: did you mean 5%?"),
        (("ab", ".", ".", "--tolerance", "100%"), "'100%' is no share: give less than 100%."),
        (("gate", "--against", "."), ".: that is the candidate itself: give a git revision (--against)"),
        (("gate", "--baseline", ""), "an empty name"),
        (("gate", "--baseline", "x" * 300), "no such run directory"),
        (("ab", ".", ".", "--alpha", "60%"), "an alpha of 0.6 makes no sense: give more than 0 and less than 0.5"),
        (("ab", ".", ".", "--rounds", "0"), "Invalid value for '--rounds'"),
        (("ab", "mode=fast", "."), "mode"),
        (("compare", "nowhere", "nothing"), "nowhere: no such run directory"),
        (("compare", "--profile", "nosuch"), "no such profile"),
        (("gate",), "give either --against REV or --baseline RUNS"),
        (("gate", "--against", "main", "--baseline", "x"), "give either --against REV or --baseline RUNS"),
        (("gate", "--against", "main", "--criterion", "speed < 1"), "unknown metric"),
        (("gate", "--against", "main", "--junit", "no/such/folder/x.xml"), "x.xml: cannot be written"),
    ],
)
def test_an_impossible_request_is_refused_in_one_line(
    command: Any, fake: FakeMeasuring, arguments: tuple[str, ...], message: str
) -> None:
    ended = command(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err
    assert ended.err.count("\n") == 1
    assert fake.sides == ()


def test_a_missing_working_directory_is_reported(command: Any, fake: FakeMeasuring, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    with chdir(gone):
        gone.rmdir()
        ended = command("ab", ".", ".")
    assert (ended.code, ended.out, ended.err) == (
        2,
        "",
        "walkerbench: the working directory cannot be used: No such file or directory; change to another\n",
    )


def test_gate_judges_criteria_and_the_comparison(
    command: Any, fake: FakeMeasuring, recording: FakeRepeats, tmp_path: Path
) -> None:
    junit = tmp_path / "gate.xml"
    junit.write_text("<of-the-last-job/>")
    ended = command(
        "gate", "--against", "main", "--profile", "smoke", "--criterion", "frame_ms.p99 < 50", "--junit", str(junit)
    )
    assert ended.code == 0
    assert ended.out.splitlines()[-1] == "PASS: every criterion is met, and there is no regression."
    assert [(side.label, side.code) for side in fake.sides] == [("main", "main"), ("working tree", ".")]
    smoke = override(load_profile("smoke"), ProfileOverrides(criteria=("frame_ms.p99 < 50",)))
    assert recording.request is not None
    assert (recording.request.profile, list(recording.request.command_line)) == (smoke, sys.argv)
    assert ET.parse(junit).getroot().get("failures") == "0"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".gate")] == []


def test_gate_passes_what_is_faster_and_says_so(
    command: Any, fake: FakeMeasuring, recording: FakeRepeats, tmp_path: Path
) -> None:
    fake.factors = (1.0, 0.5)
    junit = tmp_path / "gate.xml"
    ended = command("gate", "--against", "main", "--junit", str(junit), "-q")
    assert ended.code == 0
    assert ended.out.splitlines()[-1] == "PASS: every criterion is met, and working tree is faster."
    assert "\nfaster: working tree is 2.00 times as fast as main (2.00…2.00): faster by more" in ended.out
    assert ET.parse(junit).getroot().attrib == {"tests": "3", "failures": "0", "errors": "0"}
    found = json.loads(command("gate", "--against", "main", "--json", "-q").out)
    assert (found["verdict"], len(found["improvements"]), found["exit_code"]) == ("PASS", 1, 0)


def test_gate_fails_on_a_regression_or_on_a_criterion(
    command: Any, fake: FakeMeasuring, recording: FakeRepeats
) -> None:
    fake.factors = (1.0, 1.05)
    ended = command("gate", "--against", "main", "--json", "-q")
    assert (ended.code, json.loads(ended.out)["exit_code"]) == (1, 1)


def test_gate_tells_github(
    command: Any, fake: FakeMeasuring, recording: FakeRepeats, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("# of another step\n")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    fake.factors = (1.0, 1.05)
    ended = command("gate", "--against", "main", "-q")
    assert ended.code == 1
    assert ended.err.startswith(
        "::error title=walkerbench gate::regression: working tree is 0.952 times as fast as main (0.951…0.953)"
    )
    assert summary.read_text().startswith("# of another step\n## walkerbench gate: FAIL\n")


def test_github_is_told_why_a_gate_has_no_result(
    command: Any, fake: FakeMeasuring, recording: FakeRepeats, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary, junit = tmp_path / "summary.md", tmp_path / "gate.xml"
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    fake.error = BudgetTooSmall("a budget of 1 s is too small", needed_s=50)
    ended = command("gate", "--against", "main", "-q", "--junit", str(junit))
    assert ended.code == 2
    assert ended.err.splitlines() == [
        "::error title=walkerbench gate::a budget of 1 s is too small (--budget 50s)",
        "walkerbench: a budget of 1 s is too small (--budget 50s)",
    ]
    assert "too small (--budget 50s)" in summary.read_text()
    assert error_in(junit) == "a budget of 1 s is too small (--budget 50s)"
    assert list(tmp_path.glob(".gate*")) == []


def error_in(junit: Path) -> str | None:
    """Return the message of a document's only case, which is an error."""
    (error,) = ET.parse(junit).getroot().findall("testsuite/testcase/error")
    return error.get("message")


WRONG = {
    "a value": ["--alpha", "60%"],
    "a criterion": ["--criterion", "speed < 1"],
    "a contradiction": ["--baseline", "x"],
    "an option": ["--no-such-option"],
    "a type": ["--rounds", "many"],
    "a word too many": ["word"],
    "a value that is missing": ["--rounds"],
    "a profile": ["--profile", "no-such"],
}


@pytest.mark.promise("verdicts", "A gate without a result says so in its JUnit file and its step summary.")
@pytest.mark.parametrize("given", ["before", "behind", "joined"])
@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_a_gate_that_cannot_start_leaves_no_old_result(
    command: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, wrong: list[str], given: str
) -> None:
    summary, junit = tmp_path / "summary.md", tmp_path / "gate.xml"
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    junit.write_text("<passed/>")
    to_junit = [f"--junit={junit}"] if given == "joined" else ["--junit", str(junit)]
    words = [*wrong, *to_junit] if given == "behind" and wrong != ["--rounds"] else [*to_junit, *wrong]
    ended = command("gate", "--against", "main", *words)
    assert ended.code == 2
    annotation, line = ended.err.splitlines()
    message = line.removeprefix("walkerbench: ")
    assert annotation == f"::error title=walkerbench gate::{message}".replace("%", "%25")
    assert error_in(junit) == message
    assert "NO VERDICT" in summary.read_text()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("a fault"), click.Abort()], ids=repr)
def test_a_gate_that_raises_leaves_no_old_result(
    command: Any, fake: FakeMeasuring, recording: FakeRepeats, monkeypatch: Any, tmp_path: Path, error: Exception
) -> None:
    summary, junit = tmp_path / "summary.md", tmp_path / "gate.xml"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    junit.write_text("<passed/>")
    fake.error = error
    assert command("gate", "--against", "main", "-q", "--junit", str(junit)).code in (70, 130)
    assert error_in(junit)
    assert "NO VERDICT" in summary.read_text()


@pytest.mark.parametrize("words", [("--bogus", "gate"), ("gate",)], ids=["wrong option", "no working directory"])
def test_a_failure_before_the_gate_leaves_no_old_result(command: Any, tmp_path: Path, words: tuple[str, ...]) -> None:
    junit, gone = tmp_path / "gate.xml", tmp_path / "gone"
    junit.write_text("<passed/>")
    gone.mkdir()
    with chdir(gone):
        gone.rmdir()
        assert command(*words, "--against", "main", "--junit", str(junit)).code == 2
    assert error_in(junit)


def test_a_file_behind_another_option_is_left_alone(command: Any, tmp_path: Path) -> None:
    mine, linked = tmp_path / "mine", tmp_path / "link.xml"
    mine.write_text("precious")
    linked.symlink_to(tmp_path / "gate.xml")
    for words in (("--baseline", "--junit", str(mine)), ("--", "--junit", str(mine)), ("--junit", str(mine), "-h")):
        command("gate", *words)
        assert mine.read_text() == "precious"
    (tmp_path / "gate.xml").write_text("<passed/>")
    assert command("gate", "--junit", str(linked)).code == 2
    assert linked.is_symlink()
    assert "<passed/>" not in (linked.read_text() if linked.exists() else "")


@pytest.mark.promise("kept", "A gate never overwrites a file that is named as its JUnit file but holds no XML.")
def test_a_file_without_xml_is_kept(command: Any, tmp_path: Path) -> None:
    mine = tmp_path / "run.json"
    mine.write_text("{}")
    ended = command("gate", "--against", "main", "--junit", str(mine))
    assert (ended.code, mine.read_text()) == (2, "{}")
    assert ended.err.endswith(f"{mine}: holds no XML, so it is no old JUnit file: give another file, or remove it\n")


def test_a_junit_file_with_an_impossible_name_is_refused(command: Any, tmp_path: Path) -> None:
    ended = command("gate", "--against", "main", "--junit", str(tmp_path / ("n" * 300)))
    assert ended.code == 2
    assert "cannot be written: File name too long" in ended.err


@pytest.mark.parametrize(("frame_ms", "code", "word"), [(2.0, 0, "PASS"), (2.2, 1, "FAIL")])
def test_gate_compares_runs_recorded_now_with_a_baseline(
    command: Any, baseline: Path, recording: FakeRepeats, frame_ms: float, code: int, word: str
) -> None:
    recording.frame_ms = frame_ms
    ended = command("gate", "--baseline", str(baseline), "--json")
    found = json.loads(ended.out)
    assert (ended.code, found["exit_code"], found["verdict"]) == (code, code, word)
    assert (len(found["runs"]), recording.recorded) == (5, 5)
    first, *rest = ended.err.splitlines()
    assert re.fullmatch(
        r"recording 5 runs against 5 of the baseline(, about \d+ s)?; 5 to 10 a side can be compared", first
    )
    assert rest == [f"run {number} of 5" for number in range(1, 6)]


def test_a_candidate_that_stops_itself_fails_the_gate_at_once(
    command: Any, baseline: Path, recording: FakeRepeats
) -> None:
    recording.state = "emergency"
    ended = command("gate", "--baseline", str(baseline), "-q")
    assert (ended.code, recording.recorded) == (1, 1)
    assert "10 slow frames" in ended.err


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"state": "interrupted"}, "interrupted"), ({"profile": {"seed": 2}}, "the base must be one side")],
)
def test_an_unusable_baseline_is_refused_before_recording(
    command: Any, baseline: Path, recording: FakeRepeats, changes: dict[str, Any], message: str
) -> None:
    write(baseline / "6", recorded("run", run_file("6", **changes)))
    ended = command("gate", "--baseline", str(baseline), "-q")
    assert (ended.code, recording.recorded) == (2, 0)
    assert message in ended.err


def test_a_baseline_of_another_mode_is_refused_after_one_run(
    command: Any, tmp_path: Path, recording: FakeRepeats
) -> None:
    for number in range(1, 6):
        run = run_file(str(number), mode="threaded", workers=2)
        write(tmp_path / "base" / str(number), recorded("run", run))
    ended = command("gate", "--baseline", "base", "-q")
    assert (ended.code, recording.recorded) == (2, 1)
    assert "base/1 was recorded in threaded mode with 2 workers, and .walkerbench/runs/" in ended.err
    assert "in sequential mode with 1 worker: give the mode and the number of workers that" in ended.err


FAULTY = "frames = 40\nwarmup = 10\nfaults.extra_work_percent = 10\n"
REFUSED = "has injected faults: extra work of 10 % in every frame; remove them, or allow them (--allow-faults)"


@pytest.mark.promise("verdicts", "Injected faults are refused where a verdict gates anything, unless they are allowed.")
@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("compare", "--profile", "faulty.toml"), "side 'process (2)'"),
        (("ab", "smoke", "faulty.toml"), "side 'faulty.toml'"),
        (("gate", "--against", "main", "--profile", "faulty.toml"), "side 'working tree'"),
        (("gate", "--baseline", "base", "--profile", "faulty.toml"), "the working tree's profile"),
    ],
)
def test_a_profile_with_faults_is_refused(
    command: Any, baseline: Path, recording: FakeRepeats, monkeypatch: pytest.MonkeyPatch, arguments: Any, what: str
) -> None:
    Path("faulty.toml").write_text(FAULTY)
    monkeypatch.setattr("subprocess.Popen", None)
    if "compare" in arguments:
        arguments = (*arguments, "--workers", "2")
    ended = command(*arguments, "-q")
    assert (ended.code, ended.out, recording.recorded) == (2, "", 0)
    assert ended.err.splitlines()[-1] == f"walkerbench: {what} {REFUSED}"


@pytest.mark.promise("verdicts", "Injected faults are refused where a verdict gates anything, unless they are allowed.")
@pytest.mark.parametrize("arguments", [("compare", "base/1", "faulty"), ("gate", "--baseline", "faulty")])
def test_a_recorded_run_with_faults_is_refused(
    command: Any, baseline: Path, recording: FakeRepeats, arguments: Any
) -> None:
    faults = "extra work of 10 % in every frame"
    for number in range(5):
        run = run_file(str(number), faults=faults, started_utc=f"2026-11-2{number}T00:00:00.000Z")
        write(Path("faulty") / str(number), recorded("run", run))
    ended = command(*arguments)
    assert (ended.code, ended.out, recording.recorded) == (2, "", 0)
    assert ended.err.splitlines()[-1] == f"walkerbench: faulty/4 {REFUSED}"
    allowed = command(*arguments, "--allow-faults")
    assert allowed.code in (0, 1, 4)
    assert allowed.out.count("FAULTS INJECTED in") >= 2
    assert faults in " ".join(allowed.out.split())
