"""Writes a result into a file: completely or not at all, even if it is interrupted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from walkerbench.errors import Interrupted

if TYPE_CHECKING:
    from walkerbench.system.interrupts import InterruptWatch


def check_writable(path: Path) -> None:
    """Check that a file can be created or replaced, before the long work that makes its content begins.

    Raises:
        OutputError: The file cannot be written there.
    """
    from walkerbench.system.atomic_files import WholeFile

    WholeFile.check(path, replacing=True)


def may_begin_with(path: Path, beginning: bytes) -> bool:
    """Return whether a path may hold text of a kind: an empty file may, and one that begins as the kind does.

    Also True where no file is, or where it cannot be read: `check_writable` finds out whether that can be written.
    """
    try:
        if not path.is_file():
            return True
        with path.open("rb") as file:
            return file.read(len(beginning)) in (b"", beginning)
    except OSError:
        return True


def remove_old(path: Path) -> None:
    """Remove a file that an earlier command wrote; where it cannot be removed, empty it if possible."""
    with suppress(OSError):
        if path.is_file():
            try:
                path.resolve().unlink()
            except OSError:
                path.write_bytes(b"")


def write_file(path: Path, texts: Iterable[str], *, replacing: bool = False) -> None:
    """Write texts into a file, one after the other.

    Args:
        path: The file to create.
        texts: The texts to write.
        replacing: Whether to replace a file that exists.

    Raises:
        OutputError: The file cannot be written there, or exists already.
        OutputLost: The file could not be written completely; no part of it is left.
        Interrupted: A signal interrupted the writing; no part of the file is left.
    """
    from walkerbench.system.atomic_files import WholeFile
    from walkerbench.system.interrupts import InterruptWatch

    try:
        with InterruptWatch() as interrupts, WholeFile.opened(path, replacing=replacing) as file:
            file.write_all(_until_interrupted(texts, interrupts))
            interrupts.hold()
    except KeyboardInterrupt:
        raise Interrupted("interrupted: nothing was written") from None


def _until_interrupted(texts: Iterable[str], interrupts: InterruptWatch) -> Iterator[str]:
    for text in texts:
        if interrupts.received is not None:
            raise KeyboardInterrupt
        yield text
