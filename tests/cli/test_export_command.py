from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fabricated_runs import recorded_run

from walkerbench.reports.export import FORMATS, rendering


@pytest.fixture(autouse=True)
def _own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def files() -> set[str]:
    return {path.name for path in Path().iterdir()}


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_holds_the_same_text_as_stdout(command: Any, name: str) -> None:
    recorded_run(Path("run"))
    printed = command("export", "run", "--format", name)
    written = command("export", "run", "--format", name, "-o", "result")
    assert (printed.code, printed.err) == (written.code, written.err) == (0, "")
    assert written.out == ""
    assert Path("result").read_text(encoding="utf-8") == printed.out != ""
    assert files() == {"run", "result"}


def test_warnings_go_to_stderr(command: Any) -> None:
    recorded_run(Path("run"), state="interrupted", ended_because="SIGINT", faults="extra work of 5 % in every frame")
    ended = command("export", "run", "--format", "csv")
    assert (ended.code, ended.out.count("\n")) == (0, 4)
    assert ended.err == ("INTERRUPTED: SIGINT (after 3 frames)\nFAULTS INJECTED: extra work of 5 % in every frame\n")


def test_a_run_that_was_killed_is_judged_first(command: Any) -> None:
    recorded_run(Path("run"), state="running")
    ended = command("export", "run", "--format", "junit")
    assert ended.code == 0
    assert ended.err.startswith("UNFINISHED")
    assert 'name="frame_ms.mean &lt; 200"' in ended.out


def test_an_output_that_exists_is_refused_and_left_alone(command: Any) -> None:
    recorded_run(Path("run"))
    Path("mine").write_text("precious")
    for output in ("mine", "run"):
        ended = command("export", "run", "--format", "csv", "-o", output)
        assert (ended.code, ended.out) == (2, "")
        assert ended.err.count("\n") == 1
    assert Path("mine").read_text() == "precious"
    assert files() == {"run", "mine"}


def newer(run: Path) -> None:
    content = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**content, "schema_version": 999}))


def truncated(run: Path) -> None:
    os.truncate(run / "frames.npy", (run / "frames.npy").stat().st_size - 1)


def incomplete(run: Path) -> None:
    (run / "cpu.npy").unlink()


@pytest.mark.parametrize(
    ("damage", "word"),
    [
        (newer, "made by a newer walkerbench"),
        (truncated, "truncated"),
        (incomplete, "missing"),
    ],
)
def test_a_run_that_cannot_be_read_is_one_line_and_exit_2(
    command: Any, damage: Callable[[Path], Any], word: str
) -> None:
    recorded_run(Path("run"))
    damage(Path("run"))
    ended = command("export", "run", "--format", "csv", "-o", "result")
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert word in ended.err
    assert files() == {"run"}


def test_a_run_without_data_for_a_format_leaves_no_file(command: Any) -> None:
    recorded_run(Path("run"), 0)
    ended = command("export", "run", "--format", "speedscope", "-o", "result")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert files() == {"run"}


@pytest.mark.parametrize("arguments", [("gone", "--format", "csv"), ("run",), ("run", "--format", "xlsx"), ()])
def test_a_wrong_request_is_one_line_and_exit_2(command: Any, arguments: tuple[str, ...]) -> None:
    recorded_run(Path("run"))
    ended = command("export", *arguments)
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_no_file(command: Any, monkeypatch: pytest.MonkeyPatch, number: int, times: int) -> None:
    def interrupted(_: object) -> Iterator[str]:
        yield "half"
        for _ in range(times):
            os.kill(os.getpid(), number)
        yield "more"

    recorded_run(Path("run"))
    monkeypatch.setitem(rendering.RENDERERS, "csv", interrupted)
    before = signal.getsignal(number)
    ended = command("export", "run", "--format", "csv", "-o", "result")
    assert (ended.code, ended.out, ended.err.count("\n")) == (130, "", 1), ended.err
    assert "interrupted" in ended.err, ended.err
    assert files() == {"run"}
    assert signal.getsignal(number) is before


def export(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "walkerbench", "export", *arguments], stderr=subprocess.PIPE, text=True, timeout=60,
        check=False, **options,
    )  # fmt: skip


def test_a_full_disk_ends_the_export_and_leaves_no_file() -> None:
    recorded_run(Path("run"), 2000)

    def hold_files_small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    done = export("run", "--format", "csv", "-o", "result", preexec_fn=hold_files_small, stdout=subprocess.DEVNULL)
    assert done.returncode == 3
    assert done.stderr == "walkerbench: result: cannot be written: File too large\n"
    assert files() == {"run"}


def test_the_export_stops_when_its_reader_ends() -> None:
    recorded_run(Path("run"), 2000)
    reader, writer = os.pipe()
    os.close(reader)
    done = export("run", "--format", "chrome-trace", stdout=writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")
