from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from walkerbench.system.interrupts import SIGNALS, InterruptWatch, ignore_interrupts

BOTH = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)


@pytest.fixture
def handlers() -> Iterator[Any]:
    """Replaces pytest's handlers by the test's own, and restores them at the end."""
    received: list[int] = []

    def note(number: Any, _frame: Any) -> None:
        received.append(number)

    before = {number: signal.signal(number, note) for number in SIGNALS}
    yield received
    for number, handler in before.items():
        signal.signal(number, handler)


@BOTH
def test_the_first_signal_is_noted_and_raises_nothing(handlers: Any, number: Any) -> None:
    with InterruptWatch() as watch:
        assert watch.received is None
        signal.raise_signal(number)
        assert watch.received == number.name
    assert handlers == []


@BOTH
def test_the_second_signal_raises_keyboardinterrupt(handlers: Any, number: Any) -> None:
    with InterruptWatch() as watch:
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
        assert watch.received == "SIGTERM"
    assert handlers == []


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system has no SIGHUP")
def test_a_hang_up_that_nohup_had_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with InterruptWatch() as watch:
            signal.raise_signal(signal.SIGHUP)
            assert watch.received is None
    finally:
        signal.signal(signal.SIGHUP, before)


def test_from_the_third_on_signals_do_nothing(handlers: Any) -> None:
    with InterruptWatch() as watch:
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
    assert (watch.received, handlers) == ("SIGINT", [])


def test_after_hold_no_signal_raises(handlers: Any) -> None:
    with InterruptWatch() as watch:
        watch.hold()
        for _ in range(3):
            signal.raise_signal(signal.SIGTERM)
        assert watch.received == "SIGTERM"
        watch.release()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)


@BOTH
def test_without_open_work_an_interrupt_ends_the_process_at_once(number: Any) -> None:
    source = f"""
import signal, sys
from walkerbench.system.interrupts import leave_at_interrupts
leave_at_interrupts()
try:
    signal.raise_signal({int(number)})
finally:
    sys.stdout.write("still here")
"""
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"walkerbench: interrupted\n")


@BOTH
def test_ignored_interrupts_do_nothing(handlers: Any, number: Any) -> None:
    ignore_interrupts()
    signal.raise_signal(number)
    assert handlers == []


def test_handlers_are_restored_after_any_end(handlers: Any) -> None:
    with pytest.raises(LookupError), InterruptWatch():
        raise LookupError
    signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGTERM)
    assert handlers == [signal.SIGINT, signal.SIGTERM]


def test_an_ignored_signal_is_ignored_again_afterwards(handlers: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with InterruptWatch():
        pass
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_interrupt_watches_may_be_nested(handlers: Any) -> None:
    with InterruptWatch() as outer:
        with InterruptWatch() as inner:
            signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
    assert (outer.received, inner.received) == ("SIGTERM", "SIGINT")


def test_outside_the_main_thread_no_signal_is_noted(handlers: Any) -> None:
    watches = []

    def enter() -> None:
        with InterruptWatch() as watch:
            watches.append(watch)
            signal.raise_signal(signal.SIGINT)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join(30)
    assert [watch.received for watch in watches] == [None]
    assert handlers == [signal.SIGINT]
