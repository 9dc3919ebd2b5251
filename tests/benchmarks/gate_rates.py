"""How often the gate is wrong, undecided and right, from real rounds: `python -m tests.benchmarks.gate_rates`.

Records rounds of a workload against itself, and against itself with 5 % more work; then says how often decisions of the
size that a budget of 60 s gives are right, beside pytest-benchmark's rule on the same recordings. It takes 20 minutes,
in which the machine should have nothing else to do.

From the folder `tests/support`, `--workload function:rate_functions:count --workload-argument loops=N` asks it of calls
of a function; N of 500, 25_000 and 1_250_000 take about 20 µs, 1 ms and 50 ms.
"""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from decision_rates import LEVEL, threshold_rate, verdict_rates

from walkerbench.comparison.decision_rules import ALPHA, TOLERANCE, DecisionRules
from walkerbench.comparison.verdicts import rounds_needed
from walkerbench.interleaved.measurement import Measurement
from walkerbench.interleaved.measurement_observer import MeasurementObserver
from walkerbench.interleaved.round_plan import BUDGET_S, MeasurementRequest, Plan
from walkerbench.interleaved.rounds import measure
from walkerbench.interleaved.sides import parse_sides
from walkerbench.profile.loading import load_profile
from walkerbench.profile.model import Profile
from walkerbench.profile.overrides import ProfileOverrides, override
from walkerbench.profile.toml_text import toml_value

EXTRA_WORK_PERCENT = 5
SAME = "mode=sequential"
"""The side that runs the profile as it is: it is in that mode already."""

STATISTICS = {"mean": np.mean, "median": np.median, "min": np.min}


class Told(MeasurementObserver):
    """Says on stderr how far it is."""

    def __init__(self, what: str) -> None:
        self._what = what

    def planned(self, plan: Plan) -> None:
        print(f"{self._what}: {plan}", file=sys.stderr)

    def round_done(self, rounds_done: int, rounds: int, remaining_s: float) -> None:
        print(f"{self._what}: round {rounds_done}/{rounds}, {remaining_s:.0f} s left", file=sys.stderr)


def record(profile: Profile, candidate: str, rounds: int) -> Measurement:
    sides = parse_sides((SAME, candidate), profile)
    rules = DecisionRules(allow_faults=True)
    return measure(sides, MeasurementRequest(rounds=rounds), rules, observer=Told(candidate))


def blocks(measured: Measurement, side: int) -> list[np.ndarray]:
    """Each round's block times of a side."""
    label = measured.sides[side].label
    return [np.array(each.block_ns[label], np.float64) for each in measured.rounds]


def rounds_in_budget(plan: Plan) -> int:
    """How many rounds a budget of 60 s gives once an unjudged one is taken off."""
    return max(rounds_needed(ALPHA), int((BUDGET_S - plan.round_s) / plan.round_s))


def report(same: Measurement, slower: Measurement) -> str:
    size = rounds_in_budget(same.plan)
    candidate = same.candidates[0].label, slower.candidates[0].label
    aa = verdict_rates(same.estimates(candidate[0]), size)
    ab = verdict_rates(slower.estimates(candidate[1]), size)
    machine = same.base.machine
    lines = [
        f"{date.today().isoformat()}, {machine['cpu_model']}, {machine['cores_allowed']} cores, "
        f"Python {machine['python']['version']}",
        f"{len(same.rounds)} rounds of A/A, {len(slower.rounds)} with {EXTRA_WORK_PERCENT} % more work; "
        f"{same.plan.blocks} blocks of {same.plan.frames_per_block} frames a side and round",
        *(describe(each) for each in (same, slower)),
        f"decisions of {size} rounds, tolerance {TOLERANCE:.0%}, alpha {ALPHA:.0%}; intervals at {LEVEL:.0%}",
        "",
        f"{'rule':24} {'false regressions':>22} {'slowdowns found':>22} {'A/A inconclusive':>22}",
        f"{'walkerbench':24} {aa['regression']!s:>22} {ab['regression']!s:>22} {aa['inconclusive']!s:>22}",
    ]
    for name, statistic in STATISTICS.items():
        for threshold in (0.05, 0.02):
            found = [threshold_rate(blocks(each, 0), blocks(each, 1), statistic, threshold) for each in (same, slower)]
            rule = f"pytest-benchmark {name}:{threshold:.0%}"
            lines.append(f"{rule:24} {found[0]!s:>22} {found[1]!s:>22} {'never':>22}")
    return "\n".join(lines)


def describe(measured: Measurement) -> str:
    """Where the rounds lie."""
    estimates = measured.estimates(measured.candidates[0].label) * 100
    low, middle, high = np.quantile(estimates, [0.05, 0.5, 0.95])
    spread = f"5 to 95 % of rounds {low:+.2f}…{high:+.2f} %"
    return f"log ratios of {measured.candidates[0].label}: median {middle:+.2f} %, {spread}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=100, help="of each kind (100)")
    parser.add_argument("--workload", default="walker", help="a SPEC (walker)")
    parser.add_argument("--workload-argument", action="append", default=[], metavar="KEY=VALUE")
    given = parser.parse_args()
    pairs = (text.partition("=") for text in given.workload_argument)
    arguments = {name: toml_value(value) for name, _, value in pairs}
    changes = ProfileOverrides(workload=given.workload, workload_arguments=arguments)
    profile = override(load_profile("default"), changes)
    same = record(profile, SAME, given.rounds)
    slower = record(profile, f"{SAME},faults.extra_work_percent={EXTRA_WORK_PERCENT}", given.rounds)
    print(f"{given.workload} {' '.join(given.workload_argument)}".strip())
    print(report(same, slower))


if __name__ == "__main__":
    main()
