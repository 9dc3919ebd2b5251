"""Clients are sent each part of a picture once, in the form that the OpenAPI document describes."""

from __future__ import annotations

import base64
import json
import math
import pickle
import threading
from contextlib import ExitStack
from typing import Any

import numpy as np
import pytest
from toy_picture import SQUARE, ToyPicture, arrays

from walkerbench.errors import CallOrderError, UsageError
from walkerbench.serving.live_pictures import CLIENTS_WITH_ALL, LivePictures
from walkerbench.serving.live_run import LiveRun
from walkerbench.serving.messages import SnapshotTaken, StageBegun
from walkerbench.serving.server_sent import server_sent


class Told:
    """Pictures, and what the run's process was told about them."""

    def __init__(self, picture: ToyPicture | None = None) -> None:
        self.watched: list[bool] = []
        self.live = LiveRun(lambda asked: None, self.watched.append)
        self.pictures: LivePictures = self.live.pictures
        self.begin(0, picture or ToyPicture())

    def begin(self, number: int, picture: ToyPicture | None, problem: str | None = None) -> None:
        pickled = None if picture is None else pickle.dumps(picture)
        self.live.tell(StageBegun(number, "toy", 2, pickled, problem))

    def snapshot(self, frame: int, x: list[float], size: list[int], charge: tuple[float, ...] = (0.0, 1.0)) -> None:
        self.live.tell(SnapshotTaken(0, frame, arrays(x, size, list(charge))))


def decoded(text: str, dtype: str) -> list[float]:
    values: list[float] = np.frombuffer(base64.b64decode(text), dtype).tolist()
    return values


def events_of(part: bytes) -> dict[str, Any]:
    """Return the data of the events that one client is sent, by the events' names."""
    pairs = [event.removeprefix("event: ").split("\ndata: ") for event in part.decode().split("\n\n") if event]
    return {name: json.loads(data) for name, data in pairs}


def test_the_scene_is_what_is_the_same_in_a_stage() -> None:
    assert json.loads(Told().pictures.scene_text or "") == {
        "stage": 0,
        "agents": 2,
        "ground": [[0.0, 0.0], [9.0, 1.0]],
        "boxes": [[4.0, 0.5, 0.25, 0.5]],
        "levels": ["charge"],
        "scores": ["x_m"],
    }


def test_a_frame_holds_its_arrays_in_base64() -> None:
    told = Told()
    told.snapshot(7, [1.5, math.nan], [1, 2], (0.5, 7.0))
    frame = json.loads(told.pictures.frame_text or "")
    assert (frame["stage"], frame["frame"], frame["bodies"]) == (0, 7, 1)
    poses = decoded(frame["poses"], "<f4")
    assert poses[:3] == [1.5, 0.0, 0.0]
    assert math.isnan(poses[3])
    assert decoded(frame["levels"], "u1") == [128, 255]  # a level above 1 is drawn as full
    assert decoded(frame["scores"], "<f4")[0] == 1.5
    assert decoded(frame["places"], "<f4") == [2.0, 3.0]


def test_only_outlines_that_changed_are_sent() -> None:
    told = Told()
    told.snapshot(0, [0, 0], [1, 1])
    told.snapshot(1, [0, 0], [1, 3])
    told.snapshot(2, [0, 0], [1, 3])
    whole = json.loads(told.pictures.outlines_since(0) or "")
    assert whole == {"0": [SQUARE.tolist()], "1": [(3 * SQUARE).tolist()]}
    assert json.loads(told.pictures.outlines_since(1) or "") == {"1": [(3 * SQUARE).tolist()]}
    assert told.pictures.outlines_since(2) is None


def test_a_client_gets_each_part_once() -> None:
    told = Told()
    client = server_sent(told.live, pictures=True)
    assert set(events_of(next(client))) == {"scene"}
    told.snapshot(0, [0, 0], [1, 1])
    assert set(events_of(next(client))) == {"outlines", "frame"}
    told.snapshot(1, [1, 0], [1, 1])
    told.snapshot(2, [2, 0], [1, 1])
    assert events_of(next(client))["frame"]["frame"] == 2  # the frame before was replaced by this one
    told.begin(1, None)
    assert events_of(next(client)) == {"scene": None}


def test_snapshots_are_taken_while_a_client_wants_them() -> None:
    told = Told()
    clients = [server_sent(told.live, pictures=wanted) for wanted in (False, True, True)]
    for client in clients[1:]:
        next(client)
    assert told.watched == [True]
    clients[1].close()
    assert told.watched == [True]
    clients[2].close()
    assert told.watched == [True, False]


@pytest.mark.parametrize(("clients", "drawn"), [(1, 12), (CLIENTS_WITH_ALL, 12), (CLIENTS_WITH_ALL + 1, 6), (50, 1)])
def test_with_more_clients_fewer_snapshots_are_drawn(clients: int, drawn: int) -> None:
    told = Told()
    with ExitStack() as watching:
        for _ in range(clients):
            watching.enter_context(told.pictures.watched())
        for frame in range(12):
            told.snapshot(frame, [0, 0], [1, 1])
    assert told.pictures.number == drawn


@pytest.mark.parametrize("where", ["scenery", "drawing", "outlines"])
def test_a_picture_that_raises_is_no_longer_drawn(where: str) -> None:
    told = Told(ToyPicture(raises_in=where))
    told.snapshot(0, [0, 0], [1, 1])
    assert (told.pictures.scene_text, told.pictures.frame_text) == (None, None)
    with pytest.raises(CallOrderError, match=f"its picture failed: LookupError: .*no {where}"):
        told.pictures.detail(0)


def detail_of(told: Told, agent: int) -> Any:
    """Return the details of an agent, from a snapshot that arrives when details are asked for."""
    arrivals = []

    def watch(wanted: bool) -> None:
        if wanted:
            arrivals.append(threading.Timer(0, told.snapshot, (3, [0, 0], [1, 1], (math.nan, 1.0))))
            arrivals[0].start()

    told.pictures._watch = watch
    try:
        return told.pictures.detail(agent)
    finally:
        arrivals[0].join()


def test_details_of_an_agent_are_from_a_new_snapshot() -> None:
    told = Told()
    told.snapshot(0, [0, 0], [1, 1])
    assert detail_of(told, 0) == {
        "stage": 0,
        "frame": 3,
        "agent": 0,
        "figures": {"state": {"charge": None}},
        "rays": [{"angle": 0.5, "length": 2.0, "hit": "nothing"}],
        "target": (2.0, 3.0),
    }


def test_an_unknown_agent_is_named() -> None:
    with pytest.raises(UsageError, match=r"^there is no agent 2: give 0 to 1$"):
        detail_of(Told(), 2)


def test_a_detail_that_raises_is_an_error_of_the_request() -> None:
    with pytest.raises(CallOrderError, match="no detail"):
        detail_of(Told(ToyPicture(raises_in="detail")), 0)


def test_agents_that_cannot_be_drawn_are_an_error_with_a_reason() -> None:
    told = Told()
    told.begin(1, None)
    with pytest.raises(CallOrderError, match=r"^toy cannot be drawn$"):
        told.pictures.detail(0)
    told.begin(2, None, "its picture failed: it is shy")
    with pytest.raises(CallOrderError, match="it is shy"):
        told.pictures.detail(0)
