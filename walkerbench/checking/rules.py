"""The rules of the contract, and whether a workload keeps each of them, judged from its probes' answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from walkerbench.checking.probes import ProbeAnswer
from walkerbench.errors import ExitCode, most_severe

Holds = Literal["holds", "does not hold", "not checked", "note"]
"""Whether a rule holds; a `note` is not a rule, but something that a reader should know about the workload."""


@dataclass(frozen=True)
class RuleResult:
    """One rule and whether it holds.

    Attributes:
        rule: What the contract demands of a workload, in words.
        holds: Whether the rule holds.
        detail: Why it does not hold, or why it could not be checked; may be empty.
        user_traceback: The lines of the workload's own code that broke the rule; empty where there are none.
    """

    rule: str
    holds: Holds
    detail: str = ""
    user_traceback: str = ""


@dataclass(frozen=True)
class CheckResult:
    """What a check of a workload found.

    Attributes:
        workload: Its SPEC.
        agents: How many agents were run.
        frames: How many frames.
        rules: The result of each rule, in a fixed order; empty where the workload could not be run at all.
        broke: Why the workload could not be run even once, as one shard in one thread; None where it could.
        user_traceback: The lines of the workload's own code that broke it; empty where there are none.
    """

    workload: str
    agents: int
    frames: int
    rules: tuple[RuleResult, ...]
    broke: str | None = None
    user_traceback: str = ""

    @property
    def violations(self) -> tuple[RuleResult, ...]:
        """Return the rules that do not hold."""
        return tuple(each for each in self.rules if each.holds == "does not hold")

    @property
    def exit_code(self) -> ExitCode:
        """Return `PASS` where no rule is broken, else `FAIL`; `BROKEN` where the workload could not be run."""
        if self.broke is not None:
            return ExitCode.BROKEN
        return most_severe([ExitCode.FAIL] if self.violations else [])


@dataclass(frozen=True)
class ProbeEvidence:
    """What is known about a workload from its probes.

    Attributes:
        answers: Name of each probe → its answer.
        refused: Name of each probe that was not made → why not.
        unproven: Why nothing is digested; None where digests exist.
        fixed: Whether its number of agents is fixed: such a workload takes no seed.
    """

    answers: Mapping[str, ProbeAnswer]
    refused: Mapping[str, str]
    unproven: str | None
    fixed: bool

    @property
    def base(self) -> ProbeAnswer:
        """The answer of the probe that runs one shard in one thread."""
        return self.answers["base"]

    @property
    def drawn(self) -> str:
        """Which global random streams the workload draws from, in words; empty where it uses none."""
        streams = self.base.observed.random_streams
        return f"it draws from the global stream of {' and of '.join(streams)}" if streams else ""

    @property
    def repeats(self) -> bool:
        """Whether two equal runs of the workload have equal digests."""
        return self.unproven is not None or self.answers["again"].digests == self.base.digests

    def difference(self, name: str, base: str = "base") -> str | None:
        """Return where a probe's digests first differ from another probe's, in words; None where they are equal."""
        expected, found = self.answers[base].digests, self.answers[name].digests
        for frame, (ours, theirs) in enumerate(zip(expected, found, strict=False)):
            for agent, (one, other) in enumerate(zip(ours, theirs, strict=False)):
                if one != other:
                    return f"agent {agent} differs after frame {frame}"
        return None if expected == found else "its number of agents or frames differs"


_NOT_REPEATED = "two equal runs already differ"


def judge_rules(evidence: ProbeEvidence) -> tuple[RuleResult, ...]:
    """Return the result of every rule."""
    return tuple(result for judge in _JUDGES for result in judge(evidence))


def _same_seed(evidence: ProbeEvidence) -> Iterator[RuleResult]:
    rule = "same seed, same digests"
    if (unchecked := _unchecked(evidence, rule, "again")) is not None:
        yield unchecked
    elif evidence.drawn:
        yield RuleResult(rule, "does not hold", f"{evidence.drawn}, which no seed of a run sets")
    elif evidence.repeats:
        yield RuleResult(rule, "holds")
    else:
        sources = _sources_of_chance(evidence)
        reason = (
            f"{evidence.difference('again')}; {sources}"
            if sources
            else (
                f"{evidence.difference('again')}; its work depends on the clock, on random numbers without a seed, on "
                "addresses in memory, or on the order of a set"
            )
        )
        yield RuleResult(rule, "does not hold", reason)


def _other_seed(evidence: ProbeEvidence) -> Iterator[RuleResult]:
    rule = "another seed, other digests"
    if evidence.fixed:
        yield RuleResult(rule, "not checked", "it takes no seed")
    elif (unchecked := _unchecked(evidence, rule, "seed")) is not None:
        yield unchecked
    elif evidence.difference("seed") is None:
        yield RuleResult(rule, "does not hold", "the seed changes nothing")
    elif not evidence.repeats:
        yield RuleResult(rule, "not checked", _NOT_REPEATED)
    else:
        yield RuleResult(rule, "holds")


def _compared(name: str, rule: str, because: str) -> Callable[[ProbeEvidence], Iterator[RuleResult]]:
    """Return a function that judges a rule which holds where a probe's digests equal those of the base."""

    def judge(evidence: ProbeEvidence) -> Iterator[RuleResult]:
        unchecked = _unchecked(evidence, rule, name)
        if unchecked is not None:
            yield unchecked
        elif not evidence.repeats or evidence.drawn:
            yield RuleResult(rule, "not checked", evidence.drawn or _NOT_REPEATED)
        elif (difference := evidence.difference(name)) is None:
            yield RuleResult(rule, "holds")
        else:
            yield RuleResult(rule, "does not hold", f"{difference}: {because}")

    return judge


