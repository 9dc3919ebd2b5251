from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkerbench.errors import RunFileError
from walkerbench.run_directory import (
    ARRAYS,
    SCHEMA_VERSION,
    RunFile,
    RunWriter,
    read_recorded,
)


def edit(path: Path, **changes: object) -> None:
    file = path / "run.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def refusal(path: Path) -> str:
    with pytest.raises(RunFileError) as caught:
        read_recorded(path)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    return message


def test_a_missing_directory(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none") == f"{tmp_path / 'none'}: no such run directory"


def test_a_directory_without_run_json(tmp_path: Path) -> None:
    assert refusal(tmp_path) == f"{tmp_path / 'run.json'}: missing: this is not the directory of a recorded run"


@pytest.mark.parametrize("content", [b"", b"{", b'{"schema_version": 1', b"\xff\xfe", b"[" * 100_000])
def test_corrupt_json(run_path: Any, content: bytes) -> None:
    (run_path / "run.json").write_bytes(content)

    message = refusal(run_path)

    assert message.startswith(f"{run_path / 'run.json'}: corrupt, not ")
    assert message.endswith("record the run again")


@pytest.mark.parametrize("content", ["[]", "null", "3", '"run"', "{}"])
def test_json_of_another_kind(run_path: Any, content: str) -> None:
    (run_path / "run.json").write_text(content)

    assert refusal(run_path).startswith(f"{run_path / 'run.json'}: not a run file: ")


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"schema_version": 0}, "schema_version: "),
        ({"schema_version": "1"}, "schema_version: "),
        ({"schema_version": True}, "schema_version: "),
        ({"state": "asleep"}, "state: "),
        ({"missed_deadlines": "3"}, "missed_deadlines: "),
        ({"emergency_shutdowns": -1}, "emergency_shutdowns: "),
        ({"metrics": {"physics_fps": "fast"}}, "metrics.physics_fps: "),
        ({"started_utc": "yesterday"}, "started_utc: "),
        ({"digest": "xyz"}, "digest: "),
        ({"surprise": 1}, "surprise: "),
        ({"arrays": None}, "arrays missing"),
        ({"arrays": {}}, "arrays.frames: "),
    ],
)
def test_a_field_of_another_shape_is_named(run_path: Any, changes: Any, where: str) -> None:
    edit(run_path, **changes)

    assert refusal(run_path).startswith(f"{run_path / 'run.json'}: not a run file: {where}")


@pytest.mark.parametrize("key", list(RunFile.model_fields))
def test_a_key_that_is_missing_is_named_even_if_it_has_a_default(run_path: Any, key: Any) -> None:
    content = json.loads((run_path / "run.json").read_text())
    del content[key]
    (run_path / "run.json").write_text(json.dumps(content))

    assert key in refusal(run_path).removeprefix(str(run_path))


def test_many_problems_are_counted(run_path: Any) -> None:
    (run_path / "run.json").write_text('{"schema_version": 1}')

    assert refusal(run_path).endswith("; and 7 more: record the run again")


def test_a_newer_schema(run_path: Any) -> None:
    edit(run_path, schema_version=SCHEMA_VERSION + 1, brand_new="field")

    assert refusal(run_path) == (
        f"{run_path / 'run.json'}: made by a newer walkerbench (schema {SCHEMA_VERSION + 1}; "
        f"this one reads up to {SCHEMA_VERSION}): upgrade"
    )


def turn_into_schema_1(path: Path) -> None:
    content = json.loads((path / "run.json").read_text())
    later = {"attribution", "slow_frames", "worst_frames", "observers"}
    content["profile"]["environment"] = {"physics": {"frames_per_second": 60.0}}
    (path / "run.json").write_text(
        json.dumps({key: value for key, value in content.items() if key not in later} | {"schema_version": 1})
    )


def test_a_run_of_schema_1_lacks_the_additions_of_schema_2(run_path: Any) -> None:
    turn_into_schema_1(run_path)

    run = read_recorded(run_path).run

    assert (run.schema_version, run.attribution, run.slow_frames, run.worst_frames) == (1, None, {}, ())


def test_a_run_of_schema_1_without_a_key_of_its_own_is_refused(run_path: Any) -> None:
    turn_into_schema_1(run_path)
    content = json.loads((run_path / "run.json").read_text())
    del content["faults"]
    (run_path / "run.json").write_text(json.dumps(content))

    assert refusal(run_path) == f"{run_path / 'run.json'}: not a run file: faults missing: record the run again"


