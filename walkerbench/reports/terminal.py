"""A recorded run as tables for a terminal of 80 columns.

Numbers and paths are never cut: what does not fit goes on in the next line.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from walkerbench.reports.in_words import conclude, stage_name, trouble
from walkerbench.verdicts.criteria import parse_criterion
from walkerbench.verdicts.metrics import duration_name

if TYPE_CHECKING:
    from walkerbench.run_directory import RunFile

NOT_MEASURED = "–"  # noqa: RUF001  a dash as print sets it, where a number would stand
"""What stands for a value that is not there."""

_STATISTICS = ("mean", "p50", "p95", "p99", "max")
_STYLES = {"PASS": "bold green", "FAIL": "bold red", "INCONCLUSIVE": "bold yellow", "NO VERDICT": "bold yellow"}
_OUTCOMES = {"pass": "PASS", "fail": "FAIL", "unsupported": "UNSUPPORTED"}
_DIGEST_DIGITS = 16  # of 64: plenty for an eye that compares two


def report(run: RunFile, directory: Path, *, verbose: bool = False) -> Iterator[RenderableType]:
    """Lay out a run, part by part.

    Args:
        run: The run.
        directory: Where it is recorded.
        verbose: Whether to add the machine's facts and what was not measured, with the reason.
    """
    yield from _warnings(trouble(run), _faults(run))
    yield _head(run, directory)
    if len(run.stages) > 1:
        yield from _titled("Stages", [_stages(run)])
    yield from _titled("Judged frames, in ms", [_durations(run), *_footnotes(_unsupported_durations(run))])
    yield from _titled("Rates", [_rates(run)])
    if run.counters:
        yield from _titled("Counters, warm-up included", [_pairs(run.counters)])
    if run.stages and run.stages[-1].population:
        where = "" if len(run.stages) == 1 else f" of stage {len(run.stages)}"
        yield from _titled(f"Population at the end{where}", [_pairs(run.stages[-1].population)])
    if verbose:
        yield from _titled("Machine", [_facts(run.machine)])
        if run.unmeasured:
            yield from _titled("Not measured", [_facts(run.unmeasured)])
    if run.verdicts:
        yield from _titled("Criteria", [_criteria(run), *_footnotes(_unsupported_criteria(run))])
    yield Text()
    yield from _warnings(_faults(run))  # once more where the verdict is read
    yield _last_line(run)


def _warnings(*lines: str | None) -> Iterator[RenderableType]:
    given = [line for line in lines if line]
    if given:
        yield Text("\n".join(given) + "\n", style="bold yellow", overflow="fold")


def _faults(run: RunFile) -> str | None:
    return f"FAULTS INJECTED: {run.faults}" if run.faults else None


def _head(run: RunFile, directory: Path) -> Table:
    rows = {
        "profile": f"{run.profile.get('name', '?')} ({run.profile.get('source', '?')})",
        "workload": run.workload.name,
        "mode": _mode(run),
        "workers": ", ".join(_per_stage(run, "workers")) or str(run.mode.workers),
        "agents": ", ".join(_per_stage(run, "agents")) or NOT_MEASURED,
        "frames": _frames(run),
        "seed": f"{run.profile.get('seed', '?')}",
        "pace": f"{run.profile.get('pace', '?')}",
        "machine": _machine(run.machine),
        "digest": _digest(run),
        "run": str(directory),
    }
    return _facts(rows)


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


def _machine(facts: Mapping[str, Any]) -> str:
    python = facts.get("python")
    version = python.get("version", "?") if isinstance(python, dict) else "?"
    cores = f"{facts.get('cores_allowed', '?')} of {facts.get('cores_present', '?')} cores"
    return f"{facts.get('cpu_model', '?')}, {cores}, Python {version}"


def _digest(run: RunFile) -> str:
    if run.digest is None:
        return f"{NOT_MEASURED} (no checkpoint)"
    count = len(run.checkpoints)
    return f"{run.digest[:_DIGEST_DIGITS]} ({count} checkpoint{'' if count == 1 else 's'})"


def _stages(run: RunFile) -> Table:
    headings = ["stage", "agents", "workers", "judged", "mean ms", "p99 ms", "max ms", "frames/s"]
    table = _table(headings)
    for stage in run.stages:
        names = ("frame_ms.mean", "frame_ms.p99", "frame_ms.max", "physics_fps")
        measured = [_fixed(stage.metrics.get(name), 3 if "." in name else 1) for name in names]
        counts = [stage_name(stage.stage), str(stage.agents), str(stage.workers), f"{stage.frames - stage.warmup:,}"]
        table.add_row(*counts, *measured)
    return table


def _durations(run: RunFile) -> Table:
    table = _table(["", *_STATISTICS])
    for metric in _duration_metrics(run):
        values = [_fixed(run.metrics.get(f"{metric}.{statistic}"), 3) for statistic in _STATISTICS]
        table.add_row(metric.removesuffix("_ms").replace("_", " "), *values)
    return table


def _duration_metrics(run: RunFile) -> list[str]:
    phases = [f"{phase}_ns" for phase in (*run.workload.phases, run.workload.settle_phase)]
    columns = ["wall_ns", *phases, "dispatch_ns", "barrier_wait_ns"]
    return [name for column in columns if (name := duration_name(column)) is not None]


def _unsupported_durations(run: RunFile) -> Iterator[str]:
    for metric in _duration_metrics(run):
        for statistic in _STATISTICS:
            key = f"{metric}.{statistic}"
            if run.metrics.get(key) is None:
                yield run.unmeasured.get(key, "not measured")


def _rates(run: RunFile) -> Table:
    busiest = _fixed(run.metrics.get("cpu.busiest_core_percent"), 1)
    rows = {
        "physics frames/s": _fixed(run.metrics.get("physics_fps"), 1),
        "effective cores": _fixed(run.metrics.get("cpu.effective_cores"), 2),
        "busiest core": busiest if busiest == NOT_MEASURED else f"{busiest} %",
    }
    if run.missed_deadlines is not None:
        rows["missed deadlines"] = f"{run.missed_deadlines:,}"
    return _facts(rows)


def _criteria(run: RunFile) -> Table:
    several = len(run.stages) > 1
    table = _table(["criterion", *(["stage"] if several else []), "measured", "verdict"])
    for verdict in run.verdicts:
        word = _OUTCOMES[verdict.outcome]
        stage = [stage_name(verdict.stage)] if several else []
        measured = NOT_MEASURED if verdict.value is None else _measured(verdict.criterion, verdict.value)
        style = _STYLES["INCONCLUSIVE" if verdict.outcome == "unsupported" else word]
        table.add_row(Text(verdict.criterion), *stage, measured, Text(word, style=style))
    return table


def _measured(criterion: str, value: float) -> str:
    """The value with as many digits as it takes to see why it meets the criterion, or not."""
    parsed = parse_criterion(criterion)
    texts = [f"{value:.{digits}g}" for digits in (6, 9, 12, 17)]
    return next(text for text in texts if parsed.holds(float(text)) == parsed.holds(value))


def _unsupported_criteria(run: RunFile) -> Iterator[str]:
    for verdict in run.verdicts:
        if verdict.outcome == "unsupported":
            yield f"{verdict.criterion}: {verdict.detail}"


def _last_line(run: RunFile) -> Text:
    conclusion = conclude(run)
    line = Text(overflow="fold")
    line.append(conclusion.word, style=_STYLES[conclusion.word])
    line.append(f": {conclusion.because}")
    return line


def _titled(title: str, parts: Sequence[RenderableType]) -> Iterator[RenderableType]:
    yield Text(f"\n{title}", style="bold")
    yield from parts


def _footnotes(reasons: Iterable[str]) -> list[RenderableType]:
    return [Text(f"{NOT_MEASURED} {reason}", style="dim", overflow="fold") for reason in dict.fromkeys(reasons)]


def _table(headings: Sequence[str]) -> Table:
    """A table whose first column is text and whose other columns are numbers."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="right" if number else "left", overflow="fold")
    return table


def _facts(rows: Mapping[str, Any]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows.items():
        # Text, not str: rich would read [brackets] in a path as mark-up.
        table.add_row(Text(name), Text(value if isinstance(value, str) else json.dumps(value)))
    return table


def _pairs(values: Mapping[str, float | None]) -> Table:
    """Names and numbers, two of them a line, read down the columns."""
    table = Table.grid(padding=(0, 2))
    for _ in range(2):
        table.add_column(overflow="fold", min_width=24)
        table.add_column(overflow="fold", justify="right", min_width=12)
    cells = [(Text(name), Text(_number(value))) for name, value in values.items()]
    half = -(-len(cells) // 2)
    for row in range(half):
        right = cells[half + row] if half + row < len(cells) else (Text(), Text())
        table.add_row(*cells[row], *right)
    return table


def _number(value: float | None) -> str:
    if value is None:
        return NOT_MEASURED
    return f"{int(value):,}" if float(value).is_integer() else f"{value:,.4f}"


def _fixed(value: float | None, digits: int) -> str:
    return NOT_MEASURED if value is None else f"{value:.{digits}f}"
