"""The expected result of a case, the observed result, and whether they agree, which is the proof."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from walkerbench.errors import ExitCode


@dataclass(frozen=True, kw_only=True)
class Observed:
    """The observed result of a case.

    Attributes:
        exit_code: The exit code of a process of walkerbench.
        failed: The criteria that are not met, and `regression` where a side is slower.
        slow_frames: Number and time, ms, of each frame that is named as one of the slowest.
        said: All lines of the output.
    """

    exit_code: ExitCode
    failed: tuple[str, ...] = ()
    slow_frames: tuple[tuple[int, float], ...] = ()
    said: str = ""

    @property
    def in_words(self) -> str:
        """Return the observed result in one line."""
        said = "; ".join(filter(None, (", ".join(self.failed), *self.said.splitlines())))
        return f"exit code {self.exit_code:d}{f': {said}' if said else ''}"


@dataclass(frozen=True, kw_only=True)
class Expected:
    """The expected result of a case.

    Attributes:
        exit_codes: The exit code must be one of these; a control that is timed may also be inconclusive.
        failed: Exactly these criteria must not be met; `regression` where a side must be found slower.
        slow_frame: Number of a frame that must be named as one of the slowest, and the ms that it takes at least; None
            where no frame must be named.
        words: The output must contain each of these texts.
    """

    exit_codes: tuple[ExitCode, ...]
    failed: tuple[str, ...] = ()
    slow_frame: tuple[int, float] | None = None
    words: tuple[str, ...] = ()

    @property
    def in_short(self) -> str:
        """Return the expected exit codes and the criteria that must not be met, in one line."""
        codes = " or ".join(f"{code:d}" for code in self.exit_codes)
        return ": ".join(filter(None, (codes, ", ".join(self.failed))))

    def differences(self, observed: Observed) -> Iterator[str]:
        """Yield each difference of the observed result from the expected one, as text."""
        if observed.exit_code not in self.exit_codes:
            codes = " or ".join(f"{code:d}" for code in self.exit_codes)
            yield f"exit code {observed.exit_code:d} in place of {codes}"
        if set(observed.failed) != set(self.failed):
            yield f"fails by {_listed(observed.failed)} in place of {_listed(self.failed)}"
        if self.slow_frame is not None:
            frame, least_ms = self.slow_frame
            if not any(found == frame and ms >= least_ms for found, ms in observed.slow_frames):
                yield f"frame {frame} with {least_ms:g} ms or more is not named as a slow one"
        for word in self.words:
            if word not in observed.said:
                yield f"does not say {word!r}"


@dataclass(frozen=True, kw_only=True)
class Proof:
    """The proof of one case in one mode.

    Attributes:
        fault: What was injected, in words.
        mode: The mode.
        expected: The expected result; None where the case was not run.
        observed: The observed result; None where the case was not run.
        not_applicable: Why the fault cannot be injected in this mode; None where it can.
        problems: The differences between the two results, or why the case could not be run; empty where it is proven.
    """

    fault: str
    mode: str
    expected: Expected | None = None
    observed: Observed | None = None
    not_applicable: str | None = None
    problems: tuple[str, ...] = ()

    @property
    def proven(self) -> bool:
        """Return whether the proof has no problems; true also where the fault cannot be injected."""
        return not self.problems

    @property
    def in_words(self) -> str:
        """Return the problems in one line."""
        got = "" if self.observed is None else f" (got {self.observed.in_words})"
        return f"{self.fault}, {self.mode}: {'; '.join(self.problems)}{got}"


@dataclass(frozen=True)
class SelfTestResult:
    """The result of the self-test: every proof.

    Attributes:
        proofs: In the order in which the cases were run.
        duration_s: How long all cases took.
    """

    proofs: tuple[Proof, ...]
    duration_s: float

    @property
    def failed(self) -> tuple[Proof, ...]:
        """Return the proofs that have problems."""
        return tuple(proof for proof in self.proofs if not proof.proven)

    @property
    def carried_out(self) -> tuple[Proof, ...]:
        """Return the proofs whose fault can be injected in their mode."""
        return tuple(proof for proof in self.proofs if proof.not_applicable is None)

    @property
    def exit_code(self) -> ExitCode:
        """Return `FAIL` where a proof has problems or where no case could be run, else `PASS`."""
        return ExitCode.PASS if self.carried_out and not self.failed else ExitCode.FAIL


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(sorted(names)) or "nothing"
