from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from recorded_runs import recorded, write


@pytest.fixture(autouse=True)
def _own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_show_shows_a_run_directory(command: Any, record: Any, finished: Any, tmp_path: Path) -> None:
    record(tmp_path / "mine", finished)
    ended = command("show", "mine")
    assert (ended.code, ended.err) == (0, "")
    assert "run       mine\n" in ended.out
    assert ended.out.endswith("PASS: every criterion is met.\n")


def test_show_draws_charts_before_the_verdict_and_run_none(
    command: Any, record: Any, finished: Any, runner: Any, tmp_path: Path
) -> None:
    record(tmp_path / "mine", finished)
    out = command("show", "mine").out
    assert out.index("\nFrame times over the run") < out.index("\nCores, mean") < out.index("\nCriteria")
    assert "Frame times over the run" not in command("run", "-q").out


def test_show_shows_the_latest_run(command: Any, record: Any, finished: Any, tmp_path: Path) -> None:
    for name in ("20260101T000000.000Z-a", "20260102T000000.000Z-b"):
        record(tmp_path / ".walkerbench" / "runs" / name, finished)
    assert "20260102T000000.000Z-b" in command("show", "@latest").out
    assert "20260101T000000.000Z-a" in command("show", "@latest~1").out


def test_show_ends_with_0_whatever_the_verdict(command: Any, record: Any, finished: Any, tmp_path: Path) -> None:
    failed = [{**dataclasses.asdict(verdict), "outcome": "fail"} for verdict in finished.verdicts]
    record(tmp_path / "failed", finished.changed(verdicts=failed))
    ended = command("show", "failed")
    assert ended.code == 0
    assert "\nFAIL: not met: frame_ms.max < 200, " in ended.out


@pytest.mark.parametrize("state", ["running", "interrupted", "emergency", "broken"])
def test_a_run_that_did_not_finish_has_a_warning_first(
    command: Any, record: Any, finished: Any, tmp_path: Path, state: str
) -> None:
    stopped = {"emergency_shutdowns": int(state == "emergency")}
    record(tmp_path / "mine", finished.changed(state=state, ended_because="something", verdicts=[], **stopped))
    ended = command("show", "mine")
    assert ended.code == 0
    words = {"running": "UNFINISHED", "emergency": "STOPPED ITSELF"}
    assert ended.out.startswith(words.get(state, state.upper()))


def test_json_is_run_json(command: Any, record: Any, finished: Any, tmp_path: Path) -> None:
    record(tmp_path / "mine", finished)
    ended = command("show", "mine", "--json")
    assert json.loads(ended.out) == json.loads((tmp_path / "mine" / "run.json").read_text())


def test_verbose_adds_the_machine(command: Any, record: Any, finished: Any, tmp_path: Path) -> None:
    record(tmp_path / "mine", finished)
    assert "load_average" in command("show", "mine", "-v").out


def test_a_run_that_cannot_be_shown_is_one_line_and_exit_2(
    command: Any, record: Any, finished: Any, tmp_path: Path
) -> None:
    record(tmp_path / "arrayless", finished)
    (tmp_path / "arrayless" / "frames.npy").unlink()
    record(tmp_path / "corrupt", finished)
    (tmp_path / "corrupt" / "run.json").write_text("{")
    for arguments in (["gone"], ["@latest"], ["arrayless"], ["corrupt"], []):
        ended = command("show", *arguments)
        assert (ended.code, ended.out) == (2, "")
        assert ended.err.startswith("walkerbench: ")
        assert ended.err.count("\n") == 1
        assert "internal" not in ended.err


def test_a_run_that_was_packed_and_moved_is_shown_the_same(command: Any, tmp_path: Path) -> None:
    write(tmp_path / "here" / "today", recorded("1"))
    before = command("show", "here/today").out
    packed = shutil.make_archive("today", "zip", "here")
    shutil.rmtree("here")
    shutil.unpack_archive(packed, "elsewhere/other")
    after = command("show", "elsewhere/other/today")
    assert (after.code, after.err) == (0, "")
    assert after.out.replace("elsewhere/other/today", "here/today") == before
