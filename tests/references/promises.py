"""docs/promises.md: each promise with the tests that hold it.

A test holds a promise where it is marked so: `@pytest.mark.promise("verdicts", "A sentence about walkerbench.")`.
Several tests may hold one promise.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PATH = "docs/promises.md"
ROOT = Path(__file__).parents[2]

GROUPS = {
    "verdicts": "A verdict is earned",
    "faults": "Faults that a run survives, or ends with in order",
    "left behind": "Nothing is left behind, and nothing of others is removed",
    "kept": "What is never lost",
    "text": "Text of users, files and revisions is data",
    "input": "Input that is refused, and how",
    "long runs": "Long runs",
}
"""What a promise is about: word in the marker → heading on the page."""

_HEAD = """\
# Promises

What walkerbench promises, and the tests that hold it to each promise. This page is generated from the tests: a promise
whose last test is removed is removed from it, and `python -m tests.references` writes it again.
"""


@dataclass(frozen=True)
class Promise:
    """A promise, as one test states it.

    Attributes:
        group: One of `GROUPS`.
        text: A sentence.
        test: `path::name` of the test that holds it.
    """

    group: str
    text: str
    test: str


def find_promises(root: Path = ROOT) -> tuple[Promise, ...]:
    """Return every promise of the tests below a folder, in the order of their files.

    Raises:
        ValueError: A marker is not of the form that the module describes.
    """
    files = sorted((root / "tests").rglob("test_*.py"))
    return tuple(promise for file in files for promise in _promises_of(file, file.relative_to(root).as_posix()))


def page(root: Path = ROOT) -> str:
    """Return the page as Markdown.

    Args:
        root: The folder whose tests are looked at.
    """
    promises = find_promises(root)
    parts = [_HEAD]
    for group, heading in GROUPS.items():
        tests: dict[str, list[str]] = defaultdict(list)
        for each in promises:
            if each.group == group:
                tests[each.text].append(each.test)
        if tests:
            parts.append(f"\n## {heading}\n\n")
            parts += [f"- {text}\n{''.join(f'  - `{test}`{chr(10)}' for test in held)}" for text, held in tests.items()]
    return "".join(parts)


def _promises_of(file: Path, name: str) -> Iterator[Promise]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            for decorator in node.decorator_list:
                if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.promise":
                    yield Promise(*_arguments(decorator, f"{name}::{node.name}"), f"{name}::{node.name}")


def _arguments(call: ast.Call, test: str) -> tuple[str, str]:
    words = [ast.literal_eval(argument) for argument in call.args]
    if len(words) != 2 or call.keywords or words[0] not in GROUPS or not str(words[1]).endswith("."):
        raise ValueError(f"{test}: promise{words}: give one of {', '.join(GROUPS)}, and a sentence")
    return words[0], words[1]
