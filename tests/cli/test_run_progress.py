from __future__ import annotations

import io
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest

from walkerbench.cli.display import BarDisplay, Display, LineDisplay, open_display
from walkerbench.cli.run_progress import RunProgress, describe_progress, describe_stage
from walkerbench.run_directory import RunFile
from walkerbench.running.observers import RunStart


@dataclass(frozen=True)
class Progress:
    stage: int = 0
    stages: int = 1
    agents: int = 60
    frame: int = 1200
    frames: int | None = 3600
    elapsed_s: float = 2.0
    remaining_s: float = 4.4
    frames_per_s: float = 600.2
    frame_ms: float = 1.666
    effective_cores: float | None = 1.015


START: Any = RunStart(Path("runs/mine"), cast(RunFile, None), lambda: None)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class GoneTerminal(Terminal):
    def write(self, text: str) -> int:
        raise OSError(5, "Input/output error")


@pytest.mark.parametrize(
    ("progress", "text"),
    [
        (Progress(), "frame 1200/3600  600 frames/s  1.67 ms  1.01 cores  0:04 left"),
        (Progress(frames=None, remaining_s=3725.0), "frame 1200  600 frames/s  1.67 ms  1.01 cores  1:02:05 left"),
        (Progress(remaining_s=-0.5, effective_cores=None), "frame 1200/3600  600 frames/s  1.67 ms  0:00 left"),
        (Progress(remaining_s=59.6, effective_cores=None), "frame 1200/3600  600 frames/s  1.67 ms  1:00 left"),
    ],
)
def test_the_line_describes_the_progress(progress: Any, text: str) -> None:
    assert describe_progress(progress) == text


def test_the_stage_is_named_where_there_are_several() -> None:
    progress: Any = Progress(stage=1, stages=3)
    assert describe_stage(progress) == "stage 2/3"
    assert describe_stage(replace(progress, stages=1)) == ""


def test_plain_progress_is_a_line_every_two_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    times = iter([10.0, 10.5, 11.99, 12.0, 13.9, 14.1])
    with LineDisplay(clock=lambda: next(times)) as display:
        progress = RunProgress(display)
        progress.started(START)
        for frame in range(6):
            now: Any = Progress(frame=frame)
            progress.show(now)
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.splitlines()
    assert lines[0] == "recording into runs/mine"
    assert [line.split()[1] for line in lines[1:]] == ["0/3600", "3/3600", "5/3600"]
    assert "\x1b" not in captured.err


def test_the_stream_decides_which_display_is_used() -> None:
    assert type(open_display(io.StringIO(), quiet=False)) is LineDisplay
    assert type(open_display(Terminal(), quiet=False)) is BarDisplay
    assert type(open_display(Terminal(), quiet=True)) is Display
    assert type(open_display(None, quiet=False)) is Display


def test_live_progress_draws_in_the_callers_thread_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    terminal = Terminal()
    before = threading.active_count()
    with open_display(terminal, quiet=False) as display:
        progress = RunProgress(display)
        progress.started(START)
        drawn = len(terminal.getvalue())
        for frames in (3600, None):
            now: Any = Progress(frames=frames)
            progress.show(now)
            assert threading.active_count() == before
            assert len(terminal.getvalue()) > drawn
            drawn = len(terminal.getvalue())
        assert progress.directory == Path("runs/mine")
    assert "frame 1200/3600  600 frames/s  1.67 ms  1.01 cores  0:04 left" in terminal.getvalue()
    assert terminal.getvalue().count("\x1b[?25l") == terminal.getvalue().count("\x1b[?25h") == 1


def test_live_progress_restores_the_cursor_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()

    def interrupted() -> None:
        with open_display(terminal, quiet=False) as display:
            progress = RunProgress(display)
            progress.started(START)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert terminal.getvalue().count("\x1b[?25h") == 1


def test_a_closed_terminal_does_not_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    now: Any = Progress()
    with open_display(GoneTerminal(), quiet=False) as display:
        progress = RunProgress(display)
        progress.started(START)
        progress.show(now)
        progress.show(now)
    assert progress.directory == Path("runs/mine")


def test_live_progress_shows_text_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "300")
    terminal = Terminal()
    with open_display(terminal, quiet=False) as display:
        display.begin()
        display.show(what="[bold]a[/x]", facts="\x1b]0;x\x07 :smile: " + "n" * 100, completed=1, total=2)
    assert "[bold]a[/x]" in terminal.getvalue()
    assert "\\x1b]0;x\\x07 :smile: nn" in terminal.getvalue()
    assert "\x1b]0" not in terminal.getvalue()
