"""Compiled code is kept by the content of the kernels' folder, is used again, and never decides what comes out."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import kernel_process
import numpy as np
import pytest
from compiled import from_python
from kernels_room import ROOM, all_kernels, inner_functions, modules

from walkerbench.workloads.walker.kernels import compiling
from walkerbench.workloads.walker.kernels.records import AGENT, EXPERIENCE, settings_record
from walkerbench.workloads.walker.kernels.replay import store
from walkerbench.workloads.walker.kernels.settling import age
from walkerbench.workloads.walker.settings import EcosystemSettings

WALKER = "walkerbench.workloads.walker"
ALLOWED = (f"{WALKER}.kernels", f"{WALKER}.arrays")
STARVED = pytest.approx(0.5 - 1e-3)
"""Health of the agent in `kernel_process`, after one frame."""


def imported(tree: ast.AST) -> set[str]:
    """Return the names of all modules of walkerbench that a module imports, wherever it does."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import"
            # A name that is imported from the walker's own package may be a module.
            found |= {node.module or ""} if node.module != WALKER else {f"{WALKER}.{each.name}" for each in node.names}
    return {name for name in found if name.split(".")[0] == "walkerbench"}


@pytest.mark.parametrize("file", sorted(ROOM.glob("*.py")), ids=lambda file: file.stem)
def test_the_kernels_import_nothing_from_outside_their_folder(file: Path) -> None:
    names = imported(ast.parse(file.read_text()))
    outside = {name for name in names if not any(name == each or name.startswith(f"{each}.") for each in ALLOWED)}
    assert outside == set()


def test_an_import_from_outside_the_folder_would_be_noticed() -> None:
    code = "def f():\n    from walkerbench.workloads.walker import settings\nimport walkerbench.errors, numpy\n"
    assert imported(ast.parse(code)) == {f"{WALKER}.settings", "walkerbench.errors"}


def variants() -> list[Any]:
    return [each.variant(hold_gil=hold_gil) for each in all_kernels() for hold_gil in (False, True)]


def test_no_function_is_compiled_with_fastmath() -> None:
    functions = [*variants(), *inner_functions()]
    assert len(functions) > 30
    assert [each.py_func.__qualname__ for each in functions if each.targetoptions.get("fastmath")] == []
    keywords = {
        node.arg for file in ROOM.glob("*.py") for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.keyword)
    }  # fmt: skip
    assert "error_model" not in keywords, "options are in one dictionary"
    assert "fastmath" not in keywords | set(compiling._OPTIONS)


def test_a_variant_only_says_whether_it_holds_the_gil() -> None:
    for kernel in all_kernels():
        holding, releasing = kernel.variant(hold_gil=True), kernel.variant(hold_gil=False)
        assert holding.targetoptions == {**releasing.targetoptions, "nogil": False}  # type: ignore[attr-defined]
        assert releasing.targetoptions["nogil"] is True  # type: ignore[attr-defined]
        assert kernel.variant(hold_gil=True) is holding


def test_no_two_variants_of_kernels_share_a_cache_file() -> None:
    # Files are named by module and function; a digest of the folder stands for everything else.
    names = [each._cache._impl.filename_base for each in variants()]
    assert len(names) == 2 * len(all_kernels()) >= 10
    assert len({name.lower() for name in names}) == len(names)
    functions = [each.py_func.__qualname__ for each in variants()]
    assert len(set(functions)) == len(functions), "neither do they in different modules"


def test_kernels_are_functions_of_their_modules() -> None:
    # One in a class or a function would be named differently, and might depend on what is around it.
    for kernel in all_kernels():
        assert kernel.__qualname__.isidentifier()  # type: ignore[attr-defined]
        assert kernel._function.__closure__ is None


def test_changes_of_a_record_arrive_in_its_array() -> None:
    agents, experiences = np.zeros(2, AGENT), np.zeros(3, EXPERIENCE)
    agents["action"], agents["highest_priority"] = 7, 1.5
    pairs, state = np.zeros((3, 2, 4), np.float32), np.ones(4, np.float32)
    from_python(store)(agents[1], experiences, pairs, state, 0.25, 2 * state)
    assert agents["stored"].tolist() == [0, 1]
    assert experiences[0].tolist() == (1.5, 0.25, 7)
    assert pairs[0].tolist() == [[1] * 4, [2] * 4]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the kernels' folder, which `digest_of_folder` reads."""
    compiling.source_digest()  # is remembered, before it would be that of the copy
    copy = tmp_path / "kernels"
    shutil.copytree(ROOM, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(compiling, "__file__", str(copy / "compiling.py"))
    return copy


def digest_of_folder() -> str:
    return compiling.source_digest.__wrapped__()


def test_equal_folders_have_the_same_digest(folder: Path) -> None:
    assert digest_of_folder() == compiling.source_digest()
    (folder / "notes.txt").write_text("not code")
    assert digest_of_folder() == compiling.source_digest()


@pytest.mark.parametrize("name", sorted(file.name for file in ROOM.glob("*.py")))
def test_a_change_of_any_file_changes_the_digest(folder: Path, name: str) -> None:
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[:-1] + b" ")
    assert digest_of_folder() != compiling.source_digest()
    (folder / name).write_bytes(content)
    assert digest_of_folder() == compiling.source_digest()


