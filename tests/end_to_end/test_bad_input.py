"""Every kind of bad input ends with one line that says what to do, with exit code 2, and writes nothing."""

from __future__ import annotations

import json
import os
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from whole_process import Ended, WholeProcess, rows

from walkerbench.run_directory import SCHEMA_VERSION

Profile = Callable[..., list[str]]
Refused = Callable[..., str]


@pytest.fixture
def refused(walkerbench: WholeProcess) -> Refused:
    """Runs a command that must be refused, and returns its message."""

    def run(*arguments: str, lines: int = 1, **options: Any) -> str:
        before = sorted(walkerbench.cwd.rglob("*"))
        ended = walkerbench(*arguments, **options)
        assert sorted(walkerbench.cwd.rglob("*")) == before
        assert (ended.code, ended.out) == (2, "")
        return message(ended, lines)

    return run


def message(ended: Ended, lines: int = 1) -> str:
    """Return the text of stderr, after checking that it is one error and nothing else."""
    found = ended.err.splitlines()
    assert len(found) == lines
    assert all(line.startswith("walkerbench: ") for line in found)
    assert "internal error" not in ended.err
    return "\n".join(line.removeprefix("walkerbench: ") for line in found)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--mode", "turbo"], "--mode: no such mode: 'turbo'; there are sequential, threaded, process"),
        (["--profile", "smok"], "profile 'smok': no such profile; did you mean smoke?"),
        (["--profile", "./gone.toml"], "gone.toml: no such file; `walkerbench profiles` lists the profiles there are"),
        (["--profile", "/"], "/: is no regular file but a folder, a pipe or a device"),
        (["--agents", "0"], "--agents: 0 is wrong; allowed: 1 to 1000000"),
        (["--agents", "1000000"], " GB may be used: give at most "),
        (["--agents", "9" * 30], "is no whole number of at most 20 digits"),
        (["--agents", "12", "--workers", "13", "--mode", "process"], "13 workers for 12 agents; allowed: at most 12"),
        (["--duration", "soon"], "'soon' is no duration: give seconds, or a number with s, m or h"),
        (["--criterion", "x"], "criterion 'x': the operator is missing; write 'metric[.statistic] op value'"),
        (["--criterion", "framems.max < 50"], "unknown metric; did you mean frame_ms.max? known are "),
        (["--criterion", "\udcff < 1"], "is no metric"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(refused: Refused, arguments: list[str], says: str) -> None:
    assert says in refused("run", *arguments)


def test_a_profile_with_several_mistakes_names_them_all(refused: Refused, profile: Profile) -> None:
    arguments = profile(agents=0, mode="turbo", colour="red")
    before = refused(*arguments, lines=3)
    assert all(line.startswith("tiny.toml: ") for line in before.splitlines())
    for key in ("agents", "mode", "colour"):
        assert sum(f"{key}: " in line for line in before.splitlines()) == 1


# Output.


@pytest.mark.parametrize(
    ("output", "says"),
    [
        ("there", "there: the output exists already: give a directory that does not"),
        ("there/", "there: the output exists already: give a directory that does not"),
        ("", ".: the output exists already: give a directory that does not"),
        ("file", "file: the output exists already: give a directory that does not"),
        ("dangling", "dangling: the output exists already: give a directory that does not"),
        ("file/run", "file/run: the output cannot be written: Not a directory: give another"),
        ("/proc/no/run", "/proc/no/run: the output cannot be written: No such file or directory: give another"),
        ("n" * 300, ": the output cannot be written: File name too long: give another"),
    ],
)  # fmt: skip
def test_an_output_that_cannot_be_written_is_refused(
    refused: Refused, profile: Profile, walkerbench: WholeProcess, output: str, says: str
) -> None:
    arguments = profile()
    (walkerbench.cwd / "there").mkdir()
    (walkerbench.cwd / "file").touch()
    (walkerbench.cwd / "dangling").symlink_to("nowhere")
    assert refused(*arguments, "-o", output).endswith(says)


def test_a_working_directory_that_cannot_be_written_is_refused(walkerbench: WholeProcess) -> None:
    ended = walkerbench("run", "--profile", "smoke", "--frames", "10", "--warmup", "0", cwd="/proc")
    assert ended.code == 2
    assert ": the output cannot be written: " in message(ended)


def limited_to(size: int) -> Callable[[], None]:
    """Limit the size of this process's files to so many bytes, which has the effect of a full disk."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def test_a_disk_that_is_full_before_the_first_frame_is_reported(refused: Refused, profile: Profile) -> None:
    says = refused(*profile(), "-o", "deep/run", preexec_fn=limited_to(1024))
    assert says == "deep/run: the output cannot be written: File too large: give another"


@pytest.mark.parametrize("mode", ["sequential", "process"])
def test_a_disk_that_fills_up_keeps_what_was_recorded(walkerbench: WholeProcess, profile: Profile, mode: str) -> None:
    # During the stall the first frames are saved, while there is room; later frames need more room than there is.
    arguments = profile(faults={"stall_frames": {"20": 0.6}}, frames=100_000, checkpoint_every=10**6)
    ended = walkerbench(*arguments, "--mode", mode, "-o", "run", preexec_fn=limited_to(32_000))
    assert (ended.code, ended.out) == (3, "")
    told, error = ended.err.splitlines()[-2:]
    assert told == "what was recorded is kept: run"
    assert error.startswith("walkerbench: run/")
    assert error.endswith(".npy: can no longer be written: File too large; what was recorded before is kept")
    assert "Traceback" not in ended.err
    assert rows(walkerbench.cwd / "run") >= 21
    run = json.loads((walkerbench.cwd / "run" / "run.json").read_text())
    assert run["state"] == "broken"
    shown = walkerbench("show", "run")
    assert shown.code == 0
    assert shown.out.startswith("BROKEN: OutputLost: run/")


# Recorded runs.


def rewritten(run: Path, **changes: object) -> None:
    path = run / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "corrupt": (
        lambda run: os.truncate(run / "run.json", 100),
        "run/run.json: corrupt, not JSON: record the run again",
    ),
    "binary": (
        lambda run: (run / "run.json").write_bytes(b"\x93NUMPY\xff"),
        "run/run.json: corrupt, not UTF-8: record the run again",
    ),
    "newer": (
        lambda run: rewritten(run, schema_version=SCHEMA_VERSION + 1, surprise=1),
        f"run/run.json: made by a newer walkerbench (schema {SCHEMA_VERSION + 1}; this one reads up to "
        f"{SCHEMA_VERSION}): upgrade",
    ),
    "other": (lambda run: rewritten(run, state="sleeping"), "run/run.json: not a run file: state: "),
    "no run.json": (
        lambda run: (run / "run.json").unlink(),
        "run/run.json: missing: this is not the directory of a recorded run",
    ),
    "no frames": (
        lambda run: (run / "frames.npy").unlink(),
        "run/frames.npy: missing: the run cannot be read without it; record it again",
    ),
    "short frames": (lambda run: os.truncate(run / "frames.npy", 1000), "run/frames.npy: truncated: it should hold 40"),
    "fewer frames than it tells of": (
        lambda run: np.save(run / "frames.npy", np.load(run / "frames.npy")[:10]),
        "run/frames.npy: holds 10 rows, and run.json says 40: record the run again",
    ),
    "pickled frames": (
        lambda run: np.save(run / "frames.npy", np.array([{}]), allow_pickle=True),
        "run/frames.npy: holds other columns than run.json says: record the run again",
    ),
    "no run": (lambda run: run.rename("elsewhere"), "run: no such run directory"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_recorded_run_that_cannot_be_read_is_refused(
    refused: Refused, recorded: Path, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(recorded.parent)
    harm, says = DAMAGES[damage]
    harm(recorded)
    assert refused("show", "run").startswith(says)


def test_names_of_runs_that_do_not_exist_are_refused(refused: Refused) -> None:
    assert refused("show", "@latest") == ".walkerbench/runs: no recorded run here: record one with 'walkerbench run'"
    assert refused("show", "@last").startswith("@last: give a run's directory, @latest, or @latest~N")
