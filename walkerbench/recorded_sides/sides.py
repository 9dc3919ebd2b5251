"""Groups the recorded runs that a user names into the sides of a comparison.

Each argument is a run (its directory, its `run.json`, `@latest`, `@latest~N`) or a folder, which stands for every run
below it. Then:

1. Runs are repeats of one another, and so one side, where workload, profile, mode used, workers and code are the same,
   whichever argument names them. A profile's name, source, description, criteria and `host_stall` may differ. Code is
   the same where the digests of its source are equal. Runs of a schema without these digests are compared by their
   revision; where files differed from that revision, or no repository tracked them, such runs are repeats only within
   one argument.
2. The first argument's runs must be of one side: that side is the base, the others are candidates, in the order in
   which they are named.
3. Where all runs are of one side, grouping leaves no candidate: then the first argument alone is the base and the
   others together are the candidate. That is an A/A comparison.
4. Every recording may be named only once.
"""

from __future__ import annotations

import itertools
import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from walkerbench.comparison.same_sides import settings
from walkerbench.errors import NotComparable, RunFileError, UsageError
from walkerbench.recorded_sides.comparability import obstacles, same_recording
from walkerbench.recorded_value import differing, flattened
from walkerbench.recording.code_facts import WalkerbenchCode, WorkloadCode, known_code, short_revision
from walkerbench.run_directory import RecordedRun, RunFile, find_run, runs_below
from walkerbench.run_directory.locate import STACKS_SUFFIX
from walkerbench.running.summary import read_concluded

_KEYS_OF_MODE = ("mode", "workers")  # a label shows the mode and the workers that were really used
_MOST_KEYS_IN_LABEL = 3


@dataclass(frozen=True)
class RecordedSide:
    """One side of a comparison: the runs that are repeats of one another.

    Attributes:
        label: What distinguishes it from the other sides, for a reader.
        runs: At least one, the oldest first.
    """

    label: str
    runs: tuple[RecordedRun, ...]


def find_sides(arguments: Sequence[str], root: Path) -> tuple[RecordedSide, ...]:
    """Read the runs that a user names, and group them into sides by the rules of this module.

    Args:
        arguments: The texts that the user gave, the base first.
        root: The folder that `@latest` looks in, such as `RUNS_ROOT`.

    Returns:
        The sides, the base first.

    Raises:
        RunFileError: A run is missing or cannot be read.
        NotComparable: A run is not finished or empty, is named twice, or the base's runs are of several sides.
        UsageError: There is nothing to compare with the base.
    """
    return group_runs([[read_concluded(path) for path in find_runs(text, root)] for text in arguments], arguments)


def find_runs(text: str, root: Path) -> tuple[Path, ...]:
    """Return the run that a text names, or every run in the folder that it names, in the order of their paths.

    Raises:
        RunFileError: There is no run.
        NotComparable: py-spy sampled the run.
    """
    path = find_run(text, root)
    # os.path.exists is False for a path that may not be read; pathlib would raise an error.
    if os.path.exists(path / "run.json") or Path(text).name == "run.json":  # noqa: PTH110
        if _was_sampled(path):
            raise NotComparable(f"{path}: the run was sampled by py-spy, which slows it down: name one that was not")
        return (path,)
    below = tuple(sorted(runs_below(path)))
    if not below:
        raise RunFileError(f"{path}: no recorded run in it: give a run's directory, or a folder that holds runs")
    return below


def _was_sampled(run: Path) -> bool:
    """Return whether `walkerbench flamegraph` left the run beside its stacks."""
    return next(run.absolute().parent.glob(f"*{STACKS_SUFFIX}"), None) is not None


def group_runs(arguments: Sequence[Sequence[RecordedRun]], names: Sequence[str]) -> tuple[RecordedSide, ...]:
    """Group runs into sides by the rules of this module.

    Args:
        arguments: The runs of each argument, the base's first; each has at least one.
        names: The name of each argument; it is the label of a side that no fact distinguishes from another side.

    Returns:
        The sides, the base first.

    Raises:
        NotComparable: A run is not finished or empty, is named twice, or the base's runs are of several sides.
        UsageError: There is nothing to compare with the base.
    """
    _check_each([run for runs in arguments for run in runs])
    if len(arguments) < 2:
        raise UsageError("there is nothing to compare with: name a base and at least one candidate")
    check_base(arguments[:1])
    first, rest = arguments[0], list(itertools.chain(*arguments[1:]))
    groups = _grouped(arguments)
    if len(groups) == 1:
        groups = [_by_age(first), _by_age(rest)]
    labels = _labels(groups, [_origin(group, arguments, names) for group in groups])
    return tuple(RecordedSide(label, tuple(runs)) for label, runs in zip(labels, groups, strict=True))


