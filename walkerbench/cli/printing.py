"""Prints results on stdout: as tables, or as JSON and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import RenderableType

from walkerbench.cli.output import write_out
from walkerbench.cli.rich_console import to_text
from walkerbench.reports import run_json as json_report
from walkerbench.reports.json_text import json_document
from walkerbench.reports.terminal import run as terminal
from walkerbench.reports.terminal.short_run import ShortRun

if TYPE_CHECKING:
    from walkerbench.comparison.comparison_result import Compared
    from walkerbench.errors import ExitCode
    from walkerbench.gating.gate_result import GateResult
    from walkerbench.run_directory import RunFile


def print_run(
    run: RunFile, directory: Path, *, as_json: bool, verbose: bool, pictures: Iterable[RenderableType] = ()
) -> None:
    """Print all figures of a run: as JSON and nothing else, or as tables and, before the criteria, pictures."""
    if as_json:
        write_out(json_report.render(run))
    else:
        write_out(to_text(terminal.report(run, directory, verbose=verbose, pictures=pictures)))


def print_run_or_summary(
    run: RunFile, directory: Path, following: Mapping[str, str], *, as_json: bool, verbose: bool
) -> None:
    """Print the summary of a run that has just been recorded, or with `as_json` or `verbose` all of its figures.

    Args:
        run: The run.
        directory: Where it is recorded.
        following: Commands to go on with: what each shows → the command.
        as_json: Whether to print JSON and nothing else.
        verbose: Whether to print all figures and facts of the machine.
    """
    if as_json or verbose:
        print_run(run, directory, as_json=as_json, verbose=verbose)
    else:
        write_out(to_text([ShortRun(run, directory, following)]))


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
