"""Collects the functions that mark the phases of sampled stacks from the modules that define them."""

from __future__ import annotations

from collections.abc import Iterable

from walkerbench.flamegraph.stacks import PhaseMarkers
from walkerbench.modes.contract import DISPATCH_MARKER, WAIT_MARKER
from walkerbench.modes.registry import MODES
from walkerbench.modes.shard_runner import DIGEST_MARKER, MEASURING_MARKER, RUN_MARKER
from walkerbench.running.training_environment import SETTLE_MARKER, STEP_MARKER
from walkerbench.workloads.resumed_test import IN_TEST_MARKER


def phase_markers(modes: Iterable[str]) -> PhaseMarkers:
    """Return the markers of walkerbench and of some modes.

    Args:
        modes: Names of modes.

    Raises:
        UsageError: There is no such mode.
    """
    return PhaseMarkers(
        run=RUN_MARKER,
        measuring=MEASURING_MARKER,
        in_test=IN_TEST_MARKER,
        digest=DIGEST_MARKER,
        step=STEP_MARKER,
        dispatch=DISPATCH_MARKER,
        wait=WAIT_MARKER,
        settle=SETTLE_MARKER,
        waiting=tuple(marker for mode in modes for marker in MODES.find(mode).waiting_markers),
    )
