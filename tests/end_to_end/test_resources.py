"""Commands on a system that does not provide what they need: files, shared memory, figures, a temporary directory."""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_profile import profile_text
from whole_process import COMMAND, WholeProcess

from walkerbench.run_directory import read_recorded

RUN = ("run", "--profile", "tiny.toml", "-q", "-o", "run")
PROCESSES = ("--mode", "process", "--workers", "2")


@pytest.fixture(autouse=True)
def _profile(walkerbench: WholeProcess) -> None:
    (walkerbench.cwd / "tiny.toml").write_text(profile_text())


def few_files(number: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (number, number))


def mounted(*commands: str) -> tuple[str, ...]:
    """Return a command line that runs in its own mount namespace, after the given commands were carried out there."""
    script = " && ".join((*commands, 'exec "$@"'))
    return ("unshare", "--mount", "sh", "-c", script, "sh", *COMMAND)


def _may_mount() -> bool:
    try:
        done = subprocess.run(["unshare", "--mount", "sh", "-c", "mount -t tmpfs none /mnt"], capture_output=True)
    except OSError:
        return False
    return done.returncode == 0


needs_mounts = pytest.mark.skipif(not _may_mount(), reason="this user may not mount anything")


@pytest.mark.promise("left behind", "A run whose workers the system refuses leaves no process and no run directory.")
def test_sixteen_workers_with_64_files_are_refused_in_one_line(walkerbench: WholeProcess) -> None:
    (walkerbench.cwd / "tiny.toml").write_text(profile_text(agents=16))
    ended = walkerbench(*RUN, "--mode", "process", "--workers", "16", preexec_fn=few_files(64))

    assert (ended.code, ended.err) == (
        2,
        "walkerbench: process mode cannot start its workers: this process may open no more files: raise the limit "
        "(ulimit -n), or give fewer workers\n",
    )
    assert [path.name for path in walkerbench.cwd.iterdir()] == ["tiny.toml"]
    assert walkerbench.leftovers() == []


@pytest.mark.parametrize("number", [6, 8, 9, 10, 11, 12, 14, 16, 24, 32])
def test_any_number_of_files_is_enough_or_refused(walkerbench: WholeProcess, number: int) -> None:
    ended = walkerbench(*RUN, *PROCESSES, preexec_fn=few_files(number))

    assert ended.code in (0, 2), ended.err
    assert ended.code == 0 or not (walkerbench.cwd / "run").exists()
    assert "Traceback" not in ended.err


@needs_mounts
@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("mount -t tmpfs -o ro none /dev/shm", "no file can be made in /dev/shm (Read-only file system): make room "),
        ("mount -t tmpfs none /dev && mknod /dev/null c 1 3 && mknod /dev/urandom c 1 9", "there is no /dev/shm, "),
    ],
)
def test_without_shared_memory_process_mode_is_refused(walkerbench: WholeProcess, command: str, told: str) -> None:
    ended = walkerbench(*RUN, *PROCESSES, command=mounted(command))

    assert ended.code == 2
    assert ended.err.startswith(f"walkerbench: process mode cannot start its workers: {told}")
    assert len(ended.err.splitlines()) == 1
    assert not (walkerbench.cwd / "run").exists()


@needs_mounts
@pytest.mark.promise("faults", "What is not available on a system is n/a in a run, and never ends it.")
@pytest.mark.parametrize("command", ["mount --bind /dev/null /proc/meminfo", "mount -t tmpfs none /proc"])
def test_a_run_goes_on_where_the_system_provides_no_figures(walkerbench: WholeProcess, command: str) -> None:
    ended = walkerbench(*RUN, *PROCESSES, command=mounted("mount --bind /dev/null /proc/stat", command))

    assert (ended.code, ended.err) == (0, "")
    assert "the memory of this machine is n/a: whether the agents fit was not checked" in ended.out
    recorded = read_recorded(walkerbench.cwd / "run")
    assert recorded.run.machine["memory_bytes"] == "n/a"
    assert recorded.run.metrics["cpu.busiest_core_percent"] is None


def test_without_a_temporary_directory_one_line_says_so(walkerbench: WholeProcess, tmp_path: Path) -> None:
    """None of tempfile's candidates can be used; `--repeat` needs one, to write requests to its processes."""
    script = tmp_path / "sitecustomize.py"
    script.write_text("import tempfile\ntempfile._candidate_tempdir_list = lambda: ['/nowhere']\n")
    ended = walkerbench(*RUN, "--repeat", "2", env={"PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[2]}"})

    assert ended.code == 2
    assert ended.error == (
        "walkerbench: a temporary file cannot be made: no temporary directory can be written: set TMPDIR to one "
        "that can"
    )


def test_a_worker_that_may_start_no_thread_is_refused(walkerbench: WholeProcess, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import sys, threading\n"
        "def refuse(thread):\n"
        '    raise RuntimeError("can\'t start new thread")\n'
        "if '--multiprocessing-fork' in sys.orig_argv:\n"
        "    threading.Thread.start = refuse\n"
    )
    ended = walkerbench(*RUN, *PROCESSES, env={"PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[2]}"})

    assert ended.code == 2
    assert " cannot start: no more processes or threads may be started: raise the limit (ulimit -u)" in ended.err
    assert not (walkerbench.cwd / "run").exists()