def test_other_files_and_other_names_change_the_digest(folder: Path) -> None:
    seen = {digest_of_folder()}
    (folder / "more.py").write_text("")
    seen.add(digest_of_folder())
    (folder / "more.py").rename(folder / "most.py")
    seen.add(digest_of_folder())
    # The same bytes one after the other, with the end of a file moved to the beginning of the next one.
    rays, records = (folder / "rays.py").read_bytes(), (folder / "records.py").read_bytes()
    (folder / "rays.py").write_bytes(rays[:-10])
    (folder / "records.py").write_bytes(rays[-10:] + records)
    seen.add(digest_of_folder())
    assert len(seen) == 4


def use_kernels(cache: Path, which: str = "one", **more: str) -> Any:
    """Return what `kernel_process` tells, with a cache and environment variables of its own."""
    script, variables = Path(kernel_process.__file__), {**os.environ, "XDG_CACHE_HOME": str(cache), **more}
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script), which], env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


needs_xdg = pytest.mark.skipif(sys.platform in ("darwin", "win32"), reason="the cache has another place there")


@needs_xdg
def test_a_second_process_loads_and_compiles_nothing(tmp_path: Path) -> None:
    first, second = use_kernels(tmp_path), use_kernels(tmp_path)
    assert (first["compiled"], first["loaded"], first["health"]) == (1, 0, [STARVED])
    assert (second["compiled"], second["loaded"], second["inner"], second["health"]) == (0, 1, 0, [STARVED])


@pytest.mark.slow
@needs_xdg
def test_a_second_process_loads_every_kernel(tmp_path: Path) -> None:
    first, second = use_kernels(tmp_path, "every"), use_kernels(tmp_path, "every")
    assert first["used"] == ["act", "age", "assign_learners", "move_and_spend", "step_worlds"]
    assert first["compiled"] == second["loaded"] == 5
    assert first["inner"] > 20
    assert (second["compiled"], second["inner"], second["used"]) == (0, 0, first["used"])


@pytest.mark.slow
@needs_xdg
def test_no_kernel_leaves_its_arrays_wherever_robots_are(tmp_path: Path) -> None:
    # Numba then raises IndexError for an index beyond its array; otherwise such an access is not noticed.
    told = use_kernels(tmp_path, "everywhere", NUMBA_BOUNDSCHECK="1")
    assert told["checked"]
    assert told["compiled"] == 5, "no code without these checks was loaded"


@needs_xdg
def test_both_variants_are_kept_in_files_of_their_own(tmp_path: Path) -> None:
    assert use_kernels(tmp_path)["compiled"] == 1
    kept = {file: file.read_bytes() for file in tmp_path.rglob("*.nb*")}
    assert len(kept) == 2, "an index and the code"
    both = use_kernels(tmp_path, "both")
    assert (both["used"], both["compiled"], both["loaded"]) == (["age", "age_holding_gil"], 1, 1)
    assert both["health"] == [STARVED] * 2
    assert len(list(tmp_path.rglob("*.nb*"))) == 4
    assert {file: file.read_bytes() for file in kept} == kept


@needs_xdg
def test_without_a_cache_every_process_compiles(tmp_path: Path) -> None:
    no_folder = tmp_path / "file"
    no_folder.write_text("Nothing can be written below a file, even by root.")
    for _ in range(2):
        told = use_kernels(no_folder)
        assert (told["compiled"], told["loaded"], told["health"]) == (1, 0, [STARVED])


@needs_xdg
@pytest.mark.parametrize("kind", ["nbi", "nbc"])
def test_a_damaged_cache_file_is_replaced(tmp_path: Path, kind: str) -> None:
    use_kernels(tmp_path)
    (file,) = tmp_path.rglob(f"*.{kind}")
    file.write_bytes(file.read_bytes()[:20])
    again, then = use_kernels(tmp_path), use_kernels(tmp_path)
    assert (again["compiled"], again["health"]) == (1, [STARVED])
    assert (then["compiled"], then["loaded"]) == (0, 1)


def test_code_that_cannot_be_kept_is_still_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("numba.core.caching.IndexDataCacheFile.save", full)
    fresh = compiling.kernel(age._function)
    health = np.array([0.5])
    arguments = settings_record(EcosystemSettings()), np.array([True]), np.array([0.1]), health
    assert fresh.variant(hold_gil=False)(*arguments) is False
    assert health == STARVED


def test_only_a_first_compilation_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    health = np.array([0.5])
    arguments = settings_record(EcosystemSettings()), np.array([True]), np.array([0.1])

    def told(*fresh: Any) -> int:
        said: list[str] = []
        with compiling.telling_of_compilation(lambda: said.append("compiling")):
            for each in fresh:
                each.bind(*arguments, examples=(health,), hold_gil=False)
        return len(said)

    first = compiling.kernel(age._function)
    assert told(first, compiling.kernel(is_healthy)) == 1, "once for both"
    assert told(first) == 0, "it is compiled already"
    assert told(compiling.kernel(age._function)) == 0, "it is loaded"
    assert health.tolist() == [0.5], "it is not called"


def is_healthy(settings: Any, alive: Any, energy: Any, health: Any) -> bool:
    return bool(health[0] > 0)


def test_a_bound_kernel_is_called_with_its_other_arguments() -> None:
    energy, health = np.array([0.1, 0.9, 0.1]), np.array([0.5, 0.5, 0.001])
    bound = age.bind(
        settings_record(EcosystemSettings()), np.array([True] * 3), energy, examples=(health[:1],), hold_gil=False
    )
    assert bound(health) is True, "the last has no health left"
    assert health == pytest.approx([0.499, 0.501, 0.0])
    health[:] = 0.5
    assert bound(health) is False


def test_every_module_of_the_room_is_looked_at() -> None:
    assert {Path(str(module.__file__)) for module in modules()} == set(ROOM.glob("*.py"))
