"""Checks a workload against the contract: makes the probes, runs them, and judges the rules."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from walkerbench.checking.probe_children import run_probes
from walkerbench.checking.probes import Declared, ProbeAnswer, ProbeRequest, Subject, Treatment
from walkerbench.checking.rules import CheckResult, ProbeEvidence, judge_rules
from walkerbench.errors import OverrideError, UsageError, WalkerbenchError
from walkerbench.modes.registry import BASE_MODE, MODES, refusal
from walkerbench.system.interrupts import InterruptWatch

FRAMES = 24
"""How many frames each probe runs."""

TIMEOUT_S = 60.0
"""How long one probe may take."""

_TREATMENTS: tuple[Treatment, ...] = ("slow", "perturbed", "restarted", "reversed", "growing")
_GROWING_FRAMES_FACTOR = 4  # more frames, so that memory which a workload fills once does not look like growth
_ONLY_FOR_DIGESTS = ("again", "seed", "slow", "perturbed", "restarted", "reversed")
_CHECKED_MODES = ("threaded", "process")
_NO_ARGUMENTS: Mapping[str, Any] = MappingProxyType({})


def check_workload(
    spec: str,
    *,
    arguments: Mapping[str, Any] = _NO_ARGUMENTS,
    agents: int | None = None,
    seed: int | None = None,
    profile: str = "default",
    frames: int = FRAMES,
    timeout_s: float = TIMEOUT_S,
) -> CheckResult:
    """Check a workload against the contract, in child processes, so that it cannot change this process.

    Args:
        spec: The workload, such as `mysim:Herd`, which is found from the working directory.
        arguments: Keyword arguments of the class or function that the SPEC names.
        agents: How many agents; None for a few.
        seed: Root of every random stream; None for the profile's.
        profile: A shipped profile's name or a path, for the workload's settings and the safeguards.
        frames: How many frames each probe runs, at least 1.
        timeout_s: How long one probe may take.

    Returns:
        The result of each rule. Where the workload cannot be run even once, there are no rules, and `broke` says why.

    Raises:
        UsageError: There is no such workload, or it cannot be run as asked.
        Interrupted: The user ended the check; no process and no file is left.
        WalkerbenchError: A fault in walkerbench.
    """
    subject = Subject(spec=spec, arguments=dict(arguments), agents=agents, seed=seed, profile=profile)
    first = ProbeRequest(subject=subject, profile=None, mode=BASE_MODE, workers=1, frames=frames)
    with InterruptWatch() as interrupts:
        interrupts.hold()
        # The first probe runs alone: if the workload cannot be run at all, no other probe is needed.
        answer = run_probes({"base": first}, timeout_s, interrupts)["base"]
        _raise_if_unusable(answer)
        if answer.failing == "broke" or answer.declared is None:
            return CheckResult(spec, agents or 0, frames, (), answer.message, answer.user_traceback)
        declared = answer.declared
        # The base runs again, now that every setting is known.
        base = dataclasses.replace(first, profile=declared.profile)
        refused = dict(_refused(declared))
        wanted = {name: request for name, request in _requests(base, declared) if name not in refused}
        answers = run_probes({"base": base, **wanted}, timeout_s, interrupts)
    if (broken := answers["base"]).failing is not None:
        message = f"it ran once and, run again, {broken.message}"
        return CheckResult(spec, declared.agents, frames, (), message, broken.user_traceback)
    evidence = ProbeEvidence(answers, refused, declared.unproven, declared.fixed)
    return CheckResult(spec, declared.agents, frames, judge_rules(evidence))


def _raise_if_unusable(answer: ProbeAnswer) -> None:
    if answer.failing == "unusable":
        if answer.problems:
            raise OverrideError(answer.problems)
        raise UsageError(*answer.message.split("\n"))
    if answer.failing == "fault":
        raise WalkerbenchError(answer.message)


def _requests(base: ProbeRequest, declared: Declared) -> Iterator[tuple[str, ProbeRequest]]:
    yield "again", base
    yield "seed", dataclasses.replace(base, profile={**declared.profile, "seed": declared.profile["seed"] + 1})
    for shards in sorted({2, 3, declared.agents}):
        if 1 < shards <= declared.agents:
            yield f"shards {shards}", dataclasses.replace(base, workers=shards)
    for mode in _CHECKED_MODES:
        workers = 1 if declared.shards == "one" else min(2, declared.agents)
        yield mode, dataclasses.replace(base, mode=mode, workers=workers)
    for treatment in _TREATMENTS:
        frames = base.frames * (_GROWING_FRAMES_FACTOR if treatment == "growing" else 1)
        yield treatment, dataclasses.replace(base, treatment=treatment, frames=frames)


def _refused(declared: Declared) -> Iterator[tuple[str, str]]:
    """Yield the names of probes that make no sense for a workload, each with the reason."""
    if declared.unproven is not None:
        for name in _ONLY_FOR_DIGESTS:
            yield name, declared.unproven
        for shards in range(2, declared.agents + 1):
            yield f"shards {shards}", declared.unproven
    if declared.shards == "one":
        for shards in range(2, declared.agents + 1):
            yield f"shards {shards}", "its agents cannot be split"
    for mode in _CHECKED_MODES:
        kind = MODES.find(mode)
        if (reason := refusal(declared.shards, kind)) is not None:
            yield mode, reason
        elif declared.agents < kind.fewest_agents:
            yield mode, f"with {_agents(declared.agents)}, {mode} mode is not used"
    if declared.shards != "any":
        yield "reversed", "its agents may share objects"
    elif declared.agents == 1:
        yield "reversed", "there is one agent"


def _agents(number: int) -> str:
    return "1 agent" if number == 1 else f"{number} agents"
