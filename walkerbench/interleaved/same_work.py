"""Checks whether sides do the same work: compares what they are asked to do, and the digests of what they did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from walkerbench.errors import NotComparable, UsageError
from walkerbench.interleaved.protocol import Digest
from walkerbench.interleaved.session import Session
from walkerbench.interleaved.sides import Side
from walkerbench.recorded_value import differing, flattened
from walkerbench.workloads.contract import same_work_settings
from walkerbench.workloads.digests import first_difference, not_proven


def check_measurable(sides: Sequence[Side]) -> None:
    """Refuse sides that cannot be measured interleaved.

    Raises:
        UsageError: There are fewer than two sides, two sides have the same label, a profile has several stages, or a
            profile has a fault that only a run can have.
    """
    if len(sides) < 2:
        raise UsageError("a measurement needs a base and at least one candidate: give two sides or more")
    labels = [side.label for side in sides]
    if len(set(labels)) < len(labels):
        raise UsageError(f"two sides have the same label: {', '.join(labels)}")
    for side in sides:
        if len(side.profile.stages) != 1:
            raise UsageError(
                f"side {side.label!r}: the profile {side.profile.name} has {len(side.profile.stages)} stages, "
                "but sides are measured over one: choose a profile without [[stages]]"
            )
        if side.profile.faults.end_frame is not None:
            raise UsageError(
                f"side {side.label!r}: faults.end_frame ends a run, and sides are measured over rounds: remove it"
            )


def requested_difference(sides: Sequence[Side]) -> str | None:
    """Return the first difference between what a candidate and the base are asked to do, or None.

    Mode, workers, safeguards, faults, and settings with the metadata `SAME_WORK` may differ: they do not change what is
    computed.
    """
    base, *candidates = sides
    for side in candidates:
        for key, (ours, theirs) in differing(flattened(_work(base)), flattened(_work(side))).items():
            return f"{key} is {ours} for side {base.label!r} and {theirs} for side {side.label!r}"
    return None


def different_work_error(difference: str, details: tuple[str, ...] = ()) -> NotComparable:
    """Return the error for sides that do different work; the details are for a reader who asks for more."""
    error = NotComparable(f"not the same work: {difference}", different_work=True)
    error.details = details
    return error


class DigestWatch:
    """Compares the sides' digests with one another and with those of earlier rounds.

    Args:
        allow_different: Whether sides may differ from one another; each side must still repeat its own work.

    Attributes:
        difference: The first difference between sides that was found, or None.
        details: More about this difference, one text per line.
        not_proven: Why digests prove nothing, where a side's workload digests nothing; else None.
        seen: Side → frame → digest.
        remarks: Side → the first remarks of its workload about its frames, where there were any.
    """

    def __init__(self, *, allow_different: bool) -> None:
        self.difference: str | None = None
        self.details: tuple[str, ...] = ()
        self.not_proven: str | None = None
        self.seen: dict[str, dict[int, str]] = {}
        self.remarks: dict[str, str] = {}
        self._allow_different = allow_different

    def check(self, sessions: Sequence[Session]) -> None:
        """Take the digest of every session, and compare the digests.

        Raises:
            NotComparable: A side did different work from the base, and that is not allowed; or a side did different
                work from its own earlier rounds.
        """
        digests = [session.take_digest() for session in sessions]
        for session, digest in zip(sessions, digests, strict=True):
            self._remember(session, digest)
        if self.difference is None and self.not_proven is None:
            self.difference, self.details = _difference_of_sessions(sessions, digests)
        if self.difference is not None and not self._allow_different:
            raise different_work_error(self.difference, self.details)

    def check_repeated(self, sessions: Sequence[Session], warmup: int) -> None:
        """Run new sessions up to the frame after which sides differed, and compare each side with its earlier session.

        Args:
            sessions: New sessions of every side, warmed up.
            warmup: How many frames they have run.

        Raises:
            NotComparable: A side does not repeat its own work.
        """
        frame = max(frame for digests in self.seen.values() for frame in digests)
        for session in sessions:
            if frame >= warmup:
                session.run_block(1, frame + 1 - warmup)
            self._remember(session, session.take_digest())

    def _remember(self, session: Session, digest: Digest) -> None:
        if digest.remarks:
            self.remarks.setdefault(session.label, "; ".join(digest.remarks))
        known = self.seen.setdefault(session.label, {})
        if digest.digest is None:
            reason = session.prepared and session.prepared.same_work_not_proven
            self.not_proven = self.not_proven or reason or f"side {session.label!r} has no digest"
        elif known.setdefault(digest.frame, digest.digest) != digest.digest:
            raise NotComparable(
                f"side {session.label!r} is not deterministic: after frame {digest.frame}, its digest is not the one "
                "of an earlier session; its work must not depend on the clock or on chance"
            )

    def sentence(self) -> str:
        """Return what the digests prove, as a sentence, followed by the remarks of the workload."""
        remarks = [f"side {label!r}, remark of the workload: {remark}" for label, remark in self.remarks.items()]
        return "; ".join((self._proof().removesuffix("."), *remarks)) if remarks else self._proof()

    def _proof(self) -> str:
        if self.difference is not None:
            return f"{self.difference}; different work was allowed"
        if self.not_proven is not None:
            return not_proven(self.not_proven)
        frames = ", ".join(str(frame) for frame in sorted(next(iter(self.seen.values()))))
        return f"Same work: the digests of all sides agree wherever they were taken, after frames {frames}."


def _difference_of_sessions(
    sessions: Sequence[Session], digests: Sequence[Digest]
) -> tuple[str | None, tuple[str, ...]]:
    """Return the first difference, None where there is none, and details of it."""
    base, *candidates = sessions
    for session, digest in zip(candidates, digests[1:], strict=True):
        if (digest.frame, digest.digest) != (digests[0].frame, digests[0].digest):
            difference, details = _difference_of_agents(base, session)
            return f"after frame {digest.frame}, {difference}", details
    return None, ()


def _difference_of_agents(base: Session, candidate: Session) -> tuple[str, tuple[str, ...]]:
    ours, theirs = base.list_digests(), candidate.list_digests()
    between = f"between sides {base.label!r} and {candidate.label!r}"
    if ours.fields != theirs.fields:
        return f"the digests cover {', '.join(ours.fields)} and {', '.join(theirs.fields)} {between}", ()
    if len(ours.rows) != len(theirs.rows):
        return f"there are {len(ours.rows)} and {len(theirs.rows)} agents {between}", ()
    found = first_difference(ours.fields, *(np.array(each.rows, np.uint64) for each in (ours, theirs)))
    if found is None:
        return f"the digests differ {between}, but those of no single agent", ()
    differing_agents = [
        agent for agent, pair in enumerate(zip(ours.rows, theirs.rows, strict=True)) if len({*pair}) > 1
    ]
    details = (
        f"{len(differing_agents)} of {len(ours.rows)} agents differ: {', '.join(map(str, differing_agents))}",
        f"the digests cover {', '.join(ours.fields)}",
    )
    return f"agent {found.agent} is the first that differs {between}, in {', '.join(found.fields)}", details


def _work(side: Side) -> dict[str, Any]:
    profile = side.profile
    return {
        "workload": profile.workload,
        "workload_arguments": dict(profile.workload_arguments),
        "agents": profile.stages[0].agents,
        "seed": profile.seed,
        "warmup": profile.warmup,
        "environment": {
            key: value
            for key, value in profile.as_dict()["environment"].items()
            if key not in same_work_settings(profile.environment)
        },
    }
