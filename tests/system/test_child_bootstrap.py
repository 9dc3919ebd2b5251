"""Which modules a child imports, and from where."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from walkerbench.system.child_bootstrap import path_with
from walkerbench.system.child_processes import PACKAGE, ChildProcess, child_environment, python_command

TELL = "import sys, NAME, pathlib\nprint(NAME.__file__, pathlib.__file__, *sys.argv[1:])\n"


def held(folder: Path, *names: str) -> str:
    """Make a folder with modules of these names, and return its path."""
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / f"{name}.py").touch()
    return str(folder)


def test_a_folder_comes_before_the_first_that_has_the_package(tmp_path: Path) -> None:
    ours, other, copy = (held(tmp_path / name, *modules) for name, *modules in (("a", "p"), ("b",), ("c", "p")))
    assert path_with(ours, ["p"], [other, copy]) == [other, ours, copy]
    assert path_with(ours, ["q", "p"], [other, copy]) == [other, ours, copy]
    assert path_with(ours, ["p"], [other]) == [other, ours]


def test_a_folder_that_is_found_first_adds_nothing(tmp_path: Path) -> None:
    ours, other = held(tmp_path / "a", "p"), held(tmp_path / "b", "p")
    (tmp_path / "link").symlink_to(ours)
    for path in ([ours, other], [str(tmp_path / "link"), other]):
        assert path_with(ours, ["p"], path) == path
    assert path_with(ours, ["p"], [other, ours]) == [ours, other, ours]


def test_a_child_has_no_folder_before_the_standard_library(tmp_path: Path) -> None:
    # Many machines have the backport of this name; code that imports it in place of the real module fails.
    folder = held(tmp_path / "site", "pathlib", "its_code")
    (tmp_path / "site/tell.py").write_text(TELL.replace("NAME", "its_code"))
    command = python_command("tell", "one", "two", places={Path(folder): ("its_code", "tell")})
    with ChildProcess(command, stdout=subprocess.PIPE) as child:
        assert child.wait() == 0, child.stderr_tail(2000)
        code, standard, *arguments = child.stdout.read().decode().split()
    assert (code, arguments) == (str(tmp_path / "site/its_code.py"), ["one", "two"])
    assert Path(standard).parent == Path(os.__file__).parent


def test_a_folder_comes_before_installed_packages_and_pythonpath(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = held(tmp_path / "theirs", "its_code")
    ours = held(tmp_path / "ours", "its_code")
    (tmp_path / "ours/tell.py").write_text(TELL.replace("NAME", "its_code"))
    monkeypatch.setenv("PYTHONPATH", theirs)
    with ChildProcess(
        python_command("tell", places={Path(ours): ("its_code", "tell")}), stdout=subprocess.PIPE
    ) as child:
        assert child.wait() == 0, child.stderr_tail(2000)
        assert child.stdout.read().decode().startswith(f"{ours}/its_code.py ")


def test_a_child_gets_the_options_of_its_parent() -> None:
    source = "from walkerbench.system.child_processes import interpreter_command; print(*interpreter_command())"
    options = ["-O", "-W", "error::UserWarning", "-X", "utf8"]
    command = [sys.executable, *options, "-c", f"import sys; sys.path.insert(0, {str(PACKAGE)!r}); {source}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    words = done.stdout.split()
    assert [words[0], words[-1]] == [sys.executable, "-P"]
    assert {"-O", "-Werror::UserWarning", "utf8"} <= set(words)
    assert words.count("-P") == 1


@pytest.mark.promise("verdicts", "A coverage tool that is told to start itself in every child is not started in ours.")
@pytest.mark.parametrize(
    "name", ["COV_CORE_SOURCE", "COV_CORE_DATAFILE", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG"]
)
def test_a_coverage_tool_does_not_reach_a_child(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "x")
    monkeypatch.setenv("COVERAGE_FILE", "kept")
    assert name not in child_environment()
    assert child_environment()["COVERAGE_FILE"] == "kept"
    with ChildProcess(
        [sys.executable, "-c", f"import os; print({name!r} in os.environ)"], stdout=subprocess.PIPE
    ) as child:
        child.wait()
        assert child.stdout.read() == b"False\n"


def test_the_variables_of_a_child_are_its_parents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/theirs")
    assert child_environment()["PYTHONPATH"] == "/theirs"
