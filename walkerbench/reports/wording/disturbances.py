"""What disturbed a run from outside, in words: other programs, a host that gave no core, a slowed interpreter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from walkerbench.recorded_value import NOT_AVAILABLE
from walkerbench.recording.instrumentation import slowed_by

if TYPE_CHECKING:
    from walkerbench.run_directory import RunFile

_NOTEWORTHY_CORES = 0.25
_NOTEWORTHY_SHARE = 0.01
_DOCTOR = "see `walkerbench doctor`"


@dataclass(frozen=True)
class Disturbance:
    """Something from outside that may slow a run.

    Attributes:
        words: How much of it there was; "n/a" where that is not known.
        level: `noteworthy` where it can have changed the run's figures.
    """

    words: str
    level: Literal["noteworthy", "harmless", "unknown"]


def disturbed_in_words(run: RunFile) -> str:
    """Return what disturbed a run; where nothing did, the figures that show it."""
    found = [*_disturbances(run)]
    noteworthy = [each.words for each in found if each.level == "noteworthy"]
    if noteworthy:
        unknown = [each.words for each in found if each.level == "unknown"]
        return f"{'; '.join((*noteworthy, *unknown))}; {_DOCTOR}"
    nothing = "nothing that was measured" if any(each.level == "unknown" for each in found) else "nothing"
    return f"{nothing}: {', '.join(each.words for each in found)}"


def warning_of_busy_cores(run: RunFile) -> str | None:
    """Return a warning that other processes were busy during the run, where no core was left for them; else None."""
    others, present = run.metrics.get("cpu.other_cores"), run.machine.get("cores_present")
    if others is None or others < _NOTEWORTHY_CORES or not no_core_was_idle(run):
        return None
    return (
        f"other processes kept {others:.2f} of {present} cores busy during the run, and no core was idle: "
        f"frames took longer than on an idle machine; {_DOCTOR}"
    )


def no_core_was_idle(run: RunFile) -> bool:
    """Return whether the run and other processes together kept every core busy; false where that is not known."""
    others, own = run.metrics.get("cpu.other_cores"), run.metrics.get("cpu.effective_cores")
    present = run.machine.get("cores_present")
    if others is None or own is None or not isinstance(present, int):
        return False
    return own + others > present - _NOTEWORTHY_CORES


def _disturbances(run: RunFile) -> Iterator[Disturbance]:
    yield _other_programs(run)
    yield _not_scheduled(run)
    yield from _slowed_interpreter(run.machine.get("instrumentation"))


def _other_programs(run: RunFile) -> Disturbance:
    others, present = run.metrics.get("cpu.other_cores"), run.machine.get("cores_present")
    if others is None:
        return Disturbance(f"load by other programs {NOT_AVAILABLE}", "unknown")
    idle = ", and no core was idle" if no_core_was_idle(run) else ""
    of_cores = f" of {present}" if isinstance(present, int) else ""
    if others >= _NOTEWORTHY_CORES:
        return Disturbance(f"other programs kept {others:.2f}{of_cores} cores busy{idle}", "noteworthy")
    return Disturbance(f"other programs kept {others:.2f}{of_cores} cores busy", "harmless")


def _not_scheduled(run: RunFile) -> Disturbance:
    shares = () if run.attribution is None else run.attribution.shares
    share = next((each.share for each in shares if each.part == "not scheduled"), None)
    if share is None:
        return Disturbance(f"not scheduled by the host {NOT_AVAILABLE}", "unknown")
    words = f"not scheduled by the host for {share * 100:.1f} % of the time"
    return Disturbance(words, "noteworthy" if share >= _NOTEWORTHY_SHARE else "harmless")


def _slowed_interpreter(facts: Any) -> Iterator[Disturbance]:
    if not isinstance(facts, Mapping):  # recorded before this was a fact
        yield Disturbance(f"slowed interpreter {NOT_AVAILABLE}", "unknown")
        return
    try:
        reasons = slowed_by(facts)
    except (AttributeError, KeyError, TypeError):  # facts of another version, or changed by hand
        yield Disturbance(f"slowed interpreter {NOT_AVAILABLE}", "unknown")
        return
    if reasons:
        yield Disturbance(f"the interpreter was slowed: {', '.join(reasons)}", "noteworthy")
