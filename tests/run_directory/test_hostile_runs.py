"""Recorded runs that are damaged or forged: every command reads or refuses them in one line."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from every_way import in_process
from fabricated_runs import recorded_run
from hypothesis import given, settings
from hypothesis import strategies as st

from walkerbench.errors import RunFileError
from walkerbench.reports.export import FORMATS
from walkerbench.run_directory import ARRAYS, read_recorded
from walkerbench.running.summary import read_concluded

PROFILE = {
    "warmup": 1,
    "host_stall": "fail",
    "checkpoint_every": 3,
    "faults": {"stall_frames": {"2": 5e-5}, "extra_work_percent": 1.0},
    "environment": {"gravity": -9.8},
}
COMMANDS = (
    ("show", "damaged"),
    ("show", "damaged", "--json"),
    ("show", "damaged", "-v"),
    ("compare", "whole", "damaged"),
    *(("export", "damaged", "--format", name) for name in FORMATS),
)
DELETED = object()


def nested(value: Any, depth: int) -> Any:
    for _ in range(depth):
        value = [value]
    return value


WRONG: tuple[Any, ...] = (
    *(None, True, -1, 0, 2, 2**53, 2**63, 10**399, 1e308, -1e308, 5e-324, float("nan"), float("inf")),
    *("", "x" * 10_000, "\x00\x1b[31m\u202e|<&\n`", "\ud800", [], {}, [1], ["nope"], {"a": 1}, [{"agents": -1}]),
    *(nested(1, 50), nested(1, 5_000), DELETED),
)


def keys_of(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of each value in JSON; of a list, only the first two values."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    for key, each in inner:
        yield from keys_of(each, (*path, key))


def put(content: Any, path: tuple[Any, ...], value: Any) -> Any:
    """Return JSON with another value at a path."""
    if not path:
        return None if value is DELETED else value
    changed = copy.deepcopy(content)
    place = changed
    for key in path[:-1]:
        place = place[key]
    if value is DELETED:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return changed


class Runs:
    """A complete run, and a copy of it to damage, in the folder in which commands run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        recorded_run(folder / "whole", 5, stages=2, profile=PROFILE)
        shutil.copytree(folder / "whole", folder / "damaged")
        self.content = json.loads((folder / "whole" / "run.json").read_text(encoding="utf-8"))
        self.arrays = {name: np.load(folder / "whole" / f"{name}.npy") for name in ARRAYS}

    def is_read(self) -> bool:
        """Return whether the damaged run is read with a conclusion; check that it is else refused in one line."""
        try:
            read_concluded(self.folder / "damaged")
        except RunFileError as error:
            refusal = str(error)
        else:
            return True
        assert len(refusal.splitlines()) == 1
        assert len(refusal) < 5_000
        return False

    def write(self, content: Any) -> None:
        """Write another run.json."""
        text = content if isinstance(content, str) else json.dumps(content)
        (self.folder / "damaged" / "run.json").write_text(text, encoding="utf-8")

    def refusal(self) -> str:
        """Return the message with which every command refuses the damaged run."""
        with pytest.raises(RunFileError) as caught:
            read_concluded(self.folder / "damaged")
        shown = in_process(self.folder, "show", "damaged")
        assert (shown.code, shown.out) == (2, "")
        return str(caught.value)


@pytest.fixture(scope="module")
def module_runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    return Runs(tmp_path_factory.mktemp("hostile"))


@pytest.fixture
def runs(module_runs: Runs) -> Iterator[Runs]:
    yield module_runs
    shutil.rmtree(module_runs.folder / "damaged")
    shutil.copytree(module_runs.folder / "whole", module_runs.folder / "damaged")


@pytest.mark.promise("input", "Whatever stands in a run.json, every command reads it or refuses it in one line.")
@settings(max_examples=150)
@given(data=st.data())
def test_any_value_anywhere_is_read_or_refused(module_runs: Runs, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(list(keys_of(module_runs.content))))
    value = data.draw(st.sampled_from(WRONG))
    if value is DELETED and path and isinstance(path[-1], int):
        return
    content = put(module_runs.content, path, value)
    if isinstance(value, list) and value == WRONG[-2]:  # json.dumps itself cannot nest so deep
        content = json.dumps(put(module_runs.content, path, "?")).replace('"?"', "[" * 5_000 + "]" * 5_000)
    module_runs.write(content)
    if not module_runs.is_read():
        return
    for command in COMMANDS:
        ended = in_process(module_runs.folder, *command)
        assert ended.code in (0, 1, 2, 4), ended.err
        assert "Traceback" not in ended.err