def _shards(evidence: ProbeEvidence) -> Iterator[RuleResult]:
    rule = "any number of shards, the same digests"
    names = [name for name in (*evidence.answers, *evidence.refused) if name.startswith("shards ")]
    judges = [_compared(name, rule, f"with {name.removeprefix('shards ')} shards, {_DEPENDS}") for name in names]
    results = [result for judge in judges for result in judge(evidence)]
    wrong = next((each for each in results if each.holds == "does not hold"), None)
    yield wrong or (results[0] if results else RuleResult(rule, "not checked", "there is one agent"))


_DEPENDS = "its work depends on which agents are built together"


def _no_sharing(evidence: ProbeEvidence) -> Iterator[RuleResult]:
    rule = "agents share no state"
    unchecked = _unchecked(evidence, rule, "reversed")
    if unchecked is not None:
        yield unchecked
        return
    changed = evidence.answers["reversed"].observed.alone_changed
    if changed is not None:
        yield RuleResult(rule, "does not hold", f"agent {changed} changed when agent 0 was stepped alone")
    elif not evidence.repeats or evidence.drawn:
        yield RuleResult(rule, "not checked", evidence.drawn or _NOT_REPEATED)
    elif evidence.answers[one_by_one := f"shards {len(evidence.base.digests[0])}"].failing is not None:
        yield RuleResult(rule, "not checked", "its agents cannot be built one by one")
    elif (difference := evidence.difference("reversed", one_by_one)) is not None:
        yield RuleResult(rule, "does not hold", f"{difference} when agents are stepped in the opposite order")
    else:
        yield RuleResult(rule, "holds")


def _no_clock(evidence: ProbeEvidence) -> Iterator[RuleResult]:
    rule = "no wall clock"
    clocks = ", ".join(evidence.base.observed.clocks)
    if (unchecked := _unchecked(evidence, rule, "slow")) is not None:
        yield unchecked
    elif not evidence.repeats and clocks:
        yield RuleResult(rule, "does not hold", f"it calls {clocks}, and two runs differ")
    elif not evidence.repeats:
        yield RuleResult(rule, "not checked", _NOT_REPEATED)
    elif (difference := evidence.difference("slow")) is not None:
        called = f"; it calls {clocks}" if clocks else ""
        yield RuleResult(rule, "does not hold", f"{difference} at another pace{called}")
    else:
        yield RuleResult(rule, "holds", f"it calls {clocks}, which changes no digest" if clocks else "")


