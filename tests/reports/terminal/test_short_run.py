"""The summary that `walkerbench run` prints, of runs made by hand."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from comparisons import FINISHED
from fabricated_runs import recorded_run

from walkerbench.cli.rich_console import to_text
from walkerbench.reports.terminal.short_run import MOST_LINES_OF_A_RUN, ShortRun
from walkerbench.run_directory import RunFile

RUN = Path(".walkerbench/runs/20260102T030405.678Z-default-sequential-60")
FOLLOWING = {"all figures": "walkerbench show @latest", "other modes": "walkerbench compare --profile toy"}


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


def lines_of(run: RunFile, directory: Path = RUN) -> list[str]:
    return to_text([ShortRun(run, directory, FOLLOWING)]).splitlines()


def fact(lines: list[str], name: str) -> str:
    """Return the text beside a name, with the lines that it continues in."""
    start = next(number for number, line in enumerate(lines) if line.startswith(f"{name} "))
    more = lines[start + 1 :]
    end = next((number for number, line in enumerate(more) if line[:1].strip()), len(more))
    return " ".join(" ".join([lines[start].removeprefix(name), *more[:end]]).split())


Make = Callable[..., RunFile]


@pytest.fixture
def made(tmp_path: Path) -> Make:
    """Return a function that returns a run with arrays, made by hand, as concluded."""

    def make(frames: int = 130, **changes: Any) -> RunFile:
        return recorded_run(tmp_path / "run", frames, **changes).run

    return make


def test_a_pass_is_one_screen_with_the_verdict_first(made: Make) -> None:
    run = made(criteria=("frame_ms.max < 100", "frame_ms.p99 < 1", "emergency_shutdowns == 0", "physics_fps > 400"))
    lines = lines_of(run)
    assert lines[:6] == [
        "PASS: every criterion is met.",
        "",
        "PASS  frame max 0.99 ms, 101 times below 100",
        "PASS  frame p99 0.99 ms, 1 % below 1",
        "PASS  emergency shutdowns 0, as required",
        "PASS  physics frames/s 1,193, 3.0 times above 400",
    ]
    assert fact(lines, "ran") == "toy, 8 agents, process mode with 2 workers, 129 frames judged"
    assert fact(lines, "time went to").startswith("computing 48 %, moving data at most 34 %, ")
    assert fact(lines, "recorded in") == str(RUN)
    assert lines[-2:] == [
        "all figures   walkerbench show @latest",
        "other modes   walkerbench compare --profile toy",
    ]
    assert len(lines) <= MOST_LINES_OF_A_RUN
    assert max(map(len, lines)) <= 80


def test_a_fail_explains_frames_and_counts_the_others(made: Make) -> None:
    lines = lines_of(made())
    assert lines[:3] == [
        "FAIL: not met: frame_ms.max < 0.715.",
        "",
        "FAIL  frame max 0.99 ms, 38 % over the limit of 0.715",
    ]
    start = lines.index("Frames over a limit, the longest first")
    explained = [line for line in lines[start + 1 :] if line.startswith("frame ")]
    assert explained[0] == "frame 29: 1.0 ms, of it 0.6 ms blocked: blocked or not scheduled (in the parent)"
    counts = next(line for line in lines if line.startswith("and "))
    total = sum(made_frames(130))
    assert counts.startswith(f"and {total - len(explained)} more; of all {total}: ")
    assert len(explained) >= 2
    assert len(lines) <= MOST_LINES_OF_A_RUN


def made_frames(count: int) -> list[bool]:
    """Return which of the frames of a made run are judged and over 0.715 ms."""
    return [frame > 0 and 700 + 10 * (frame % 30) >= 715 for frame in range(count)]


def test_an_inconclusive_run_says_why_and_shows_its_frames(made: Make) -> None:
    lines = lines_of(made(3, criteria=("frame_ms.p99 < 0.5", "emergency_shutdowns == 0")))
    assert lines[0] == "INCONCLUSIVE: could not be judged: frame_ms.p99 < 0.5."
    assert lines[2].split(maxsplit=1) == [
        "UNSUPPORTED",
        "frame p99 n/a: p99 needs 100 judged frames, there are 2",
    ]
    excused = FINISHED.changed(
        verdicts=[
            {"criterion": "frame_ms.max < 200", "stage": None, "value": 245.5, "outcome": "unsupported",
             "detail": "245.5 is not < 200, but the frame over it was ready to run and given no core by the host"}
        ],
        slow_frames={"not scheduled": 1},
        worst_frames=[slow_frame(0)],
    )  # fmt: skip
    lines = lines_of(excused)
    assert "frame max not judged: 245.5 is not < 200, but the frame over it was ready to run" in " ".join(
        " ".join(lines).split()
    )
    assert "frame 0: 246 ms, of it 205 ms not scheduled: the host" in lines
    assert not any(line.startswith("and ") for line in lines)


def slow_frame(number: int) -> dict[str, Any]:
    return {"stage": 0, "frame": number, "criterion": "frame_ms.max < 200", "value_ms": 245.5, "wall_ms": 245.5,
            "cpu_ms": 31.0, "not_scheduled_ms": 205.0, "blocked_ms": 9.5, "gc_ms": 0.0, "worker": None,
            "cause": "not scheduled", "host": True}  # fmt: skip


def test_a_paced_run_says_that_its_pauses_count() -> None:
    metrics = {**FINISHED.metrics, "physics_fps": 2124.9, "cpu.effective_cores": 0.05}
    run = FINISHED.changed(profile={**FINISHED.profile, "pace": "realtime"}, metrics=metrics, missed_deadlines=0)
    expected = "2,125 frames/s without the pauses between them, 0.05 effective cores (pauses between frames count)"
    assert fact(lines_of(run), "speed") == expected
    switched = {**dict(FINISHED.stages[0]), "switches": [{"frame": 9, "mode": None, "pace": "realtime"}]}
    assert "pauses" in fact(lines_of(FINISHED.changed(stages=[switched])), "speed")
    assert fact(lines_of(FINISHED), "speed") == "512.3 frames/s, 1.01 effective cores"


def test_a_run_without_criteria_has_no_list_of_them() -> None:
    lines = lines_of(FINISHED.changed(verdicts=[], criteria=()))
    assert lines[:3] == ["INCONCLUSIVE: nothing was judged.", "", lines[2]]
    assert lines[2].startswith("ran ")


def test_missing_figures_are_not_available_and_never_0(made: Make) -> None:
    lines = lines_of(made(0))
    assert fact(lines, "speed") == (
        "frames/s n/a (there are no judged frames), effective cores n/a (needs 2 CPU samples while judged frames run, "
        "there are fewer)"
    )
    assert fact(lines, "time went to") == "n/a"
    assert fact(lines, "disturbed by") == (
        "nothing that was measured: load by other programs n/a, not scheduled by the host n/a, slowed interpreter n/a"
    )
    assert FINISHED.attribution is not None
    shares = [{**dataclasses.asdict(each), "share": None} for each in FINISHED.attribution.shares[-1:]]
    unknown = FINISHED.changed(attribution={**dataclasses.asdict(FINISHED.attribution), "shares": shares})
    assert fact(lines_of(unknown), "time went to") == "not scheduled n/a"


@pytest.mark.parametrize(
    ("changes", "warning"),
    [
        ({"state": "broken", "ended_because": "no disk", "verdicts": ()}, "BROKEN: no disk (after 3,600 frames)"),
        ({"faults": "extra work of 5 % in every frame"}, "FAULTS INJECTED: extra work of 5 % in every frame"),
        ({"stages": [{**dict(FINISHED.stages[0]), "remarks": ["3 errors"]}]}, "REMARK OF THE WORKLOAD: 3 errors"),
        ({"observers": [{"name": "relay", "cost_s": 0.0, "dropped": "was slow"}]}, "OBSERVER DROPPED: relay was slow"),
        ({"mode": {**dict(FINISHED.mode), "requested": "threaded", "fallback": "too few agents"}},
         "OTHER MODE: threaded was asked for: too few agents"),
        ({"workload": {**dict(FINISHED.workload), "same_work_not_proven": "no state()"}},
         "SAME WORK NOT PROVEN: no state()"),
        ({"machine": {**FINISHED.machine, "memory_bytes": "n/a"}},
         "the memory of this machine is n/a: whether the agents fit was not checked"),
    ],
)  # fmt: skip
def test_what_a_reader_must_know_first_is_above_the_verdict(changes: dict[str, Any], warning: str) -> None:
    lines = lines_of(FINISHED.changed(**changes))
    assert lines[:2] == [warning, ""]


@pytest.mark.parametrize("frames", [1, 5, 10])
@pytest.mark.parametrize("criteria", [1, 4, 9, 40])
def test_however_much_fails_it_is_at_most_24_lines(criteria: int, frames: int) -> None:
    verdicts = [
        {"criterion": f"a_long_name_of_a_counter_{number} < 200", "stage": None, "value": 250.0 + number,
         "outcome": "fail", "detail": "too many"}
        for number in range(criteria)
    ]  # fmt: skip
    run = FINISHED.changed(
        verdicts=verdicts,
        slow_frames={"not scheduled": 1200, "waiting for the GIL": 34, "blocked": 7, "page faults": 1},
        worst_frames=[slow_frame(number) for number in range(frames)],
    )
    lines = lines_of(run, Path("/a/folder/with/a/long/name" * 4))
    assert len(lines) <= MOST_LINES_OF_A_RUN
    shown = [line for line in lines if line.startswith("FAIL  ")]
    explained = [line for line in lines if line.startswith("frame ")]
    assert shown
    assert explained
    left_out = [line for line in lines if line.startswith("and ")]
    assert left_out[-1].startswith(f"and {1242 - len(explained):,} more; of all 1,242: ")
    if len(shown) < criteria:
        assert left_out[0] == f"and {criteria - len(shown)} more: {criteria - len(shown)} not met"
