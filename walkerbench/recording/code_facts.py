"""Collects which code a run ran, from the files that were imported and not from the working directory.

The digest of a package's source says more than its revision: an installed copy has a digest too, and so have files that
were changed and not committed.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import walkerbench
from walkerbench.recorded_value import RecordedValue
from walkerbench.system.git import revision_of
from walkerbench.system.imported_code import imported_from, modules_beside, path_text, top_level

_SHOWN_REVISION_DIGITS = 10
_CODE_SUFFIXES = (".py", ".so", ".pyd")
_MOST_FILES = 20_000  # a larger package is no code that a benchmark is written for


@dataclass(frozen=True, kw_only=True)
class WalkerbenchCode(RecordedValue):
    """The walkerbench that ran.

    Attributes:
        version: Its version.
        folder: The folder of the imported package; None in a run of a schema that did not record it.
        revision: Its commit where it ran from a checkout, else None.
        changed_files: Whether files differed from that commit; None without one.
        digest: SHA-256 of the package's source files, 64 hexadecimal digits; None where it was not recorded.
        git_error: Git's own message where it did not give the revision, else None.
    """

    version: str
    folder: str | None
    revision: str | None
    changed_files: bool | None
    digest: str | None
    git_error: str | None


@dataclass(frozen=True, kw_only=True)
class WorkloadCode(RecordedValue):
    """The code of the workload.

    Attributes:
        module: The module of the class or function that made it; None in a run of a schema that did not record it.
        folder: The folder that its package, or its module without a package, was imported from; None where it has no
            file, or in a run of a schema that did not record it.
        revision: Commit of the repository that tracks that file, else None.
        changed_files: Whether files differed from that commit; None without one.
        digest: SHA-256 of the source files of its package or module, of the code that makes the workload, and of the
            modules of the same project that are imported too, 64 hexadecimal digits; None where there are too many
            files, or it was not recorded.
        git_error: Git's own message where it did not give the revision, else None.
    """

    module: str | None
    folder: str | None
    revision: str | None
    changed_files: bool | None
    digest: str | None
    git_error: str | None


@dataclass(frozen=True, kw_only=True)
class CodeFacts(RecordedValue):
    """Which code ran.

    Attributes:
        walkerbench: The code of walkerbench.
        workload: The code of the workload.
    """

    walkerbench: WalkerbenchCode
    workload: WorkloadCode


@dataclass(frozen=True)
class _PackageFacts:
    folder: str | None
    revision: str | None
    changed_files: bool | None
    digest: str | None
    git_error: str | None


def code_facts(modules: Sequence[str]) -> CodeFacts:
    """Collect which code runs.

    Args:
        modules: As returned by `Profile.code_modules`. The last one that is not walkerbench's own is the workload's.
    """
    own_facts = workload_facts = _package_facts(walkerbench.__name__)
    module = modules[-1]
    others = [each for each in modules if top_level(each) != walkerbench.__name__]
    # Asking git takes a few processes. A workload of this package has the revision of this package.
    if others:
        module = others[-1]
        # Modules of the same project that they import are measured with them.
        names = dict.fromkeys([*map(top_level, others), *modules_beside(module)])
        digest = _digest([file for each in names if (file := imported_from(each)) is not None])
        workload_facts = replace(_package_facts(top_level(module)), digest=digest)
    return CodeFacts(
        walkerbench=WalkerbenchCode(version=walkerbench.__version__, **vars(own_facts)),
        workload=WorkloadCode(module=module, **vars(workload_facts)),
    )


def imported_files(packages: Sequence[str]) -> dict[str, str | None]:
    """Return the file that each top-level package or module was imported from, by its name."""
    return {name: path_text(imported_from(name)) for name in packages}


def same_code(one: CodeFacts, other: CodeFacts) -> bool:
    """Return whether two runs are known to have run the same code, whatever its folder and its name."""
    return known_code(one) is not None and known_code(one) == known_code(other)


def known_code(code: CodeFacts) -> tuple[str, ...] | None:
    """Return what identifies the code: digests or, in runs without them, revisions without changes; else None."""
    parts = []
    for each in (code.walkerbench, code.workload):
        if each.digest is not None:
            parts.append(each.digest)
        elif each.revision is not None and each.changed_files is False:
            parts.append(each.revision)
        else:
            return None
    return (code.walkerbench.version, *parts)


def _package_facts(package: str) -> _PackageFacts:
    file = imported_from(package)
    if file is None or not file.is_file():
        return _PackageFacts(None, None, None, None, None)
    code = revision_of(file)
    return _PackageFacts(path_text(file.parent), code.revision, code.changed_files, _digest([file]), code.git_error)


def _digest(files: Sequence[Path]) -> str | None:
    """Return one digest of the source files of modules and packages; None where there are none, or more than 20,000.

    Args:
        files: A module's file, or a package's `__init__.py`, which stands for all of its source.
    """
    sources = [(file.parent, source) for file in files for source in _sources(file)]
    if not 0 < len(sources) <= _MOST_FILES:
        return None
    digest = hashlib.sha256()
    for folder, source in sources:
        name, content = os.fsencode(source.relative_to(folder).as_posix()), source.read_bytes()
        digest.update(b"%d %d\n%b%b" % (len(name), len(content), name, content))
    return digest.hexdigest()


def _sources(file: Path) -> list[Path]:
    if file.name != "__init__.py":
        return [file] if file.is_file() else []
    found = (Path(place) / name for place, _, names in os.walk(file.parent) for name in names)
    return sorted(each for each in found if each.suffix in _CODE_SUFFIXES and each.is_file())


def short_revision(revision: str | None, changed_files: bool | None) -> str | None:
    """Return a revision in short form, which says where files differ from it; None where the revision is not known.

    Args:
        revision: A commit's full digest, or None.
        changed_files: Whether files differed from it.
    """
    if revision is None:
        return None
    return f"{revision[:_SHOWN_REVISION_DIGITS]}{' and changed files' if changed_files else ''}"
