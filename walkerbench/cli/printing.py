"""Prints results on stdout: as tables, or as JSON and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import RenderableType

from walkerbench.cli.output import write_out
from walkerbench.cli.rich_console import to_text
from walkerbench.reports import run_json as json_report
from walkerbench.reports.json_text import json_document
from walkerbench.reports.terminal import run as terminal

if TYPE_CHECKING:
    from walkerbench.comparison.comparison_result import Compared
    from walkerbench.errors import ExitCode
    from walkerbench.gating.gate_result import GateResult
    from walkerbench.run_directory import RunFile


def print_run(
    run: RunFile, directory: Path, *, as_json: bool, verbose: bool, pictures: Iterable[RenderableType] = ()
) -> None:
    """Print a run: as JSON and nothing else, or as tables and, before the verdict, pictures."""
    if as_json:
        write_out(json_report.render(run))
    else:
        write_out(to_text(terminal.report(run, directory, verbose=verbose, pictures=pictures)))


def print_comparison(compared: Compared, exit_code: ExitCode, *, as_json: bool, advice: str | None = None) -> None:
    """Print a comparison: as tables, or as JSON that includes the process's exit code."""
    from walkerbench.reports.terminal import comparison

    if as_json:
        advised = {} if advice is None else {"advice": advice}
        write_out(json_document(compared.as_dict() | {"exit_code": exit_code} | advised))
    else:
        write_out(to_text(comparison.report(compared, advice=advice)))


def print_gate(result: GateResult, *, as_json: bool) -> None:
    """Print the result of a gate: as tables, or as JSON and nothing else."""
    from walkerbench.reports.terminal import gate

    if as_json:
        write_out(json_document(result.as_dict()))
    else:
        write_out(to_text(gate.report(result)))
