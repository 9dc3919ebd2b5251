"""The parts that every page has: the document around its content, its sections and the places of its plots."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from walkerbench import __version__
from walkerbench.reports.html import PAGE_BEGINNING
from walkerbench.reports.html.escaping import escape_html
from walkerbench.reports.html.plot import Plot

_HERE = Path(__file__).parent
# Nothing may be fetched, sent or embedded; what the page needs is in it.
_POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"


def html_document(title: str, head: str, main: str, plots: Sequence[Plot] = (), plotly_js: str = "") -> Iterator[str]:
    """Write a page, part by part.

    Args:
        title: The text that a browser shows on the page's tab; plain text.
        head: What stands above everything else, as HTML.
        main: The sections, as HTML; each plot has its place in them.
        plots: The plots in the page.
        plotly_js: The source of plotly.js; a page without plots needs none.

    Yields:
        The parts of the page in order.
    """
    yield (
        f'{PAGE_BEGINNING}<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape_html(title)}</title>\n"
        f"<style>\n{_source('page.css')}</style>\n</head>\n<body>\n"
    )
    yield f"<header>\n{head}</header>\n<main>\n{main}</main>\n"
    yield f"<footer>Made by walkerbench {escape_html(__version__)}. This page needs no network.</footer>\n"
    if plotly_js:
        yield f'<script type="application/json" id="plots">{_json(plots)}</script>\n'
        yield f"<script>{_inline(plotly_js)}</script>\n"
        yield f"<script>\n{_source('page.js')}</script>\n"
    yield "</body>\n</html>\n"


def section(heading: str, content: str) -> str:
    """Return a section of the page below its heading; the content is HTML."""
    return f"<section>\n<h2>{escape_html(heading)}</h2>\n{content}\n</section>\n"


def grid(content: str, kind: str = "grid") -> str:
    """Return HTML whose parts stand side by side where the page is wide enough."""
    return f'<div class="{kind}">{content}</div>'


def scrolled(table: str) -> str:
    """Return a table that scrolls where the page is too narrow for it, so that no name in it is broken."""
    return f'<div class="scrolled">{table}</div>'


def warning_lines(lines: Sequence[str]) -> list[str]:
    """Return what a reader must know before anything else, a paragraph for each line."""
    return [f'<p class="warning">{escape_html(line)}</p>' for line in lines]


def bullet_list(lines: Sequence[str]) -> str:
    """Return a list of lines; empty where there are none."""
    return f"<ul>{''.join(f'<li>{escape_html(line)}</li>' for line in lines)}</ul>" if lines else ""


def colour_legend(colours: Mapping[str, str]) -> str:
    """Return one legend for many small plots: name → colour."""
    return f'<p class="legend">{"".join(_swatch(name, colour) for name, colour in colours.items())}</p>'


def _swatch(name: str, colour: str) -> str:
    return f'<span><span class="swatch" style="background:var({colour})"></span>{escape_html(name)}</span>'


def figures(shown: Sequence[Plot], plots: list[Plot], otherwise: str) -> str:
    """Return the places of plots with the texts around them, and put the plots into `plots`.

    Args:
        shown: The plots to show here.
        plots: All plots of the page so far.
        otherwise: The sentence to show where there is no plot.
    """
    plots += shown
    return "\n".join(_figure(plot) for plot in shown) or f"<p>{otherwise}</p>"


def _figure(plot: Plot) -> str:
    note = f'<p class="note">{escape_html(plot.note)}</p>' if plot.note else ""
    return (
        f'<figure><figcaption id="{plot.name}-title">{escape_html(plot.title)}</figcaption>'
        f'<div id="{plot.name}" class="plot" role="img" aria-label="{escape_html(plot.summary)}" '
        f'style="height:{plot.height_px}px"></div>{note}</figure>'
    )


def _inline(script: str) -> str:
    """Return a script, escaped so that no text within it can end the script element."""
    return script.replace("</script", r"<\/script")


def _json(plots: Sequence[Plot]) -> str:
    """Return plots as JSON for the page's script; no text in them can end the script element around them."""
    content = [{"name": plot.name, "data": plot.traces, "layout": plot.layout} for plot in plots]
    return json.dumps(_finite(content), allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def _finite(value: Any) -> Any:
    """Return the same value, with None for each number that JSON cannot hold (NaN, infinity)."""
    match value:
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {key: _finite(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_finite(inner) for inner in value]
        case _:
            return value


def _source(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")
