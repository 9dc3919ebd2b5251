"""A recorded run with all its figures, as tables for a terminal; `short_run` has the summary."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import RenderableType

from walkerbench.reports.terminal import tables as layout
from walkerbench.reports.terminal.attribution import attribution
from walkerbench.reports.wording.calls import calls_in_words
from walkerbench.reports.wording.disturbances import warning_of_busy_cores
from walkerbench.reports.wording.durations import main_durations
from walkerbench.reports.wording.headline import cores_remark
from walkerbench.reports.wording.machine_facts import facts_in_words, machine_in_words, unchecked_memory
from walkerbench.reports.wording.numbers import NOT_MEASURED, counted, fixed, stage_name
from walkerbench.reports.wording.over_time import over_time
from walkerbench.reports.wording.run_verdict import (
    OUTCOMES,
    digest_of,
    dropped_observers,
    faults_injected,
    measured_in_words,
    remarks_in_words,
    run_verdict,
    stages_of_rates,
    switches_in_words,
    trouble,
)
from walkerbench.reports.wording.subject import workload_in_words

if TYPE_CHECKING:
    from walkerbench.run_directory import RunFile, StageRecord

_STATISTICS = ("mean", "p50", "p95", "p99", "max")


def report(
    run: RunFile, directory: Path, *, verbose: bool = False, pictures: Iterable[RenderableType] = ()
) -> Iterator[RenderableType]:
    """Lay out a run, part by part: the verdict first, and once more at the end, where a terminal shows it.

    Args:
        run: The run.
        directory: Where it is recorded.
        verbose: Whether to add the machine's facts and what was not measured, with the reason.
        pictures: What to show between the tables and the criteria.
    """
    yield from layout.warnings(trouble(run), faults_injected(run), dropped_observers(run), remarks_in_words(run))
    yield verdict_line(run)
    yield layout.blank_line()
    yield _head(run, directory)
    if len(run.stages) > 1:
        yield from layout.titled("Stages", [_stages(run)])
    yield from layout.titled("Judged frames, in ms", [_durations(run), *layout.footnotes(_unsupported_durations(run))])
    yield from attribution(run)
    yield from layout.titled(
        "Rates",
        [
            _rates(run),
            *map(layout.line, stages_of_rates(run)),
            *layout.footnotes(_unmeasured_rates(run)),
            *(
                layout.line(warning, "bold yellow")
                for warning in (warning_of_busy_cores(run), unchecked_memory(run.machine))
                if warning
            ),
        ],
    )
    if run.counters:
        yield from layout.titled("Counters, warm-up included", [layout.pairs(run.counters)])
    if run.stages and run.stages[-1].population:
        where = "" if len(run.stages) == 1 else f" of stage {len(run.stages)}"
        yield from layout.titled(f"Population at the end{where}", [layout.pairs(run.stages[-1].population)])
    if verbose:
        yield from layout.titled("Code", [layout.facts(facts_in_words(dataclasses.asdict(run.code)))])
        yield from layout.titled("Machine", [layout.facts(facts_in_words(run.machine))])
        if run.unmeasured:
            yield from layout.titled("Not measured", [layout.facts(run.unmeasured)])
    yield from pictures
    if run.verdicts:
        yield from layout.titled("Criteria", [_criteria(run), *layout.footnotes(_unsupported_criteria(run))])
    yield layout.blank_line()
    yield from layout.warnings(faults_injected(run))  # once more where the verdict is read
    yield verdict_line(run)


def _head(run: RunFile, directory: Path) -> RenderableType:
    rows = {
        "profile": f"{run.profile.get('name', '?')} ({run.profile.get('source', '?')})",
        "workload": workload_in_words(run),
        "mode": _mode(run),
        "workers": ", ".join(_per_stage(run, "workers")) or str(run.mode.workers),
        "agents": ", ".join(_per_stage(run, "agents")) or NOT_MEASURED,
        "frames": _frames(run),
        **calls_in_words(run),
        **switches_in_words(run),
        "seed": f"{run.profile.get('seed', '?')}",
        "pace": run.pace,
        "machine": machine_in_words(run.machine),
        "digest": _digest(run),
        "run": str(directory),
    }
    return layout.facts(rows)


def _mode(run: RunFile) -> str:
    mode = run.mode
    started = f", workers started by {mode.start_method}" if mode.start_method else ""
    if mode.used == mode.requested and not mode.fallback:
        return f"{mode.used}{started}"
    return f"{mode.used}{started}; {mode.requested} was asked for: {mode.fallback or 'no reason was recorded'}"


def _per_stage(run: RunFile, name: str) -> list[str]:
    values = [str(getattr(stage, name)) for stage in run.stages]
    return values[:1] if len(set(values)) == 1 else values


def _frames(run: RunFile) -> str:
    warmup = sum(stage.warmup for stage in run.stages)
    judged = sum(stage.frames for stage in run.stages) - warmup
    return f"{judged:,} judged, after {warmup:,} of warm-up"


def _digest(run: RunFile) -> str:
    checkpoints = "" if run.digest is None else f" ({counted(len(run.checkpoints), 'checkpoint')})"
    return f"{digest_of(run)}{checkpoints}"


def _stages(run: RunFile) -> RenderableType:
    rows = [_cells_of_stage(run, stage) for stage in run.stages]
    return layout.table([*rows[0]], [(*row.values(),) for row in rows])


def _cells_of_stage(run: RunFile, stage: StageRecord) -> dict[str, str]:
    """Return heading → cell of a stage's row."""
    # Paces take the place of the workers, which the table's head has already where all stages have as many.
    as_many = len(_per_stage(run, "workers")) == 1
    return {
        "stage": stage_name(stage.stage),
        **({"pace": run.paces[stage.stage]} if run.several_paces else {}),
        "agents": str(stage.agents),
        **({} if run.several_paces and as_many else {"workers": str(stage.workers)}),
        "judged": f"{stage.frames - stage.warmup:,}",
        "mean ms": fixed(stage.metrics.get("frame_ms.mean"), 3),
        "p99 ms": fixed(stage.metrics.get("frame_ms.p99"), 3),
        "max ms": fixed(stage.metrics.get("frame_ms.max"), 3),
        "frames/s": fixed(stage.metrics.get("physics_fps"), 1),
    }