@pytest.mark.promise("input", "Whatever stands in an array of a run, it is read or refused in one line.")
@settings(max_examples=150)
@given(data=st.data())
def test_any_number_in_any_array_is_read_or_refused(module_runs: Runs, data: st.DataObject) -> None:
    module_runs.write(module_runs.content)
    name = data.draw(st.sampled_from(ARRAYS))
    array = module_runs.arrays[name].copy()
    column = data.draw(st.sampled_from(array.dtype.names))
    row = data.draw(st.integers(0, len(array) - 1))
    if array.dtype[column].base.kind == "f":
        array[column][row] = data.draw(st.sampled_from((np.nan, np.inf, -1.0, 1e30, 0.0)))
    else:
        bit = data.draw(st.integers(0, 63))
        array[column].view(np.uint64)[row] ^= np.uint64(1 << bit)
    file = module_runs.folder / "damaged" / f"{name}.npy"
    whole = file.read_bytes()
    np.save(file, array)
    try:
        if module_runs.is_read():
            assert in_process(module_runs.folder, "show", "damaged").code == 0
    finally:
        file.write_bytes(whole)


@pytest.mark.parametrize(
    ("array", "column", "value", "problem"),
    [
        ("workers", "worker", 1_000_000, "row 0 cannot have worker 1000000"),
        ("workers", "frame", 3, "row 0 cannot have frame 3"),
        ("workers", "busy_ns", -1, "row 0 cannot have busy_ns -1"),
        ("workers", "core_wait_ns", -3, "row 0 cannot have core_wait_ns -3"),
        ("workers", "minor_faults", -2, "row 0 cannot have minor_faults -2"),
        ("workers", "minor_faults", 2**40, f"row 0 cannot have minor_faults {2**40}"),
        ("workers", "start_ns", 2**62, f"row 0 cannot have start_ns {2**62}"),
        ("frames", "stage", 1, "row 0 cannot have stage 1"),
        ("frames", "frame", 2, "row 0 cannot have frame 2"),
        ("frames", "warmup", 2, "row 0 cannot have warmup 2"),
        ("frames", "wall_ns", -5, "row 0 cannot have wall_ns -5"),
        ("frames", "wall_ns", 10**9, "row 1 cannot have start_ns 5001000000"),
        ("frames", "replaced", 2**62, "replaced adds up to more than is possible"),
        ("digests", "stage", -1, "row 0 cannot have stage -1"),
        ("digests", "agent", 8, "row 0 cannot have agent 8"),
        ("digests", "frame", -2, "row 0 cannot have frame -2"),
        ("cpu", "time_ns", 2**61, "row 1 cannot have time_ns 5500000000"),
        ("cpu", "tree_cpu_s", np.inf, "row 0 cannot have tree_cpu_s inf"),
        ("cpu", "core_percent", 1e30, "row 0 cannot have core_percent"),
    ],
)
def test_a_row_that_no_recorder_writes_is_named(runs: Runs, array: str, column: str, value: Any, problem: str) -> None:
    rows = runs.arrays[array].copy()
    rows[column][0] = value
    file = runs.folder / "damaged" / f"{array}.npy"
    np.save(file, rows)
    assert f"{file}: corrupt, {problem}" in runs.refusal()


@pytest.mark.parametrize("array", ARRAYS)
@pytest.mark.parametrize("type_", ["<f8", "<i4", "<u8", "|b1", "<c16"])
def test_a_column_of_another_type_is_refused(runs: Runs, array: str, type_: str) -> None:
    rows = runs.arrays[array]
    for number, name in enumerate(rows.dtype.names or ()):
        if rows.dtype[name].base.str == type_:
            continue
        columns = [(each, type_ if each == name else rows.dtype[each]) for each in rows.dtype.names or ()]
        np.save(runs.folder / "damaged" / f"{array}.npy", np.zeros(len(rows), np.dtype(columns)))
        content = copy.deepcopy(runs.content)
        content["arrays"][array][number] |= {"type": type_, "shape": []}
        runs.write(content)
        assert not runs.is_read()


@pytest.mark.parametrize("shape", ["(True,)", "(10000000000000,)", "(-1,)", "(1.0,)", "()", "(5, 2)"])
def test_an_invalid_shape_takes_no_memory(runs: Runs, shape: str) -> None:
    file = runs.folder / "damaged" / "frames.npy"
    content = file.read_bytes()
    file.write_bytes(content.replace(b"(10,)", shape.encode(), 1).replace(b" " * (len(shape) - 5), b"", 1))
    assert str(file) in runs.refusal()


