from __future__ import annotations

import importlib
import shutil
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
import toy_workload
from recorded_runs import code_of
from repositories import make_repository

import walkerbench
from walkerbench.recording.code_facts import CodeFacts, WorkloadCode, code_facts, imported_files, same_code
from walkerbench.system.git import revision_of

RUNNING = Path(walkerbench.__file__).resolve()


def facts_of(*modules: str) -> CodeFacts:
    return code_facts(("walkerbench", *modules))


def test_a_built_in_workload_is_recorded_as_walkerbenchs_code() -> None:
    facts = facts_of("walkerbench.workloads.walker.workload")
    assert facts.walkerbench.version == walkerbench.__version__
    assert facts.walkerbench.folder == str(RUNNING.parent)
    assert facts.workload.module == "walkerbench.workloads.walker.workload"
    expected = revision_of(RUNNING)
    assert (facts.walkerbench.revision, facts.walkerbench.changed_files) == (expected.revision, expected.changed_files)
    for name in ("folder", "revision", "digest", "git_error"):
        assert getattr(facts.workload, name) == getattr(facts.walkerbench, name)


@pytest.fixture
def theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, str]:
    """A module of another repository, imported while another repository is the working directory."""
    source = Path(toy_workload.__file__).read_text(encoding="utf-8")
    commit = make_repository(tmp_path / "theirs", workload_of_theirs=source)
    make_repository(tmp_path / "elsewhere", nothing="")
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere/.git"))
    monkeypatch.syspath_prepend(tmp_path / "theirs")
    monkeypatch.delitem(sys.modules, "workload_of_theirs", raising=False)
    importlib.import_module("workload_of_theirs")
    return tmp_path / "theirs/workload_of_theirs.py", commit


@pytest.mark.promise("verdicts", "A run records the code that was imported, whatever the working directory holds.")
def test_a_workload_has_the_revision_of_its_own_repository(theirs: tuple[Path, str]) -> None:
    file, commit = theirs
    workload = facts_of("workload_of_theirs").workload
    assert (workload.module, workload.folder, workload.revision) == ("workload_of_theirs", str(file.parent), commit)
    assert workload.changed_files is False
    file.write_text("changed = True")
    assert facts_of("workload_of_theirs").workload.changed_files is True


def test_a_module_that_makes_the_workload_counts_as_code(theirs: tuple[Path, str], tmp_path: Path) -> None:
    alone, both = facts_of("workload_of_theirs"), facts_of("toy_workload", "workload_of_theirs")
    assert alone.workload.module == both.workload.module == "workload_of_theirs"
    assert alone.workload.digest != both.workload.digest
    made_by_theirs = facts_of("workload_of_theirs", "walkerbench.workloads.walker.workload")
    assert made_by_theirs.workload == alone.workload


def test_the_same_source_in_another_folder_is_the_same_code(theirs: tuple[Path, str]) -> None:
    file, _ = theirs
    before, text = facts_of("workload_of_theirs"), file.read_text(encoding="utf-8")
    file.write_text(text + "# changed", encoding="utf-8")
    changed = facts_of("workload_of_theirs")
    file.write_text(text, encoding="utf-8")
    assert not same_code(before, changed)
    assert same_code(before, facts_of("workload_of_theirs"))


def test_every_source_file_of_a_package_changes_its_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "pack_of_theirs"
    (package / "inner").mkdir(parents=True)
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "pack_of_theirs", raising=False)
    importlib.import_module("pack_of_theirs")
    digests = [facts_of("pack_of_theirs").workload.digest]
    for path, text in (("inner/a.py", "1"), ("inner/b.py", "1"), ("inner/a.py", "2"), ("c.so", "3")):
        (package / path).write_text(text)
        digests.append(facts_of("pack_of_theirs").workload.digest)
    assert len(set(digests)) == len(digests)
    (package / "notes.txt").touch()
    assert facts_of("pack_of_theirs").workload.digest == digests[-1]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"digest": "aa"}, {"digest": "aa", "revision": "fedcba"}, True),
        ({"digest": "aa"}, {"digest": "bb"}, False),
        ({}, {}, True),
        ({}, {"revision": "fedcba"}, False),
        ({"changed_files": True}, {"changed_files": True}, False),
        ({"revision": None, "changed_files": None}, {"revision": None, "changed_files": None}, False),
        ({"digest": "aa"}, {"digest": "aa", "version": "0.2.0"}, False),
    ],
)
def test_code_is_the_same_only_where_that_is_known(one: dict[str, Any], other: dict[str, Any], same: bool) -> None:
    assert same_code(code_of(**one), code_of(**other)) is same


@pytest.mark.parametrize("folder", [".", ".venv/lib/site-packages"])
def test_an_untracked_workload_has_no_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    make_repository(tmp_path, tracked="")
    file = tmp_path / folder / "untracked_workload.py"
    file.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(toy_workload.__file__, file)
    monkeypatch.chdir(tmp_path)
    spec = spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    monkeypatch.setitem(sys.modules, file.stem, module)
    spec.loader.exec_module(module)
    workload = facts_of("untracked_workload").workload
    assert (workload.folder, workload.revision, workload.changed_files) == (str(file.parent), None, None)
    assert imported_files(["untracked_workload"]) == {"untracked_workload": str(file)}


def test_a_workload_without_a_file_has_no_revision() -> None:
    unknown = dict.fromkeys(("folder", "revision", "changed_files", "digest", "git_error"))
    assert facts_of("made up").workload == WorkloadCode(module="made up", **unknown)
    assert imported_files(["made up"]) == {"made up": None}
