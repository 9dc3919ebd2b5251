from __future__ import annotations

from hypothesis import settings

# How long an example takes says something of the machine, not of what is tested.
settings.register_profile("any speed", deadline=None)
settings.load_profile("any speed")