@pytest.mark.parametrize("name", ARRAYS)
def test_a_missing_array(run_path: Any, name: str) -> None:
    (run_path / f"{name}.npy").unlink()

    assert refusal(run_path) == f"{run_path / name}.npy: missing: the run cannot be read without it; record it again"


@pytest.mark.parametrize(
    "array",
    [
        np.zeros(3, np.int64),
        np.zeros(3, np.dtype([("frame", "<i4"), ("digest", "<u8")])),
        np.zeros(3, np.dtype([("digest", "<u8"), ("frame", "<i8")])),
        np.zeros((3, 1), np.dtype([("frame", "<i8"), ("digest", "<u8")])),
        np.array(3, np.dtype([("frame", "<i8"), ("digest", "<u8")])),
    ],
)
def test_an_array_of_another_dtype_or_shape(run_path: Any, array: Any, toy: Any) -> None:
    np.save(run_path / "digests.npy", array)

    assert refusal(run_path) == (
        f"{run_path / 'digests.npy'}: holds other columns than run.json says: record the run again"
    )


@pytest.mark.parametrize("type_", ["<f1", "<b8", "<u1"])
def test_columns_that_run_json_describes_wrongly(run_path: Any, type_: str) -> None:
    arrays = json.loads((run_path / "run.json").read_text())["arrays"]
    arrays["frames"][0]["type"] = type_
    edit(run_path, arrays=arrays)

    assert refusal(run_path).startswith(str(run_path))


@pytest.mark.parametrize(("rows_cut", "whole"), [(0, 2), (1, 1), (2, 0)])
def test_a_truncated_array(run_path: Any, rows_cut: int, whole: int, toy: Any) -> None:
    file = run_path / "frames.npy"
    os.truncate(file, file.stat().st_size - rows_cut * toy.dtypes["frames"].itemsize - 1)

    assert refusal(run_path) == f"{file}: truncated: it should hold 3 rows and holds {whole}; record the run again"


@pytest.mark.parametrize("size", [0, 3, 9, 50])
def test_an_array_cut_within_its_header(run_path: Any, size: int) -> None:
    os.truncate(run_path / "cpu.npy", size)

    assert refusal(run_path) == f"{run_path / 'cpu.npy'}: corrupt, not a NumPy array: record the run again"


def test_an_array_of_pickled_objects_is_never_loaded(run_path: Any) -> None:
    np.save(run_path / "cpu.npy", np.array([print], object), allow_pickle=True)

    assert "holds other columns" in refusal(run_path)


def test_a_directory_in_place_of_a_file(run_path: Any) -> None:
    (run_path / "cpu.npy").unlink()
    (run_path / "cpu.npy").mkdir()
    assert refusal(run_path) == f"{run_path / 'cpu.npy'}: no regular file: this is not the directory of a recorded run"

    (run_path / "run.json").unlink()
    (run_path / "run.json").mkdir()
    assert refusal(run_path) == f"{run_path / 'run.json'}: no regular file: this is not the directory of a recorded run"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with a name")
def test_a_pipe_in_place_of_a_file_is_not_waited_for(run_path: Any) -> None:
    (run_path / "run.json").unlink()
    os.mkfifo(run_path / "run.json")
    assert "no regular file" in refusal(run_path)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory, toy: Any) -> tuple[Any, dict[Any, Any]]:
    path = tmp_path_factory.mktemp("fuzz") / "run"
    with RunWriter.create(path, toy.begun(), toy.dtypes) as recording:
        recording.append("cpu", toy.rows("cpu", 1, 2))
        recording.write(toy.ended())
    return path, {name: (path / name).read_bytes() for name in ("run.json", "cpu.npy")}


@pytest.mark.parametrize("name", ["run.json", "cpu.npy"])
@given(where=st.floats(0, 1, exclude_max=True), put=st.binary(max_size=4), cut=st.integers(0, 4))
def test_any_damaged_file_is_read_or_refused(scratch: Any, name: str, where: Any, put: Any, cut: Any, toy: Any) -> None:
    path, whole = scratch
    content = whole[name]
    at = int(where * len(content))
    (path / name).write_bytes(content[:at] + put + content[at + cut :])
    try:
        read = read_recorded(path)
    except RunFileError as error:
        read, message = None, str(error)
    finally:
        (path / name).write_bytes(content)

    if read is None:
        assert len(message.splitlines()) == 1
    else:
        assert read.cpu.dtype == toy.dtypes["cpu"]
