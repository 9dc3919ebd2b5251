"""What must come back of a case, what came back, and whether that is a proof."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from walkerbench.errors import ExitCode


@dataclass(frozen=True, kw_only=True)
class Observed:
    """What came back of a case.

    Attributes:
        exit_code: The one that a process of walkerbench ends with.
        failed: The criteria that are not met, and `regression` where a side is slower.
        slow_frames: Number and time, ms, of each frame that is named as one of the slowest.
        said: Every line of what a reader is told.
    """

    exit_code: ExitCode
    failed: tuple[str, ...] = ()
    slow_frames: tuple[tuple[int, float], ...] = ()
    said: str = ""

    @property
    def in_words(self) -> str:
        """What came back, in a line."""
        said = "; ".join(filter(None, (", ".join(self.failed), *self.said.splitlines())))
        return f"exit code {self.exit_code:d}{f': {said}' if said else ''}"


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What must come back of a case.

    Attributes:
        exit_codes: One of these; of what is timed, a control may also be inconclusive.
        failed: Exactly these criteria are not met; `regression` where a side must be found slower.
        slow_frame: Number of a frame that must be named as one of the slowest, and the ms that it takes at least; None
            where there is none.
        words: Each of these must be said.
    """

    exit_codes: tuple[ExitCode, ...]
    failed: tuple[str, ...] = ()
    slow_frame: tuple[int, float] | None = None
    words: tuple[str, ...] = ()

    @property
    def in_short(self) -> str:
        """The exit code and the criteria that are not met."""
        codes = " or ".join(f"{code:d}" for code in self.exit_codes)
        return ": ".join(filter(None, (codes, ", ".join(self.failed))))

    def differences(self, observed: Observed) -> Iterator[str]:
        """Yield how what came back differs from this, one text each."""
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
    """A case in a mode, carried out.

    Attributes:
        fault: What was injected, in words.
        mode: The mode.
        expected: What must come back; None where the case could not be carried out.
        observed: What came back; likewise.
        not_applicable: Why the fault cannot be injected in this mode; None where it was.
        problems: How what came back differs from what must; nothing where that is proven.
    """

    fault: str
    mode: str
    expected: Expected | None = None
    observed: Observed | None = None
    not_applicable: str | None = None
    problems: tuple[str, ...] = ()

    @property
    def proven(self) -> bool:
        """Whether what had to come back did; also where the fault cannot be injected."""
        return not self.problems

    @property
    def in_words(self) -> str:
        """What is not proven, in a line."""
        got = "" if self.observed is None else f" (got {self.observed.in_words})"
        return f"{self.fault}, {self.mode}: {'; '.join(self.problems)}{got}"


@dataclass(frozen=True)
class SelfTestResult:
    """Every proof.

    Attributes:
        proofs: In the order in which they were carried out.
        duration_s: How long all of them took.
    """

    proofs: tuple[Proof, ...]
    duration_s: float

    @property
    def failed(self) -> tuple[Proof, ...]:
        """What is not proven."""
        return tuple(proof for proof in self.proofs if not proof.proven)

    @property
    def carried_out(self) -> tuple[Proof, ...]:
        """The proofs whose fault can be injected in their mode."""
        return tuple(proof for proof in self.proofs if proof.not_applicable is None)

    @property
    def exit_code(self) -> ExitCode:
        """Return `FAIL` where something is not proven; so, too, where nothing was carried out."""
        return ExitCode.PASS if self.carried_out and not self.failed else ExitCode.FAIL


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(sorted(names)) or "nothing"
