from __future__ import annotations

from pathlib import Path

import pytest
from whole_process import WholeProcess


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory in which the commands of a module's tests run."""
    return tmp_path_factory.mktemp("work")


@pytest.fixture(scope="module")
def walkerbench(work: Path, tmp_path_factory: pytest.TempPathFactory) -> WholeProcess:
    """Runs command lines as a user does, each in a process of its own."""
    return WholeProcess(work, tmp_path_factory.mktemp("temporary"))
