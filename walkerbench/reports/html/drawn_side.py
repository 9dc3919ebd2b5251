"""Gives each side of a comparison a short name, a colour and its frame times."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from walkerbench.reports.html.labelled_run import MOST_RUNS, milliseconds
from walkerbench.reports.html.short_names import short_names

if TYPE_CHECKING:
    from walkerbench.comparison.comparison_result import Compared, ComparedSide


@dataclass(frozen=True)
class DrawnSide:
    """A side of the comparison on the page.

    Attributes:
        label: Its name in plots and tables, shortened.
        colour: The colour of the side, as the name of a CSS custom property.
        side: The side.
        judged_ms: `(frames,)`, the wall times of its judged frames, in ms; NaN where not above 0.
    """

    label: str
    colour: str
    side: ComparedSide
    judged_ms: NDArray[np.float64] = field(repr=False)


def draw_sides(compared: Compared) -> tuple[DrawnSide, ...]:
    """Return the sides of a comparison as they are drawn, the base first; more sides than colours share colours."""
    labels = short_names([side.label for side in compared.sides])
    return tuple(
        DrawnSide(label, f"--run-{number % MOST_RUNS + 1}", side, milliseconds(frame_ns))
        for number, (label, side, frame_ns) in enumerate(
            zip(labels, compared.sides, compared.times.frame_ns, strict=True)
        )
    )