def _no_global_random(evidence: ProbeEvidence) -> Iterator[RuleResult]:
    rule = "no global random state"
    if evidence.drawn:
        yield RuleResult(rule, "does not hold", evidence.drawn)
    elif (unchecked := _unchecked(evidence, rule, "perturbed")) is not None:
        yield unchecked
    elif not evidence.repeats:
        yield RuleResult(rule, "not checked", _NOT_REPEATED)
    elif (difference := evidence.difference("perturbed")) is not None:
        yield RuleResult(rule, "does not hold", f"{difference} where the global random streams are in another state")
    else:
        yield RuleResult(rule, "holds")


def _no_nan(evidence: ProbeEvidence) -> Iterator[RuleResult]:
    rule = "no NaN in its state"
    if evidence.base.observed.nan:
        yield RuleResult(rule, "does not hold", "its state holds NaN (not a number)")
    elif evidence.unproven is not None:
        yield RuleResult(rule, "not checked", evidence.unproven)
    else:
        yield RuleResult(rule, "holds")


def _leaves_its_process(evidence: ProbeEvidence) -> Iterator[RuleResult]:
    rule = "leaves its process as it was"
    observed = evidence.base.observed
    left = [*observed.left_changed]
    if observed.children:
        left.append(f"it left {_counted(observed.children, 'process', 'processes')} behind")
    yield RuleResult(rule, "does not hold", "; ".join(left)) if left else RuleResult(rule, "holds")


def _notes(evidence: ProbeEvidence) -> Iterator[RuleResult]:
    observed = evidence.base.observed
    if observed.threads:
        threads = _counted(observed.threads, "thread", "threads")
        yield RuleResult("threads of its own", "note", f"it started {threads}, which take cores from workers")
    if evidence.base.printed_bytes:
        yield RuleResult(
            "prints", "note", f"{evidence.base.printed_bytes:,} bytes in {len(evidence.base.digests)} frames"
        )
    growing = evidence.answers.get("growing")
    if growing is not None and growing.observed.growth_bytes:
        yield RuleResult("memory", "note", f"it grows by {growing.observed.growth_bytes:,} bytes per frame")


def _unchecked(evidence: ProbeEvidence, rule: str, name: str) -> RuleResult | None:
    """Return the result of a rule whose probe gave no digests to compare; None where it gave some."""
    if name in evidence.refused:
        return RuleResult(rule, "not checked", evidence.refused[name])
    answer = evidence.answers[name]
    if answer.failing is not None:
        return RuleResult(rule, "does not hold", answer.message, answer.user_traceback)
    return None if evidence.unproven is None else RuleResult(rule, "not checked", evidence.unproven)


def _sources_of_chance(evidence: ProbeEvidence) -> str:
    observed = evidence.base.observed
    sources = [f"calls {each}" for each in observed.clocks]
    return f"it {' and '.join(sources)}" if sources else ""


def _counted(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"


def _in_mode(mode: str) -> Callable[[ProbeEvidence], Iterator[RuleResult]]:
    return _compared(mode, f"{mode} mode, the same digests", f"in {mode} mode")


_JUDGES: tuple[Callable[[ProbeEvidence], Iterator[RuleResult]], ...] = (
    _same_seed,
    _other_seed,
    _shards,
    _in_mode("threaded"),
    _in_mode("process"),
    _compared("restarted", "survives close and start", "when it is run a second time"),
    _no_sharing,
    _no_clock,
    _no_global_random,
    _no_nan,
    _leaves_its_process,
    _notes,
)
