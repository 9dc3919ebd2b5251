"""Writing a result into a file, whole or not at all, whatever interrupts it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from walkerbench.errors import Interrupted

if TYPE_CHECKING:
    from walkerbench.system.interrupts import InterruptWatch


def check_writable(path: Path) -> None:
    """Find out whether a file could be made or replaced, long before there is anything to write.

    Raises:
        OutputError: It cannot be written there.
    """
    from walkerbench.system.atomic_files import WholeFile

    WholeFile.check(path, replacing=True)


def may_be_xml(path: Path) -> bool:
    """Return whether a file is XML by its first character, or empty; of what is no file, or cannot be read, True.

    Whether such a path can be written is for `check_writable`.
    """
    try:
        if not path.is_file():
            return True
        with path.open("rb") as file:
            return file.read(1) in (b"", b"<")
    except OSError:
        return True


def remove_old(path: Path) -> None:
    """Remove a file that an earlier command wrote; empty it, if possible, where it cannot be removed."""
    with suppress(OSError):
        if path.is_file():
            try:
                path.resolve().unlink()
            except OSError:
                path.write_bytes(b"")


def write_file(path: Path, texts: Iterable[str], *, replacing: bool = False) -> None:
    """Write texts one after the other.

    Args:
        path: The file to make.
        texts: What to write.
        replacing: Whether a file that is there already is replaced.

    Raises:
        OutputError: It cannot be written there, or is there already.
        OutputLost: It could not be written to its end; nothing is left of it.
        Interrupted: So it was; nothing is left of it.
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
