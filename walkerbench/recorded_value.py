"""How values stand in a recorded run: dataclasses as they are, and what stands for a value that is not there."""

from __future__ import annotations

from typing import ClassVar

MISSING = -1
"""What an integer column of a recorded array holds where the system has no source for the figure."""

NOT_AVAILABLE = "n/a"
"""What a fact says, and a person reads, where the system has no source for it."""


class RecordedValue:
    """Base of a dataclass that is a part of `run.json`: read strictly, and written with null for what is not finite."""

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid", "ser_json_inf_nan": "null"}
