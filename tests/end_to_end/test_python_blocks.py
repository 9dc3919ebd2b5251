"""Each Python block of docs/python.md is run as a reader runs it: as a file of its own."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from whole_process import WholeProcess

PAGE = Path(__file__).parents[2] / "docs" / "python.md"
pytestmark = pytest.mark.skipif(not PAGE.is_file(), reason="the documents are not part of the wheel")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks() -> list[str]:
    text = PAGE.read_text(encoding="utf-8") if PAGE.is_file() else ""
    return [block for language, block in FENCE.findall(text) if language == "python"]


def described(block: str) -> str:
    """Return a name for a block: its first line that is not an import."""
    return next(line for line in block.splitlines() if line and not re.match(r"(import|from) ", line))


@pytest.mark.parametrize("block", blocks(), ids=described)
def test_each_block_of_the_page_runs(block: str, walkerbench: WholeProcess) -> None:
    (walkerbench.cwd / "test_block.py").write_text(block, encoding="utf-8")
    how = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "--basetemp=runs") if "def test_" in block else ()
    ended = walkerbench("test_block.py", command=(sys.executable, "-W", "error", *how))
    assert (ended.code, ended.err) == (0, ""), ended.out
    assert ended.out


def test_the_page_shows_what_its_readers_ask_for() -> None:
    text = "".join(blocks())
    for name in (
        "run(",
        "read_run(",
        "to_pandas()",
        "walkerbench_run",
        "step()",
        "toggle_threading()",
        "except RunFileError",
    ):
        assert name in text
