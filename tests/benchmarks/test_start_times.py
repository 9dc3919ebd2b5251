"""How long a first and a later start of the walker take, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pairs import at_most, shown

import walkerbench

pytestmark = [
    pytest.mark.ratio,
    pytest.mark.skipif(sys.platform != "linux", reason="the folder of compiled code is set as on Linux"),
]

_START = """
import time
from walkerbench.running.training_environment import TrainingEnvironment
with TrainingEnvironment(60, mode="sequential"):
    print(time.process_time(), flush=True)
"""


@dataclass(frozen=True)
class Start:
    """A start in a fresh process, until `TrainingEnvironment.start` has returned; Python's own start is included.

    Attributes:
        wall_s: The time that it took, s.
        cpu_s: The CPU time that it took, s.
    """

    wall_s: float
    cpu_s: float


def start(cache: Path) -> Start:
    """Start an environment with compiled code from a folder, which is empty before the first start."""
    begun = time.perf_counter()
    command = [sys.executable, "-c", _START]
    root, environment = Path(walkerbench.__file__).parents[1], {**os.environ, "XDG_CACHE_HOME": str(cache)}
    with subprocess.Popen(command, cwd=root, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        cpu_s = float(process.stdout.readline())
        wall_s = time.perf_counter() - begun
    assert process.returncode == 0
    return Start(wall_s, cpu_s)


def test_how_long_a_start_takes(keep: Any, tmp_path: Path) -> None:
    """Limit CPU time: a start has one thread, and on a busy machine its wall time says more of the others."""
    first = [start(tmp_path / f"{number}") for number in range(3)]
    later = [start(tmp_path / "0") for _ in range(9)]
    keep(
        at_most("first start, compilation included, CPU s", [each.cpu_s for each in first], 15.0),
        shown("first start, s", [each.wall_s for each in first]),
        # Before the walker was compiled, a start took 0.4 s of CPU time; 1 s more is allowed.
        at_most("later start, CPU s", [each.cpu_s for each in later], 1.4),
        shown("later start, s", [each.wall_s for each in later]),
    )
