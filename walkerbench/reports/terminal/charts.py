"""Charts of a recorded run for a terminal: a sparkline, a histogram and one bar per core, drawn with characters.

The charts need no colour and fit the terminal's width. Where its encoding has no block characters, they use ASCII.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

from walkerbench.reports.decimation import bucket_edges, highest
from walkerbench.reports.terminal.tables import drawn, line, titled

if TYPE_CHECKING:
    from walkerbench.run_directory import RecordedRun

_NS_PER_MS = 1e6
_LEVELS = "▁▂▃▄▅▆▇█"
_ASCII_LEVELS = "_.:-=+*#"
_FULL = "█"
_ASCII_FULL = "#"
_WARMUP = "w"
_MOST_ON_A_LINEAR_SCALE = 10.0
_BINS = 10
_MOST_CORES = 16  # of more cores, only the busiest are shown


def pictures(recorded: RecordedRun) -> Iterator[RenderableType]:
    """Draw a run, as far as it was recorded; what was not recorded is left out.

    Args:
        recorded: The run.
    """
    frames = recorded.frames
    known = np.isfinite(frames["wall_ns"])
    if known.any():
        sparkline = Sparkline(frames["wall_ns"][known] / _NS_PER_MS, frames["warmup"][known] != 0)
        yield from titled("Frame times over the run, warm-up included", [sparkline])
    judged_ms = _known(frames["wall_ns"][frames["warmup"] == 0]) / _NS_PER_MS
    if len(judged_ms):
        yield from titled("Judged frames by their time, in ms", [Bars(histogram(judged_ms))])
    cores = busy_cores(recorded.cpu["core_percent"])
    if cores:
        shown = cores if len(cores) <= _MOST_CORES else sorted(cores, key=lambda bar: -bar.share)[:_MOST_CORES]
        left_out = len(cores) - len(shown)
        note = [line(f"{left_out} cores less busy than these are left out", "dim")] if left_out else []
        yield from titled("Cores, mean and highest load over the run, in %", [Bars(shown), *note])


def _known(values: NDArray[Any]) -> NDArray[Any]:
    known: NDArray[Any] = values[np.isfinite(values)]
    return known


@dataclass(frozen=True)
class Bar:
    """One bar of a chart.

    Attributes:
        label: The text before the bar.
        share: The length of the bar, 0 to 1; any length above 0 is visible.
        value: The text after the bar.
    """

    label: str
    share: float
    value: str


def histogram(values: NDArray[np.float64]) -> list[Bar]:
    """Return the number of values in each of a few bins of equal width on a logarithmic scale, since times are skewed.

    Args:
        values: `(n,)`, n ≥ 1, at least 0.

    Returns:
        The bins in ascending order, from the lowest value to the highest; one bin where all values are equal.
    """
    lowest, above = float(values.min()), float(values.max())
    if lowest == above:
        return [Bar(f"{lowest:.3f}", 1.0, f"{len(values):,}")]
    # A logarithmic scale has no zero: the first bin holds all values below a thousandth of the highest.
    edges = np.geomspace(max(lowest, above / 1000), above, _BINS + 1)
    edges[0], edges[-1] = lowest, above
    counts, _ = np.histogram(values, edges)
    most = int(counts.max())
    return [
        Bar(f"{begin:.3f} - {end:.3f}", count / most, f"{count:,}")
        for begin, end, count in zip(edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), strict=True)
    ]


def busy_cores(percents: NDArray[Any]) -> list[Bar]:
    """Return how busy each core was.

    Args:
        percents: `(samples, cores)`, in percent; a sample with a NaN is ignored.

    Returns:
        One bar per core, in the order of the cores; none without samples.
    """
    known = percents[~np.isnan(percents).any(axis=1)].astype(np.float64)
    if not len(known):
        return []
    means, highs = known.mean(axis=0).tolist(), known.max(axis=0).tolist()
    return [
        Bar(f"core {number}", mean / 100, f"{mean:.1f}  (max {high:.1f})")
        for number, (mean, high) in enumerate(zip(means, highs, strict=True))
    ]


@dataclass(frozen=True)
class TimeScale:
    """The scale of a sparkline.

    Attributes:
        lowest: The value at its bottom, in ms: 0, or the shortest positive time where the scale is logarithmic.
        highest: The value at its top, in ms.
        logarithmic: Whether it is logarithmic.
    """

    lowest: float
    highest: float
    logarithmic: bool

    def shares(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how high values are: 0 at the bottom, 1 at the top; a value outside of the scale is cut off.

        Args:
            values: `(n,)`, at least 0, in ms.
        """
        inside = np.clip(values, self.lowest, self.highest)
        if self.logarithmic:
            return np.asarray(np.log(inside / self.lowest) / math.log(self.highest / self.lowest))
        return np.asarray(inside / self.highest if self.highest else inside)

    @property
    def in_words(self) -> str:
        """The scale in words."""
        begin = f"logarithmic, from {self.lowest:.3f}" if self.logarithmic else "from 0"
        return f"{begin} to {self.highest:.3f} ms"


