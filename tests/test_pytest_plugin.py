from __future__ import annotations

import dataclasses
import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recorded_runs import run_file
from tiny_profile import TINY_FRAMES, profile_text

from walkerbench.criteria.judging import Verdict
from walkerbench.errors import ExitCode, InjectedFaults, UsageError
from walkerbench.profile.overrides import ProfileOverrides
from walkerbench.pytest_plugin import Passed, ProfileRun, ProfileRunner
from walkerbench.running.repeats import ChildRun

pytest_plugins = ["pytester"]


def test_a_run_is_recorded_and_handed_back(walkerbench_run: ProfileRunner, tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(profile_text())
    run = walkerbench_run(tmp_path / "tiny.toml", mode="process", workers=2, criteria=["meals >= 0"])
    assert run.passed
    assert run.run.mode.used == "process"
    assert run.directory == tmp_path / "walkerbench" / "1"
    assert run.metrics["emergency_shutdowns"] == 0.0
    np.testing.assert_array_equal(run.frames["frame"], range(TINY_FRAMES))


def test_another_copy_in_the_project_is_a_warning(
    walkerbench_run: ProfileRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tiny.toml").write_text(profile_text())
    for path in ("walkerbench/__init__.py", "pyproject.toml"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).touch()
    monkeypatch.chdir(tmp_path)
    with pytest.warns(UserWarning, match=f"and not from {tmp_path}/walkerbench: an edit there has no effect"):
        walkerbench_run(tmp_path / "tiny.toml")


def test_a_failed_assertion_explains_itself(pytester: pytest.Pytester) -> None:
    pytester.path.joinpath("tiny.toml").write_text(profile_text())
    pytester.makepyfile(
        """
        def test_fast(walkerbench_run):
            run = walkerbench_run("./tiny.toml", criteria=["frame_ms.p99 < 50", "frame_ms.max < 0.0001", "meals >= 0"])
            assert run.passed
        """
    )
    result = pytester.runpytest_subprocess("-W", "error")
    result.assert_outcomes(failed=1)
    reasons = (
        r"not passed: frame_ms\.max < 0\.0001 \(\d\S* is not < 0\.0001\); "
        r"frame_ms\.p99 < 50 \(p99 needs 100 judged frames, there are 30\)"
    )
    result.stdout.re_match_lines(
        [
            r">\s+assert run\.passed",
            rf"E\s+assert {reasons}",
            rf"E\s+\+  where {reasons} = <run recorded in \S+/walkerbench/1>\.passed",
            r"-+ Captured walkerbench call -+",
            r"tiny, sequential, recorded in \S+/walkerbench/1",
            r"pass: emergency_shutdowns == 0 \(0\)",
            r"unsupported: frame_ms\.p99 < 50 \(p99 needs .*\)",
            r"fail: frame_ms\.max < 0\.0001 \(.*\)",
            r"pass: meals >= 0 \(\d+\)",
        ]
    )


def test_what_cannot_be_run_is_an_error_that_says_why(walkerbench_run: ProfileRunner, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^mode: no such mode: 'magic'; there are "):
        walkerbench_run("smoke", mode="magic")
    (tmp_path / "walkerbench").write_text("in the way")
    with pytest.raises(UsageError, match="the output cannot be written"):
        walkerbench_run("smoke")


def test_a_profile_with_faults_is_refused_unless_allowed(walkerbench_run: ProfileRunner, tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(profile_text(faults={"diverge_frame": 3}))
    with pytest.raises(InjectedFaults, match=r"^the profile tiny has injected faults: worker 0 leaves out frame 3; "):
        walkerbench_run(tmp_path / "tiny.toml")
    run = walkerbench_run(tmp_path / "tiny.toml", allow_faults=True)
    assert run.passed
    assert run.run.faults == "worker 0 leaves out frame 3"


def test_an_unused_fixture_imports_nothing_else_of_walkerbench(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        import sys
        def pytest_unconfigure():
            print("modules:", *sys.modules)
        """
    )
    pytester.makepyfile("def test_nothing(): pass")
    result = pytester.runpytest_subprocess("-p", "no:benchmark", "-s", "-W", "error")
    result.assert_outcomes(passed=1)
    modules = next(line for line in result.outlines if "modules: " in line).split()
    assert {name for name in modules if name.startswith("walkerbench")} == {"walkerbench", "walkerbench.pytest_plugin"}
    assert {"numpy", "Box2D", "pydantic", "rich", "click"}.isdisjoint(modules)


def test_the_fixture_is_listed_with_what_it_is_for(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_subprocess("--fixtures")
    result.stdout.fnmatch_lines(["walkerbench_run -- *", "    Runs a profile, with changes, in a process *"])


def verdict(criterion: Any, outcome: Any, detail: str = "", stage: Any = None) -> Verdict:
    return Verdict(criterion=criterion, stage=stage, value=None, outcome=outcome, detail=detail)


def passed(tmp_path: Path, **changes: Any) -> Any:
    return ProfileRun(tmp_path, run_file("1", **changes)).passed


def test_a_run_passes_only_if_it_finished_and_met_every_criterion(tmp_path: Path) -> None:
    met = verdict("meals > 0", "pass")
    assert passed(tmp_path, verdicts=[met]) == Passed(())
    assert repr(passed(tmp_path, verdicts=[met])) == "passed"
    assert repr(passed(tmp_path)) == "not passed: nothing was judged"
    stopped = passed(tmp_path, verdicts=[met], state="emergency", ended_because="too slow")
    assert repr(stopped) == "not passed: emergency: too slow"
    assert not stopped


def test_reasons_name_the_stage_where_there_are_several(tmp_path: Path) -> None:
    stages = [{**dict(each), "stage": number} for number, each in enumerate(run_file("1").stages * 2)]
    verdicts = [verdict("a < 1", "fail", "2", stage=1), verdict("a < 1", "fail", "3")]
    assert passed(tmp_path, stages=stages, verdicts=verdicts).reasons == ("a < 1 in stage 2 (2)", "a < 1 (3)")


def test_an_interrupt_ends_the_tests(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def interrupted(request: Any, signals: Any, *, keep_stderr: Any) -> ChildRun:
        signals.received = 2
        return ChildRun(request.directory, None, ExitCode.INTERRUPTED, None)

    monkeypatch.setattr("walkerbench.running.repeats.record_run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ProfileRunner(tmp_path, print)("smoke")


def test_the_fixture_takes_every_part_that_can_be_replaced() -> None:
    parameters = inspect.signature(ProfileRunner.__call__).parameters
    parts = {each.name for each in dataclasses.fields(ProfileOverrides)}
    without_effect = {"setup"}  # of worktrees, which a run has none of
    assert set(parameters) == {"self", "profile", *parts - without_effect, "allow_faults"}
