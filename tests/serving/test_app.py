"""The answers of the HTTP interface, for an environment that a thread steps."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fabricated_runs import recorded_run
from flask.testing import FlaskClient
from toy_workload import ToyWorkload

from walkerbench.errors import CapacityError, UsageError
from walkerbench.running.observers import RecordedRows
from walkerbench.running.pacing import Pacer
from walkerbench.running.run_control import LiveStage, RunControl, StageEnd
from walkerbench.running.training_environment import TrainingEnvironment
from walkerbench.serving import app as app_module
from walkerbench.serving.access import Access
from walkerbench.serving.app import make_app
from walkerbench.serving.live_run import LiveRun
from walkerbench.serving.messages import Ask, RowsRecorded, RunBegun, RunEnded
from walkerbench.serving.messages import answer as answer_of

TOKEN = {"X-Walkerbench-Token": "secret"}
HERE = "http://127.0.0.1:2322"
NO_STAGE = "the run has no current stage: it has not begun, is between two stages, or has ended"
CHANGES = {"/toggle_threading": None, "/agents": {"agents": 3}, "/pace": {"pace": "max"}, "/stop": None}


def check_agents(agents: int) -> None:
    if agents > 100:
        raise CapacityError(f"{agents} agents need more memory")
    if agents < 1:
        raise UsageError(f"{agents} agents: give at least 1")
    if agents == 66:
        raise ZeroDivisionError("the workload divides by agents - 66")


def unasked_run() -> LiveRun:
    """Stands for a run, and carries out no request."""
    return LiveRun(lambda asked: None, lambda wanted: None)


class Served:
    """A client of an environment that another thread steps."""

    def __init__(self, client: FlaskClient, control: RunControl, environment: TrainingEnvironment) -> None:
        self.client, self.control, self.environment = client, control, environment

    def post(self, path: str, content: Any = None, headers: dict[str, str] = TOKEN, **options: Any) -> Any:
        return self.client.post(path, json=content, headers=headers, base_url=HERE, **options)

    def get(self, path: str, **options: Any) -> Any:
        return self.client.get(path, base_url=options.pop("base_url", HERE), **options)


@contextmanager
def served_in(mode: str) -> Iterator[Served]:
    control = RunControl()
    live = LiveRun(lambda asked: answer_of(Ask(0, asked), control).result(), lambda wanted: None)
    client = make_app(live, Access.to("127.0.0.1", 2322, "secret")).test_client()
    with TrainingEnvironment(mode=mode, num_workers=2, workload=ToyWorkload()) as environment:
        control.begin_stage(LiveStage(environment, Pacer(None)), check_agents)
        ended = threading.Event()

        def step() -> None:
            while not ended.is_set():
                environment.step()

        stepping = threading.Thread(target=step)
        stepping.start()
        try:
            yield Served(client, control, environment)
        finally:
            ended.set()
            stepping.join()


@pytest.fixture
def served() -> Iterator[Served]:
    with served_in("threaded") as each:
        yield each


@pytest.fixture
def told(tmp_path: Path) -> tuple[RunBegun, RowsRecorded, RunEnded]:
    """Return the messages of the run's process for a run of three frames."""
    recorded = recorded_run(tmp_path / "run", 3)
    rows = RecordedRows(recorded.frames, recorded.workers, recorded.cpu)
    begun = RunBegun(recorded.directory, recorded.run.changed(state="running"))
    return begun, RowsRecorded(recorded.run.stages[0], rows), RunEnded(recorded.run)


def test_threads_are_toggled_and_the_guides_status_says_so(served: Served) -> None:
    for enabled in (False, True):
        answer = served.post("/toggle_threading")
        assert answer.json == {
            "success": True,
            "threading_enabled": enabled,
            "message": f"threads are {'on' if enabled else 'off'}",
        }
        status = served.get("/threading_status").json
        assert status["threading_enabled"] is enabled
        assert {"status", "avg_parallel_time", "avg_sequential_time", "speedup_ratio"} <= set(status)
    assert [mode for _, mode in served.environment.toggles] == ["sequential", "threaded"]


