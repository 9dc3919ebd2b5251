from __future__ import annotations

import signal

import pytest
from hypothesis import settings

from walkerbench.modes.registry import MODES
from walkerbench.workloads.registry import WORKLOADS

# How long an example takes says something of the machine, not of what is tested.
settings.register_profile("any speed", deadline=None)
settings.load_profile("any speed")

# A shell's background jobs begin with Ctrl-C ignored, and so would every process that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _registries_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what a test registers from the tests after it."""
    for registry in (WORKLOADS, MODES):
        monkeypatch.setattr(registry, "_registered", {**registry._registered})
