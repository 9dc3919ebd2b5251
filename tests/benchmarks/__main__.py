"""Measure every ratio and compare it with its bound: `python -m tests.benchmarks` exits 1 where a bound is missed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

if __name__ == "__main__":
    here = str(Path(__file__).parent)
    options = ["-m", "ratio", "--benchmark-enable", "--benchmark-columns=median,iqr,rounds", "--timeout=1200", "-q"]
    sys.exit(pytest.main([here, *options, *sys.argv[1:]]))