def test_process_mode_cannot_be_toggled() -> None:
    with served_in("process") as served:
        answer = served.post("/toggle_threading")
        assert answer.status_code == 409
        assert answer.json["error"].startswith("process mode is fixed at the start")


def test_clients_can_change_the_agents_and_end_the_run(served: Served) -> None:
    assert served.post("/agents", {"agents": 12}).status_code == 200
    assert served.control.take_end() == StageEnd(next_agents=12)
    assert served.post("/stop").status_code == 200
    assert served.control.take_end() == StageEnd(next_agents=None)


@pytest.mark.parametrize(
    ("path", "content", "says"),
    [
        ("/agents", {"agents": 0}, "0 agents: give at least 1"),
        ("/agents", {"agents": 1000}, "1000 agents need more memory"),
        ("/agents", {"agents": "60"}, "give a JSON object with 'agents': a whole number"),
        ("/agents", {"agents": True}, "give a JSON object with 'agents': a whole number"),
        ("/agents", {}, "give a JSON object with 'agents': a whole number"),
        ("/agents", [60], "give a JSON object with 'agents': a whole number"),
        ("/pace", {"pace": "fast"}, "pace: 'fast'; allowed: max, realtime"),
        ("/pace", {"pace": None}, "give a JSON object with 'pace': a text"),
    ],
)
def test_an_impossible_request_gets_a_400_with_the_reason(served: Served, path: str, content: Any, says: str) -> None:
    answer = served.post(path, content)
    assert (answer.status_code, answer.json) == (400, {"error": says})
    assert served.control.end is None


@pytest.mark.parametrize(
    ("data", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"[" * 1000, "application/json", 400),
        (b'{"a":' * 200, "application/json", 400),
        (b"agents=60", "text/plain", 415),
        (b" " * 10_000_000, "application/json", 413),
    ],
)
def test_a_body_that_is_not_a_small_json_object_is_refused(served: Served, data: bytes, kind: str, status: int) -> None:
    answer: Any = served.client.post("/agents", data=data, content_type=kind, headers=TOKEN, base_url=HERE)
    assert answer.status_code == status
    assert set(answer.json) == {"error"}


@pytest.mark.promise("input", "A request that changes a served run needs the token and no foreign origin.")
@pytest.mark.parametrize("path", CHANGES)
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"X-Walkerbench-Token": "guessed"}, 401),
        ({**TOKEN, "Origin": "http://elsewhere.example"}, 403),
        ({**TOKEN, "Origin": "null"}, 403),
    ],
)
def test_a_change_needs_the_token_and_the_pages_own_origin(
    served: Served, path: str, headers: dict[str, str], status: int
) -> None:
    answer = served.post(path, CHANGES[path], headers)
    assert answer.status_code == status
    assert served.control.end is None
    assert served.environment.toggles == ()


@pytest.mark.promise("input", "A served run answers no request whose Host header names another host.")
@pytest.mark.parametrize("path", ["/status", "/healthz", "/threading_status", "/toggle_threading", "/nothing"])
def test_a_page_under_another_name_is_refused(served: Served, path: str) -> None:
    answer = served.get(path, base_url="http://rebound.example:2322")
    assert (answer.status_code, "Host" in answer.json["error"]) == (403, True)


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::1]"])
def test_the_machines_own_names_are_allowed(served: Served, name: str) -> None:
    assert served.get("/threading_status", base_url=f"http://{name}:2322").status_code == 200


def test_errors_are_json_with_the_right_status(served: Served) -> None:
    assert served.get("/nothing").status_code == 404
    assert served.get("/stop").status_code == 405
    for answer in (served.get("/nothing"), served.get("/stop")):
        assert set(answer.json) == {"error"}
    served.control.finish_stage()
    for answer in (
        served.get("/threading_status"),
        served.post("/toggle_threading"),
        served.post("/pace", {"pace": "max"}),
    ):
        assert (answer.status_code, answer.json) == (409, {"error": NO_STAGE})


def test_headers_forbid_caching_framing_and_content_guessing(served: Served) -> None:
    headers = served.get("/threading_status").headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "Access-Control-Allow-Origin" not in headers


