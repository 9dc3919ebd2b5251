"""Escapes text for the page: it is safe to show, and neither HTML nor a placeholder of plotly.js.

A `str` is plain text, and is escaped wherever it is used; `Markup` is text that is HTML already.
"""

from __future__ import annotations

import html

from walkerbench.shown_text import MOST_IN_A_LINE, MOST_IN_A_NAME, shown


class Markup(str):
    """A text that is HTML already."""

    __slots__ = ()


def escape_html(text: str) -> Markup:
    """Return a text as HTML, for an element or an attribute; `Markup` is left as it is."""
    return text if isinstance(text, Markup) else Markup(html.escape(shown(text, MOST_IN_A_LINE)))


def escape_label(text: str) -> str:
    """Return a text, short enough for a plot, so that plotly.js and the page's script show it unchanged.

    Otherwise they would read tags as mark-up, `%{x}` as a value, and two hyphens at the beginning as a colour's name.
    """
    escaped = html.escape(shown(text, MOST_IN_A_NAME), quote=False).replace("%{", "&#37;{")
    return f"&#45;{escaped[1:]}" if escaped.startswith("--") else escaped
