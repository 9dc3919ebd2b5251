"""docs/promises.md says what the tests hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.promises import ROOT, find_promises, page

PAGE = ROOT / "docs" / "promises.md"

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


@pytest.mark.skipif(not PAGE.is_file(), reason="the documents are not part of the wheel")
def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(find_promises()), "python -m tests.promises > docs/promises.md"


def test_a_promise_is_listed_with_its_test(tmp_path: Path) -> None:
    text = page(find_promises(written(tmp_path, MARKED)))
    assert "## What is never lost\n\n- Rows stay.\n  - `tests/test_rows.py::test_rows_stay`\n" in text


def test_a_promise_goes_with_its_last_test(tmp_path: Path) -> None:
    assert find_promises(written(tmp_path, "def test_rows_stay(): ...\n")) == ()


@pytest.mark.parametrize("marker", ['"kept"', '"nowhere", "Rows stay."', '"kept", "Rows stay"', '"kept", text="Rows."'])
def test_a_marker_of_another_form_is_refused(tmp_path: Path, marker: str) -> None:
    with pytest.raises(ValueError, match="test_rows_stay"):
        find_promises(written(tmp_path, f"@pytest.mark.promise({marker})\ndef test_rows_stay(): ...\n"))
