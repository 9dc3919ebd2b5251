from __future__ import annotations

import signal

import pytest
from fuzzing import register_profiles

from walkerbench.modes.registry import MODES
from walkerbench.workloads.registry import WORKLOADS

register_profiles()

# A shell's background jobs begin with Ctrl-C ignored, and so would every process that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _registries_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what a test registers from the tests after it."""
    for registry in (WORKLOADS, MODES):
        monkeypatch.setattr(registry, "_registered", {**registry._registered})
