"""Finds words and idioms that a reader has to decode: `python -m tests.plain_english` exits 1 where there are any.

It reads documents, and of Python files everything: docstrings, comments, texts and names.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]

_FILES = ("*.md", ".github/**/*.md", "docs/**/*.md", "profiles/*.toml", "{code}/**/*.py")
_CODE = ("examples", "tests", "walkerbench")
_NAME_THEM = {"tests/plain_english.py", "tests/test_plain_english.py"}
_PER = ("bar", "case", "file", "folder", "line", "process", "row", "shard", "side", "test case", "thread", "track")

INSTEAD = {
    **{f"a {noun} a": f"one {noun} per" for noun in _PER},
    "ad hoc": "made for this case",
    "albeit": "although",
    "all in all": "in total",
    "all the same": "still",
    "anew": "again",
    "as of": "as returned by, from, since",
    "at a glance": "quickly, on one page",
    "at fault": "the cause",
    "at hand": "available",
    "bear in mind": "note",
    "bells and whistles": "options",
    "boils down to": "is",
    "by and large": "mostly",
    "does the trick": "works",
    "e.g.": "for example",
    "for ever": "without end",
    "for good": "permanently",
    "for want of": "because there is no",
    "heavy lifting": "most of the work",
    "hence": "so",
    "hereby": "with this",
    "herein": "in this",
    "hitherto": "until now",
    "i.e.": "that is",
    "in a nutshell": "in short",
    "in lieu of": "in place of",
    "in order to": "to",
    "in vain": "without end, without effect",
    "lest": "so that … not",
    "leverage": "use",
    "low-hanging": "easy",
    "meanwhile": "at the same time, until then",
    "needless to say": "nothing: leave it out",
    "no-brainer": "clear choice",
    "nobody": "the name of the thing: no caller, no process, no agent",
    "notwithstanding": "in spite of",
    "obviously": "nothing: leave it out",
    "of course": "nothing: leave it out",
    "on the fly": "while it runs",
    "once and for all": "permanently",
    "out of the box": "without configuration",
    "per se": "by itself",
    "piece of cake": "easy",
    "prior to": "before",
    "rule of thumb": "rough rule",
    "seamless": "nothing: leave it out",
    "seamlessly": "nothing: leave it out",
    "see to": "deal with, ensure",
    "seldom": "rarely",
    "silver bullet": "complete solution",
    "simply": "nothing: leave it out",
    "so to speak": "nothing: leave it out",
    "somebody": "the name of the thing: a caller, another process",
    "taken for": "treated as, read as",
    "the system does not tell": "not available on this system",
    "thereby": "by this",
    "thereof": "of it",
    "to and fro": "from one to the other",
    "to blame": "the cause",
    "under the hood": "internally",
    "upon": "on, after",
    "utilize": "use",
    "what it comes to": "the result, the total",
    "what they come to": "the results, the totals",
    "whereby": "by which",
    "whilst": "while",
    "whoever": "the name of the thing: the caller, the process that",
}
"""What to avoid, in lower case → what to write instead."""

_BETWEEN_WORDS = r"[\s#_]+"  # a phrase may go on in the next line, of a comment too, and may be part of a name
_PHRASES = "|".join(re.escape(phrase).replace(r"\ ", _BETWEEN_WORDS) for phrase in sorted(INSTEAD))
_AVOIDED = re.compile(rf"(?<![A-Za-z])(?:{_PHRASES})(?![A-Za-z])", re.IGNORECASE)


@dataclass(frozen=True)
class Finding:
    """A place that is to be written in other words.

    Attributes:
        line: Counted from 1.
        phrase: A key of `INSTEAD`.
    """

    line: int
    phrase: str


def find_phrases(text: str) -> Iterator[Finding]:
    """Yield every phrase of a text that is to be avoided, in order."""
    for match in _AVOIDED.finditer(text):
        yield Finding(1 + text.count("\n", 0, match.start()), re.sub(_BETWEEN_WORDS, " ", match[0]).lower())


def checked_files(root: Path = ROOT) -> list[Path]:
    """Return the documents and the code below a folder, in the order of their names."""
    patterns = {each.format(code=code) for each in _FILES for code in _CODE}
    return sorted(
        path
        for pattern in patterns
        for path in root.glob(pattern)
        if path.relative_to(root).as_posix() not in _NAME_THEM
    )


def complaints(files: Iterable[Path], root: Path = ROOT) -> Iterator[str]:
    """Yield a line for each finding: where it is, what it is, and what to write instead."""
    for file in files:
        for finding in find_phrases(file.read_text(encoding="utf-8")):
            where = f"{file.relative_to(root).as_posix()}:{finding.line}"
            yield f"{where}: not '{finding.phrase}', but: {INSTEAD[finding.phrase]}"


if __name__ == "__main__":
    found = list(complaints(checked_files()))
    sys.stdout.writelines(f"{line}\n" for line in found)
    sys.exit(1 if found else 0)
