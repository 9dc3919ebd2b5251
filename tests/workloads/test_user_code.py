"""A user's module is found as `python -m` finds it, but never in place of a module of the standard library."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

import pytest

from walkerbench.errors import UsageError
from walkerbench.workloads.user_code import add_to_path, import_user_object

STANDARD = sysconfig.get_path("stdlib")
INSTALLED = sysconfig.get_path("purelib")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [STANDARD, INSTALLED, "/elsewhere"])
    return tmp_path


@pytest.mark.parametrize("layout", [".", "src"])
def test_a_project_comes_before_what_is_installed(project: Path, layout: str) -> None:
    (project / layout).mkdir(exist_ok=True)
    (project / layout / "theirs_of_a_test.py").touch()
    add_to_path("theirs_of_a_test.inner")
    assert sys.path == [STANDARD, str(project / layout), INSTALLED, "/elsewhere"]
    add_to_path("theirs_of_a_test")
    assert len(sys.path) == 4, "it is added once"


def test_a_project_comes_before_a_copy_on_the_path(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = project / "copy"
    copy.mkdir()
    for folder in (project, copy):
        (folder / "theirs_of_a_test.py").touch()
    monkeypatch.setattr(sys, "path", [str(copy), STANDARD, INSTALLED])
    add_to_path("theirs_of_a_test")
    assert sys.path == [str(project), str(copy), STANDARD, INSTALLED]


def test_a_module_outside_the_project_changes_no_path(project: Path) -> None:
    add_to_path("theirs_of_a_test")
    assert sys.path == [STANDARD, INSTALLED, "/elsewhere"]


def test_a_module_with_a_missing_import_is_not_called_missing(project: Path) -> None:
    (project / "importing_of_a_test.py").write_text("import nothing_of_a_test\n")
    with pytest.raises(UsageError) as caught:
        import_user_object("importing_of_a_test", "Herd", "workload 'it'")
    first, *others = caught.value.lines
    assert first.startswith("workload 'it': importing_of_a_test cannot be imported: ModuleNotFoundError: ")
    shown = [line.strip() for line in others]
    place = f'File "{project}/importing_of_a_test.py", line 1, in <module>'
    assert shown[shown.index(place) + 1] == "import nothing_of_a_test"
    assert not any("walkerbench" in line for line in shown)
