"""Runs a setup command in a new worktree, in a virtual environment that also sees this environment's packages."""

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
"""How long a setup may take; it is long because a setup may compile."""

_STDERR_TAIL_BYTES, _SHOWN_LINES = 16384, 15
_PATH_FILE = "00-walkerbench.pth"
"""The file of the virtual environment that adds this process's packages to its import path, after its own packages. Its
name makes Python read it before the `.pth` files of packages that the setup installs."""

_PACKAGE_FOLDERS = ("site-packages", "dist-packages")


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
    """Make a virtual environment that has pip and sees the packages of this process's environment.

    The option `--system-site-packages` is not enough: where this process runs in a virtual environment, its packages
    are not the system's.

    Args:
        folder: Where to make the environment.
        label: The side's label, for messages.
        interrupts: Checked while waiting.

    Raises:
        SideError: Python cannot make a virtual environment here.
        Interrupted: The user ended the measurement.
    """
    command = [sys.executable, "-I", "-m", "venv", str(folder)]
    _run(command, {}, folder.parent, f"side {label!r}: no virtual environment can be made for its setup", interrupts)
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    # The path of this folder in a virtual environment differs between systems.
    (packages,) = (found for found in folder.rglob("site-packages") if found.parent.parent.parent == folder)
    lines = [f"import site; site.addsitedir({entry!r})" for entry in sys.path if Path(entry).name in _PACKAGE_FOLDERS]
    (packages / _PATH_FILE).write_text("\n".join([*lines, ""]), encoding="utf-8")
    return Environment(scripts / "python", packages.resolve())


def environment_variables(environment: Environment) -> Mapping[str, str]:
    """Return the environment variables that activate a virtual environment."""
    path = os.environ.get("PATH", os.defpath)
    programs = environment.program.parent
    return {"VIRTUAL_ENV": str(programs.parent), "PATH": f"{programs}{os.pathsep}{path}"}


def run_setup(command: str, environment: Environment, directory: Path, label: str, interrupts: InterruptWatch) -> None:
    """Run the user's setup command with the system's shell, in a virtual environment and a folder.

    Args:
        command: The command that the user gave.
        environment: The virtual environment; its programs, such as `pip` and `python`, come first.
        directory: The worktree's folder that corresponds to the working directory.
        label: The side's label, for messages.
        interrupts: Checked while waiting.

    Raises:
        SideError: The command failed or took too long; the error has the last lines that it printed.
        Interrupted: The user ended the measurement.
    """
    # stdout goes to stderr, too: its lines may say why the command failed.
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
        lines = [line.rstrip() for line in child.stderr_tail(_STDERR_TAIL_BYTES).splitlines() if line.strip()]
        status = child.exit_status
    if status != 0:
        how = f"did not end within {SETUP_TIMEOUT_S:g} s" if status is None else describe_exit(status)
        raise SideError(f"{what} {how}; it printed last:", *(lines[-_SHOWN_LINES:] or ["nothing"]))
