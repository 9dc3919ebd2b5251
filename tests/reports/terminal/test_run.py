"""The terminal's report, compared with golden files.

`PYTHONPATH=tests/support python tests/reports/terminal/test_run.py` writes them again.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from walkerbench.cli.rich_console import to_text
from walkerbench.modes.registry import MODES
from walkerbench.reports.terminal.attribution import slow_frames
from walkerbench.reports.terminal.run import report
from walkerbench.run_directory import RunFile

HERE = Path(__file__).parents[1]
FINISHED = RunFile.model_validate_json((HERE / "finished_run.json").read_bytes(), strict=True)
RUN = Path(".walkerbench/runs/20260102T030405.678Z-default-sequential-60")


def verdict(criterion: str, stage: int | None, value: float | None, outcome: str, detail: str = "") -> dict[str, Any]:
    return {"criterion": criterion, "stage": stage, "value": value, "outcome": outcome, "detail": detail}


def slow_frame(**changes: Any) -> dict[str, Any]:
    frame = {"stage": 0, "frame": 812, "criterion": "frame_ms.max < 200", "value_ms": 245.5, "wall_ms": 245.5}
    return {**frame, "cpu_ms": 245.5, "not_scheduled_ms": 0.0, "blocked_ms": 0.0, "gc_ms": 0.0, "worker": None,
            "cause": "compute", "host": False, **changes}  # fmt: skip


def in_stages() -> RunFile:
    reason = "p99 needs 100 judged frames, there are 80"
    assert FINISHED.attribution is not None
    return FINISHED.changed(
        stages=[{**dict(FINISHED.stages[0]), "stage": number, "agents": 30 * 2**number} for number in range(3)],
        faults="extra work of 5 % in every frame",
        mode={**dict(FINISHED.mode), "requested": "threaded", "fallback": "4 agents or fewer are not worth threads"},
        metrics={**FINISHED.metrics, "frame_ms.p99": None, "physics_ms.p99": None, "cpu.effective_cores": None},
        unmeasured={"frame_ms.p99": reason, "physics_ms.p99": reason, "cpu.effective_cores": "too few samples"},
        missed_deadlines=3,
        slow_frames={"not scheduled": 1200, "waiting for the GIL": 34},
        worst_frames=[
            slow_frame(
                stage=2, not_scheduled_ms=205.2, cpu_ms=31.4, blocked_ms=8.9, cause="not scheduled", worker=1, host=True
            ),
            slow_frame(stage=0, frame=1_234_567, cpu_ms=0.5, blocked_ms=244.6, cause="waiting for the GIL", worker=0),
        ],
        attribution={
            **dataclasses.asdict(FINISHED.attribution),
            "shares": [
                {"part": "compute", "share": 0.5, "upper_bound": False},
                {"part": "blocked", "share": 0.25, "upper_bound": True},
                {"part": "not scheduled", "share": None, "upper_bound": False},
            ],
            "involuntary_switches": None,
        },
        verdicts=[
            verdict("frame_ms.p99 < 50", 0, 49.9999999, "pass"),
            verdict("frame_ms.p99 < 50", 1, 50.0, "fail"),
            verdict("frame_ms.p99 < 50", 2, None, "unsupported", reason),
            verdict("frame_ms.p99 < 50", None, 1234567.891, "fail"),
        ],
    )


def in_several_paces() -> RunFile:
    paces = ("realtime", "max")
    stages = [{**dict(FINISHED.stages[0]), "stage": number, "agents": 60 * (1 + number)} for number in range(2)]
    planned = [{"agents": 60 * (1 + number), "frames": 640, "pace": pace} for number, pace in enumerate(paces)]
    judged = [verdict("emergency_shutdowns == 0", stage, 0.0, "pass") for stage in (0, 1, None)]
    cores = [verdict("cpu.effective_cores > 1.5", stage, 1.75, "pass") for stage in (1, None)]
    return FINISHED.changed(
        stages=stages,
        profile={**FINISHED.profile, "stages": planned},
        missed_deadlines=2,
        verdicts=[*judged[:2], cores[0], judged[2], cores[1]],
    )


def interrupted_before_the_first_frame() -> RunFile:
    return FINISHED.changed(
        state="interrupted",
        ended_because="by the user",
        stages=[],
        metrics={},
        counters={},
        unmeasured={},
        checkpoints=[],
        digest=None,
        verdicts=[],
        attribution=None,
    )


CASES = {
    "finished": (FINISHED, RUN, False),
    "verbose": (FINISHED, RUN, True),
    "stages": (in_stages(), Path("/somewhere" + "/very-long-name" * 10 + "/[bold]last"), False),
    "paces": (in_several_paces(), RUN, False),
    "interrupted": (interrupted_before_the_first_frame(), RUN, False),
}


def rendered(name: str) -> str:
    run, directory, verbose = CASES[name]
    return to_text(report(run, directory, verbose=verbose))


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "50")  # the width of a window must not change piped output
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("name", CASES)
def test_the_report_equals_the_golden_file(name: str) -> None:
    text = rendered(name)
    assert text == (HERE / "golden" / f"{name}.txt").read_text(encoding="utf-8")
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "\x1b" not in text
    assert "…" not in text


def test_the_verdict_is_first_and_last() -> None:
    lines = rendered("finished").splitlines()
    assert lines[0] == lines[-1] == "PASS: every criterion is met."


def test_the_effective_cores_of_a_paced_run_say_that_pauses_count() -> None:
    line = "effective cores   1.01 (pauses between frames count)"
    paced = FINISHED.changed(profile={**FINISHED.profile, "pace": "realtime"})
    assert line in to_text(report(paced, RUN)).splitlines()
    assert "pauses" not in rendered("finished")
    unknown = paced.changed(metrics={**FINISHED.metrics, "cpu.effective_cores": None})
    assert "effective cores   –" in to_text(report(unknown, RUN)).splitlines()  # noqa: RUF001


def test_a_long_path_is_wrapped_and_not_cut() -> None:
    _, directory, _ = CASES["stages"]
    assert str(directory) in "".join(line.strip() for line in rendered("stages").splitlines())


def test_a_value_has_enough_digits_to_explain_its_verdict() -> None:
    lines = [line.split() for line in rendered("stages").splitlines() if line.startswith("frame_ms.p99 < 50 ")]
    assert [line[-2:] for line in lines] == [
        ["49.9999999", "PASS"],
        ["50", "FAIL"],
        ["–", "UNSUPPORTED"],  # noqa: RUF001  the dash that is printed
        ["1.23457e+06", "FAIL"],
    ]


def test_faults_are_shown_before_numbers_and_at_the_verdict() -> None:
    lines = rendered("stages").splitlines()
    assert [number for number, line in enumerate(lines) if line.startswith("FAULTS INJECTED: ")] == [0, len(lines) - 3]
    assert "FAULTS" not in rendered("finished")


def test_numbers_of_any_size_are_not_cut() -> None:
    huge = dict.fromkeys(FINISHED.metrics, 123456789012.345)
    run = FINISHED.changed(metrics=huge, counters={"ai_updates": 10**18})
    text = to_text(report(run, RUN))
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "…" not in text
    assert f"{10**18:,}" in "".join(text.split())


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "246 ms CPU: computing"),
        ({"cpu_ms": 31, "not_scheduled_ms": 205, "blocked_ms": 9.5}, "31 ms CPU, 205 ms not scheduled, 9.5 ms blocked"),
        ({"cpu_ms": 243.5, "not_scheduled_ms": 1, "blocked_ms": 1}, "244 ms CPU: computing"),
        ({"gc_ms": 230, "cause": "garbage collection"}, "246 ms CPU (230 ms garbage collection): garbage collection"),
        ({"cause": "not scheduled", "host": True}, "246 ms CPU: the host"),
        ({"cause": "not scheduled"}, "246 ms CPU: waiting for a core"),
        ({"cause": "page faults"}, "246 ms CPU: page faults"),
        ({"cpu_ms": 5, "blocked_ms": 240, "cause": "blocked"},
         "5.0 ms CPU, 240 ms blocked: asleep, in I/O, on a lock or stopped"),
        ({"cpu_ms": 5, "not_scheduled_ms": None, "blocked_ms": 240, "cause": "not running"},
         "5.0 ms CPU, 240 ms blocked: blocked or not scheduled, which this system does not tell apart"),
    ],
)  # fmt: skip
def test_a_frame_over_its_limit_is_explained_in_a_line(changes: dict[str, Any], line: str) -> None:
    run = FINISHED.changed(slow_frames={"compute": 1}, worst_frames=[slow_frame(**changes)])
    text = to_text(report(run, RUN))
    assert "\nFrames over a limit, and why\nframe 812: 246 ms, of it " in text
    assert line in text.replace("\n", " ")


def test_memory_and_slopes_are_shown_if_measured() -> None:
    slope = {"rss_mb.slope_per_hour": 12.7, "rss_mb.slope_per_hour.low": 11.25, "rss_mb.slope_per_hour.high": 13.0}
    run = FINISHED.changed(metrics={**FINISHED.metrics, "rss_mb.mean": 150.0, "rss_mb.max": 158.04, **slope})
    lines = to_text(report(run, RUN)).splitlines()
    assert "resident memory   150.0 MB on average, 158.0 MB at most" in lines
    assert "growth of memory  +12.70 MB an hour (99 %: between +11.25 and +13.00)" in lines
    assert "growth of" not in rendered("finished")


@pytest.mark.parametrize(
    ("mode", "gil_enabled", "row"),
    [
        ("sequential", True, "asleep or in I/O"),
        ("threaded", True, "waiting for the GIL or a lock"),
        ("threaded", False, "waiting for a lock (the GIL is off)"),
        ("process", True, "waiting for a lock or I/O"),
    ],
)
def test_what_blocked_means_depends_on_the_mode_and_the_gil(mode: str, gil_enabled: bool, row: str) -> None:
    run = FINISHED.changed(
        mode={**dict(FINISHED.mode), "used": mode, "traits": MODES.find(mode).traits},
        machine={**FINISHED.machine, "python": {"version": "3.13.0", "gil_enabled": gil_enabled}},
    )
    assert f"\n{row} " in to_text(report(run, RUN))


@pytest.mark.parametrize(
    ("mode", "worker", "where"),
    [("sequential", None, ""), ("process", 1, " (worker 1)"), ("process", None, " (in the parent)")],
)
def test_a_slow_frame_says_who_was_slow(mode: str, worker: int | None, where: str) -> None:
    run = FINISHED.changed(
        mode={**dict(FINISHED.mode), "used": mode, "traits": MODES.find(mode).traits},
        slow_frames={"compute": 1},
        worst_frames=[slow_frame(worker=worker)],
    )
    assert f": computing{where}\n" in to_text(report(run, RUN))


def test_a_slow_frame_says_which_part_of_it_was_over_its_limit() -> None:
    over = slow_frame(criterion="agent_processing_ms.max < 200", value_ms=231)
    run = FINISHED.changed(slow_frames={"compute": 1}, worst_frames=[over])
    assert "frame 812: 246 ms (agent processing 231 ms), of it 246 ms CPU" in to_text(report(run, RUN))


def test_the_causes_of_all_frames_over_a_limit_are_counted() -> None:
    run = FINISHED.changed(slow_frames={"page faults": 1320, "compute": 2}, worst_frames=[slow_frame()])
    text = to_text(report(run, RUN))
    assert "\nThe worst 1 of 1,322 frames over a limit, and why\nframe 812: " in text
    assert "\nof all 1,322: 1,320 page faults, 2 computing\n" in text


def test_frames_within_limits_are_shown_only_on_request() -> None:
    run = FINISHED.changed(worst_frames=[slow_frame(criterion=None, frame=number) for number in range(9)])
    assert "frame 0" not in to_text(report(run, RUN))
    lines = to_text(slow_frames(run)).splitlines()
    assert lines[1:3] == ["The slowest judged frames, and why", "frame 0: 246 ms, of it 246 ms CPU: computing"]
    assert len([line for line in lines if line.startswith("frame ")]) == 5


@pytest.mark.parametrize(("own", "others", "told"), [(1.0, 1.0, True), (1.0, 0.2, False), (1.0, 0.7, False)])
def test_busy_processes_have_a_warning_if_no_core_was_idle(own: float, others: float, told: bool) -> None:
    metrics = {**FINISHED.metrics, "cpu.effective_cores": own, "cpu.other_cores": others}
    run = FINISHED.changed(metrics=metrics, machine={**FINISHED.machine, "cores_present": 2})
    text = " ".join(to_text(report(run, Path("a-run"))).split())
    assert (f"other processes kept {others:.2f} of 2 cores busy during the run, and no core was idle" in text) is told


if __name__ == "__main__":
    (HERE / "golden").mkdir(exist_ok=True)
    for case in CASES:
        (HERE / "golden" / f"{case}.txt").write_text(rendered(case), encoding="utf-8")
