from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from recorded_runs import code_of, recorded, run_file, stage, write

from walkerbench.errors import NotComparable, RunFileError, UsageError
from walkerbench.modes.registry import MODES
from walkerbench.recorded_sides.sides import check_base, find_runs, find_sides, group_runs
from walkerbench.run_directory import ModeRecord

NAMES = ("before", "after", "later", "last")
THREADED: dict[str, Any] = {"mode": "threaded", "workers": 2, "stages": [stage(workers=2)]}


def sides(*arguments: Any) -> list[tuple[Any, list[Any]]]:
    groups = group_runs(arguments, NAMES[: len(arguments)])
    return [(side.label, [run.directory.name for run in side.runs]) for side in groups]


def test_repeats_are_one_side_whichever_argument_names_them() -> None:
    threaded = [recorded(name, **THREADED) for name in ("3", "1")]
    plain = [recorded(name) for name in ("4", "2")]
    assert sides(threaded[:1], plain[:1], threaded[1:], plain[1:]) == [
        ("threaded (2)", ["1", "3"]),
        ("sequential", ["2", "4"]),
    ]


def test_a_folder_may_hold_several_candidates() -> None:
    mixed = [recorded("2"), recorded("3", **THREADED), recorded("4", mode="process")]
    assert [label for label, _ in sides([recorded("1")], mixed[1:])] == ["sequential", "threaded (2)", "process (1)"]
    assert sides([recorded("1")], mixed)[0] == ("sequential", ["1", "2"])


def test_where_all_runs_are_repeats_the_first_argument_is_the_base() -> None:
    runs = [recorded(name) for name in "123"]
    assert sides(runs[:1], runs[1:2], runs[2:]) == [("before", ["1"]), ("after, later", ["2", "3"])]


def test_the_base_must_be_one_side() -> None:
    with pytest.raises(NotComparable) as caught:
        group_runs(
            [[recorded("a/1", run_file("1")), recorded("a/2", run_file("2", **THREADED))], [recorded("3")]], NAMES[:2]
        )
    assert str(caught.value) == (
        "the base must be one side, and there are 2: sequential; threaded (2): name one of them"
    )


def test_there_must_be_a_candidate() -> None:
    with pytest.raises(UsageError, match="there is nothing to compare with: name a base and at least one candidate"):
        group_runs([[recorded("1"), recorded("2")]], NAMES[:1])


def test_a_recording_that_is_named_twice_is_refused() -> None:
    run = recorded("1")
    with pytest.raises(NotComparable, match=r"^1: the run is named twice: a run compared with itself says nothing; "):
        group_runs([[run], [recorded("2")], [run]], NAMES)


def test_unfinished_runs_are_refused_before_they_are_grouped() -> None:
    with pytest.raises(NotComparable) as caught:
        group_runs(
            [[recorded("1"), recorded("2", state="broken", stages=[])], [recorded("3", state="interrupted")]], NAMES[:2]
        )
    assert str(caught.value) == (
        "2: the run broke: only finished runs are compared; record it again\n"
        "3: the run was interrupted: only finished runs are compared; record it again"
    )


def code(revision: Any, *, changed_files: bool = False) -> dict[str, Any]:
    return {"code": code_of(revision, changed_files=changed_files)}


@pytest.mark.parametrize(
    ("changes", "labels"),
    [
        (code("fedcba9876543210"), ["0123456789", "fedcba9876"]),
        (code("0123456789abcdef", changed_files=True), ["0123456789", "0123456789 and changed files"]),
        ({"code": code_of(None, changed_files=None)}, ["0123456789", "no revision"]),
        (
            {"walkerbench_version": "0.2.0", "code": code_of(version="0.2.0")},
            ["walkerbench 0.1.0", "walkerbench 0.2.0"],
        ),
        ({"profile": {"name": "other", "seed": 2}}, ["tiny", "other"]),
        ({"profile": {"seed": 2, "mode": "sequential"}}, ["seed=1", "seed=2"]),
        ({"profile": {"a": 1, "b": {"c": 2, "d": 3}, "e": 4}}, ["sequential", "a=1, b.c=2, b.d=3, …"]),
        ({**THREADED, **code("fedcba98")}, ["sequential, 0123456789", "threaded (2), fedcba98"]),
    ],
)
def test_a_label_says_what_distinguishes_a_side(changes: Any, labels: list[str]) -> None:
    assert [label for label, _ in sides([recorded("1")], [recorded("2", **changes)])] == labels


