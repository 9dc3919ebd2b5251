"""Carries out every command on a run, for a workload or a mode of another package."""

from __future__ import annotations

import contextlib
import functools
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from whole_process import Ended, WholeProcess

from walkerbench.cli.entry import run_command_line
from walkerbench.errors import WalkerbenchError
from walkerbench.flamegraph.py_spy import check_permitted, find_py_spy
from walkerbench.interleaved import round_plan
from walkerbench.reports.export import FORMATS

VERDICTS = (0, 1, 4)
"""Exit codes of a comparison of noisy times: any verdict is allowed."""

ROUNDS = 2
"""The rounds of a measured comparison: so few decide nothing, and "inconclusive" is a verdict, too."""

DECISION = ("--alpha", "40%")
"""An error rate that is so high that few repetitions decide."""


def in_process(directory: Path, *arguments: str) -> Ended:
    """Carry out a command in this process, which is faster than a process of its own, and return how it ended."""
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.chdir(directory),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = run_command_line(arguments)
    return Ended(code, out.getvalue(), err.getvalue())


def succeeded(ended: Ended) -> Ended:
    """Assert that a command ended with 0, and return what it printed."""
    assert (ended.code, ended.err) == (0, "")
    return ended


def recorded(walkerbench: WholeProcess, name: str, *options: str) -> dict[str, Any]:
    """Record a run with `walkerbench run`, and return its `run.json`."""
    ended = walkerbench("run", *options, "--quiet", "--json", "-o", name)
    assert ended.code == 0, ended.err
    return dict(json.loads(ended.out))


def compared(directory: Path, *arguments: str) -> dict[str, Any]:
    """Carry out a comparison, assert that it has a verdict, and return its JSON."""
    ended = in_process(directory, *arguments, "--json", "--quiet")
    assert ended.code in VERDICTS, ended.err
    return dict(json.loads(ended.out))


def measured(directory: Path, *arguments: str) -> dict[str, Any]:
    """Measure a comparison of the fewest and shortest rounds that are allowed, and return its JSON."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(round_plan, "BLOCK_S", 1e-9)
        patched.setattr(round_plan, "BLOCKS", (2,))
        patched.setattr(round_plan, "rounds_needed", lambda alpha, family: ROUNDS)
        ended = in_process(directory, *arguments, "--rounds", str(ROUNDS), "--json", "--quiet")
    assert ended.code in VERDICTS, ended.err
    return dict(json.loads(ended.out))


def exported(directory: Path, run: str) -> dict[str, str]:
    """Return a run exported to every format."""
    return {name: succeeded(in_process(directory, "export", run, "--format", name)).out for name in FORMATS}


@functools.cache
def why_nothing_can_be_sampled() -> str | None:
    """Return why py-spy cannot sample processes here, or None where it can."""
    try:
        check_permitted(find_py_spy())
    except WalkerbenchError as error:
        return str(error)
    return None


def sampled(directory: Path, output: str, *options: str) -> str:
    """Return what the sampling profiler says about a run; skip the test where sampling is not permitted."""
    if reason := why_nothing_can_be_sampled():
        pytest.skip(reason)
    ended = in_process(directory, "flamegraph", *options, "--quiet", "-o", output)
    assert ended.code == 0, ended.err
    return ended.out


def passed_in_pytest(walkerbench: WholeProcess, call: str) -> None:
    """Run a test that uses the plugin's fixture, and assert that it passes."""
    test = Path(walkerbench.cwd) / "test_with_plugin.py"
    test.write_text(f"def test_run(walkerbench_run):\n    assert walkerbench_run({call}).passed\n")
    command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test.name)
    ended = walkerbench(command=command)
    assert ended.code == 0, ended.out
