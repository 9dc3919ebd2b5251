"""A run's main figures, each in a line: what ran, how fast, and where the time went."""

from __future__ import annotations

from typing import TYPE_CHECKING

from walkerbench.recorded_value import NOT_AVAILABLE
from walkerbench.reports.wording.numbers import counted
from walkerbench.reports.wording.subject import subject
from walkerbench.reports.wording.time_shares import part_in_words, percent

if TYPE_CHECKING:
    from walkerbench.run_directory import RunFile
    from walkerbench.slow_frames.attribution import TimeShare

_MOST_SHARES = 3
_SMALLEST_SHARE_SHOWN = 0.01
_WHOLE_ABOVE = 1000


def ran_in_words(run: RunFile) -> str:
    """Return what was run: its name, agents, mode and judged frames."""
    agents = ", ".join(dict.fromkeys(str(stage.agents) for stage in run.stages)) or NOT_AVAILABLE
    stages = f" in {len(run.stages)} stages" if len(run.stages) > 1 else ""
    noun = "agent" if agents == "1" else "agents"
    judged = sum(stage.frames - stage.warmup for stage in run.stages)
    workers = max((stage.workers for stage in run.stages), default=run.mode.workers)
    mode = f"{run.mode.used} mode" if workers == 1 else f"{run.mode.used} mode with {counted(workers, 'worker')}"
    return f"{subject(run)}, {agents} {noun}{stages}, {mode}, {counted_frames(judged)} judged"


def counted_frames(count: int) -> str:
    """Return a number of frames with its noun: `1 frame`, `3,360 frames`."""
    return f"{count:,} frame{'' if count == 1 else 's'}"


def was_paced(run: RunFile) -> bool:
    """Return whether the run was at real-time pace, from its start or after a switch."""
    switched = any(each.pace == "realtime" for stage in run.stages for each in stage.switches)
    return switched or run.profile.get("pace") == "realtime"


def cores_remark(run: RunFile) -> str:
    """Return the remark behind the effective cores of a paced run, that its pauses count; else an empty text."""
    known = run.metrics.get("cpu.effective_cores") is not None
    return " (pauses between frames count)" if known and was_paced(run) else ""


def speed_in_words(run: RunFile) -> str:
    """Return the frames per second and the effective cores, each "n/a" with the reason where it was not measured."""
    rate, cores = run.metrics.get("physics_fps"), run.metrics.get("cpu.effective_cores")
    pauses = " without the pauses between them" if was_paced(run) else ""
    frames = _missing(run, "frames/s", "physics_fps") if rate is None else f"{_rate(rate)} frames/s{pauses}"
    if cores is None:
        return f"{frames}, {_missing(run, 'effective cores', 'cpu.effective_cores')}"
    return f"{frames}, {cores:.2f} effective cores{cores_remark(run)}"


def time_in_words(run: RunFile) -> str:
    """Return the largest shares of the judged frames' time, the largest first, and the parts that are not known."""
    if run.attribution is None:
        return NOT_AVAILABLE
    shares = run.attribution.shares
    known = sorted((each for each in shares if each.share is not None), key=lambda each: -(each.share or 0.0))
    largest = [each for each in known if (each.share or 0.0) >= _SMALLEST_SHARE_SHOWN][:_MOST_SHARES]
    unknown = [each for each in shares if each.share is None]
    return ", ".join(_share(run, each) for each in (*largest, *unknown)) or NOT_AVAILABLE


def _share(run: RunFile, share: TimeShare) -> str:
    name, _, _ = part_in_words(run, share).partition(",")
    return f"{name} {percent(share, digits=0)}"


def _rate(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= _WHOLE_ABOVE else f"{rate:.1f}"


def _missing(run: RunFile, name: str, key: str) -> str:
    reason = run.unmeasured.get(key)
    return f"{name} {NOT_AVAILABLE}{f' ({reason})' if reason else ''}"
