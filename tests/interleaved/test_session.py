"""Tests of a session as its parent sees it, with real child processes that hang, crash, or are refused."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

import psutil
import pytest
from leftovers import nothing_left_behind

from walkerbench.errors import (
    EmergencyShutdown,
    Interrupted,
    SessionCrashed,
    SessionFailed,
    SessionTimeout,
    SideError,
)
from walkerbench.interleaved import session as session_module
from walkerbench.interleaved.protocol import PROTOCOL_VERSION, Digest, RunBlock, encode
from walkerbench.interleaved.session import Session
from walkerbench.interleaved.worktrees import Checkout, checked_out
from walkerbench.system.interrupts import InterruptWatch

NEVER_ENDS_S = 3600.0
PACKAGES = ("walkerbench",)
Make = Callable[..., Session]


def prepare(session: Session) -> None:
    session.await_hello()
    session.begin_preparing()
    session.finish_preparing()


def stalling(tiny: Any) -> Any:
    """Return a profile whose first frame after the warm-up never ends."""
    return tiny(warmup=2, faults={"stall_frames": {"2": NEVER_ENDS_S}})


def everything_below(session: Session) -> list[psutil.Process]:
    child = psutil.Process(session.pid)
    return [child, *child.children(recursive=True)]


def test_a_session_drops_the_pace_of_the_profile_and_of_its_stage(
    tiny: Any, make_session: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = {"agents": 12, "frames": 40, "pace": "realtime"}
    profile = tiny(agents=None, frames=None, pace="realtime", stages=[stage])
    sent: list[Any] = []
    with make_session(profile) as session:
        session.await_hello()
        with monkeypatch.context() as patch:
            patch.setattr(session, "_send", sent.append)
            session.begin_preparing()
    (request,) = sent
    assert request.profile["pace"] == "max"
    assert [each.get("pace") for each in request.profile["stages"]] == [None]


def test_a_session_killed_in_a_block_is_an_error_that_names_it(tiny: Any, make_session: Make) -> None:
    with nothing_left_behind(), make_session(stalling(tiny)) as session:
        prepare(session)
        killer = threading.Thread(target=os.kill, args=(session.pid, signal.SIGKILL))
        killer.start()
        with pytest.raises(SessionCrashed) as caught:
            session.run_block(3, 1)
        killer.join()
    error = caught.value
    assert (error.exit_code, error.side, error.round_number, error.block) == (3, "agents=12", 2, 3)
    assert error.exit_status == -signal.SIGKILL
    assert str(error) == (
        "the session of side 'agents=12' was killed by SIGKILL (out of memory?), in block 3, in round 2"
    )


def test_a_session_that_hangs_misses_its_deadline(
    tiny: Any, make_session: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    with nothing_left_behind(), make_session(stalling(tiny), round_number=0) as session:
        prepare(session)
        # The deadline adds 30 s for a hung worker and 2 s for a slow frame.
        monkeypatch.setattr(session_module, "ANSWER_TIMEOUT_S", -31.9)
        with pytest.raises(SessionTimeout) as caught:
            session.run_block(1, 1)
    assert str(caught.value) == (
        "the session of side 'agents=12' did not answer within 0.1 s, "
        "in block 1, while calibrating, before the first round"
    )


def test_an_interrupt_ends_the_waiting(tiny: Any, make_session: Make) -> None:
    with nothing_left_behind(), InterruptWatch() as interrupts, make_session(stalling(tiny)) as session:
        session._interrupts = interrupts
        prepare(session)
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(Interrupted, match="SIGINT"):
            session.run_block(1, 1)


def test_worker_processes_end_with_a_session_that_was_killed(tiny: Any, make_session: Make) -> None:
    with make_session(tiny(mode="process", workers=2)) as session:
        prepare(session)
        everything = everything_below(session)
        assert len(everything) >= 3
        everything[0].kill()
        with pytest.raises(SessionCrashed, match="killed by SIGKILL"):
            session.take_digest()
    psutil.wait_procs(everything, timeout=10)
    assert not [process for process in everything if process.is_running() and process.status() != "zombie"]


def test_a_session_ends_with_its_parent(tiny: Any, make_session: Make) -> None:
    # When the parent ends, the session's stdin ends; the session notices that within a frame, too.
    with make_session(stalling(tiny)) as session:
        prepare(session)
        session._send(RunBlock(frames=1))
        session._child.stdin.close()
        assert session._child.ended_within(30)
        assert session._child.exit_status == 1


def test_the_error_of_a_dead_worker_names_side_and_block(tiny: Any, make_session: Make) -> None:
    profile = tiny(mode="process", workers=2, warmup=2, faults={"stall_frames": {"2": NEVER_ENDS_S}})
    with nothing_left_behind(), make_session(profile) as session:
        prepare(session)
        workers = [each for each in everything_below(session) if "--multiprocessing-fork" in each.cmdline()]
        workers[0].kill()
        with pytest.raises(SessionFailed) as caught:
            session.run_block(5, 1)
    assert caught.value.exit_code == 3
    assert str(caught.value).startswith("the session of side 'agents=12' reports: worker ")
    assert "was killed by SIGKILL" in str(caught.value)
    assert str(caught.value).endswith(", in block 5, in round 2")


def test_an_emergency_shutdown_of_a_session_is_raised(tiny: Any, make_session: Make) -> None:
    profile = tiny(safeguards={"slow_frame_s": 1e-6, "slow_frames": 2})
    with nothing_left_behind(), make_session(profile) as session, pytest.raises(EmergencyShutdown) as caught:
        prepare(session)
    assert "reports: emergency shutdown after frame 1: 2 frames in a row" in str(caught.value)


def test_a_profile_that_the_child_refuses_is_an_error(tiny: Any, make_session: Make) -> None:
    greedy = make_session(tiny(), "agents=1000000")
    with nothing_left_behind(), greedy as session, pytest.raises(SideError) as caught:
        prepare(session)
    assert str(caught.value).startswith("side 'agents=1000000' refuses: 1000000 agents need ")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_session_ignores_interrupts(tiny: Any, make_session: Make, number: int) -> None:
    with nothing_left_behind(), make_session(tiny()) as session:
        prepare(session)
        os.kill(session.pid, number)
        assert session.take_digest().frame == 3
        assert session.prepared is not None


# --- sides that do not speak the protocol


def test_a_revision_that_does_not_start_is_refused(repository: Any, tiny: Any, make_session: Make) -> None:
    with (
        nothing_left_behind(),
        checked_out("the-crashing", "old", PACKAGES) as code,
        make_session(tiny(), code=code) as session,
    ):
        with pytest.raises(SideError) as caught:
            session.await_hello()
        assert str(caught.value) == (
            "side 'agents=12' does not start with the installed interpreter and dependencies: "
            "ModuleNotFoundError: No module named 'a_package_of_yesterday'"
        )
    assert repository.worktrees() == 1


def test_a_revision_with_another_protocol_version_is_refused(repository: Any, tiny: Any, make_session: Make) -> None:
    with (
        nothing_left_behind(),
        checked_out("the-newer", "new", PACKAGES) as code,
        make_session(tiny(), code=code) as session,
    ):
        with pytest.raises(SideError) as caught:
            session.await_hello()
        assert str(caught.value) == (
            f"side 'agents=12' speaks version 99 of the session protocol, this walkerbench version {PROTOCOL_VERSION}: "
            "compare revisions that speak the same"
        )


def test_a_revision_that_does_not_know_a_key_runs_without_it(repository: Any, tiny: Any, make_session: Make) -> None:
    with nothing_left_behind(), checked_out("the-older", "old", PACKAGES) as code:
        with make_session(tiny(), code=code) as session:
            prepare(session)
        changed = "safeguards.slow_frames=5000"
        with make_session(tiny(), changed, code=code) as session, pytest.raises(SideError) as caught:
            prepare(session)
    assert str(caught.value).startswith(
        f"side '{changed}' refuses: profile 'tiny': safeguards.slow_frames: no such key; did you mean slow_frame_s? "
    )


def fake(tmp_path: Any, program: str) -> Checkout:
    """Return code whose session is a program of a few lines."""
    package = tmp_path / "code/walkerbench/interleaved"
    package.mkdir(parents=True)
    for directory in (package.parent, package):
        (directory / "__init__.py").touch()
    (package / "__main__.py").write_text(program)
    return Checkout(tmp_path / "code", PACKAGES)


def test_code_imported_from_a_wrong_place_is_refused(tmp_path: Any, tiny: Any, make_session: Make) -> None:
    code = fake(
        tmp_path,
        """print('{"type":"hello","protocol":5,"package":"/elsewhere/walkerbench"}', flush=True)""",
    )
    with nothing_left_behind(), make_session(tiny(), code=code) as session, pytest.raises(SideError) as caught:
        session.await_hello()
    assert "its session imports /elsewhere/walkerbench in place of" in str(caught.value)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"Welcome!\n", "its session says 'Welcome!' in place of hello: its code writes to stdout when it is"),
        (
            encode(Digest(frame=1, digest="00")),
            "in place of hello",
        ),
        (b'{"type":"hello","protocol":5}\n', """its session says '{"type":"hello","protocol":5}' in place of hello"""),
        (b"\xff" * 100 + b"\n", "in place of hello"),
    ],
)
def test_code_that_does_not_send_hello_is_refused(
    tmp_path: Any, tiny: Any, make_session: Make, line: bytes, said: str
) -> None:
    code = fake(tmp_path, f"import sys\nsys.stdout.buffer.write({line!r})\nsys.stdout.flush()\n")
    with nothing_left_behind(), make_session(tiny(), code=code) as session, pytest.raises(SideError) as caught:
        session.await_hello()
    assert caught.value.exit_code == 2
    assert said in str(caught.value)


def test_a_child_that_never_answers_is_killed(tmp_path: Any, tiny: Any, make_session: Make, monkeypatch: Any) -> None:
    monkeypatch.setattr(session_module, "_CLOSE_TIMEOUT_S", 0.1)
    monkeypatch.setattr(session_module, "ANSWER_TIMEOUT_S", 0.1)
    code = fake(tmp_path, "import threading\nthreading.Event().wait()\n")
    with nothing_left_behind(), make_session(tiny(), code=code) as session, pytest.raises(SessionTimeout):
        session.await_hello()


def test_prints_of_a_workload_do_not_break_the_protocol(repository: Any, tiny: Any, make_session: Make) -> None:
    with (
        checked_out("the-printing", "loud", PACKAGES) as code,
        make_session(tiny(workload="varied"), code=code) as session,
    ):
        prepare(session)
        assert session.take_digest().frame == 3
        assert session._last_stderr_line() == "a stray print"
