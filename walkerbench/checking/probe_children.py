"""The parent's side of probes: runs each in a child process, and kills a child that takes too long."""

from __future__ import annotations

import os
import subprocess
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from typing import IO

from walkerbench.checking.probes import ProbeAnswer, ProbeRequest, read_answer, request_line
from walkerbench.errors import Interrupted, describe_exit
from walkerbench.system.child_processes import ChildProcess, python_command
from walkerbench.system.deadlines import Deadline
from walkerbench.system.interrupts import InterruptWatch
from walkerbench.system.resources import allowed_cores
from walkerbench.system.temporary import temporary_file

_MODULE = "walkerbench.checking"
_TAIL_BYTES = 4096


@dataclass
class _Running:
    """A child process that runs a probe."""

    name: str
    child: ChildProcess
    answer: IO[bytes]
    output: IO[bytes]
    deadline: Deadline
    closing: ExitStack


def run_probes(
    requests: Mapping[str, ProbeRequest], timeout_s: float, interrupts: InterruptWatch
) -> dict[str, ProbeAnswer]:
    """Run probes, as many at the same time as there are cores, and leave no process and no file.

    Args:
        requests: Name → request of each probe.
        timeout_s: How long one probe may take.
        interrupts: Checked while waiting.

    Returns:
        Name → answer of each probe.

    Raises:
        Interrupted: The user ended the check.
        CapacityError: The system has no room for another process.
    """
    waiting = deque(requests.items())
    answers: dict[str, ProbeAnswer] = {}
    with ExitStack() as closing:
        running: deque[_Running] = deque()
        while waiting or running:
            while waiting and len(running) < allowed_cores():
                started = _start(*waiting.popleft(), timeout_s)
                closing.push(started.closing)
                running.append(started)
            first = running.popleft()
            answers[first.name] = _await(first, timeout_s, interrupts)
            first.closing.close()
    return {name: answers[name] for name in requests}


def _start(name: str, request: ProbeRequest, timeout_s: float) -> _Running:
    with ExitStack() as closing:
        answer = closing.enter_context(temporary_file())
        output = closing.enter_context(temporary_file())
        command = python_command(_MODULE, str(answer.fileno()))
        child = closing.enter_context(
            ChildProcess(command, stdin=subprocess.PIPE, stdout=output.fileno(), pass_fds=[answer.fileno()])
        )
        with suppress(BrokenPipeError):  # the child has ended already
            child.stdin.write(request_line(request))
            child.stdin.close()
        return _Running(name, child, answer, output, Deadline(timeout_s), closing.pop_all())


def _await(probe: _Running, timeout_s: float, interrupts: InterruptWatch) -> ProbeAnswer:
    while not probe.child.ended_within(min(0.2, probe.deadline.next_slice_s())):
        if interrupts.received is not None:
            raise Interrupted(f"interrupted ({interrupts.received}): nothing is left of the check")
        if probe.deadline.passed:
            probe.child.kill_group()
            return ProbeAnswer(failing="broke", message=f"it did not end within {timeout_s:g} s: it hangs, or is slow")
    status = probe.child.kill_group()
    answer = read_answer(_content(probe.answer))
    if answer is None:
        last_line = _last_line(probe.child.stderr_tail(_TAIL_BYTES))
        ending = f"its process {describe_exit(status)} before it answered{f' ({last_line})' if last_line else ''}"
        return ProbeAnswer(failing="broke", message=ending)
    printed = os.fstat(probe.output.fileno()).st_size + len(probe.child.stderr_tail(_TAIL_BYTES))
    return replace(answer, printed_bytes=printed)


def _content(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


def _last_line(text: str) -> str:
    lines: Sequence[str] = [line.strip() for line in text.split("\n") if line.strip()]
    return lines[-1] if lines else ""
