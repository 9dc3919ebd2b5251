"""Children that run this walkerbench with this interpreter, set up as it is."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import walkerbench

PACKAGE = Path(walkerbench.__file__).resolve().parents[1]
"""The directory that holds the `walkerbench` that runs now."""


def interpreter_command() -> list[str]:
    """The interpreter with the `-X` options that it was started with; what stands in the environment passes anyway.

    `-P` keeps the working directory off the path: a child must not import what happens to lie there.
    """
    options: Mapping[str, str | bool] = getattr(sys, "_xoptions", {})
    flags = [f"-X{name}" if value is True else f"-X{name}={value}" for name, value in options.items()]
    return [sys.executable, *flags, "-P"]


def child_environment(package: Path = PACKAGE) -> dict[str, str]:
    """The environment of a child that imports `walkerbench` from a directory.

    Args:
        package: The directory that holds it.
    """
    path = os.pathsep.join(filter(None, (str(package), os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path}
