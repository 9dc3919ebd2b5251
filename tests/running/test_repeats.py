"""Repeats of a run, with real processes of a package that ends each run as a test wants."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest
from recorded_runs import recorded, run_file, write

import walkerbench
from walkerbench.errors import ExitCode, Interrupted, RunBroken, UsageError, WalkerbenchError
from walkerbench.profile.loading import load_profile
from walkerbench.running import repeats, run_process
from walkerbench.running.repeats import ChildRun, Repeats, record_repeats, record_run
from walkerbench.running.run_process import RunRequest
from walkerbench.system.child_processes import PassedOnSignals, python_command

ENDS_AS_PREPARED = """
import json, os, shutil, signal, sys
from pathlib import Path

directory = Path(json.loads(sys.stdin.readline())["directory"])
prepared = Path(__file__).parents[2] / directory.name
if (prepared / "run").is_dir():
    shutil.copytree(prepared / "run", directory)
if (prepared / "signal").is_file():
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])  # as a run does once it handles interrupts
    os.kill(os.getppid(), int((prepared / "signal").read_text()))
    signal.pause()  # until the signal is passed on
status = int((prepared / "status").read_text())
if not (prepared / "silent").exists():
    os.write(int(sys.argv[1]), (prepared / "ending").read_bytes())
if status < 0:
    os.kill(os.getpid(), -status)
