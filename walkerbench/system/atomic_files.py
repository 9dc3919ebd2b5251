"""Writes a file completely or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from walkerbench.errors import OutputError, OutputLost


class WholeFile:
    """A text file that is written under a temporary name, and moved to its path when it is complete.

    Call `opened` before the work that produces the text: a bad path then fails at once.
    """

    def __init__(self, path: Path, stream: IO[str]) -> None:
        self._path = path
        self._stream = stream

    @classmethod
    @contextmanager
    def opened(cls, path: Path, *, replacing: bool = False) -> Iterator[WholeFile]:
        """Open a file for writing; where the block raises, no file is left.

        Args:
            path: Where the complete file goes.
            replacing: Whether the complete file replaces one that exists already.

        Raises:
            OutputError: The file cannot be written there, or exists already.
            OutputLost: The file could not be completed.
        """
        try:
            path = _place(path, replacing=replacing)
            # Text without newline translation: the same bytes on every system.
            stream = tempfile.NamedTemporaryFile(  # noqa: SIM115  closed below, before it is moved
                "w", dir=path.parent, prefix=f".{path.name}.", delete=False, newline="",
                encoding="utf-8", errors="backslashreplace",  # a path may hold bytes that are no text
            )  # fmt: skip
        except OSError as error:
            raise OutputError(f"{path}: cannot be written: {error.strerror}") from error
        try:
            yield cls(path, stream)
            _finish(stream, path, replacing=replacing)
        finally:
            with suppress(OSError):
                stream.close()
            with suppress(OSError):
                Path(stream.name).unlink()

    @staticmethod
    def check(path: Path, *, replacing: bool = False) -> None:
        """Raise an error where a file could not be made; call it before there is anything to write.

        Raises:
            OutputError: The file cannot be written there, or exists already.
        """
        try:
            place = _place(path, replacing=replacing)
            if not os.access(place.parent, os.W_OK | os.X_OK):
                raise OutputError(f"{path}: cannot be written: {place.parent} does not exist, or is not writable")
        except OSError as error:
            raise OutputError(f"{path}: cannot be written: {error.strerror}") from error

    def write(self, *texts: str) -> None:
        """Write texts to the file."""
        self.write_all(texts)

    def write_all(self, texts: Iterable[str]) -> None:
        """Write texts one after the other, and keep none of them in memory."""
        try:
            self._stream.writelines(texts)
        except OSError as error:
            raise OutputLost(f"{self._path}: cannot be written: {error.strerror}") from error


def _place(path: Path, *, replacing: bool) -> Path:
    """Return where to put the file: a link is followed, and only a regular file may be replaced."""
    if path.is_dir():
        raise OutputError(f"{path}: is a directory: give a file")
    if not path.exists():
        # A link to a file that does not exist yet. pathlib would raise an error for links in a cycle, os.path does not.
        return Path(os.path.realpath(path)) if replacing and path.is_symlink() else path
    if not replacing:
        raise OutputError(f"{path}: exists: give another file, or remove it")
    if not path.is_file():
        raise OutputError(f"{path}: is not a regular file, so it is not replaced: give another path")
    return path.resolve()


def _finish(stream: IO[str], path: Path, *, replacing: bool) -> None:
    try:
        stream.close()
        _move(Path(stream.name), path, replacing=replacing)
    except OSError as error:
        raise OutputLost(f"{path}: cannot be written: {error.strerror}") from error


def _move(written: Path, place: Path, *, replacing: bool) -> None:
    umask = os.umask(0)
    os.umask(umask)
    written.chmod(0o666 & ~umask)  # by default only the owner may read a temporary file
    if replacing:
        written.replace(place)
        return
    try:
        os.link(written, place)  # unlike a rename, it never replaces a file made since then
    except FileExistsError:
        raise OutputError(f"{place}: exists: give another file, or remove it") from None
    except OSError:  # a file system without links
        written.replace(place)
