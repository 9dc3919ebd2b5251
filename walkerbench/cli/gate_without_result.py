"""Tells CI that a gate ended without a result: in the gate's JUnit files, which it replaces, and in GitHub Actions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from walkerbench.cli.file_output import may_be_xml, remove_old, write_file
from walkerbench.errors import OutputError, WalkerbenchError


@contextmanager
def tell_ci_of_missing_result(junit: Sequence[Path]) -> Iterator[None]:
    """Remove a gate's old JUnit files; if the block raises, write the error into new ones and tell GitHub.

    Thus CI never reads the result of an earlier gate as the result of this one. A file that holds no XML, such as a
    run's file, was named by mistake: it is kept.

    Args:
        junit: The files that are named on the command line.

    Raises:
        OutputError: One of the files holds no XML.
    """
    replaced = [path for path in junit if may_be_xml(path)]
    for path in replaced:
        remove_old(path)
    try:
        for path in junit:
            if path not in replaced:
                raise OutputError(f"{path}: holds no XML, so it is no old JUnit file: give another, or remove it")
        yield
    except (Exception, KeyboardInterrupt) as error:
        _tell(error, replaced)
        raise


def _tell(error: BaseException, junit: Sequence[Path]) -> None:
    from walkerbench.cli.failures import failure_message
    from walkerbench.cli.github_actions import tell_github_of_no_result
    from walkerbench.reports.junit import gate as gate_junit

    lines = failure_message(error).split("\n")
    for path in junit:
        with suppress(WalkerbenchError):  # CI is told of the first error, not of this one
            write_file(path, [gate_junit.without_result(lines)], replacing=True)
    tell_github_of_no_result(lines)
