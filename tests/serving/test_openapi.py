"""The OpenAPI document describes every address of the HTTP interface, and answers are as it describes them."""

from __future__ import annotations

import json
import pickle
import threading
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import schemathesis
from fabricated_runs import recorded_run
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance
from toy_picture import ToyPicture, arrays
from waitress.server import create_server

from walkerbench.errors import UsageError
from walkerbench.running.observers import RecordedRows
from walkerbench.serving.access import Access
from walkerbench.serving.app import make_app
from walkerbench.serving.live_run import LiveRun
from walkerbench.serving.messages import (
    Restart,
    RowsRecorded,
    RunBegun,
    RunEnded,
    SnapshotTaken,
    StageBegun,
    ThreadingPerformance,
    ToggleThreading,
)
from walkerbench.serving.server import bound_socket
from walkerbench.serving.server_sent import server_sent

TOKEN = {"X-Walkerbench-Token": "secret"}
MOST_AGENTS = 1_000_000
DOCUMENT = json.loads((files("walkerbench.serving") / "page" / "openapi.json").read_text(encoding="utf-8"))
THREADING = {
    "status": "active",
    "threading_enabled": True,
    "avg_parallel_time": 0.002,
    "avg_sequential_time": None,
    "speedup_ratio": None,
    "thread_pool_metrics": None,
}


class Answering:
    """Answers in place of the run, and takes a snapshot as soon as a client wants one."""

    def __init__(self, folder: Path) -> None:
        recorded = recorded_run(folder / "run", 3)
        rows = RecordedRows(recorded.frames, recorded.workers, recorded.cpu)
        self._ended = RunEnded(recorded.run)
        self.live = LiveRun(self._ask, self._watch)
        self.live.tell(RunBegun(Path("run"), recorded.run.changed(state="running")))
        self.live.tell(StageBegun(0, "toy", 2, pickle.dumps(ToyPicture())))
        self.live.tell(RowsRecorded(recorded.run.stages[0], rows, THREADING))

    def end(self) -> None:
        self.live.tell(self._ended)

    def _ask(self, asked: Any) -> Any:
        if isinstance(asked, Restart) and not 1 <= asked.agents <= MOST_AGENTS:
            raise UsageError(f"{asked.agents} agents: give 1 to {MOST_AGENTS}")
        return {ThreadingPerformance: THREADING, ToggleThreading: True}.get(type(asked))

    def _watch(self, wanted: bool) -> None:
        if wanted:
            snapshot = SnapshotTaken(0, 5, arrays([0, 1], [1, 2], [0, 1]))
            threading.Timer(0, self.live.tell, (snapshot,)).start()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address at which a run of three frames is served."""
    answering = Answering(tmp_path_factory.mktemp("served"))
    with bound_socket("127.0.0.1", 0) as bound:
        access = Access.to("127.0.0.1", bound.getsockname()[1], "secret")
        server = create_server(make_app(answering.live, access), sockets=[bound], ident=None)
        thread = threading.Thread(target=server.run)
        thread.start()
        yield access.url
        server.close()
        thread.join()


operations = schemathesis.openapi.from_dict(DOCUMENT).exclude(path="/events")
operations.config.checks.negative_data_rejection.expected_statuses += ["413"]  # a body may be too long to be read


@operations.parametrize()
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_request_is_answered_as_described(case: Any, address: str) -> None:
    # A request that the document allows may still be refused: there is no agent 999, and not every text names an asset.
    case.call_and_validate(base_url=address, headers=TOKEN, excluded_checks=[positive_data_acceptance])


def test_every_address_is_described_and_exists(tmp_path: Path) -> None:
    described = {
        (path.replace("{name}", "<name>").replace("{agent}", "<int:agent>"), method.upper())
        for path, each in DOCUMENT["paths"].items()
        for method in each
    }
    app = make_app(Answering(tmp_path).live, Access.to("127.0.0.1", 2322, "secret"))
    there = {
        (rule.rule, method)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert described == there


def test_every_event_is_as_described(tmp_path: Path) -> None:
    answering = Answering(tmp_path)
    told = server_sent(answering.live, pictures=True)
    parts = [next(told)]
    answering.live.tell(SnapshotTaken(0, 6, arrays([2, 3], [1, 2], [0, 1])))
    parts.append(next(told))
    answering.end()
    parts += told
    events = [part.split("\ndata: ") for part in b"".join(parts).decode().removesuffix("\n\n").split("\n\n")]
    schemas = {"status": "Status", "scene": "Scene", "outlines": "Outlines", "frame": "Frame"}
    assert {name.removeprefix("event: ") for name, _ in events} == set(schemas)
    for name, data in events:
        schema = {"components": DOCUMENT["components"], "$ref": f"#/components/schemas/{schemas[name[7:]]}"}
        jsonschema.Draft202012Validator(schema).validate(json.loads(data))
