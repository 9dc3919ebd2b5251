"""The run as JUnit XML: one test case per criterion, in each stage and for the run as a whole.

Source of the format: `junit-10.xsd` of Jenkins' xUnit plugin, the format of Ant and Maven; see `junit.xml_document`.
A criterion that is not met is a failure. One that could not be judged is an error, because a skipped case would pass. A
further case says whether the run finished; where nothing was judged, another case is an error. If a criterion limits a
duration, the time of its case is the measured duration in seconds, so that CI draws its history; otherwise the time is
0. The suite's time is that of all recorded frames.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from walkerbench.criteria.grammar import parse_criterion
from walkerbench.reports.junit.xml_document import CaseResult, case, document
from walkerbench.reports.wording.numbers import stage_name
from walkerbench.reports.wording.run_verdict import trouble
from walkerbench.reports.wording.subject import subject

if TYPE_CHECKING:
    from walkerbench.criteria.judging import Outcome, Verdict
    from walkerbench.run_directory import RecordedRun, RunFile

_RESULTS: Mapping[Outcome, CaseResult] = {"fail": "failure", "unsupported": "error"}
_MS_PER_S = 1e3
_NS_PER_S = 1e9


def render(recorded: RecordedRun) -> str:
    """Return the JUnit document of a run, as text."""
    run = recorded.run
    time_s = int(recorded.frames["wall_ns"].sum()) / _NS_PER_S
    return document(
        f"walkerbench {subject(run)}",
        list(cases(run)),
        _facts(run),
        time=f"{time_s:.6f}",
        timestamp=run.started_utc.partition(".")[0].removesuffix("Z"),
    )


def cases(run: RunFile, group: str = "") -> Iterator[ET.Element]:
    """Yield the test cases of a run.

    Args:
        run: The run.
        group: The end of the cases' class names, which tells several runs in one document apart.
    """
    not_finished: CaseResult = "failure" if run.state == "emergency" else "error"
    ended = trouble(run)
    yield case(f"run{group}", "the run is finished", not_finished if ended else None, run.state, ended or "")
    if not run.verdicts:
        yield case(f"run{group}", "something is judged", "error", "inconclusive", "nothing was judged")
    for verdict in run.verdicts:
        yield _case(verdict, group, several=len(run.stages) > 1)


def _case(verdict: Verdict, of_run: str, *, several: bool) -> ET.Element:
    group = f"criteria{of_run}" if not several else f"criteria{of_run}.stage {stage_name(verdict.stage)}"
    return case(
        group, verdict.criterion, _RESULTS.get(verdict.outcome), verdict.outcome, verdict.detail, _time_s(verdict)
    )


def _time_s(verdict: Verdict) -> float:
    about_time = parse_criterion(verdict.criterion).metric.endswith("_ms")
    return (verdict.value or 0.0) / _MS_PER_S if about_time else 0.0


def _facts(run: RunFile) -> dict[str, str]:
    facts = {
        "walkerbench": run.walkerbench_version,
        "state": run.state,
        "workload": run.workload.name,
        "mode": run.mode.used,
        "digest": run.digest,
        "same_work_not_proven": run.workload.same_work_not_proven,
        "faults": run.faults,
    }
    return {name: value for name, value in facts.items() if value is not None}
