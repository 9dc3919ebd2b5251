from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

import walkerbench
from walkerbench.run_directory import (
    RunFile,
    json_schema,
)

SCHEMA_FILE = Path(walkerbench.__file__).parent / "run.schema.json"


def test_the_published_schema_is_that_of_the_model() -> None:
    assert SCHEMA_FILE.read_text() == json_schema(), (
        "run: python -m walkerbench.run_directory > walkerbench/run.schema.json"
    )


def test_the_command_that_publishes_it() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "walkerbench.run_directory"], capture_output=True, text=True, check=True
    )

    assert done.stdout == json_schema()


def test_a_written_file_fits_the_published_schema(run_path: Any) -> None:
    schema = json.loads(SCHEMA_FILE.read_text())
    content = json.loads((run_path / "run.json").read_text())

    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(content, schema)
    assert list(content) == list(RunFile.model_fields)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**content, "surprise": 1}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({key: value for key, value in content.items() if key != "verdicts"}, schema)


def test_a_number_that_is_not_finite_is_written_as_null(toy: Any) -> None:
    made = toy.begun().changed(metrics={"a": float("nan"), "b": float("inf"), "c": 1})

    assert made.metrics == {"a": None, "b": None, "c": 1.0}


def test_changes_are_checked(toy: Any) -> None:
    with pytest.raises(ValidationError):
        toy.begun().changed(state="asleep")
    with pytest.raises(ValidationError):
        toy.begun().changed(surprise=1)
