"""One plot of the page, in the JSON that plotly.js reads (https://plotly.com/javascript/reference/).

A colour is given as the name of a CSS custom property, such as `--run-1`; the page's script replaces the name by the
colour that the reader's colour scheme (light or dark) has for it.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_TYPES = {"float64": "f8", "float32": "f4", "int32": "i4", "uint8": "u1"}


@dataclass(frozen=True)
class Plot:
    """A plot and the texts around it.

    Attributes:
        name: Its identifier in the page: lower-case letters, digits and dashes.
        title: Its heading.
        summary: What it shows, in a sentence, for readers who cannot see it.
        traces: plotly.js traces.
        layout: plotly.js layout, on top of the page's own.
        height_px: Its height.
        note: What a reader must know to read the plot; may be empty.
    """

    name: str
    title: str
    summary: str
    traces: tuple[dict[str, Any], ...]
    layout: dict[str, Any]
    height_px: int = 320
    note: str = ""


def numbers(values: NDArray[Any]) -> dict[str, str]:
    """Return an array of one or two dimensions as plotly.js takes it: base64 of its bytes, little-endian.

    Args:
        values: Of dtype float64, float32, int32 or uint8; NaN is drawn as a gap.
    """
    kind = _TYPES[values.dtype.name]
    data = np.ascontiguousarray(values).astype(values.dtype.newbyteorder("<"), copy=False).tobytes()
    encoded = {"dtype": kind, "bdata": base64.b64encode(data).decode("ascii")}
    return encoded if values.ndim == 1 else encoded | {"shape": ", ".join(map(str, values.shape))}


def line_mode(values: NDArray[Any]) -> str:
    """Return plotly.js's mode of a line over these values: a line of one point is invisible, so it is marked."""
    return "lines" if np.count_nonzero(np.isfinite(values)) > 1 else "lines+markers"


def log_axis(title: str) -> dict[str, Any]:
    """Return a logarithmic axis for times, whose ticks are written as plain numbers."""
    # With more ticks than this, plotly.js would label the powers of ten only and put lone digits between them.
    return axis(f"{title}, logarithmic") | {"type": "log", "nticks": 5, "tickformat": ",~r"}


def axis(title: str) -> dict[str, Any]:
    """Return an axis with a title, to which plotly.js's other attributes of an axis can be added."""
    return {"title": {"text": title}}
