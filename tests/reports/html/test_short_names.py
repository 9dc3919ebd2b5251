from __future__ import annotations

from pathlib import Path

from walkerbench.reports.html.short_names import folder_names, short_names


def test_names_that_are_short_stay_as_they_are() -> None:
    assert short_names(["main", "main,mode=process"]) == ("main", "main,mode=process")


def test_long_names_are_shortened_in_their_middle() -> None:
    (name,) = short_names(["20261127T072624.123Z-default-sequential-60"])
    assert name == "20261127T07262…sequential-60"
    assert len(name) == 28


def test_names_that_would_become_equal_keep_more_characters() -> None:
    names = [f"20261127T0726{seconds}.123Z-default-sequential-60" for seconds in (24, 25, 31)]
    short = short_names(names)
    assert len(set(short)) == 3
    assert max(map(len, short)) < len(names[0])
    assert short_names(["n" * 900 + "x" + "n" * 900, "n" * 900 + "y" + "n" * 900])[0].count("…") == 1


def test_a_run_has_the_name_of_its_folder() -> None:
    assert folder_names([Path("runs/today")]) == ("today",)
    assert folder_names([Path()]) == (Path.cwd().name,)
    assert folder_names([Path("runs/x/../today")]) == ("today",)


def test_folders_of_one_name_are_told_apart_by_those_above() -> None:
    folders = [Path("runs/before/1"), Path("runs/after/1"), Path("runs/after/2")]
    assert folder_names(folders) == ("before/1", "after/1", "2")


def test_a_folder_that_is_given_twice_has_one_name() -> None:
    assert folder_names([Path("runs/1"), Path("runs/1")]) == ("1", "1")