def test_a_mode_that_fell_back_is_a_side_of_its_own() -> None:
    fell = ModeRecord(
        requested="threaded", used="sequential", traits=MODES.find("sequential").traits,
        fallback="4 agents or fewer", workers=1, start_method=None, start_method_reason=None,
    )  # fmt: skip
    run = run_file("2", mode="threaded").changed(mode=fell)
    assert sides([recorded("1")], [recorded("2", run)]) == [("sequential", ["1"]), ("threaded as sequential", ["2"])]


def test_profile_names_make_no_sides_and_labels_are_distinct() -> None:
    renamed = recorded("2", profile={"name": "other", "source": "x", "description": "y", "criteria": ["z"]})
    assert len(sides([recorded("1")], [renamed], [recorded("3", **THREADED)])) == 2
    lacking = [recorded("2", profile={"name": "b", "x": {"y": 1}}), recorded("3", profile={"name": "b", "x": {}})]
    other = recorded("4", profile={"name": "b", "z": {}})
    labels = [label for label, _ in sides([recorded("1")], lacking, [other])]
    assert labels == ["tiny", "b, x.y=1", "b, after", "b, later"]


def test_sides_that_no_fact_distinguishes_have_their_arguments_name() -> None:
    changed = [[recorded(name, **code("0123", changed_files=True)) for name in names] for names in ("12", "34")]
    assert sides(*changed) == [("before", ["1", "2"]), ("after", ["3", "4"])]
    threaded = [recorded("5", **THREADED, **code("0123", changed_files=True))]
    assert [label for label, _ in sides(*changed, threaded)] == [
        "sequential, before",
        "sequential, after",
        "threaded (2)",
    ]


def test_runs_are_found_by_path_folder_file_and_latest(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    for number in range(3):
        write(root / "deep" / str(number), recorded(str(number)))
    latest = write(root / "9-latest", recorded("9"))
    assert find_runs(str(root / "deep"), root) == tuple(root / "deep" / str(number) for number in range(3))
    assert find_runs(str(root / "deep" / "1"), root) == (root / "deep" / "1",)
    assert find_runs(str(latest / "run.json"), root) == (latest,)
    assert find_runs("@latest", root) == (latest,)
    found = find_sides([str(root / "deep"), "@latest"], root)
    assert [[run.directory for run in side.runs] for side in found] == [
        [root / "deep" / str(number) for number in range(3)],
        [latest],
    ]


def test_a_sampled_run_is_refused_and_left_out_of_folders(tmp_path: Path) -> None:
    write(tmp_path / "run", recorded("1"))
    (tmp_path / "exported.speedscope.json").touch()
    sampled = write(tmp_path / "wall" / "run", recorded("2"))
    (tmp_path / "wall" / "main.collapsed.txt").touch()
    assert find_runs(str(tmp_path), tmp_path) == (tmp_path / "run",)
    with pytest.raises(NotComparable, match="the run was sampled by py-spy, which slows it down: name one that was"):
        find_runs(str(sampled), tmp_path)


def test_two_arguments_with_changed_files_are_not_one_base() -> None:
    changed = [[recorded(name, run_file(name[-1], **code("0123", changed_files=True)))] for name in ("a/1", "b/2")]
    with pytest.raises(NotComparable, match="the base must be one side, and there are 2: a; b: name one of them"):
        check_base(changed)


def test_a_folder_with_too_many_folders_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("walkerbench.run_directory.locate._MOST_FOLDERS_READ", 3)
    for name in "abc":
        (tmp_path / name).mkdir()
    with pytest.raises(RunFileError, match="more than 3 folders in it: give one that holds runs only"):
        find_runs(str(tmp_path), tmp_path)


def test_a_folder_without_runs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        RunFileError, match="no recorded run in it: give a run's directory, or a folder that holds runs"
    ):
        find_runs(str(tmp_path), tmp_path)
    with pytest.raises(RunFileError, match="no such run directory"):
        find_sides([str(tmp_path / "nothing"), "@latest"], tmp_path)
