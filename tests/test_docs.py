"""What docs/extending shows is run here, so that it cannot become untrue."""

from __future__ import annotations

import importlib
import json
import re
import sys
import tomllib
import types
from pathlib import Path
from typing import Any

import pytest
from fabricated_runs import recorded_run

import walkerbench
from walkerbench.modes.contract import ModeServices
from walkerbench.modes.faults import Faults
from walkerbench.modes.sequential import SequentialMode
from walkerbench.modes.thread_pool import ThreadPoolManager
from walkerbench.recorded_value import MISSING
from walkerbench.reports.export import FORMATS
from walkerbench.reports.export.rendering import RENDERERS
from walkerbench.run_directory import read_recorded
from walkerbench.running.training_environment import TrainingEnvironment
from walkerbench.workloads.contract import Workload
from walkerbench.workloads.declaration import declaration_problems

ROOT = Path(__file__).parents[1]
EXTENDING = ROOT / "docs" / "extending"
pytestmark = pytest.mark.skipif(not EXTENDING.is_dir(), reason="the documents are not part of the wheel")


def blocks(name: str, language: str) -> list[str]:
    """The code blocks of a page in a language."""
    text = (EXTENDING / f"{name}.md").read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def executed(name: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A module that holds what the Python of a page defines."""
    module = types.ModuleType(f"docs_{name}")
    monkeypatch.setitem(sys.modules, module.__name__, module)  # dataclasses look their module up
    for block in blocks(name, "python"):
        exec(block, module.__dict__)
    return module


def digest_in(mode: Any, workload: Workload, workers: int) -> bytes:
    """The digest of a workload after ten frames."""
    running = mode(ModeServices(Faults(), lambda: ThreadPoolManager(workers)))
    try:
        settler = running.start(workload, workers)
        for frame in range(10):
            running.dispatch(frame)
            running.wait(frame)
            settler.settle(frame)
        return bytes(running.checkpoint(9))
    finally:
        running.close()


def test_the_documented_mode_runs_the_documented_workload(monkeypatch: pytest.MonkeyPatch) -> None:
    workload, mode = executed("workload", monkeypatch), executed("mode", monkeypatch).ExecutorMode
    herd = workload.Herd(9, 1, workload.HerdSettings())
    digests = {digest_in(SequentialMode, herd, 1), digest_in(SequentialMode, herd, 3), digest_in(mode, herd, 2)}
    assert len(digests) == 1
    assert digest_in(mode, workload.Herd(9, 2, herd.settings), 2) not in digests


def test_the_documented_picture_draws_the_documented_workload(monkeypatch: pytest.MonkeyPatch) -> None:
    defined = executed("workload", monkeypatch)
    herd = defined.DrawnHerd(4, 1, defined.HerdSettings())
    assert [*declaration_problems(herd)] == []
    with TrainingEnvironment(mode="threaded", num_workers=2, workload=herd) as environment:
        environment.step()
        arrays = environment.snapshot()
    drawing = herd.picture().drawing(arrays)
    assert drawing.poses.shape == (4, 1, 3)
    assert drawing.poses[:, 0, 0].tolist() == arrays["position"].tolist()
    assert ((drawing.levels > 0) & (drawing.levels <= 1)).all()


def test_the_documented_observer_sees_the_robots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    defined = executed("observer", monkeypatch)
    assert defined.leader.farthest_m
    assert [each.dropped for each in read_recorded(defined.directory).run.observers] == [None, None]


def test_the_documented_export_writes_every_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    frames = recorded_run(Path("recorded"), 5).frames
    defined = executed("export", monkeypatch)
    lines = [json.loads(line) for line in Path("frames.jsonl").read_text().splitlines()]
    assert [tuple(line) for line in lines] == [frames.dtype.names] * 5
    assert [tuple(line.values()) for line in lines] == [tuple(map(defined.known, row)) for row in frames.tolist()]
    assert [defined.known(value) for value in (MISSING, 0, 7)] == [None, 0, 7]


def test_the_documented_export_is_a_renderer_like_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (EXTENDING / "export.md").read_text(encoding="utf-8")
    for name, known in {"FORMATS": FORMATS, "RENDERERS": RENDERERS}.items():
        (module, line) = re.findall(rf"`{name}` in `(.*)\.py` \| `(.*),` \|", text)[0]
        named = importlib.import_module(module.removesuffix("/__init__").replace("/", "."))
        assert getattr(named, name) is known
        assert line.startswith('"json-lines": ')
    assert "json-lines" not in FORMATS, "the page shows how to add it"


@pytest.mark.parametrize("name", ["workload", "mode"])
def test_the_documented_entry_points_are_those_that_are_read(name: str) -> None:
    (block,) = blocks(name, "toml")
    (group,) = tomllib.loads(block)["project"]["entry-points"]
    assert group == f"walkerbench.{name}s"


@pytest.mark.parametrize("name", ["workload", "mode", "export", "observer"])
def test_every_path_that_a_page_names_exists(name: str) -> None:
    text = (EXTENDING / f"{name}.md").read_text(encoding="utf-8")
    # The package may be installed elsewhere than the tests lie.
    roots = {"walkerbench": Path(walkerbench.__file__).parents[1], "tests": ROOT}
    named = re.findall(r"`((walkerbench|tests)/[\w/]+\.py)`", text)
    assert named
    assert [path for path, top in named if not (roots[top] / path).exists()] == []
