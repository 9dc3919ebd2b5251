"""A profile so small that a run of it takes a fraction of a second."""

from __future__ import annotations

TINY_AGENTS = 12
TINY_FRAMES = 40
TINY_WARMUP = 10

TINY = {
    "agents": TINY_AGENTS,
    "frames": TINY_FRAMES,
    "warmup": TINY_WARMUP,
    "checkpoint_every": 15,
    # No limit of time, because a busy machine might exceed it.
    "criteria": {"emergency_shutdowns": "== 0"},
}


def profile_text(**changes: object) -> str:
    """Return the profile as TOML.

    Args:
        changes: Keys to add or change; None leaves a key out.
    """
    table = {key: value for key, value in {**TINY, **changes}.items() if value is not None}
    return "".join(f"{key} = {_toml(value)}\n" for key, value in table.items())


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f'"{key}" = {_toml(inner)}' for key, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(inner) for inner in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value).lower()
