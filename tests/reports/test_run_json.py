from __future__ import annotations

import json
from pathlib import Path

from walkerbench.reports import run_json as json_report
from walkerbench.run_directory import RunFile

SOURCE = Path(__file__).parent / "finished_run.json"


def refuse(word: str) -> None:
    raise AssertionError(f"{word} is no JSON")


def test_the_text_is_the_content_of_run_json() -> None:
    run = RunFile.model_validate_json(SOURCE.read_bytes(), strict=True)
    text = json_report.render(run)
    assert json.loads(text) == json.loads(SOURCE.read_bytes())
    assert text.endswith("}\n")


def test_the_text_is_ascii_and_holds_no_nan() -> None:
    run = RunFile.model_validate_json(SOURCE.read_bytes(), strict=True)
    odd = run.changed(machine={"cpu_model": "Prozessor für alles", "load_average": [float("nan"), float("inf")]})
    text = json_report.render(odd)
    assert text.isascii()
    machine = json.loads(text, parse_constant=refuse)["machine"]
    assert machine == {"cpu_model": "Prozessor für alles", "load_average": [None, None]}
