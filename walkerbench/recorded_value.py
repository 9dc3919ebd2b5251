"""What makes a frozen dataclass stand in `run.json` as it is: one model for what is computed and what is recorded."""

from __future__ import annotations

from typing import ClassVar


class RecordedValue:
    """Base of a dataclass that is a part of `run.json`: read strictly, and written with null for what is not finite."""

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid", "ser_json_inf_nan": "null"}