def _durations(run: RunFile) -> RenderableType:
    rows = []
    for metric in main_durations(run.workload).values():
        values = [fixed(run.metrics.get(f"{metric}.{statistic}"), 3) for statistic in _STATISTICS]
        rows.append((metric.removesuffix("_ms").replace("_", " "), *values))
    return layout.table(["", *_STATISTICS], rows)


def _unsupported_durations(run: RunFile) -> Iterator[str]:
    for metric in main_durations(run.workload).values():
        for statistic in _STATISTICS:
            key = f"{metric}.{statistic}"
            if run.metrics.get(key) is None:
                yield run.unmeasured.get(key, "not measured")


def _rates(run: RunFile) -> RenderableType:
    busiest = fixed(run.metrics.get("cpu.busiest_core_percent"), 1)
    rows = {
        "physics frames/s": fixed(run.metrics.get("physics_fps"), 1),
        "effective cores": f"{fixed(run.metrics.get('cpu.effective_cores'), 2)}{cores_remark(run)}",
        "busiest core": busiest if busiest == NOT_MEASURED else f"{busiest} %",
    }
    if run.missed_deadlines is not None:
        rows["missed deadlines"] = f"{run.missed_deadlines:,}"
    return layout.facts(rows | over_time(run))


def _unmeasured_rates(run: RunFile) -> Iterator[str]:
    for key in ("physics_fps", "cpu.effective_cores", "cpu.busiest_core_percent"):
        if run.metrics.get(key) is None and key in run.unmeasured:
            yield run.unmeasured[key]


def _criteria(run: RunFile) -> RenderableType:
    several = len(run.stages) > 1
    rows: list[tuple[layout.Cell, ...]] = []
    for verdict in run.verdicts:
        stage = [stage_name(verdict.stage)] if several else []
        measured = NOT_MEASURED if verdict.value is None else measured_in_words(verdict.criterion, verdict.value)
        outcome = layout.name(OUTCOMES[verdict.outcome], layout.OUTCOME_STYLES[verdict.outcome])
        rows.append((verdict.criterion, *stage, measured, outcome))
    return layout.table(["criterion", *(["stage"] if several else []), "measured", "verdict"], rows)


def _unsupported_criteria(run: RunFile) -> Iterator[str]:
    for verdict in run.verdicts:
        if verdict.outcome == "unsupported":
            yield f"{verdict.criterion}: {verdict.detail}"


def verdict_line(run: RunFile) -> RenderableType:
    """Return the line with the run's verdict and the reason."""
    verdict = run_verdict(run)
    return layout.beside(layout.line(verdict.word, layout.STYLES[verdict.word]), layout.line(f": {verdict.because}"))
