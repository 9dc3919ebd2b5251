"""What CI is told where a gate ends without a result: in its JUnit files, which it replaces, and in GitHub Actions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from walkerbench.cli.file_output import remove_old, write_file
from walkerbench.errors import WalkerbenchError


@contextmanager
def no_result_told(junit: Sequence[Path]) -> Iterator[None]:
    """Remove a gate's old JUnit files; where the block raises, write why into them and tell GitHub.

    So the result of an earlier gate is never taken for a result of this one, whatever ends it.

    Args:
        junit: The files that are named on the command line.
    """
    for path in junit:
        remove_old(path)
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        _tell(error, junit)
        raise


def _tell(error: BaseException, junit: Sequence[Path]) -> None:
    from walkerbench.cli.failures import failure_message
    from walkerbench.cli.github_actions import tell_github_of_no_result
    from walkerbench.reports.junit import gate as gate_junit

    lines = failure_message(error).split("\n")
    for path in junit:
        with suppress(WalkerbenchError):  # the error that is told is the one that came first
            write_file(path, [gate_junit.without_result(lines)], replacing=True)
    tell_github_of_no_result(lines)
