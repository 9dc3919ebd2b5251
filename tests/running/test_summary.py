from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

import numpy as np
import pytest
from tiny_profile import profile_text

from walkerbench.criteria.judging import exit_code_of_run
from walkerbench.errors import RunFileError
from walkerbench.profile.loading import load_profile
from walkerbench.run_directory import CheckpointRecord, RecordedRun, RunFile, read_recorded
from walkerbench.running import runner
from walkerbench.running.observers import RunObserver, RunStart
from walkerbench.running.summary import conclude
from walkerbench.workloads.digests import fold_checkpoints

STAGES = [{"agents": 5, "frames": 20}, {"agents": 8, "frames": 31}]
CRITERIA = {"frame_ms.max": "< 1e9", "ai_updates": "> 0", "meals": ">= 0", "missed_deadlines": "< 1e9"}


class Opening(RunObserver):
    """Keeps `run.json` as it was before the first frame."""

    run: RunFile

    def started(self, start: RunStart) -> None:
        self.run = start.run


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[RecordedRun, RecordedRun]:
    """A finished run of two stages, and the same run as if it had been killed at its last frame."""
    directory = tmp_path_factory.mktemp("conclusion")
    changes: dict[str, Any] = {"agents": None, "frames": None, "stages": STAGES, "pace": "realtime"}
    changes["environment"] = {"physics": {"frames_per_second": 500.0}}
    (directory / "tiny.toml").write_text(profile_text(**changes, mode="threaded", workers=2, criteria=CRITERIA))
    opening = Opening()
    profile = load_profile(str(directory / "tiny.toml"))
    finished = read_recorded(runner.run(profile, output=directory / "run", command_line=[], observers=[opening]))
    return finished, dataclasses.replace(finished, run=opening.run)


def test_a_finished_run_has_its_conclusion_already(runs: tuple[RecordedRun, RecordedRun]) -> None:
    assert conclude(runs[0]) == runs[0].run


def test_a_killed_run_is_concluded_from_its_arrays(runs: tuple[RecordedRun, RecordedRun]) -> None:
    finished, killed = runs[0].run, conclude(runs[1])
    assert killed.state == "running"
    assert killed.digest == finished.digest
    assert [(point.stage, point.frame, point.digest) for point in killed.checkpoints] == [
        (point.stage, point.frame, point.digest) for point in finished.checkpoints
    ]
    assert len(killed.checkpoints) == 5
    for one, other in zip(killed.stages, finished.stages, strict=True):
        for name in ("stage", "agents", "frames", "warmup", "workers", "digest"):
            assert getattr(one, name) == getattr(other, name)
    assert killed.missed_deadlines == finished.missed_deadlines
    measured = {name: value for name, value in killed.metrics.items() if name not in finished.counters}
    assert measured == {name: value for name, value in finished.metrics.items() if name not in finished.counters}


def test_a_killed_run_has_only_frame_counters(runs: tuple[RecordedRun, RecordedRun]) -> None:
    finished, killed = runs[0].run, conclude(runs[1])
    assert tuple(killed.counters) == finished.workload.frame_counters
    assert killed.counters == {name: finished.counters[name] for name in killed.counters}
    unknown = set(finished.counters) - set(killed.counters)
    assert "meals" in unknown
    assert {killed.metrics[name] for name in unknown} == {None}
    outcomes = {verdict.criterion: verdict.outcome for verdict in killed.verdicts if verdict.stage is None}
    assert outcomes == {
        "frame_ms.max < 1000000000": "pass",
        "ai_updates > 0": "pass",
        "meals >= 0": "unsupported",
        "missed_deadlines < 1000000000": "pass",
        "emergency_shutdowns == 0": "pass",
    }
    meals = [verdict for verdict in killed.verdicts if verdict.criterion == "meals >= 0"]
    assert [(verdict.stage, verdict.detail) for verdict in meals] == [
        (stage, "is only known of a run that has ended") for stage in (0, 1, None)
    ]


def test_a_run_killed_before_its_first_rows_has_an_empty_stage(
    runs: tuple[RecordedRun, RecordedRun],
) -> None:
    arrays = {name: getattr(runs[1], name)[:0] for name in ("frames", "workers", "cpu", "digests")}
    killed = conclude(dataclasses.replace(runs[1], **arrays))
    assert [(stage.agents, stage.frames, stage.workers) for stage in killed.stages] == [(5, 0, 2)]
    assert (killed.checkpoints, killed.digest) == ((), None)
    assert killed.metrics["physics_fps"] is None


