"""Files that a command writes its result into: they never hold the result of an earlier command.

A command's old files are removed before it begins. If it ends without a result, they say why. A file of another kind,
such as a run's file, was named by mistake: it is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from walkerbench.cli.file_output import may_begin_with, remove_old, write_file
from walkerbench.cli.grouped_command import GroupedCommand
from walkerbench.errors import OutputError, WalkerbenchError


@dataclass(frozen=True)
class ResultFile:
    """A file that is named on the command line for a result.

    Attributes:
        path: The file.
        beginning: What every file of its kind begins with.
        not_of_its_kind: What is said of a file that begins otherwise: `holds no XML, so it is no old JUnit file`.
        without_result: Returns what the file holds in place of a result; the argument is the reasons, one per line.
    """

    path: Path
    beginning: bytes
    not_of_its_kind: str
    without_result: Callable[[Sequence[str]], Iterable[str]]


def junit_files(command: GroupedCommand, words: Sequence[str]) -> list[ResultFile]:
    """Return the files that `--junit` names among the words of a command."""
    return [
        ResultFile(Path(value), b"<", "holds no XML, so it is no old JUnit file", _junit_without_result)
        for value in command.values_in(words, "junit")
    ]


def report_files(command: GroupedCommand, words: Sequence[str]) -> list[ResultFile]:
    """Return the files that `--report` names among the words of a command."""
    from walkerbench.reports.html import PAGE_BEGINNING

    def without_result(lines: Sequence[str]) -> Iterable[str]:
        from walkerbench.reports.html.page_without_result import render_no_result

        return render_no_result(str(command.name), lines)

    return [
        ResultFile(Path(value), PAGE_BEGINNING.encode(), "holds no page of walkerbench", without_result)
        for value in command.values_in(words, "report")
    ]


def replace_old_reports(command: GroupedCommand, words: Sequence[str]) -> AbstractContextManager[None]:
    """Return the context of a command with `--report`, see `no_old_results`."""
    return no_old_results(report_files(command, words))


@contextmanager
def no_old_results(
    files: Sequence[ResultFile], tell: Callable[[Sequence[str]], None] = lambda _: None
) -> Iterator[None]:
    """Remove old files of results; if the block raises, write into them why there is no result.

    Args:
        files: The files that are named on the command line.
        tell: Called with the reasons, one per line, after the files are written.

    Raises:
        OutputError: One of the files is of another kind, or two results go into one file.
    """
    replaced = [each for each in files if may_begin_with(each.path, each.beginning)]
    for each in replaced:
        remove_old(each.path)
    try:
        for each in files:
            if each not in replaced:
                raise OutputError(f"{each.path}: {each.not_of_its_kind}: give another file, or remove it")
        _check_one_result_a_file(files)
        yield
    except (Exception, KeyboardInterrupt) as error:
        _say_why(error, replaced, tell)
        raise


def _check_one_result_a_file(files: Sequence[ResultFile]) -> None:
    kinds: dict[Path, bytes] = {}
    for each in files:
        if kinds.setdefault(each.path.resolve(), each.beginning) != each.beginning:
            raise OutputError(f"{each.path}: is named for two kinds of results: give another file for one of them")


def _say_why(error: BaseException, files: Sequence[ResultFile], tell: Callable[[Sequence[str]], None]) -> None:
    from walkerbench.cli.failures import failure_message

    lines = failure_message(error).split("\n")
    for each in files:
        with suppress(WalkerbenchError):  # the user is told of the first error, not of this one
            write_file(each.path, each.without_result(lines), replacing=True)
    tell(lines)


def _junit_without_result(lines: Sequence[str]) -> Iterable[str]:
    from walkerbench.reports.junit.gate import without_result

    return [without_result(lines)]
