"""What docs/promises.md takes from the tests; tests/test_references.py holds the page itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.references.promises import find_promises, page

MARKED = """
@pytest.mark.promise("kept", "Rows stay.")
@pytest.mark.parametrize("mode", ["process"])
def test_rows_stay(mode): ...
"""


def written(root: Path, text: str) -> Path:
    """A folder with one file of tests."""
    (root / "tests").mkdir(exist_ok=True)
    (root / "tests" / "test_rows.py").write_text(text)
    return root


def test_a_promise_is_listed_with_its_test(tmp_path: Path) -> None:
    text = page(written(tmp_path, MARKED))
    assert "## What is never lost\n\n- Rows stay.\n  - `tests/test_rows.py::test_rows_stay`\n" in text


def test_a_promise_goes_with_its_last_test(tmp_path: Path) -> None:
    assert find_promises(written(tmp_path, "def test_rows_stay(): ...\n")) == ()


@pytest.mark.parametrize("marker", ['"kept"', '"nowhere", "Rows stay."', '"kept", "Rows stay"', '"kept", text="Rows."'])
def test_a_marker_of_another_form_is_refused(tmp_path: Path, marker: str) -> None:
    with pytest.raises(ValueError, match="test_rows_stay"):
        find_promises(written(tmp_path, f"@pytest.mark.promise({marker})\ndef test_rows_stay(): ...\n"))
