"""`walkerbench serve` over real HTTP: clients watch, control and end the run, and it is recorded."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from whole_process import Started, WholeProcess, rows, until

TOKEN = "of-the-test"
SERVE = ("serve", "--profile", "smoke", "--agents", "8", "--port", "0", "--token", TOKEN, "-o", "watched")


class Client:
    """Sends requests to the server that a command started."""

    def __init__(self, started: Started) -> None:
        self.started = started
        line = started.wait_for_line("serving http://")
        self.address = re.findall(r"http://\S+/", line)[0]

    def get(self, path: str) -> Any:
        """Return the answer, also if it is an error, such as before the run starts."""
        try:
            with urllib.request.urlopen(self.address + path, timeout=20) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return json.load(error)

    def post(self, path: str, content: Any = None) -> Any:
        headers = {"X-Walkerbench-Token": TOKEN, "Content-Type": "application/json"}
        request = urllib.request.Request(self.address + path, json.dumps(content).encode(), headers)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def statuses(self) -> Iterator[dict[str, Any]]:
        """Return the statuses of all events until the run ends."""
        with urllib.request.urlopen(f"{self.address}events", timeout=60) as events:
            for line in events:
                if line.startswith(b"data: "):
                    yield json.loads(line.removeprefix(b"data: "))

    def last_minute(self) -> dict[str, Any]:
        """Wait for the figures of the last minute, and return them."""
        found: list[dict[str, Any]] = []

        def measured() -> bool:
            found.append(self.get("status"))
            figures = found[-1].get("last_minute")
            return figures is not None and figures["metrics"]["frame_ms.p50"] is not None

        until(measured)
        return found[-1]


@contextmanager
def serving(walkerbench: WholeProcess, *options: str) -> Iterator[Client]:
    with walkerbench.start(*SERVE, *options) as started:
        yield Client(started)


def shown(walkerbench: WholeProcess) -> Any:
    return json.loads(walkerbench("show", "watched", "--json").out)


@pytest.mark.promise("kept", "A served run is watched, toggled and restarted over HTTP, and is recorded.")
def test_a_served_run_is_watched_controlled_and_recorded(walkerbench: WholeProcess) -> None:
    with serving(walkerbench, "--mode", "sequential") as client:
        assert client.last_minute()["last_minute"]["mode"] == "sequential"
        assert client.get("healthz") == {"status": "ok"}
        assert client.post("toggle_threading")["threading_enabled"] is True
        until(lambda: client.get("threading_status")["speedup_ratio"] is not None)
        client.post("agents", {"agents": 12})
        until(lambda: client.get("status")["stage"] == 1)
        client.post("pace", {"pace": "max"})
        client.post("stop")
        ended = client.started.end()
    assert ended.code in (0, 4), ended.err
    recorded = shown(walkerbench)
    assert [stage["agents"] for stage in recorded["stages"]] == [8, 12]
    assert [each["mode"] for each in recorded["stages"][0]["switches"]] == ["sequential", "threaded"]
    assert recorded["state"] == "finished"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_served_run_in_order(walkerbench: WholeProcess, number: int) -> None:
    with serving(walkerbench) as client:
        client.last_minute()
        client.started.signal(number)
        ended = client.started.end()
    assert ended.code == 130, ended.err
    assert shown(walkerbench)["state"] == "interrupted"


def test_a_run_that_cannot_be_served_gives_a_line_and_leaves_nothing(walkerbench: WholeProcess) -> None:
    with serving(walkerbench) as client:
        port = client.address.rstrip("/").rpartition(":")[2]
        other = walkerbench("serve", "--port", port, "-o", "other")
        client.post("stop")
        client.started.end()
    assert (other.code, other.out) == (2, "")
    assert (
        other.error
        == f"walkerbench: cannot serve at 127.0.0.1, port {port}: another program uses the port: give another one"
    )
    assert not (walkerbench.cwd / "other").exists()
    ended = walkerbench("serve", "--host", "0.0.0.0")
    assert (ended.code, "give --token TEXT" in ended.error) == (2, True)


def test_a_missing_package_is_named_with_its_extra(walkerbench: WholeProcess, tmp_path: Path) -> None:
    (tmp_path / "flask.py").write_text("raise ModuleNotFoundError(\"No module named 'flask'\", name='flask')\n")
    path = os.pathsep.join([str(tmp_path), *sys.path])
    ended = walkerbench("serve", "--port", "0", "-o", "watched", env={"PYTHONPATH": path})
    assert (ended.code, ended.out) == (2, "")
    assert ended.error == "walkerbench: flask is not installed: pip install 'walkerbench[web]'"
    assert not (walkerbench.cwd / "watched").exists()


def test_a_run_goes_on_where_its_server_is_killed(walkerbench: WholeProcess) -> None:
    with serving(walkerbench) as client:
        client.last_minute()
        leader = psutil.Process(client.started.process.pid)
        (server,) = [each for each in leader.children() if each.net_connections("tcp")]
        server.kill()
        until(lambda: rows(walkerbench.cwd / "watched") > 120)
        client.started.signal(signal.SIGINT)
        ended = client.started.end()
    assert ended.code == 130
    assert "the server's process ended before the run; the run continued without it" in ended.err


SLOW = {"faults": {"stall_frames": {"12": 0.3, "13": 0.3}}, "safeguards": {"slow_frame_s": 0.25, "slow_frames": 2}}


def limit_files() -> None:
    """Limit the size of this process's files to 32 kB, which has the effect of a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (32_000, 32_000))


@pytest.mark.promise("faults", "Who watches a served run sees how it broke, and it ends as `run` does.")
@pytest.mark.parametrize(
    ("fault", "mode", "state", "code", "because"),
    [
        ("slow frames", "threaded", "emergency", 1, "emergency shutdown after frame 13"),
        ("dead worker", "process", "broken", 3, "SIGKILL"),
        ("full disk", "threaded", "broken", 3, "File too large"),
    ],
)
def test_clients_see_why_a_run_broke(
    walkerbench: WholeProcess,
    profile: Callable[..., list[str]],
    fault: str,
    mode: str,
    state: str,
    code: int,
    because: str,
) -> None:
    arguments = profile(**SLOW if fault == "slow frames" else {})[1:]
    options: dict[str, Any] = {"preexec_fn": limit_files} if fault == "full disk" else {}
    serve = ("serve", *arguments, "--mode", mode, "--pace", "max", "--port", "0", "-o", "watched")
    with walkerbench.start(*serve, **options) as started:
        client = Client(started)
        statuses = client.statuses()
        begun = next(statuses)
        if fault == "dead worker":
            until(lambda: len(started.workers()) == 3)  # the server's process is one of them
            next(each for each in started.workers() if not each.net_connections("tcp")).kill()
        *_, last = (begun, *statuses)
        ended = started.end()
    assert (last["state"], ended.code) == (state, code), ended.err
    assert because in last["ended_because"]


def test_modes_alternate_at_fixed_intervals(walkerbench: WholeProcess) -> None:
    with serving(walkerbench, "--seconds-per-mode", "1") as client:
        until(lambda: client.get("status").get("alternation") is not None)
        assert client.get("status")["alternation"]["speedup"] > 0
        client.post("stop")
        client.started.end()
    assert {each["mode"] for each in shown(walkerbench)["stages"][0]["switches"]} == {"sequential", "threaded"}
    refused = walkerbench("serve", "--mode", "process", "--seconds-per-mode", "1")
    assert refused.code == 2
    assert refused.error == "walkerbench: process mode is fixed at the start: leave --seconds-per-mode out"
