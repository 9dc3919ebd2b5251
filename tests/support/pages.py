"""Reads HTML pages in tests: their elements, their plots and what a reader sees."""

from __future__ import annotations

import base64
import json
import re
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import numpy as np

PLOTLY = "window.Plotly = {};"
"""Stands in for the source of plotly.js, which is long."""

_VOID = {"meta", "br"}


class Outline(HTMLParser):
    """Checks that every element is closed in order, and stores the elements and texts of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, *tags: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.seen if tag in tags]


def plots_of(page: str) -> list[dict[str, Any]]:
    """Return the plots of a page, as its script reads them."""
    (content,) = re.findall(r'<script type="application/json" id="plots">(.*?)</script>', page)
    drawn: list[dict[str, Any]] = json.loads(content)
    return drawn


def values(encoded: dict[str, str]) -> list[float]:
    """Return the numbers of an array that is encoded for plotly.js."""
    decoded: list[float] = np.frombuffer(base64.b64decode(encoded["bdata"]), encoded["dtype"]).tolist()
    return decoded


def painted(value: Any) -> Any:
    """Return a plot with a real colour wherever the page's script would set one."""
    if isinstance(value, str):
        return "#123456" if value.startswith("--") else value
    if isinstance(value, dict):
        return {key: painted(inner) for key, inner in value.items()}
    return [painted(inner) for inner in value] if isinstance(value, list | tuple) else value


def without_scripts(page: str) -> str:
    return re.sub(r"<(script|style).*?</\1>", "", page, flags=re.DOTALL)


def assert_places_for_plots(page: str) -> None:
    """Check that every plot has its place, and every place its plot."""
    places = [each["id"] for each in Outline(page).all("div") if each.get("class") == "plot"]
    assert places == [plot["name"] for plot in plots_of(page)]
    assert len(places) == len(set(places))


def assert_readable_aloud(page: str) -> None:
    """Check what a screen reader needs: headings in order, captions, heads of rows and columns, texts for plots."""
    outline = Outline(page)
    headings = [int(tag[1]) for tag, _ in outline.seen if re.fullmatch(r"h\d", tag)]
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(headings))
    assert all(attributes["aria-label"] for attributes in outline.all("div") if attributes.get("role") == "img")
    assert all(attributes["scope"] in ("col", "row") for attributes in outline.all("th"))
    assert len(outline.all("table")) == len(outline.all("caption"))
    assert outline.all("html") == [{"lang": "en"}]


def assert_fetches_nothing(page: str) -> None:
    """Check that a page names nothing that a browser would fetch, and forbids it."""
    outline = Outline(page)
    assert not [attributes for _, attributes in outline.seen if {"src", "href"} & set(attributes)]
    assert not outline.all("link", "img", "iframe", "object", "embed")
    policy = [each["content"] for each in outline.all("meta") if each.get("http-equiv") == "Content-Security-Policy"]
    assert policy[0] is not None
    assert policy[0].startswith("default-src 'none';")
    assert "http" not in policy[0]
    assert "://" not in without_scripts(page)
    assert not re.search(r"url\(|@import", page)