sys.exit(status)
"""
"""Replaces `walkerbench.cli.recorded_run`: copies a prepared run, may send its parent a signal, and ends."""


CRITERIA = {"pass": "frame_ms.max > 0", "fail": "frame_ms.max < 0", "unsupported": "missed_deadlines == 0"}
"""Outcome → a criterion that has it."""


class PreparedRuns:
    """A package whose runs end as prepared, and requests for them.

    Attributes:
        package: Its directory.
    """

    imported: ClassVar[Any] = {"walkerbench": str(Path(walkerbench.__file__).resolve())}

    def __init__(self, directory: Path) -> None:
        self.package = directory / "package"
        self._runs = directory / "runs"
        folder = self.package / "walkerbench/cli"
        folder.mkdir(parents=True)
        for module in (folder.parent / "__init__.py", folder / "__init__.py"):
            module.touch()
        (folder / "recorded_run.py").write_text(ENDS_AS_PREPARED)

    def prepare(
        self, number: int, status: int, state: str = "finished", outcome: str | None = None, sends: int | None = None
    ) -> None:
        """Prepare a run.

        Args:
            number: Its number.
            status: The exit status of its process, or minus the number of the signal that kills it.
            state: The state of the run that is recorded.
            outcome: Its only verdict's; None where nothing is recorded.
            sends: The signal that its process sends to its parent and is then ended by, if any.
        """
        prepared = self.package / str(number)
        prepared.mkdir()
        (prepared / "status").write_text(str(status))
        message = None if outcome else "why"
        (prepared / "ending").write_text(json.dumps({"exit_code": 0, "message": message, "imported": self.imported}))
        if outcome is not None:
            write(prepared / "run", recorded("1", run_file("1", state=state, criteria=[CRITERIA[outcome]])))
        if sends is not None:
            (prepared / "signal").write_text(str(int(sends)))

    def request(self, number: int) -> RunRequest:
        """Return the request for a run."""
        directory = self._runs / str(number)
        return RunRequest(profile=load_profile("smoke"), directory=directory, command_line=(), progress=False)

    def record(self, number: int) -> ChildRun:
        """Record a run."""
        with PassedOnSignals() as signals:
            return record_run(self.request(number), signals)

    def repeat(self, count: int, tell: Callable[[int], None]) -> Repeats:
        """Record runs one after the other."""
        return record_repeats(self.request, count, tell)


@pytest.fixture
def prepared_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PreparedRuns:
    """A package whose runs end as prepared, in place of the running one."""
    prepared = PreparedRuns(tmp_path)
    monkeypatch.setattr(
        run_process, "python_command", partial(python_command, places={prepared.package: ("walkerbench",)})
    )
    return prepared


def child(code: Any) -> ChildRun:
    return ChildRun(Path("run"), None, code, None)


@pytest.mark.parametrize(
    ("codes", "interrupted", "expected"),
    [
        ((), False, 0),
        ((0, 0), False, 0),
        ((0, 4, 0), False, 4),
        ((4, 1, 0), False, 1),
        ((1, 2), False, 2),
        ((1, 3), False, 3),
        ((1, 130), True, 130),
        ((1, 70), False, 70),
        ((0,), True, 130),
    ],
)
def test_the_exit_code_of_repeats_is_the_most_severe(codes: Any, interrupted: bool, expected: int) -> None:
    assert Repeats(tuple(map(child, codes)), interrupted).exit_code == expected


@pytest.mark.parametrize(
    ("code", "state", "outcome", "expected"),
    [
        (0, "finished", "pass", (0, None)),
        (1, "finished", "fail", (1, None)),
        (1, "emergency", "pass", (1, None)),
        (4, "finished", "unsupported", (4, None)),
        (3, "broken", "pass", (3, None)),
        (130, "interrupted", "pass", (130, None)),
        (0, "finished", "fail", (3, "exited with status 0")),
        (1, "finished", "pass", (3, "exited with status 1")),
        (5, "finished", "pass", (3, "exited with status 5")),
        (-9, "broken", "pass", (3, "was killed by SIGKILL (out of memory?)")),
    ],
)
def test_an_exit_status_is_a_verdict_only_if_the_run_agrees(
    prepared_runs: PreparedRuns, code: int, state: str, outcome: str, expected: Any
) -> None:
    prepared_runs.prepare(0, code, state, outcome)
    ended = prepared_runs.record(0)
    assert (ended.exit_code, ended.crash) == expected
    assert ended.run is not None


def test_a_process_that_recorded_nothing_has_no_verdict(prepared_runs: PreparedRuns) -> None:
    for number, status in enumerate((0, 1, 2, 3, 70)):
        prepared_runs.prepare(number, status)
    ended = [prepared_runs.record(number) for number in range(5)]
    assert [each.exit_code for each in ended] == [3, 3, 2, 3, 70]
    assert {each.run for each in ended} == {None}


@pytest.mark.parametrize(
    ("code", "crash", "kind", "message"),
    [
        (2, None, UsageError, "no room"),
        (3, None, RunBroken, "no room"),
        (3, "was killed by SIGKILL", RunBroken, "the run's process was killed by SIGKILL\nno room"),
        (130, None, Interrupted, "no room"),
        (70, None, WalkerbenchError, "no room"),
    ],
)
def test_a_run_without_a_verdict_is_an_error(
    tmp_path: Path, code: int, crash: str | None, kind: Any, message: str
) -> None:
    with pytest.raises(WalkerbenchError) as caught:
        ChildRun(tmp_path, None, ExitCode(code), crash).judged("no room")
    assert (type(caught.value), str(caught.value)) == (kind, message)


@pytest.mark.promise("verdicts", "A run whose process does not say which code it measured has no verdict.")
def test_a_process_that_does_not_report_its_code_has_no_verdict(prepared_runs: PreparedRuns) -> None:
    prepared_runs.prepare(0, 0, outcome="pass")
    (prepared_runs.package / "0/silent").touch()
    ended = prepared_runs.record(0)
    assert (ended.exit_code, ended.crash) == (3, "exited with status 0")


@pytest.mark.promise("verdicts", "A run whose process measured other code than is meant is refused.")
@pytest.mark.parametrize("imported", [{}, {"walkerbench": "/elsewhere/walkerbench/__init__.py"}, {"walkerbench": None}])
def test_a_process_that_measured_other_code_is_refused(
    prepared_runs: PreparedRuns, imported: dict[str, str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PreparedRuns, "imported", imported)
    prepared_runs.prepare(0, 0, outcome="pass")
    with pytest.raises(UsageError, match=f"imported walkerbench from {imported.get('walkerbench')}, and not from"):
        prepared_runs.record(0)


OUTCOMES = {0: "pass", 1: "fail", 4: "unsupported"}


@pytest.mark.parametrize(("codes", "begun"), [((0, 1, 4), 3), ((1, 3, 0), 2), ((2, 0, 0), 1)])
def test_the_first_run_without_a_verdict_ends_the_repeats(
    prepared_runs: PreparedRuns, codes: tuple[int, int, int], begun: int
) -> None:
    for number, code in enumerate(codes):
        prepared_runs.prepare(number, code, outcome=OUTCOMES.get(code))
    told: list[int] = []
    ended = prepared_runs.repeat(3, told.append)
    assert [run.exit_code for run in ended.runs] == list(codes[:begun])
    assert told == list(range(begun))


def test_after_a_signal_during_a_run_no_other_run_begins(prepared_runs: PreparedRuns) -> None:
    prepared_runs.prepare(0, 0, outcome="pass", sends=signal.SIGTERM)
    ended = prepared_runs.repeat(3, lambda _: None)
    assert [(run.exit_code, run.crash) for run in ended.runs] == [(130, None)]
    assert (ended.interrupted, ended.exit_code) == (True, 130)


def test_after_a_signal_between_two_runs_no_other_run_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    # Replaces the recording: no real process can send a signal that comes in this short time.
    def interrupted_after(request: Any, signals: Any) -> Any:
        os.kill(os.getpid(), signal.SIGTERM)
        return child(0)

    monkeypatch.setattr(repeats, "record_run", interrupted_after)
    nothing: Any = None
    ended = record_repeats(lambda number: nothing, 3, lambda _: None)
    assert (len(ended.runs), ended.interrupted, ended.exit_code) == (1, True, 130)
