"""What CI is told where a gate ends without a result: in its JUnit files, which it replaces, and in GitHub Actions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from walkerbench.cli.file_output import may_be_xml, remove_old, write_file
from walkerbench.errors import OutputError, WalkerbenchError


@contextmanager
def no_result_told(junit: Sequence[Path]) -> Iterator[None]:
    """Remove a gate's old JUnit files; where the block raises, write why into them and tell GitHub.

    So the result of an earlier gate is never read as a result of this one, whatever ends it. A file that can be no
    JUnit file, such as a run's, is named by mistake, and kept.

    Args:
        junit: The files that are named on the command line.

    Raises:
        OutputError: One holds something else.
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
        with suppress(WalkerbenchError):  # the error that is told is the one that came first
            write_file(path, [gate_junit.without_result(lines)], replacing=True)
    tell_github_of_no_result(lines)
