"""Made-up comparisons for tests, the same in every test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from recorded_runs import code_of

from walkerbench.comparison.comparison_result import Compared, ComparedSide, ComparedTimes
from walkerbench.comparison.decision_rules import DecisionRules
from walkerbench.comparison.verdicts import Question, judge_rounds
from walkerbench.gating.gate_result import GatedRun, GateResult
from walkerbench.interleaved.measurement import Measurement, RoundResult, SideResult
from walkerbench.interleaved.round_plan import Plan
from walkerbench.modes.registry import MODES
from walkerbench.profile.loading import load_profile
from walkerbench.profile.overrides import ProfileOverrides, override
from walkerbench.run_directory import RunFile
from walkerbench.slow_frames.attribution import PartsNs, shares
from walkerbench.workloads.main_phase import MainPhase

FINISHED = RunFile.model_validate_json(
    (Path(__file__).parents[1] / "reports" / "finished_run.json").read_bytes(), strict=True
)
NOT_SLOWER, SLOWER, UNCLEAR, FASTER = (1.0, 1.01), (1.2, 1.3), (1.01, 1.03), (0.55, 0.58)
"""Time ratios of half the rounds and of the other half."""

MACHINE = {
    "cpu_model": "A Processor",
    "cores_allowed": 2,
    "cores_present": 4,
    "python": {"version": "3.12.1", "gil_enabled": True},
}

PARTS_NS: PartsNs = {
    "compute": 600,
    "blocked": 100,
    "moving data": 50,
    "barrier": 150,
    "settling": 80,
    "not scheduled": 20,
}


def side(label: str, mode: str = "sequential", factor: float = 1.0, **changes: Any) -> ComparedSide:
    """Return a side whose times are a multiple of 2 ms."""
    times = {"mean": 2.0, "min": 1.5, "p50": 1.9, "p95": 2.5, "p99": 2.8, "max": 4.0}
    given: dict[str, Any] = {
        "label": label,
        "mode": mode,
        "traits": MODES.find(mode).traits,
        "workers": 1 if mode == "sequential" else 2,
        "fallback": None,
        "code": code_of(None, changed_files=None),
        "faults": None,
        "frames": 1000,
        "frames_per_s": 500.0 / factor,
        "repetition_ms": (2.0 * factor,) * 12,
        "frame_ms": {name: value * factor for name, value in times.items()},
        "main_phase": MainPhase("agents", "agent processing"),
        "main_phase_ms": {name: value * factor / 2 for name, value in times.items()},
        "effective_cores": 1.0 if mode == "sequential" else 1.75,
        "shares": shares(PARTS_NS, wait_for_gil=mode == "threaded"),
        "gil_enabled": True,
        "digest": "ab" * 32,
    }
    return ComparedSide(**{**given, **changes})


def frame_ns(of: ComparedSide) -> Any:
    """Return made-up times of the judged frames of a side, around its median."""
    return np.linspace(0.9, 1.1, 100) * (of.frame_ms["p50"] or 0.0) * 1e6


def compared(
    *candidates: ComparedSide,
    ratios: list[tuple[float, float]],
    base: ComparedSide | None = None,
    **changes: Any,
) -> Compared:
    """Return a comparison over 12 rounds; half have the first of a candidate's time ratios, and half the second."""
    base = base or side("sequential")
    estimates = {
        Question(each.label, "frame"): np.log([low, high] * 6)
        for each, (low, high) in zip(candidates, ratios, strict=True)
    }
    given: dict[str, Any] = {
        "how": "interleaved",
        "repetitions": "12 rounds of 6 blocks of 50 frames a side",
        "profile": "default",
        "sides": (base, *candidates),
        "comparisons": judge_rounds(estimates, base=base.label, tolerance=0.02, alpha=0.01),
        "same_work": "Same work: the digests of all sides agree wherever they were taken, after frames 239 and 551.",
        "did_same_work": True,
        "same_as_base": (),
        "tolerance": 0.02,
        "alpha": 0.01,
        "machine": MACHINE,
        "times": ComparedTimes(
            frame_ns=tuple(frame_ns(each) for each in (base, *candidates)),
            round_ratios=tuple(np.exp(values) for values in estimates.values()),
        ),
    }
    return Compared(**{**given, **changes})


def measurement(labels: dict[str, str], factors: list[float], rounds: int = 12) -> Measurement:
    """Return a measurement of modes by their labels; the time of each is a multiple of 2 ms per frame."""
    plan = Plan(rounds=rounds, blocks=2, frames_per_block=50, round_s=1.0)
    sides = tuple(
        SideResult(
            label=label,
            code=code_of(None, changed_files=None),
            profile=override(load_profile("smoke"), ProfileOverrides(mode=mode)).as_dict(),
            mode_used=mode,
            traits=MODES.find(mode).traits,
            main_phase=MainPhase("agents", "agent processing"),
            fallback=None,
            workers=1 if mode == "sequential" else 2,
            faults=None,
            digests={9: "00" * 32, 109: "cd" * 32},
            machine=MACHINE,
            cpu_s=3.0,
            elapsed_s=2.0,
            parts_ns=PARTS_NS,
            wall_ns=np.full(rounds * 100, int(2e6 * factor), np.int64),
            main_phase_ns=np.full(rounds * 100, int(1e6 * factor), np.int64),
        )
        for (label, mode), factor in zip(labels.items(), factors, strict=True)
    )
    names = list(labels)
    results = tuple(
        RoundResult(
            number=number,
            orders=((names[0], *names[1:]),) * 2,
            block_ns={name: (int(1e8 * factor),) * 2 for name, factor in zip(names, factors, strict=True)},
            # Alternately a little above and a little below.
            estimates={
                name: float(np.log(factor / factors[0])) + 1e-3 * (-1) ** number
                for name, factor in zip(names[1:], factors[1:], strict=True)
            },
        )
        for number in range(1, rounds + 1)
    )
    return Measurement(plan, DecisionRules(tolerance=0.02, alpha=0.01), sides, results, "Same work: proved.", True)


def gated(*outcomes: str, ratio: tuple[float, float] = NOT_SLOWER, **changes: Any) -> GateResult:
    """Return a gate with one run whose criteria have these verdicts."""
    details = {"pass": "4.2", "fail": "250 is not < 200", "unsupported": "there are no judged frames"}
    values = {"pass": 4.2, "fail": 250.0, "unsupported": None}
    criteria = {"pass": "frame_ms.p50 < 20", "fail": "frame_ms.max < 200", "unsupported": "frame_ms.p99 < 50"}
    verdicts = [
        {
            "criterion": criteria[outcome],
            "stage": None,
            "value": values[outcome],
            "outcome": outcome,
            "detail": details[outcome],
        }
        for outcome in outcomes
    ]
    run = FINISHED.changed(verdicts=verdicts, **changes)
    candidate = side(".", factor=sum(ratio) / 2)
    return GateResult((GatedRun(Path("a-run"), run),), compared(candidate, ratios=[ratio], base=side("main")))
