"""Where code is imported from, and where other copies of it are."""

from __future__ import annotations

import sys
import sysconfig
import types
from pathlib import Path

import pytest

from walkerbench.system.imported_code import imported_from, is_installed, other_copy, project_modules, top_level

NAME = "code_of_theirs"


@pytest.fixture
def imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a package in a checkout of its own, which counts as imported."""
    file = tmp_path / "running" / NAME / "__init__.py"
    place(file)
    module = types.ModuleType(NAME)
    module.__file__ = str(file)
    monkeypatch.setitem(sys.modules, NAME, module)
    return file


def place(*files: Path) -> None:
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()


def test_the_file_of_a_package_is_found(imported: Path) -> None:
    assert imported_from(NAME) == imported
    assert imported_from("never imported") is None
    assert imported_from("sys") is None
    assert top_level("a.b.c") == "a"


@pytest.mark.parametrize("held", [f"{NAME}/__init__.py", f"{NAME}.py", f"src/{NAME}/__init__.py", f"src/{NAME}.py"])
@pytest.mark.parametrize("mark", [".git", "pyproject.toml"])
def test_another_copy_is_found_from_anywhere_in_its_project(
    imported: Path, tmp_path: Path, held: str, mark: str
) -> None:
    project = tmp_path / "project"
    place(project / held, project / mark, project / "deep/inside/file")
    assert other_copy(NAME, project) == other_copy(NAME, project / "deep/inside") == project / held


def test_no_folder_above_the_project_is_searched(imported: Path, tmp_path: Path) -> None:
    place(tmp_path / f"{NAME}.py", tmp_path / "project/.git", tmp_path / "plain/file")
    assert other_copy(NAME, tmp_path / "project") is None
    assert other_copy(NAME, tmp_path / "plain") is None


def test_the_imported_file_is_no_other_copy(imported: Path, tmp_path: Path) -> None:
    assert other_copy(NAME, imported.parents[1]) is None
    place(tmp_path / "project/pyproject.toml")
    (tmp_path / "project/src").symlink_to(imported.parents[1])
    assert other_copy(NAME, tmp_path / "project") is None
    assert other_copy("never imported", tmp_path / "project") is None


def test_an_installed_package_is_distinguished_from_a_checkout(imported: Path) -> None:
    assert is_installed(Path(sysconfig.get_path("purelib")).resolve() / "numpy/__init__.py")
    assert not is_installed(imported)


def test_a_module_that_imports_others_on_access_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    class Lazy(types.ModuleType):
        def __getattr__(self, name: str) -> str:
            monkeypatch.setitem(sys.modules, f"{self.__name__}_{name}", types.ModuleType("another"))
            raise AttributeError(name)

    lazy = Lazy("lazy_module_of_theirs")
    monkeypatch.setitem(sys.modules, lazy.__name__, lazy)
    assert lazy.__name__ not in project_modules()
    assert any(name.startswith(f"{lazy.__name__}_") for name in sys.modules)
