"""Prints results on stdout: as tables, or as JSON and nothing else."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rich.console import Console, RenderableType

from walkerbench.cli.output import write_out
from walkerbench.reports import run_json as json_report
from walkerbench.reports.terminal import run as terminal

if TYPE_CHECKING:
    from walkerbench.comparison.comparison_result import Compared
    from walkerbench.errors import ExitCode
    from walkerbench.gating.gate_result import GateResult
    from walkerbench.run_directory import RunFile

WIDTH = 80
"""Columns of what is printed; fewer where the terminal has fewer."""


def print_run(
    run: RunFile, directory: Path, *, as_json: bool, verbose: bool, pictures: Iterable[RenderableType] = ()
) -> None:
    """Print a run: as JSON and nothing else, or as tables and, before the verdict, pictures."""
    if as_json:
        write_out(json_report.render(run))
    else:
        write_out(to_text(terminal.report(run, directory, verbose=verbose, pictures=pictures)))


def print_comparison(compared: Compared, exit_code: ExitCode, *, as_json: bool, advice: str | None = None) -> None:
    """Print a comparison, as JSON with the exit code that the process ends with."""
    from walkerbench.reports.terminal import comparison

    if as_json:
        _print_json(compared.as_dict() | {"exit_code": exit_code} | ({} if advice is None else {"advice": advice}))
    else:
        write_out(to_text(comparison.report(compared, advice=advice)))


def print_gate(result: GateResult, *, as_json: bool) -> None:
    """Print what a gate found."""
    from walkerbench.reports.terminal import gate

    if as_json:
        _print_json(result.as_dict())
    else:
        write_out(to_text(gate.report(result)))


def _print_json(content: Mapping[str, Any]) -> None:
    write_out(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def to_text(parts: Iterable[RenderableType]) -> str:
    """Lay parts out for stdout: coloured where it is a terminal, `WIDTH` columns wide at most."""
    stdout = Console(file=sys.stdout)
    # What rich draws goes into a text first: only `write_out` knows what to do where stdout cannot be written.
    text = _Text(stdout.encoding)
    console = Console(
        file=text,
        # Where stdout is no terminal, rich would take the width of stderr's or stdin's.
        width=min(stdout.width, WIDTH) if sys.stdout is not None and sys.stdout.isatty() else WIDTH,
        force_terminal=stdout.is_terminal,
        color_system=_COLOUR_SYSTEMS.get(stdout.color_system or ""),
        no_color=stdout.no_color,
        legacy_windows=False,
    )
    for part in parts:
        console.print(part, highlight=False)
    return "".join(f"{line.rstrip()}\n" for line in text.getvalue().splitlines())


_COLOUR_SYSTEMS: dict[str, Literal["standard", "256", "truecolor", "windows"]] = {
    name: name for name in ("standard", "256", "truecolor", "windows")
}


class _Text(io.StringIO):
    """A text for rich that says which characters may be used."""

    encoding = "utf-8"

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self.encoding = encoding
