"""The proofs of a self-test, as a table for a terminal of 80 columns: one row per fault, one column per mode."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import RenderableType

from walkerbench.reports.terminal import tables as layout
from walkerbench.reports.wording.numbers import NOT_MEASURED, counted

if TYPE_CHECKING:
    from walkerbench.selftest.proofs import Proof, SelfTestResult


def report(result: SelfTestResult) -> Iterator[RenderableType]:
    """Lay out the proofs, why some faults cannot be injected in some modes, and the conclusion."""
    yield _matrix(result)
    yield layout.blank_line()
    yield from layout.footnotes(_not_applicable(result))
    for proof in result.failed:
        yield layout.line(f"not proven: {proof.in_words}")
    carried_out = counted(len(result.carried_out), "proof")
    if result.failed:
        conclusion = f"FAIL: {len(result.failed)} of {carried_out} failed: do not rely on the gate here."
    else:
        conclusion = f"PASS: {carried_out} in {result.duration_s:.0f} s: every fault is found, and no other."
    yield layout.line(conclusion, layout.STYLES["FAIL" if result.failed else "PASS"])


def _matrix(result: SelfTestResult) -> RenderableType:
    modes = dict.fromkeys(proof.mode for proof in result.proofs)
    rows = []
    for fault in dict.fromkeys(proof.fault for proof in result.proofs):
        proofs = {proof.mode: proof for proof in result.proofs if proof.fault == fault}
        expected = next((proof.expected.in_short for proof in proofs.values() if proof.expected), NOT_MEASURED)
        rows.append((fault, expected, *(_cell(proofs.get(mode)) for mode in modes)))
    return layout.table(["fault", "exit code: criterion", *modes], rows)


def _cell(proof: Proof | None) -> layout.Cell:
    if proof is None or proof.not_applicable:
        return layout.name(NOT_MEASURED, "dim")
    return layout.name(*(("proven", layout.STYLES["PASS"]) if proof.proven else ("NO", layout.STYLES["FAIL"])))


def _not_applicable(result: SelfTestResult) -> list[str]:
    """Return why some faults cannot be injected in some modes, a line for each reason."""
    modes: dict[tuple[str, str], list[str]] = {}
    for proof in result.proofs:
        if proof.not_applicable:
            modes.setdefault((proof.fault, proof.not_applicable), []).append(proof.mode)
    return [f"{fault}, in {' and '.join(found)}: {reason}" for (fault, reason), found in modes.items()]
