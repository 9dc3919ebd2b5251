"""Turns what a workload raises in the parent into `WorkloadFailed`; modes report what its shards raise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from walkerbench.errors import RAISED_BY_OTHERS, WalkerbenchError, WorkloadFailed, describe_error
from walkerbench.system.user_tracebacks import user_traceback


@contextmanager
def workload_failures(doing: str) -> Iterator[None]:
    """Turn what the workload raises within the block into `WorkloadFailed`.

    Args:
        doing: What the workload does in the block, for the message, such as `while starting`.

    Raises:
        WorkloadFailed: The workload raised, or called `sys.exit()`; errors of walkerbench itself pass unchanged.
    """
    try:
        yield
    except WalkerbenchError:
        raise
    except RAISED_BY_OTHERS as error:
        raise workload_failed(error, doing) from error


class SuiteTestFailed(WorkloadFailed):
    """The test that is the workload failed: before, within or after the calls that are measured.

    Args:
        message: What failed, in one line.
        report: pytest's report of the failure, in several lines; shown as the user's traceback.
    """

    def __init__(self, message: str, report: str) -> None:
        self.user_traceback = report
        super().__init__(message)


def workload_failed(error: BaseException, doing: str) -> WorkloadFailed:
    """Return the error that says what the workload raised, and what it was doing."""
    return WorkloadFailed(f"the workload raised {describe_error(error)}, {doing}", user_traceback(error))
