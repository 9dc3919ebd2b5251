"""Which code a run ran: walkerbench's own, and the workload's, wherever the working directory is."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import walkerbench
from walkerbench.recorded_value import RecordedValue
from walkerbench.system.git import UNKNOWN_REVISION, CodeRevision, revision_of
from walkerbench.workloads.contract import Workload

_SHOWN_REVISION_DIGITS = 10


@dataclass(frozen=True, kw_only=True)
class WalkerbenchCode(RecordedValue):
    """The walkerbench that ran.

    Attributes:
        version: Its version.
        revision: Its commit where it ran from a checkout, else None.
        changed_files: Whether files differed from that commit; None without one.
    """

    version: str
    revision: str | None
    changed_files: bool | None


@dataclass(frozen=True, kw_only=True)
class WorkloadCode(RecordedValue):
    """The code of the workload.

    Attributes:
        module: The module of its class; None in a run of a schema that did not record it.
        revision: Commit of the repository that tracks the module's file, else None.
        changed_files: Whether files differed from that commit; None without one.
    """

    module: str | None
    revision: str | None
    changed_files: bool | None


@dataclass(frozen=True, kw_only=True)
class CodeFacts(RecordedValue):
    """Which code ran.

    Attributes:
        walkerbench: The harness.
        workload: What it ran.
    """

    walkerbench: WalkerbenchCode
    workload: WorkloadCode


def code_facts(workload: Workload) -> CodeFacts:
    """Collect which code runs a workload."""
    module = type(workload).__module__
    ours = revision_of(Path(walkerbench.__file__).resolve())
    # Asking git takes a few processes: a workload of this package is of its revision.
    theirs = ours if module.startswith(f"{walkerbench.__name__}.") else _revision_of_module(module)
    return CodeFacts(
        walkerbench=WalkerbenchCode(
            version=walkerbench.__version__, revision=ours.revision, changed_files=ours.changed_files
        ),
        workload=WorkloadCode(module=module, revision=theirs.revision, changed_files=theirs.changed_files),
    )


def _revision_of_module(module: str) -> CodeRevision:
    file = getattr(sys.modules.get(module), "__file__", None)
    return UNKNOWN_REVISION if file is None else revision_of(Path(file).resolve())


def short_revision(revision: str | None, changed_files: bool | None) -> str | None:
    """Return a revision as readers are shown it, with a word where files differ from it; None where it is not known.

    Args:
        revision: A commit's full digest, or None.
        changed_files: Whether files differed from it.
    """
    if revision is None:
        return None
    return f"{revision[:_SHOWN_REVISION_DIGITS]}{' and changed files' if changed_files else ''}"