def test_a_run_killed_in_its_first_stage_has_no_second(runs: tuple[RecordedRun, RecordedRun]) -> None:
    arrays = {
        name: rows[rows["stage"] == 0] for name in ("frames", "workers", "digests") for rows in [getattr(runs[1], name)]
    }
    killed = conclude(dataclasses.replace(runs[1], **arrays))
    assert [stage.frames for stage in killed.stages] == [20]
    assert {verdict.stage for verdict in killed.verdicts} == {None}
    assert killed.digest == killed.stages[0].digest == runs[0].run.stages[0].digest


@pytest.mark.parametrize("period_ms", [1, 4])
def test_a_judged_frame_longer_than_its_period_misses_a_deadline(
    runs: tuple[RecordedRun, RecordedRun], period_ms: int
) -> None:
    run = runs[0].run
    workload = {**dict(run.workload), "frames_per_second": 1000 / period_ms}
    frames = np.array(runs[0].frames)
    frames["wall_ns"] = 500_000
    frames["wall_ns"][[3, 15, 19, 40]] = 5_000_000, 2_000_000, 4_000_000, 4_000_001
    concluded = conclude(dataclasses.replace(runs[0], frames=frames, run=run.changed(workload=workload)))
    assert frames["warmup"][[3, 15, 19, 40]].tolist() == [1, 0, 0, 0]
    assert concluded.missed_deadlines == {1: 3, 4: 1}[period_ms]
    assert [stage.metrics["missed_deadlines"] for stage in concluded.stages] == {1: [2, 1], 4: [0, 1]}[period_ms]


def in_two_paces(recorded: RecordedRun, *paces: str) -> RunFile:
    """The run as if its stages had these paces, with a criterion of each pace."""
    stages = [{**stage, "pace": pace} for stage, pace in zip(STAGES, paces, strict=True)]
    criteria = ["frame_ms.max < 1000", "missed_deadlines >= 0", "physics_fps > 0"]
    profile = {**recorded.run.profile, "stages": stages, "pace": "max"}
    frames = np.array(recorded.frames)
    frames["wall_ns"] = np.where(frames["stage"] == 0, 4_000_000, 8_000_000)  # the period is 2 ms
    run = recorded.run.changed(criteria=criteria, profile=profile)
    return conclude(dataclasses.replace(recorded, frames=frames, run=run))


@pytest.mark.parametrize("paces", [("max", "realtime"), ("realtime", "max")])
def test_a_stage_is_judged_by_what_its_pace_can_answer(
    runs: tuple[RecordedRun, RecordedRun], paces: tuple[str, str]
) -> None:
    concluded = in_two_paces(runs[0], *paces)
    loaded, timed = paces.index("max"), paces.index("realtime")
    found = {
        name: [each.stage for each in concluded.verdicts if each.criterion.startswith(name)]
        for name in ("frame_ms", "physics_fps", "missed_deadlines")
    }
    assert found == {"frame_ms": [0, 1, None], "physics_fps": [loaded, None], "missed_deadlines": [timed, None]}
    rates = [250.0, 125.0]
    assert [stage.metrics["physics_fps"] for stage in concluded.stages] == rates
    assert concluded.metrics["physics_fps"] == rates[loaded]
    late = concluded.stages[timed].frames - concluded.stages[timed].warmup
    assert concluded.missed_deadlines == concluded.metrics["missed_deadlines"] == late
    assert concluded.stages[loaded].metrics["missed_deadlines"] is None


def test_stages_of_one_pace_are_judged_by_every_criterion(runs: tuple[RecordedRun, RecordedRun]) -> None:
    concluded = in_two_paces(runs[0], "realtime", "realtime")
    assert [each.stage for each in concluded.verdicts if each.criterion == "physics_fps > 0"] == [0, 1, None]
    judged = [stage.frames - stage.warmup for stage in concluded.stages]
    assert concluded.metrics["physics_fps"] == pytest.approx(sum(judged) / (judged[0] / 250 + judged[1] / 125))
    assert concluded.missed_deadlines == sum(judged)


