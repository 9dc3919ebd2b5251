"""`walkerbench compare BASE CANDIDATE`: its results for recorded runs, and everything that it refuses."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from recorded_runs import code_of, digests, recorded, run_file, stage, write


@pytest.fixture
def sides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Record five runs in `before` and five slower ones in `after`, in the working directory."""
    monkeypatch.chdir(tmp_path)
    for number in range(5):
        other = code_of("fedcba9876543210")
        write(Path("before") / f"{number}", recorded(f"{number}", frame_ms=2.0 + number / 100))
        write(Path("after") / f"{number}", recorded(f"{10 + number}", frame_ms=3.0 + number / 100, code=other))
    return tmp_path


def add(name: str, number: int = 20, **changes: Any) -> str:
    rows = changes.pop("rows", None)
    write(Path(name), recorded(name, run_file(str(number), **changes), rows))
    return name


@pytest.mark.parametrize("option", [["--budget", "90s"], ["--profile", "default"], ["--workers", "2"], ["--seed", "1"]])
def test_options_cannot_change_recorded_runs(command: Any, option: list[str]) -> None:
    ended = command("compare", "a", "b", *option)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == f"walkerbench: {option[0]}: cannot change recorded runs: leave it out, or name no runs\n"


def test_folders_of_repeats_are_sides_and_regression_is_1(command: Any, sides: Path) -> None:
    ended = command("compare", "before", "after")
    assert (ended.code, ended.err) == (1, "")
    assert re.search(r"the same in all 10 runs: digest [0-9a-f]{16} \(2\s+checkpoints\)", ended.out)
    assert "\nREGRESSION: fedcba9876 is 0.67 times as fast as 0123456789 (0.66…0.68).\n" in ended.out
    exchanged = command("compare", "after", "before")
    assert exchanged.code == 0
    assert "\nFASTER: 0123456789 is 1.50 times as fast as fedcba9876 (1.48…1.52).\n" in exchanged.out


def test_json_holds_the_whole_comparison(command: Any, sides: Path) -> None:
    ended = command("compare", "before", "after", "--json", "--tolerance", "60%")
    compared = json.loads(ended.out)
    assert (ended.code, compared["exit_code"], compared["tolerance"]) == (0, 0, 0.6)
    assert [side["label"] for side in compared["sides"]] == ["0123456789", "fedcba9876"]
    assert [side["code"]["workload"]["revision"] for side in compared["sides"]] == [
        "0123456789abcdef",
        "fedcba9876543210",
    ]


def test_too_few_repeats_are_inconclusive_with_number_needed(command: Any, sides: Path) -> None:
    ended = command("compare", "before", "after/1")
    assert ended.code == 4
    assert "an error rate of 1 % needs 5 repeats a side, there are 1" in ended.out


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"profile": {"seed": 2}}, "before/0 and other differ in the seed: 1 and 2 (if intended: "),
        ({"stages": [stage(agents=4)]}, "before/0 and other differ in agents: 3 and 4 (if intended: "),
        ({"state": "interrupted", "ended_because": "SIGINT"}, "other: the run was interrupted (SIGINT): only finished"),
        ({"stages": [stage(frames=0, warmup=0)]}, "other: the run has no judged frames: "),
        ({"machine": {"cpu_model": "n/a"}}, "before/0 and other differ in the machine's cpu_model: Imaginary "),
        ({"digest": "ffff", "rows": digests(brain=(19, 2))},
         "before/0 and other did different work: the first difference is at the checkpoint of frame 19: agent 2"),
    ],
)  # fmt: skip
def test_each_bad_run_has_a_line_of_its_own(command: Any, sides: Path, changes: dict[str, Any], line: str) -> None:
    ended = command("compare", "before", add("other", **changes))
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"walkerbench: {line}")
    assert ended.err.count("\n") == 1


def test_a_run_is_not_compared_with_itself_nor_with_its_copy(command: Any, sides: Path) -> None:
    ended = command("compare", "before/1", "before/1")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("walkerbench: before/1: the run is named twice: ")
    shutil.copytree("before/1", "copy")
    ended = command("compare", "before", "copy")
    assert (ended.code, ended.err.startswith("walkerbench: copy: the run is a copy of before/1: ")) == (2, True)


def test_another_schema_is_refused(command: Any, sides: Path) -> None:
    path = Path("after/3/run.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema_version": 99}))
    ended = command("compare", "before", "after")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("walkerbench: after/3/run.json: made by a newer walkerbench (schema 99; ")


def test_a_folder_without_runs_and_a_base_alone_are_refused(command: Any, sides: Path) -> None:
    Path("empty").mkdir()
    ended = command("compare", "before", "empty")
    assert (ended.code, ended.err.startswith("walkerbench: empty: no recorded run in it: ")) == (2, True)
    ended = command("compare", "before")
    assert (ended.code, ended.err.startswith("walkerbench: there is nothing to compare with: ")) == (2, True)


def test_different_work_that_is_allowed_has_a_warning(command: Any, sides: Path) -> None:
    other = add("other", profile={"seed": 2}, digest="ffff")
    ended = command("compare", "before", other, "--allow-different-work")
    assert ended.code == 4
    assert ended.out.count("DIFFERENT WORK: before/0 and other differ in the seed: 1 and 2") == 2
