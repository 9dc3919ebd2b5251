from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def _own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def files() -> set[str]:
    return {path.name for path in Path().iterdir()}


def test_report_writes_one_page(command: Any, record: Any, finished: Any) -> None:
    record(Path("mine"), finished)
    ended = command("report", "mine", "-o", "report.html")
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    page = Path("report.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>\n")
    assert page.endswith("</html>\n")
    assert "plotly.js v" in page
    assert len(page) < 12_000_000
    assert files() == {"mine", "report.html"}


def test_report_draws_several_runs_and_the_latest(command: Any, record: Any, finished: Any) -> None:
    record(Path(".walkerbench/runs/20260101T000000.000Z-a"), finished)
    record(Path("mine"), finished)
    assert command("report", "@latest", "mine", "-o", "report.html").code == 0
    assert "<h1>2 runs</h1>" in Path("report.html").read_text(encoding="utf-8")


def test_runs_have_the_names_of_their_folders(command: Any, record: Any, finished: Any) -> None:
    for folder in ("before", "after"):
        record(Path(folder) / "1", finished)
    assert command("report", "before/1", "after/1", "-o", "report.html").code == 0
    page = Path("report.html").read_text(encoding="utf-8")
    for label in ("A: before/1", "B: after/1"):
        assert re.search(f"</span>{label}</th><td>[^\n]*?</td><td>default, sequential</td>", page)


def test_a_killed_run_is_concluded_as_far_as_it_was_recorded(command: Any, record: Any, finished: Any) -> None:
    profile = {**finished.profile, "stages": [{"agents": 60}]}
    killed = {
        "state": "running",
        "stages": [],
        "verdicts": [],
        "metrics": {},
        "unmeasured": {},
        "checkpoints": [],
        "criteria": ["frame_ms.max < 200"],
    }
    record(Path("killed"), finished.changed(profile=profile, **killed))
    assert command("report", "killed", "-o", "report.html").code == 0
    page = Path("report.html").read_text(encoding="utf-8")
    assert "UNFINISHED" in page
    assert '<th scope="row">frame_ms.max &lt; 200</th>' in page


def test_a_directory_with_an_undecodable_name_is_drawn(command: Any, record: Any, finished: Any) -> None:
    record(Path(os.fsdecode(b"run\xff")), finished)
    assert command("report", os.fsdecode(b"run\xff"), "-o", "report.html").code == 0
    assert r"run\udcff" in Path("report.html").read_text(encoding="utf-8")


def test_an_output_that_exists_is_refused(command: Any, record: Any, finished: Any) -> None:
    record(Path("mine"), finished)
    Path("report.html").write_text("precious")
    ended = command("report", "mine", "-o", "report.html")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "walkerbench: report.html: exists: give another file, or remove it\n"
    assert Path("report.html").read_text() == "precious"


def test_a_run_that_cannot_be_drawn_is_exit_2_and_no_file(command: Any, record: Any, finished: Any) -> None:
    for name in ("truncated", "newer", "corrupt"):
        record(Path(name), finished)
    array = Path("truncated/frames.npy")
    array.write_bytes(array.read_bytes()[:-1])
    Path("newer/run.json").write_text('{"schema_version": 99}')
    Path("corrupt/run.json").write_text("{")
    before = files()
    for arguments in (["gone"], ["truncated"], ["newer"], ["corrupt"], ["@latest"], ["corrupt"] * 9, []):
        ended = command("report", *arguments, "-o", "report.html")
        assert (ended.code, ended.out) == (2, "")
        assert ended.err.startswith("walkerbench: ")
        assert ended.err.count("\n") == 1
        assert "internal" not in ended.err
        assert files() == before


def test_no_output_is_a_usage_error(command: Any) -> None:
    ended = command("report", "mine")
    assert ended.code == 2
    assert "'-o' / '--output'" in ended.err


def test_without_plotly_report_says_what_to_install(command: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    ended = command("report", "mine", "-o", "report.html")
    assert (ended.code, ended.err) == (2, "walkerbench: a report needs plotly: pip install 'walkerbench[report]'\n")
    assert files() == set()


def test_an_interruption_leaves_no_file(
    command: Any, record: Any, finished: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from walkerbench.reports.html import page

    def interrupted(*_arguments: Any) -> Any:
        yield "half a page"
        raise KeyboardInterrupt

    record(Path("mine"), finished)
    monkeypatch.setattr(page, "render", interrupted)
    assert command("report", "mine", "-o", "report.html").code == 130
    assert files() == {"mine"}
