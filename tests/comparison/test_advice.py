from __future__ import annotations

import pytest
from comparisons import compared, side

from walkerbench.comparison.advice import Candidate, advise
from walkerbench.modes.registry import MODES


def candidates(threads: float | tuple[float, float], processes: float) -> list[Candidate]:
    bounds = threads if isinstance(threads, tuple) else (threads, threads)
    ratios = [bounds, (processes, processes)]
    result = compared(side("threads", "threaded"), side("processes", "process"), ratios=ratios)
    return [
        Candidate(mode, MODES.find(mode).traits, 2, each)
        for mode, each in zip(("threaded", "process"), result.comparisons, strict=True)
    ]


USE_PROCESS = "on this machine use process with 2 workers: it is 2.00 times as fast as sequential (2.00…2.00)"


@pytest.mark.parametrize(
    ("threads", "processes", "gil", "sentence"),
    [
        (
            1.25,
            0.5,
            True,
            f"{USE_PROCESS}; threaded is 0.80 times as fast: this Python holds the GIL",
        ),
        # The advice names the GIL as the reason only where the GIL is known to be on.
        (1.25, 0.5, False, f"{USE_PROCESS}; threaded is 0.80 times as fast"),
        (1.25, 0.5, None, f"{USE_PROCESS}; threaded is 0.80 times as fast"),
        # Of two modes that are faster, the fastest is advised.
        (
            0.625,
            0.8,
            True,
            "on this machine use threaded with 2 workers: it is 1.60 times as fast as sequential (1.60…1.60); "
            "process is 1.25 times as fast",
        ),
        (
            1.25,
            1.6,
            True,
            "on this machine stay with sequential: it is the fastest; threaded is 0.80 times as fast: this Python "
            "holds the GIL; process is 0.62 times as fast",
        ),
        # The interval holds 1: the mode is neither faster nor slower for certain.
        (
            (0.98, 1.0),
            1.6,
            True,
            "on this machine stay with sequential: no mode is faster for certain; threaded is 1.01 times as fast, "
            "which may be chance; process is 0.62 times as fast",
        ),
        # The whole interval is above 1, but not by more than the tolerance.
        (
            (0.985, 0.99),
            1.6,
            True,
            "on this machine stay with sequential: no mode is faster by more than 2 % for certain; threaded is 1.01 "
            "times as fast; process is 0.62 times as fast",
        ),
    ],
)
def test_only_modes_that_are_certainly_faster_are_advised(
    threads: float | tuple[float, float], processes: float, gil: bool | None, sentence: str
) -> None:
    assert advise(candidates(threads, processes), gil_enabled=gil) == sentence


def test_one_worker_is_written_in_the_singular() -> None:
    (only,) = candidates(0.5, 1.0)[:1]
    advice = advise([Candidate("threaded", only.traits, 1, only.comparison)], gil_enabled=True)
    assert advice == "on this machine use threaded with 1 worker: it is 2.00 times as fast as sequential (2.00…2.00)"
