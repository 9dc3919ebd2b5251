"""Sentences that stand in the code's docstrings."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Mapping
from typing import Any


def first_line(thing: Any) -> str:
    """Return the first line of a docstring; empty without one."""
    return (thing.__doc__ or "").strip().partition("\n")[0]


def attributes_of(kind: type) -> Mapping[str, str]:
    """Return what a class says of each name below `Attributes:`."""
    section = (inspect.getdoc(kind) or "").partition("Attributes:\n")[2]
    found = re.findall(r"^ {4}(\w+): (.*(?:\n {8,}.*)*)", section, re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in found}


def members_of(kind: type) -> Mapping[str, str]:
    """Return the text below each member of a class."""
    (node,) = ast.parse(inspect.getsource(kind)).body
    assert isinstance(node, ast.ClassDef)
    texts: dict[str, str] = {}
    for member, below in zip(node.body, node.body[1:], strict=False):
        match member, below:
            case ast.Assign(targets=[ast.Name(id=name)]), ast.Expr(value=ast.Constant(value=str(text))):
                texts[name] = " ".join(text.split())
    return texts


def rows_of(function: Any) -> list[tuple[list[str], str]]:
    """Return the rows of the table in a docstring: the names in the first column, and the text in the last."""
    lines = (inspect.getdoc(function) or "").split("\n")
    rules = [number for number, line in enumerate(lines) if set(line) == {"=", " "}]
    rule = lines[rules[0]]
    last = rule.rindex(" ") + 1
    rows: list[tuple[list[str], str]] = []
    for line in lines[rules[1] + 1 : rules[2]]:
        if line.startswith(" "):
            rows[-1] = (rows[-1][0], f"{rows[-1][1]} {line.strip()}")
        else:
            first = line[: rule.index(" ")].strip()
            rows.append((re.findall(r"`([^`]+)`", first) or [first], line[last:].strip()))
    return rows
