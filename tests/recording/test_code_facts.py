from __future__ import annotations

import importlib
import shutil
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
import toy_workload
from repositories import make_repository
from toy_workload import ToyWorkload

import walkerbench
from walkerbench.recording.code_facts import WorkloadCode, code_facts
from walkerbench.system.git import revision_of
from walkerbench.workloads.walker import WalkerWorkload


def test_the_built_in_workload_is_walkerbenchs_own_code() -> None:
    facts = code_facts(WalkerWorkload(3))
    assert facts.walkerbench.version == walkerbench.__version__
    assert facts.workload.module == "walkerbench.workloads.walker.workload"
    expected = revision_of(Path(walkerbench.__file__))
    assert (facts.walkerbench.revision, facts.walkerbench.changed_files) == (expected.revision, expected.changed_files)
    assert facts.workload.revision == facts.walkerbench.revision


def test_a_workload_is_of_the_repository_that_holds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Path(toy_workload.__file__).read_text(encoding="utf-8")
    commit = make_repository(tmp_path / "theirs", workload_of_theirs=source)
    make_repository(tmp_path / "elsewhere", nothing="")
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere/.git"))
    monkeypatch.syspath_prepend(tmp_path / "theirs")
    theirs = importlib.import_module("workload_of_theirs")
    facts = code_facts(theirs.ToyWorkload())
    assert (facts.workload.module, facts.workload.revision) == ("workload_of_theirs", commit)
    assert facts.workload.changed_files is False
    shutil.copy(tmp_path / "elsewhere/nothing.py", tmp_path / "theirs/workload_of_theirs.py")
    assert code_facts(theirs.ToyWorkload()).workload.changed_files is True


@pytest.mark.parametrize("folder", [".", ".venv/lib/site-packages"])
def test_an_untracked_workload_is_of_no_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    make_repository(tmp_path, tracked="")
    file = tmp_path / folder / "untracked_workload.py"
    file.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(toy_workload.__file__, file)
    monkeypatch.chdir(tmp_path)
    spec = spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    theirs = module_from_spec(spec)
    monkeypatch.setitem(sys.modules, file.stem, theirs)
    spec.loader.exec_module(theirs)
    workload = code_facts(theirs.ToyWorkload()).workload
    assert workload == WorkloadCode(module="untracked_workload", revision=None, changed_files=None)


def test_a_workload_without_a_file_is_of_no_revision() -> None:
    facts = code_facts(type("MadeUp", (ToyWorkload,), {"__module__": "made up"})())
    assert (facts.workload.module, facts.workload.revision, facts.workload.changed_files) == ("made up", None, None)