def scale_of(values: NDArray[np.float64]) -> TimeScale:
    """Return the scale for values, which is logarithmic where they span more than `_MOST_ON_A_LINEAR_SCALE` times.

    Args:
        values: `(n,)`, n ≥ 1, at least 0, in ms.
    """
    top = float(values.max())
    lowest = float(values[values > 0].min()) if top else 0.0
    logarithmic = lowest > 0 and top / lowest > _MOST_ON_A_LINEAR_SCALE
    return TimeScale(lowest if logarithmic else 0.0, top, logarithmic)


@dataclass(frozen=True)
class Sparkline:
    """A line of characters, each as high as the slowest of the frames that it stands for, and a legend below it.

    Judged frames alone set the scale. A character that stands for warm-up frames only is dim and has a `w` below it.

    Attributes:
        values: `(n,)`, n ≥ 1, at least 0, in ms.
        warmup: `(n,)`, bool: which of them are warm-up.
    """

    values: NDArray[np.float64]
    warmup: NDArray[np.bool_]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it as wide as the terminal."""
        levels = _ASCII_LEVELS if options.ascii_only else _LEVELS
        peaks, is_warmup = self._peaks(options.max_width)
        none_judged = bool(self.warmup.all())
        scale = scale_of(self.values if none_judged else self.values[~self.warmup])
        heights = np.maximum(0, np.ceil(scale.shares(peaks) * len(levels)).astype(int) - 1)
        characters = "".join(levels[height] for height in heights.tolist())
        yield drawn(characters, crop=True, dim=is_warmup.tolist())
        if is_warmup.any():
            yield drawn("".join(_WARMUP if each else " " for each in is_warmup.tolist()).rstrip(), crop=True)
        widest = int(np.diff(bucket_edges(len(self.values), options.max_width)).max())
        each = "a frame" if widest == 1 else f"the slowest of up to {widest:,} frames"
        legend = f"{scale.in_words}{'' if none_judged else ' (judged frames)'}; each character is {each}"
        yield line(f"{legend}{f'; {_WARMUP}: warm-up' if is_warmup.any() else ''}", "dim")

    def _peaks(self, width: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return the slowest frame of each character, a judged one where there is one, and which are warm-up."""
        judged = np.where(self.warmup, np.nan, self.values)
        slowest_judged = judged[highest(judged, width)]
        is_warmup = np.isnan(slowest_judged)
        return np.where(is_warmup, self.values[highest(self.values, width)], slowest_judged), is_warmup


@dataclass(frozen=True)
class Bars:
    """A chart of bars, one a line, each with its label and its value.

    Attributes:
        bars: From top to bottom.
    """

    bars: Sequence[Bar]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it as wide as the terminal."""
        full = _ASCII_FULL if options.ascii_only else _FULL
        label_width = max(len(bar.label) for bar in self.bars)
        value_width = max(len(bar.value) for bar in self.bars)
        room = max(1, options.max_width - label_width - value_width - 4)
        for bar in self.bars:
            filled = full * min(room, max(math.ceil(bar.share), round(bar.share * room)))
            yield drawn(f"{bar.label:>{label_width}}  {filled:{room}}  {bar.value:>{value_width}}")
