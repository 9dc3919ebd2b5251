"""docs/exit-codes.md: what each exit code means, and which errors end with it."""

from __future__ import annotations

import inspect

from tests.references.docstrings import first_line, members_of
from tests.references.markdown import code, table
from walkerbench import errors
from walkerbench.errors import ExitCode, WalkerbenchError

PATH = "docs/exit-codes.md"

_HEAD = """\
# Exit codes

Each command ends with one of these. Where several apply, the first of {order} counts.
This page is generated: `python -m tests.references` writes it again.
"""

_ERRORS = """\
## Errors

A command that is refused or breaks writes a line to stderr, or a line for each problem. In Python, the same is raised
as an error with the attribute `exit_code`:
"""


def page() -> str:
    """Return the page as Markdown."""
    meanings = members_of(ExitCode)
    codes = table(["code", "name", "meaning"], ([code(str(int(c))), code(c.name), meanings[c.name]] for c in ExitCode))
    raised = table(
        ["error", "code", "meaning"],
        ([code(e.__name__), code(str(int(e.exit_code))), first_line(e)] for e in error_kinds()),
    )
    return "\n".join([_HEAD.format(order=_order()), codes, _ERRORS, raised])


def error_kinds() -> list[type[WalkerbenchError]]:
    """Return every error that walkerbench raises on purpose, in the order of the module."""
    kinds = [each for each in vars(errors).values() if inspect.isclass(each) and issubclass(each, WalkerbenchError)]
    return list(dict.fromkeys(kinds))


def _order() -> str:
    """Return the codes from the most severe one, as `most_severe` ranks them."""
    rest, order = set(ExitCode), []
    while rest:
        order.append(errors.most_severe(rest))
        rest.remove(order[-1])
    return ", ".join(str(int(each)) for each in order)
