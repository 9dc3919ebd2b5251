"""The OpenAPI document describes what is answered, and what is answered is what it describes."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from fabricated_runs import recorded_run
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from walkerbench.running.observers import RecordedRows
from walkerbench.serving.access import Access
from walkerbench.serving.app import make_app
from walkerbench.serving.live_run import LiveRun
from walkerbench.serving.messages import RowsRecorded, RunBegun, ThreadingPerformance, ToggleThreading

HERE = "http://127.0.0.1:2322"
DOCUMENT = json.loads((files("walkerbench.serving") / "page" / "openapi.json").read_text(encoding="utf-8"))
THREADING = {
    "status": "active",
    "threading_enabled": True,
    "avg_parallel_time": 0.002,
    "avg_sequential_time": None,
    "speedup_ratio": None,
    "thread_pool_metrics": None,
}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The application of a run of three frames."""
    recorded = recorded_run(tmp_path_factory.mktemp("served") / "run", 3)
    answers: dict[type, Any] = {ThreadingPerformance: THREADING, ToggleThreading: True}
    live = LiveRun(lambda asked: answers.get(type(asked)), lambda wanted: None)
    live.tell(RunBegun(Path("run"), recorded.run.changed(state="running")))
    rows = RecordedRows(recorded.frames, recorded.workers, recorded.cpu)
    live.tell(RowsRecorded(recorded.run.stages[0], rows, THREADING))
    return make_app(live, Access.to("127.0.0.1", 2322, "secret"))


def check(answer: Any, path: str, method: str) -> None:
    """Fail where an answer is none that the document describes."""
    described = DOCUMENT["paths"][path][method]["responses"]
    assert str(answer.status_code) in described, answer.status_code
    content = described[str(answer.status_code)]["content"]
    assert answer.mimetype in content
    if answer.mimetype == "application/json":
        schema = {"components": DOCUMENT["components"], **content["application/json"]["schema"]}
        jsonschema.Draft202012Validator(schema).validate(answer.json)


def test_every_address_is_described_and_there(app: Flask) -> None:
    described = {
        (path.replace("{name}", "<name>").replace("{agent}", "<int:agent>"), method.upper())
        for path, each in DOCUMENT["paths"].items()
        for method in each
    }
    there = {(rule.rule, method) for rule in app.url_map.iter_rules() for method in rule.methods - {"HEAD", "OPTIONS"}}
    assert described == there


@pytest.mark.parametrize(
    "path", [path for path, each in DOCUMENT["paths"].items() if "get" in each and path != "/events"]
)
def test_what_is_read_is_as_described(app: Flask, path: str) -> None:
    for address in {path.format(name=name, agent=7) for name in ("page.js", "page.css", "app.py")}:
        check(app.test_client().get(address, base_url=HERE), path, "get")


CHANGES = [path for path, each in DOCUMENT["paths"].items() if "post" in each]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["agents", "pace", "x"]), inner),
    max_leaves=5,
)


@settings(deadline=None)
@given(
    path=st.sampled_from(CHANGES),
    content=ANYTHING,
    token=st.sampled_from(["secret", "secret", "guessed", "", "\xe9"]),
    origin=st.sampled_from([None, HERE, "http://elsewhere.example", "null", "\xe9"]),
    host=st.sampled_from([HERE, HERE, "http://rebound.example"]),
)
def test_whatever_is_asked_is_answered_as_described(
    app: Flask, path: str, content: Any, token: str, origin: str | None, host: str
) -> None:
    headers = {"X-Walkerbench-Token": token} | ({} if origin is None else {"Origin": origin})
    check(app.test_client().post(path, json=content, headers=headers, base_url=host), path, "post")


@settings(deadline=None)
@given(
    path=st.sampled_from(CHANGES),
    body=st.binary(max_size=2000),
    kind=st.sampled_from(["application/json", "text/plain", ""]),
)
def test_whatever_is_sent_is_answered_as_described(app: Flask, path: str, body: bytes, kind: str) -> None:
    headers = {"X-Walkerbench-Token": "secret"}
    answer = app.test_client().post(path, data=body, content_type=kind, headers=headers, base_url=HERE)
    check(answer, path, "post")
