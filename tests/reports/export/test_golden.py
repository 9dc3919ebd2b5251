"""Compares every export with golden files; run as a program, with tests/support on the path, it writes them again."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from fabricated_runs import recorded_run

from walkerbench.reports.export import FORMATS
from walkerbench.reports.export.rendering import RENDERERS

GOLDEN = Path(__file__).parents[1] / "golden" / "export"
STOPPED: dict[str, Any] = {
    "state": "emergency",
    "ended_because": "10 frames | took longer than 2 s <in a row>",
    "emergency_shutdowns": 1,
    "faults": "a stall of 0.00005 s in frame 2",
    "profile": {"faults": {"stall_frames": {"2": 5e-5}}},
}


def rendered(name: str, directory: Path) -> str:
    return "".join(RENDERERS[name](recorded_run(directory, **STOPPED)))


def test_every_format_of_the_help_has_a_renderer() -> None:
    assert list(RENDERERS) == list(FORMATS)


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "json"])
def test_the_export_equals_the_golden_file(name: str, tmp_path: Path) -> None:
    assert rendered(name, tmp_path / "run") == (GOLDEN / name).read_text(encoding="utf-8")


def test_json_is_what_show_prints(tmp_path: Path) -> None:
    from walkerbench.reports import run_json as json

    recorded = recorded_run(tmp_path / "run")
    assert "".join(RENDERERS["json"](recorded)) == json.render(recorded.run)


if __name__ == "__main__":
    for each in FORMATS:
        if each != "json":
            with tempfile.TemporaryDirectory() as folder:
                (GOLDEN / each).write_text(rendered(each, Path(folder) / "run"), encoding="utf-8")