@pytest.mark.promise("verdicts", "A run whose file states another conclusion than its arrays give is refused.")
@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("verdicts", 0, "outcome"), "pass", "verdicts.0.outcome is pass, and its arrays give fail"),
        (("metrics", "frame_ms.mean"), 0.5, "metrics.frame_ms.mean is 0.5, and its arrays give 0.725"),
        (("stages", 0, "metrics", "physics_fps"), 1e6, "stages.0.metrics.physics_fps is 1000000.0"),
        (("stages", 1, "counters", "replaced"), 3, "stages.1.counters.replaced is 3, and its arrays give 1"),
        (("checkpoints", 0, "digest"), "00", "checkpoints.0.digest is 00"),
        (("attribution", "effective_cores"), 9.0, "attribution.effective_cores is 9.0"),
        (("worst_frames", 0, "cause"), "blocked", "worst_frames.0.cause is blocked"),
        (("missed_deadlines",), 7, "missed_deadlines is 7, and its arrays give not available"),
    ],
)
def test_a_forged_conclusion_is_refused(runs: Runs, path: tuple[Any, ...], value: Any, told: str) -> None:
    runs.write(put(runs.content, path, value))
    assert told in runs.refusal()


@pytest.mark.promise("verdicts", "A run that says other criteria, faults or modes than its profile is refused.")
@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("profile", "criteria"), ["frame_ms.max < 100"], "criteria: they are not those of the profile"),
        (("faults",), None, "faults: none, and the profile has some"),
        (("profile", "faults"), {"stall_frames": {}, "extra_work_percent": 0.0}, "and the profile has none"),
        (("profile", "mode"), "threaded", "mode.requested: process, and the profile has threaded"),
        (("mode", "used"), "sequential", "mode.used: sequential, and the stages have process"),
    ],
)
def test_a_contradiction_to_the_profile_is_refused(runs: Runs, path: tuple[Any, ...], value: Any, told: str) -> None:
    runs.write(put(runs.content, path, value))
    assert told in runs.refusal()


def test_another_last_digit_is_no_forgery(runs: Runs) -> None:
    mean = runs.content["metrics"]["frame_ms.mean"]
    runs.write(put(runs.content, ("metrics", "frame_ms.mean"), mean * (1 + 1e-12)))
    assert runs.is_read()


def test_a_metric_that_came_later_is_computed(runs: Runs) -> None:
    runs.write(put(runs.content, ("metrics", "frame_ms.mean"), DELETED))
    assert read_concluded(runs.folder / "damaged").run.metrics["frame_ms.mean"] == 0.725


def test_a_run_file_is_not_read_beyond_its_limit(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("walkerbench.run_directory.reader.MOST_BYTES", 1000)
    assert "run.json: longer than 0 MB" in runs.refusal()


@pytest.mark.promise("input", "A run.json of millions of wrong values is refused in little time and memory.")
@pytest.mark.parametrize(
    ("key", "text", "told"),
    [
        ("stages", f"[{'{},' * 300_000}{{}}]", "more than 500,000 values"),
        ("stages", f"[{'{},' * 200_000}{{}}]", "stages.0.stage: Field required"),
        ("metrics", json.dumps({f"k{number}": [] for number in range(10_000)}), "10,000 values are not those of a run"),
        ("extra", f"[{'[],' * 200_000}[]]", "extra: Extra inputs are not permitted"),
    ],
)
def test_of_millions_of_wrong_values_few_are_reported(runs: Runs, key: str, text: str, told: str) -> None:
    runs.write(json.dumps({**runs.content, key: "here"}).replace('"here"', text))
    refusal = runs.refusal()
    assert told in refusal
    assert len(refusal) < 1000


@pytest.mark.promise("kept", "Of a run that broke, every frame is read of which both frames and workers are recorded.")
@pytest.mark.parametrize(("frames", "workers", "whole"), [(10, 19, 9), (7, 20, 7), (10, 0, 0), (0, 20, 0), (6, 11, 5)])
def test_a_broken_run_is_read_as_far_as_its_arrays_agree(runs: Runs, frames: int, workers: int, whole: int) -> None:
    runs.write({**runs.content, "state": "broken", "ended_because": "the disk is full"})
    for name, rows in (("frames", frames), ("workers", workers)):
        np.save(runs.folder / "damaged" / f"{name}.npy", runs.arrays[name][:rows])
    read = read_recorded(runs.folder / "damaged")
    assert (len(read.frames), len(read.workers)) == (whole, 2 * whole)
    assert in_process(runs.folder, "show", "damaged").code == 0