def test_the_emergency_counts_in_the_stage_that_it_ended(runs: tuple[RecordedRun, RecordedRun]) -> None:
    run = runs[0].run.changed(state="emergency", emergency_shutdowns=1)
    concluded = conclude(dataclasses.replace(runs[0], run=run))
    assert [stage.metrics["emergency_shutdowns"] for stage in concluded.stages] == [0, 1]
    assert concluded.metrics["emergency_shutdowns"] == 1


def test_digests_are_folded_in_order() -> None:
    points = [
        CheckpointRecord(stage=0, frame=frame, digest=text, population={}) for frame, text in ((1, "00ff"), (2, "ab"))
    ]
    assert fold_checkpoints(each.digest for each in points) == hashlib.sha256(b"\x00\xff\xab").hexdigest()
    assert fold_checkpoints(each.digest for each in points) != fold_checkpoints(each.digest for each in points[::-1])
    assert fold_checkpoints([]) is None


def test_a_killed_run_with_an_incomplete_profile_is_corrupt(runs: tuple[RecordedRun, RecordedRun]) -> None:
    stages = runs[1].run.profile["stages"]
    for wrong in ([], stages[:1]):
        run = runs[1].run.changed(profile={**runs[1].run.profile, "stages": wrong})
        with pytest.raises(RunFileError, match=r"run\.json: corrupt, its profile has no stage \d: record"):
            conclude(dataclasses.replace(runs[1], run=run))


def late(recorded: RecordedRun, *, core_wait_ns: int, host_stall: str | None) -> RecordedRun:
    """The run with frame 15 of its first stage 500 ms long, judged by a limit of 200 and a deadline of 16.7."""
    frames = np.array(recorded.frames)
    frames["wall_ns"] = frames["parent_cpu_ns"] = 10_000_000
    frames["parent_core_wait_ns"] = frames["parent_core_wait_before_ns"] = 0
    frames["wall_ns"][15], frames["parent_core_wait_ns"][15] = 500_000_000, core_wait_ns
    profile = {key: value for key, value in recorded.run.profile.items() if key != "host_stall"}
    profile |= {} if host_stall is None else {"host_stall": host_stall}
    workload = recorded.run.workload.model_copy(update={"frames_per_second": 60.0})
    criteria = ["frame_ms.max < 200", "missed_deadlines == 0"]
    run = recorded.run.changed(criteria=criteria, profile=profile, workload=workload)
    return dataclasses.replace(recorded, frames=frames, run=run)


@pytest.mark.parametrize(
    ("core_wait_ns", "host_stall", "outcomes"),
    [
        (485_000_000, "inconclusive", ["unsupported", "pass", "unsupported"]),
        (485_000_000, "fail", ["fail", "pass", "fail"]),
        (485_000_000, None, ["fail", "pass", "fail"]),  # a run of schema 1
        (100_000_000, "inconclusive", ["fail", "pass", "fail"]),
    ],
)
def test_a_host_stall_fails_unless_the_profile_says_otherwise(
    runs: tuple[RecordedRun, RecordedRun], core_wait_ns: int, host_stall: str | None, outcomes: list[str]
) -> None:
    concluded = conclude(late(runs[0], core_wait_ns=core_wait_ns, host_stall=host_stall))
    for criterion in ("frame_ms.max < 200", "missed_deadlines == 0"):
        found = [verdict.outcome for verdict in concluded.verdicts if verdict.criterion == criterion]
        assert found == outcomes
    assert exit_code_of_run("finished", concluded.verdicts) == (4 if "unsupported" in outcomes else 1)
    assert [(slow.stage, slow.frame) for slow in concluded.worst_frames] == [(0, 15)]
    assert sum(concluded.slow_frames.values()) == 1
    if "unsupported" in outcomes:
        assert concluded.verdicts[0].value == 500
        assert concluded.verdicts[0].detail == (
            "500 is not < 200, but the frame over it was ready to run and given no core by the host"
        )
        assert concluded.verdicts[1].detail == (
            "1 is not == 0, but the frame that missed the deadline was ready to run and given no core by the host"
        )


def test_every_run_has_an_attribution(runs: tuple[RecordedRun, RecordedRun]) -> None:
    attribution = runs[0].run.attribution
    assert attribution is not None
    known = [share.share for share in attribution.shares if share.share is not None]
    assert sum(known) == pytest.approx(1)
    assert all(share >= 0 for share in known)
    assert conclude(runs[1]).attribution == attribution