def check_base(arguments: Sequence[Sequence[RecordedRun]]) -> None:
    """Refuse runs that cannot be the base of any comparison.

    Args:
        arguments: The runs of each argument that names the base.

    Raises:
        NotComparable: A run is not finished or empty, is named twice, or the runs are of several sides.
    """
    _check_each([run for runs in arguments for run in runs])
    bases = _grouped(arguments)
    if len(bases) > 1:
        listed = "; ".join(_labels(bases, [str(runs[0].directory.parent) for runs in bases]))
        raise NotComparable(f"the base must be one side, and there are {len(bases)}: {listed}: name one of them")


def _check_each(runs: Sequence[RecordedRun]) -> None:
    lines = [line for run in runs for line in obstacles(run)]
    lines += [line for one, other in itertools.combinations(runs, 2) for line in same_recording(one, other)]
    if lines:
        raise NotComparable(*dict.fromkeys(lines))


def _grouped(arguments: Sequence[Sequence[RecordedRun]]) -> list[list[RecordedRun]]:
    groups: dict[str, list[RecordedRun]] = {}
    for number, runs in enumerate(arguments):
        for run in runs:
            groups.setdefault(_identity(run.run, number), []).append(run)
    return [_by_age(group) for group in groups.values()]


def _by_age(runs: Sequence[RecordedRun]) -> list[RecordedRun]:
    return sorted(runs, key=lambda run: datetime.fromisoformat(run.run.started_utc))


def _identity(run: RunFile, argument: int) -> str:
    """Return a text that is equal for repeats; with the argument's number where a difference of code may be hidden."""
    workers = [stage.workers for stage in run.stages]
    parts = [run.workload.name, settings(run.profile), run.mode.used, workers, run.code.workload.module]
    known = known_code(run.code)
    code = [run.code.walkerbench.version, run.code.walkerbench.revision, run.code.workload.revision, argument]
    return json.dumps([*parts, *(code if known is None else known)], sort_keys=True)


def _origin(group: Sequence[RecordedRun], arguments: Sequence[Sequence[RecordedRun]], names: Sequence[str]) -> str:
    """Return the names of the arguments that hold a group's runs."""
    return ", ".join(
        name for name, runs in zip(names, arguments, strict=True) if any(run is each for run in runs for each in group)
    )


def _labels(groups: Sequence[Sequence[RecordedRun]], origins: Sequence[str]) -> list[str]:
    """Return a label for each side: the facts in which sides differ, and its argument where labels would be equal."""
    firsts = [group[0].run for group in groups]
    described = [_described(run, firsts) for run in firsts]
    telling = [name for name in described[0] if len({facts[name] for facts in described}) > 1]
    labels = [", ".join(facts[name] for name in telling if facts[name]) for facts in described]
    alike = {label for label, count in Counter(labels).items() if count > 1}
    named = [
        ", ".join(filter(None, (label, origin if label in alike else "")))
        for label, origin in zip(labels, origins, strict=True)
    ]
    return _numbered([label or facts["mode"] for label, facts in zip(named, described, strict=True)])


def _numbered(labels: Sequence[str]) -> list[str]:
    """Return the labels; a label that an earlier side already has gets a number."""
    seen: Counter[str] = Counter()
    numbered = []
    for label in labels:
        seen[label] += 1
        numbered.append(label if seen[label] == 1 else f"{label} #{seen[label]}")
    return numbered


def _described(run: RunFile, others: Sequence[RunFile]) -> dict[str, str]:
    """Return the facts that a side's label may contain, the most important first."""
    return {
        "profile": str(run.profile.get("name", "")),
        "mode": _mode(run),
        "revision": _revision(run),
        "version": _version(run),
        "settings": _distinguishing_settings(run, others),
    }


def _mode(run: RunFile) -> str:
    workers = ", ".join(dict.fromkeys(str(stage.workers) for stage in run.stages))
    used = run.mode.used if workers == "1" and not run.mode.traits.side_by_side else f"{run.mode.used} ({workers})"
    return used if run.mode.requested == run.mode.used else f"{run.mode.requested} as {used}"


def _revision(run: RunFile) -> str:
    return _short(run.code.workload) or "no revision"


def _version(run: RunFile) -> str:
    """Return walkerbench's version, and its revision where the workload's revision is another."""
    ours, theirs = run.code.walkerbench, run.code.workload
    version = f"walkerbench {ours.version}"
    revision = None if ours.revision == theirs.revision else _short(ours)
    return version if revision is None else f"{version} at {revision}"


def _short(code: WalkerbenchCode | WorkloadCode) -> str | None:
    return short_revision(code.revision, code.changed_files)


def _distinguishing_settings(run: RunFile, others: Sequence[RunFile]) -> str:
    """Return the settings of a profile in which other profiles of the same name differ from it."""
    mine = flattened(settings(run.profile))
    namesakes = [other for other in others if other.profile.get("name") == run.profile.get("name")]
    keys = dict.fromkeys(key for other in namesakes for key in differing(mine, flattened(settings(other.profile))))
    apart = [f"{key}={mine[key]}" for key in keys if mine.get(key) is not None and key not in _KEYS_OF_MODE]
    return ", ".join([*apart[:_MOST_KEYS_IN_LABEL], *(["…"] if len(apart) > _MOST_KEYS_IN_LABEL else [])])
