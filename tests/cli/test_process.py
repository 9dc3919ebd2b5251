"""The command line as a process of its own: behaviour that only a whole process shows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

# This program sends itself SIGINT while it imports a given module, as Ctrl-C at that moment would.
INTERRUPTING = """
import os, signal, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
sys.argv = ["walkerbench", "profiles"]
from walkerbench.__main__ import main
sys.exit(main())
"""


def python(*arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, *arguments], timeout=60, check=False, **options)


@pytest.mark.parametrize(
    "module",
    ["walkerbench.cli.entry", "click", "walkerbench.cli.run", "pydantic", "walkerbench.profile.model", "numpy"],
)
def test_ctrl_c_during_an_import_is_one_line_and_130(module: str) -> None:
    done = python("-c", INTERRUPTING.format(module=module), capture_output=True)
    assert done.returncode == 130
    assert done.stdout == b""
    assert done.stderr.decode().strip() == "walkerbench: interrupted"


def test_walkerbench_runs_as_a_module() -> None:
    done = python("-m", "walkerbench", "--version", capture_output=True)
    assert done.returncode == 0
    assert done.stdout.startswith(b"walkerbench, version ")


def test_a_reader_that_ends_early_causes_no_error() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        done = python("-m", "walkerbench", "profiles", stdout=write_end, stderr=subprocess.PIPE)
    finally:
        os.close(write_end)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
def test_a_full_disk_behind_stdout_is_one_line() -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123  a device
        done = python("-m", "walkerbench", "profiles", stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 2
    assert done.stderr == (
        b"walkerbench: standard output cannot be written: No space left on device; make room for it\n"
    )


def profiles(**environment: str) -> bytes:
    kept = {name: value for name, value in os.environ.items() if name not in ("FORCE_COLOR", "NO_COLOR")}
    done = python("-m", "walkerbench", "profiles", capture_output=True, env=kept | environment)
    assert done.returncode == 0
    return done.stdout


def test_piped_output_has_colour_only_if_forced() -> None:
    plain = profiles(COLUMNS="200")
    assert b"\x1b" not in plain
    assert max(map(len, plain.decode().splitlines())) <= 80
    forced = profiles(FORCE_COLOR="1", TERM="xterm")
    assert b"\x1b[1m" in forced
    assert plain == profiles(NO_COLOR="1", COLUMNS="40")


def test_an_ascii_stdout_gets_ascii() -> None:
    text = profiles(PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert rb"30 agents for 1200 frames \u2192 60 agents" in b" ".join(text.split())


def test_closed_descriptors_cause_no_error() -> None:
    shell = f'"{sys.executable}" -m walkerbench profiles >&- 2>&-'
    assert subprocess.run(shell, shell=True, timeout=60, check=False).returncode == 0
