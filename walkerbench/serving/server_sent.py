"""The events that one client gets: the status, and pictures if it asked for them."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import nullcontext

from walkerbench.serving.live_pictures import LivePictures
from walkerbench.serving.live_run import LiveRun

_LONGEST_SILENCE_S = 15.0
_NO_NEWS = b": no news\n\n"  # a comment: sending it shows the server whether the client has gone


def server_sent(live: LiveRun, *, pictures: bool) -> Generator[bytes]:
    """Yield events in the format of server-sent events, until the run ends.

    A client that is slower than the run misses some states, and gets the latest.

    Args:
        live: The run.
        pictures: Whether to send pictures, too.
    """
    client = _Client(live, pictures=pictures)
    with live.pictures.watched() if pictures else nullcontext():
        while True:
            ended = live.ended
            yield b"".join(client.news()) or _NO_NEWS
            if ended:
                return
            live.news.wait(lambda: live.ended or client.is_behind(), _LONGEST_SILENCE_S)


class _Client:
    """Remembers what one client has been sent.

    Args:
        live: The run.
        pictures: Whether the client wants pictures, too.
    """

    def __init__(self, live: LiveRun, *, pictures: bool) -> None:
        self._live = live
        self._pictures = live.pictures if pictures else None
        self._told = -1
        self._scene: str | None = None
        self._number = 0

    def is_behind(self) -> bool:
        """Return whether there is something that the client has not been sent."""
        pictures = self._pictures
        return self._live.told != self._told or (pictures is not None and pictures.number != self._number)

    def news(self) -> list[bytes]:
        """Return the events that bring the client up to date."""
        events = []
        if self._live.told != self._told:
            self._told, text = self._live.status_text()
            events += [] if text is None else [_event("status", text)]
        return events if self._pictures is None else events + self._new_pictures(self._pictures)

    def _new_pictures(self, pictures: LivePictures) -> list[bytes]:
        number, scene, frame = pictures.number, pictures.scene_text, pictures.frame_text
        events = []
        if scene is not self._scene:
            self._scene = scene
            self._number = 0  # the client has no outlines of a new scene
            events.append(_event("scene", scene or "null"))
        if frame is not None and number != self._number:
            outlines = pictures.outlines_since(self._number)
            events += [] if outlines is None else [_event("outlines", outlines)]
            events.append(_event("frame", frame))
        self._number = number
        return events


def _event(name: str, text: str) -> bytes:
    return f"event: {name}\ndata: {text}\n\n".encode()
