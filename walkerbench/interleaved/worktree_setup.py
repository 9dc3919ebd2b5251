"""Runs a setup command in a fresh worktree, in a virtual environment that sees the packages of this one."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from walkerbench.errors import Interrupted, SideError, describe_exit
from walkerbench.system.child_processes import ChildProcess
from walkerbench.system.deadlines import Deadline
from walkerbench.system.interrupts import InterruptWatch

SETUP_TIMEOUT_S = 1800.0
"""How long a setup may take: it may compile."""

_TAIL_BYTES, _TAIL_LINES = 16384, 15
_LEADS_TO_PARENT = "00-walkerbench.pth"
"""Read before the files of what the setup installs, which so comes before what is installed in this environment."""

_INSTALLED = ("site-packages", "dist-packages")


@dataclass(frozen=True)
class Environment:
    """A virtual environment.

    Attributes:
        program: Its interpreter.
        packages: The folder that packages are installed into.
    """

    program: Path
    packages: Path


def make_virtual_environment(folder: Path, label: str, interrupts: InterruptWatch) -> Environment:
    """Make a virtual environment with pip, that sees what is installed in this process's environment.

    One with the system's packages would not do: where this process runs in a virtual environment, these are others.

    Args:
        folder: Where to make it.
        label: The side's, for messages.
        interrupts: Checked while waiting.

    Raises:
        SideError: Python cannot make one here.
        Interrupted: The user ended it.
    """
    command = [sys.executable, "-I", "-m", "venv", str(folder)]
    _run(command, {}, folder.parent, f"side {label!r}: no virtual environment can be made for its setup", interrupts)
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    # What a virtual environment calls the folder differs between systems.
    (packages,) = (found for found in folder.rglob("site-packages") if found.parent.parent.parent == folder)
    lines = [f"import site; site.addsitedir({entry!r})" for entry in sys.path if Path(entry).name in _INSTALLED]
    (packages / _LEADS_TO_PARENT).write_text("\n".join([*lines, ""]), encoding="utf-8")
    return Environment(scripts / "python", packages.resolve())


def environment_variables(environment: Environment) -> Mapping[str, str]:
    """Return the variables by which a virtual environment is active."""
    path = os.environ.get("PATH", os.defpath)
    programs = environment.program.parent
    return {"VIRTUAL_ENV": str(programs.parent), "PATH": f"{programs}{os.pathsep}{path}"}


def run_setup(command: str, environment: Environment, directory: Path, label: str, interrupts: InterruptWatch) -> None:
    """Run a command of the user's with the system's shell, in an environment and a folder.

    Args:
        command: What the user gave.
        environment: Whose programs come first, such as its `pip` and `python`.
        directory: The worktree's folder that corresponds to the working directory.
        label: The side's, for messages.
        interrupts: Checked while waiting.

    Raises:
        SideError: It failed, or took too long; with the last lines that it printed.
        Interrupted: The user ended it.
    """
    # What it prints to stdout is part of what tells why it failed.
    words = ["sh", "-c", f"exec 1>&2\n{command}"]
    _run(words, environment_variables(environment), directory, f"side {label!r}: setup {command!r}", interrupts)


def _run(
    command: Sequence[str], variables: Mapping[str, str], directory: Path, what: str, interrupts: InterruptWatch
) -> None:
    deadline = Deadline(SETUP_TIMEOUT_S)
    with ChildProcess(
        command, variables=variables, without=("PYTHONHOME",), directory=directory, own_session=True
    ) as child:
        while not child.ended_within(deadline.next_slice_s()):
            if interrupts.received is not None:
                raise Interrupted(f"interrupted ({interrupts.received}): nothing is left of the measurement")
            if deadline.passed:
                break
        lines = [line.rstrip() for line in child.stderr_tail(_TAIL_BYTES).splitlines() if line.strip()]
        status = child.exit_status
    if status != 0:
        how = f"did not end within {SETUP_TIMEOUT_S:g} s" if status is None else describe_exit(status)
        raise SideError(f"{what} {how}; it printed last:", *(lines[-_TAIL_LINES:] or ["nothing"]))