def test_each_change_of_the_status_is_sent_as_an_event(told: tuple[RunBegun, RowsRecorded, RunEnded]) -> None:
    live = unasked_run()
    client = make_app(live, Access.to("127.0.0.1", 2322, "secret")).test_client()
    live.tell(told[0])
    with client.get("/events", base_url=HERE) as answer:
        assert answer.mimetype == "text/event-stream"
        events: Iterator[Any] = iter(answer.response)
        first = next(events)
        live.tell(told[1])
        second = next(events)
        live.tell(told[2])
        rest = b"".join(events)
    statuses = [json.loads(event.split(b"data: ")[1]) for event in (first, second, rest)]
    assert [each["state"] for each in statuses] == ["running", "running", "finished"]
    assert [each["stage"] for each in statuses] == [None, 0, 0]
    assert statuses[0]["last_minute"] is None
    assert statuses[1]["last_minute"]["metrics"]["frame_ms.max"] == 0.72


@pytest.mark.parametrize("asked", ["1", "yes", "", "True"])
def test_the_parameter_pictures_is_true_or_false(asked: str) -> None:
    client = make_app(unasked_run(), Access.to("127.0.0.1", 2322, "x")).test_client()
    answer = client.get("/events", query_string={"pictures": asked}, base_url=HERE)
    assert (answer.status_code, answer.json) == (400, {"error": f"pictures: {asked!r}; allowed: true, false"})


def test_an_agent_without_details_is_an_error_with_its_status(served: Served) -> None:
    answer = served.get("/agents/3")
    assert (answer.status_code, answer.json) == (409, {"error": "the run has not started"})
    assert served.get("/agents/-1").status_code == 404
    assert served.get("/agents/first").status_code == 404


def test_there_are_at_most_as_many_event_clients_as_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_module, "MOST_EVENT_CLIENTS", 2)
    client = make_app(unasked_run(), Access.to("127.0.0.1", 2322, "secret")).test_client()
    served = [client.get("/events", base_url=HERE) for _ in range(3)]
    assert [each.status_code for each in served] == [200, 200, 503]
    served[0].close()
    assert client.get("/events", base_url=HERE).status_code == 200


def test_the_page_has_no_inline_script_and_holds_the_token(served: Served) -> None:
    answer = served.get("/")
    text = answer.get_data(as_text=True)
    assert 'content="secret"' in text
    assert "'unsafe-inline'" not in answer.headers["Content-Security-Policy"]
    assert re.findall(r"<script(?![^>]* src=)|<style|\son\w+=", text) == []
    script = served.get("/assets/page.js").get_data(as_text=True)
    scripts = re.findall(r'^import .* from "\./(.*)";$', script, re.MULTILINE)
    assert set(scripts) == {"picture.js", "shown.js", "strip.js"}
    for path in (*re.findall(r'(?:src|href)="(/[^"]+)"', text), *(f"/assets/{name}" for name in scripts)):
        assert served.get(path).status_code == 200, path
    for path in ("/assets/index.html", "/assets/openapi.json", "/assets/", "/assets/page.js/../../app.py"):
        assert served.get(path).status_code == 404, path


def test_a_page_that_other_machines_reach_holds_no_token() -> None:
    app = make_app(unasked_run(), Access.to("192.0.2.7", 2322, "secret"))
    page = app.test_client().get("/", base_url="http://192.0.2.7:2322").get_data(as_text=True)
    assert "secret" not in page
    assert 'name="walkerbench-token" content=""' in page


def test_a_token_is_escaped_in_the_page() -> None:
    app = make_app(unasked_run(), Access.to("127.0.0.1", 2322, '"><script>alert(1)</script>'))
    page = app.test_client().get("/", base_url=HERE).get_data(as_text=True)
    assert "<script>alert" not in page


def test_an_error_of_the_workloads_code_is_an_answer_too(served: Served) -> None:
    answer = served.post("/agents", {"agents": 66})
    assert answer.status_code == 409
    assert answer.json == {"error": "ZeroDivisionError: the workload divides by agents - 66"}
