"""What a workload raises in the parent becomes an error that says so; what its shards raise is the modes' to tell."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from walkerbench.errors import RAISED_BY_OTHERS, WalkerbenchError, WorkloadFailed, describe_error
from walkerbench.system.user_tracebacks import user_traceback


@contextmanager
def workload_failures(doing: str) -> Iterator[None]:
    """Say of what is raised within the context that the workload raised it.

    Args:
        doing: What the workload does, for the message: `while starting`.

    Raises:
        WorkloadFailed: It raised, or called `sys.exit()`; errors of walkerbench itself stay as they are.
    """
    try:
        yield
    except WalkerbenchError:
        raise
    except RAISED_BY_OTHERS as error:
        raise workload_failed(error, doing) from error


class SuiteTestFailed(WorkloadFailed):
    """A test that is the workload failed: before, within or after the calls that are measured.

    Args:
        message: What failed, in a line.
        report: What pytest reports of it, of several lines; shown as the user's traceback.
    """

    def __init__(self, message: str, report: str) -> None:
        self.user_traceback = report
        super().__init__(message)


def workload_failed(error: BaseException, doing: str) -> WorkloadFailed:
    """Return the error that says what the workload raised, and what it was doing."""
    return WorkloadFailed(f"the workload raised {describe_error(error)}, {doing}", user_traceback(error))
