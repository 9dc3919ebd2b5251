"""The HTTP interface of a served run: routes that read the run, and routes that change it."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, get_args

from flask import Flask, Response, abort, request
from markupsafe import escape
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from walkerbench.errors import CallOrderError, UsageError
from walkerbench.profile.model import Pace
from walkerbench.serving.access import Access
from walkerbench.serving.live_run import LiveRun
from walkerbench.serving.messages import AskRun, ChangePace, Restart, Stop, ThreadingPerformance, ToggleThreading
from walkerbench.serving.prometheus import CONTENT_TYPE
from walkerbench.serving.server_sent import server_sent

MOST_BODY_BYTES = 1024
"""The largest body of a request: no request needs more than a few words."""

MOST_EVENT_CLIENTS = 128
"""The most clients of `/events`: each uses a thread of the server."""

_POLICY = "; ".join(
    (
        *("default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "img-src data:"),
        *("frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"),
    )
)

_ASSETS = {
    "page.css": "text/css",
    **dict.fromkeys(("page.js", "picture.js", "shown.js", "strip.js"), "text/javascript"),
}


def make_app(live: LiveRun, access: Access) -> Flask:
    """Return the Flask application.

    Args:
        live: The run.
        access: Which requests are allowed.
    """
    app = Flask("walkerbench.serving", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MOST_BODY_BYTES
    app.before_request(lambda: access.check(request))
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(CallOrderError, lambda error: _answer({"error": str(error)}, 409))
    app.register_error_handler(UsageError, lambda error: _answer({"error": str(error)}, 400))
    _add_page(app, access)
    _add_readings(app, live)
    _add_changes(app, live.ask)
    return app


def _add_page(app: Flask, access: Access) -> None:
    page = files("walkerbench.serving") / "page"

    @app.get("/")
    def index() -> Response:
        """Show the page."""
        token = str(escape(access.token)) if access.token_in_page else ""
        text = (page / "index.html").read_text(encoding="utf-8").replace("{{ token }}", token)
        return _guarded(Response(text, mimetype="text/html"))

    @app.get("/openapi.json")
    def openapi() -> Response:
        """Describe the interface."""
        return _guarded(Response((page / "openapi.json").read_text(encoding="utf-8"), mimetype="application/json"))

    @app.get("/assets/<name>")
    def asset(name: str) -> Response:
        """Send a script or the style sheet of the page."""
        if name not in _ASSETS:
            abort(404)
        return _guarded(Response((page / name).read_text(encoding="utf-8"), mimetype=_ASSETS[name]))


def _add_readings(app: Flask, live: LiveRun) -> None:
    @app.get("/threading_status")
    def threading_status() -> Response:
        """Compare threads with no threads, with the guide's keys, and give the figures of the last minute."""
        return _answer(live.ask(ThreadingPerformance()) | {"last_minute": live.figures()})

    @app.get("/status")
    def status() -> Response:
        """Give all that is known about the run."""
        _, text = live.status_text()
        if text is None:
            raise CallOrderError("the run has not started")
        return _guarded(Response(text + "\n", mimetype="application/json"))

    places = threading.BoundedSemaphore(MOST_EVENT_CLIENTS)

    @app.get("/agents/<int:agent>")
    def agent_detail(agent: int) -> Response:
        """Give details of one agent, from a snapshot that is taken now."""
        try:
            return _answer(live.pictures.detail(agent))
        except UsageError as error:
            abort(404, str(error))

    @app.get("/events")
    def events() -> Response:
        """Send the status four times a second, as server-sent events, and pictures to those who ask for them."""
        pictures = request.args.get("pictures", "false")
        if pictures not in ("true", "false"):
            abort(400, f"pictures: {pictures!r}; allowed: true, false")
        if not places.acquire(blocking=False):
            abort(503, f"there are {MOST_EVENT_CLIENTS} clients of events, and no more are served")
        response = _guarded(Response(server_sent(live, pictures=pictures == "true"), mimetype="text/event-stream"))
        response.call_on_close(places.release)
        return response

    @app.get("/metrics")
    def metrics() -> Response:
        """Give the figures to Prometheus."""
        return _guarded(Response(live.totals.text(), content_type=CONTENT_TYPE))

    @app.get("/healthz")
    def health() -> Response:
        """Say whether the run goes on: status 200, or 503 with the reason."""
        problem = live.problem()
        return _answer(
            {"status": "ok"} if problem is None else {"status": "ended", "error": problem}, 503 if problem else 200
        )


def _add_changes(app: Flask, ask: AskRun) -> None:
    @app.post("/toggle_threading")
    def toggle_threading() -> Response:
        """Switch threads on or off between two frames."""
        enabled = ask(ToggleThreading())
        message = f"threads are {'on' if enabled else 'off'}"
        return _answer({"success": True, "threading_enabled": enabled, "message": message})

    @app.post("/agents")
    def agents() -> Response:
        """Go on with another number of agents, in a new stage."""
        number = _field("agents", int)
        ask(Restart(number))
        return _answer({"success": True, "message": f"the next stage has {number} agents"})

    @app.post("/pace")
    def pace() -> Response:
        """Hold frames to another pace."""
        chosen = _field("pace", str)
        if chosen not in get_args(Pace):
            abort(400, f"pace: {chosen!r}; allowed: {', '.join(get_args(Pace))}")
        ask(ChangePace(chosen))
        return _answer({"success": True, "message": f"the pace is {chosen}"})

    @app.post("/stop")
    def stop() -> Response:
        """End the run after its current frame."""
        ask(Stop())
        return _answer({"success": True, "message": "the run ends after its current frame"})


def _field(name: str, kind: type) -> Any:
    """Return a field of the request's JSON object.

    Raises:
        HTTPException: There is no such field, or its value is of another type.
    """
    try:
        content = request.get_json()
    except RecursionError:
        abort(400, "the JSON is nested too deeply")
    value = content.get(name) if isinstance(content, dict) else None
    if type(value) is not kind:
        abort(400, f"give a JSON object with {name!r}: {'a whole number' if kind is int else 'a text'}")
    return value


def _http_error(error: HTTPException) -> Response:
    answer = _answer({"error": error.description or error.name}, error.code or 500)
    if isinstance(error, MethodNotAllowed):
        answer.allow.update(error.valid_methods or ())
    return answer


def _answer(content: Mapping[str, Any], status: int = 200) -> Response:
    return _guarded(Response(_json(content) + "\n", status, mimetype="application/json"))


def _json(content: Mapping[str, Any]) -> str:
    return json.dumps(content, allow_nan=False)


def _guarded(response: Response) -> Response:
    """Return the response with headers against caching, framing and guessing of content types by browsers."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = _POLICY
    return response
