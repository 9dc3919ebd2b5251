r"""Estimates how often the gate is wrong, undecided and right: `python -m tests.benchmarks.gate_rates`.

Records rounds of a workload against itself, and against itself with 5 % more work. From these rounds it computes how
often decisions are right, for budgets of one and of four minutes, and the same for pytest-benchmark's rule. Speed-ups
are the rounds with more work, with base and candidate exchanged. It takes 20 minutes, in which the machine should have
nothing else to do.

In the folder `tests/support` it can measure calls of a function, which take about 20 µs, 1 ms or 50 ms with 500, 25_000
or 1_250_000 loops:

    python -m tests.benchmarks.gate_rates --workload function:rate_functions:count \
        --workload-argument loops=500 --slower workload.arguments.extra_loops=25
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
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

BUDGETS_S = (BUDGET_S, 4 * BUDGET_S)
"""Budgets whose decisions are shown: the default, and one for short calls on a noisy machine."""

EXTRA_WORK = "faults.extra_work_percent=5"
SAME = "mode=sequential"
"""The side that runs the unchanged profile, which has this mode already."""

STATISTICS: dict[str, Callable[..., float]] = {"mean": np.mean, "median": np.median, "min": np.min}


class ProgressOnStderr(MeasurementObserver):
    """Prints the progress of a measurement to stderr."""

    def __init__(self, what: str) -> None:
        self._what = what

    def planned(self, plan: Plan) -> None:
        print(f"{self._what}: {plan}", file=sys.stderr)

    def round_done(self, rounds_done: int, rounds: int, remaining_s: float) -> None:
        print(f"{self._what}: round {rounds_done}/{rounds}, {remaining_s:.0f} s left", file=sys.stderr)


def record(profile: Profile, candidate: str, rounds: int) -> Measurement:
    sides = parse_sides((SAME, candidate), profile)
    # A fault or an argument makes the candidate slower; the user must check that the work is the same.
    rules = DecisionRules(allow_faults=True, allow_different_work=True)
    return measure(sides, MeasurementRequest(rounds=rounds), rules, observer=ProgressOnStderr(candidate))


def blocks(measured: Measurement, side: int) -> list[np.ndarray]:
    """Return the block times of a side, by round."""
    label = measured.sides[side].label
    return [np.array(each.block_ns[label], np.float64) for each in measured.rounds]


def rounds_in(budget_s: float, plan: Plan) -> int:
    """Return how many judged rounds a budget allows: one round is not judged."""
    return max(rounds_needed(ALPHA), int((budget_s - plan.round_s) / plan.round_s))


def report(same: Measurement, slower: Measurement) -> str:
    machine = same.base.machine
    lines = [
        f"{date.today().isoformat()}, {machine['cpu_model']}, {machine['cores_allowed']} cores, "
        f"Python {machine['python']['version']}",
        f"{len(same.rounds)} rounds of A/A, {len(slower.rounds)} with 5 % more work; "
        f"{same.plan.blocks} blocks of {same.plan.frames_per_block} frames a side and round",
        *(describe(each) for each in (same, slower)),
        f"tolerance {TOLERANCE:.0%}, alpha {ALPHA:.0%}; intervals at {LEVEL:.0%}",
        "",
        f"{'rule':32} {'false regressions':>22} {'slowdowns found':>22} {'A/A inconclusive':>22}",
        *(decisions(same, slower, budget_s) for budget_s in BUDGETS_S),
    ]
    for name, statistic in STATISTICS.items():
        for threshold in (0.05, 0.02):
            found = [threshold_rate(blocks(each, 0), blocks(each, 1), statistic, threshold) for each in (same, slower)]
            rule = f"pytest-benchmark {name}:{threshold:.0%}"
            lines.append(f"{rule:32} {found[0]!s:>22} {found[1]!s:>22} {'never':>22}")
    lines += [
        "",
        f"{'rule':32} {'A/A faster':>22} {'speed-ups found':>22}",
        *(decisions_for_faster(same, slower, budget_s) for budget_s in BUDGETS_S),
    ]
    return "\n".join(lines)


def decisions(same: Measurement, slower: Measurement, budget_s: float) -> str:
    """Return a line that says how often decisions of a budget are false, right and undecided."""
    size = rounds_in(budget_s, same.plan)
    aa = verdict_rates(same.estimates(same.candidates[0].label), size)
    ab = verdict_rates(slower.estimates(slower.candidates[0].label), size)
    rule = f"walkerbench, {budget_s:g} s: {size} rounds"
    return f"{rule:32} {aa['regression']!s:>22} {ab['regression']!s:>22} {aa['inconclusive']!s:>22}"


def decisions_for_faster(same: Measurement, slower: Measurement, budget_s: float) -> str:
    """Return a line that says how often decisions of a budget are "faster": in A/A, and where the candidate is."""
    size = rounds_in(budget_s, same.plan)
    aa = verdict_rates(same.estimates(same.candidates[0].label), size)
    exchanged = verdict_rates(-slower.estimates(slower.candidates[0].label), size)
    rule = f"walkerbench, {budget_s:g} s: {size} rounds"
    return f"{rule:32} {aa['faster']!s:>22} {exchanged['faster']!s:>22}"


def describe(measured: Measurement) -> str:
    """Return the folder of the rounds."""
    estimates = measured.estimates(measured.candidates[0].label) * 100
    low, middle, high = np.quantile(estimates, [0.05, 0.5, 0.95])
    spread = f"5 to 95 % of rounds {low:+.2f}…{high:+.2f} %"
    return f"log ratios of {measured.candidates[0].label}: median {middle:+.2f} %, {spread}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=100, help="of each kind (100)")
    parser.add_argument("--workload", default="walker", help="a SPEC (walker)")
    parser.add_argument("--workload-argument", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--slower", default=EXTRA_WORK, metavar="KEY=VALUE", help="makes 5 %% more work (a fault)")
    given = parser.parse_args()
    pairs = (text.partition("=") for text in given.workload_argument)
    arguments = {name: toml_value(value) for name, _, value in pairs}
    changes = ProfileOverrides(workload=given.workload, workload_arguments=arguments)
    profile = override(load_profile("default"), changes)
    same = record(profile, SAME, given.rounds)
    slower = record(profile, f"{SAME},{given.slower}", given.rounds)
    print(f"{given.workload} {' '.join(given.workload_argument)}".strip())
    print(report(same, slower))


if __name__ == "__main__":
    main()
