"""Tests of a session as its child process runs it, here in this process: its answers to right and wrong requests."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from leftovers import nothing_left_behind

import walkerbench
from walkerbench.interleaved import session_server
from walkerbench.interleaved.profile_keys import known_keys
from walkerbench.interleaved.protocol import (
    Answer,
    BlockDone,
    Close,
    Digest,
    Digests,
    Facts,
    Failed,
    Hello,
    KnownProfileKeys,
    ListDigests,
    ListFacts,
    ListProfileKeys,
    Prepare,
    Prepared,
    Request,
    RunBlock,
    TakeDigest,
    decode_answer,
    encode,
)
from walkerbench.interleaved.session_server import serve
from walkerbench.modes.sequential import SequentialMode
from walkerbench.profile.model import Profile
from walkerbench.profile.table import profile_from_dict
from walkerbench.recording.code_facts import code_facts
from walkerbench.running.training_environment import TrainingEnvironment
from walkerbench.system.resources import ProcessUsage
from walkerbench.workloads.contract import FrameBuffers
from walkerbench.workloads.registry import WORKLOADS
from walkerbench.workloads.walker import WalkerWorkload
from walkerbench.workloads.walker.ecosystem import Ecosystem


def conversation(*requests: Request | bytes) -> list[Answer]:
    """Return all answers of a session except its `Hello`."""
    answers = io.BytesIO()
    lines = [each if isinstance(each, bytes) else encode(each) for each in requests]
    with nothing_left_behind():
        serve(iter(lines), answers)
    hello, *others = [decode_answer(line) for line in answers.getvalue().splitlines()]
    assert hello == Hello(package=str(Path(walkerbench.__file__).parent))
    return others


def prepare(profile: Profile, **changes: Any) -> Prepare:
    return Prepare(profile=profile.as_dict() | changes)


def digest_by_hand(profile: Profile, frames: int) -> str:
    workload = profile.make_workload(profile.stages[0])
    with TrainingEnvironment(mode="sequential", workload=workload) as environment:
        for _ in range(frames):
            environment.step()
        digest = environment.checkpoint()
        assert digest is not None
        return digest.hex()


def test_cpu_time_comes_from_rows_where_the_system_has_none(tiny: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_server, "process_usage", lambda pid: ProcessUsage(None, None))
    monkeypatch.setattr("walkerbench.interleaved.session_server.time.process_time", lambda: 7.0)
    _, block = conversation(prepare(tiny(mode="process", workers=2)), RunBlock(frames=3), Close())
    assert isinstance(block, BlockDone)
    assert 0 < block.cpu_s <= 2 * sum(block.wall_ns) / 1e9


def test_a_session_gives_the_digests_of_an_environment(tiny: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_server, "project_modules", tuple)  # a real session has imported no modules of tests
    profile = tiny(warmup=4)
    prepared, first, warm, block, done, rows, facts = conversation(
        prepare(profile), RunBlock(frames=3), TakeDigest(), RunBlock(frames=2), TakeDigest(), ListDigests(),
        ListFacts(), Close(), RunBlock(frames=1),
    )  # fmt: skip
    assert prepared == Prepared(
        mode_used="sequential",
        traits=SequentialMode.traits,
        main_phase=WalkerWorkload.main_phase,
        fallback=None,
        workers=1,
        imported={"walkerbench": str(Path(walkerbench.__file__).resolve())},
        same_work_not_proven=None,
    )
    assert warm == Digest(frame=6, digest=digest_by_hand(profile, 7))
    assert done == Digest(frame=8, digest=digest_by_hand(profile, 9))
    for answer, frames in ((first, 3), (block, 2)):
        assert isinstance(answer, BlockDone)
        assert len(answer.wall_ns) == len(answer.main_phase_ns) == frames
        assert all(0 < agents < wall for agents, wall in zip(answer.main_phase_ns, answer.wall_ns, strict=True))
        assert sum(answer.wall_ns) / 1e9 <= answer.elapsed_s
        assert answer.cpu_s > 0
    assert isinstance(rows, Digests)
    assert rows.fields == ("bodies", "brain", "state")
    assert len(rows.rows) == 12
    assert isinstance(facts, Facts)
    assert facts.machine["start_method"] is None
    assert facts.code == code_facts(profile.code_modules())


def test_without_warm_up_the_first_digest_is_of_the_start(tiny: Any) -> None:
    _, digest = conversation(prepare(tiny(warmup=0)), TakeDigest())
    assert digest == Digest(frame=-1, digest=digest_by_hand(tiny(warmup=0), 0))


def test_a_mode_that_falls_back_is_reported(tiny: Any) -> None:
    (prepared,) = conversation(prepare(tiny(agents=4, mode="threaded", workers=2)))
    assert isinstance(prepared, Prepared)
    assert (prepared.mode_used, prepared.workers) == ("sequential", 2)
    assert prepared.fallback == "with 4 agents or fewer, threaded mode is not used"


def failure(*requests: Request | bytes) -> Failed:
    """Return the last answer, a failure; the request after it must get no answer."""
    *_, last = conversation(*requests, TakeDigest())
    assert isinstance(last, Failed)
    return last


def test_requests_in_a_wrong_order_fail(tiny: Any) -> None:
    assert failure(RunBlock(frames=1)) == Failed(message="a session is prepared before anything else", exit_code=70)
    assert failure(prepare(tiny()), prepare(tiny())).message == "a session is prepared once"


def test_a_line_that_is_no_request_fails() -> None:
    assert failure(b"\x00\n") == Failed(
        message="ValueError: Invalid JSON: expected value at line 1 column 1", exit_code=70
    )


def test_a_profile_with_an_unknown_key_is_refused(tiny: Any) -> None:
    failed = failure(prepare(tiny(), speed=3))
    assert failed.exit_code == 2
    assert failed.message.startswith("profile tiny: speed: no such key; did you mean seed? allowed: ")


def test_a_profile_of_several_stages_is_refused(tiny: Any) -> None:
    stages = [{"agents": 5, "frames": 20}, {"agents": 6, "frames": 20}]
    failed = failure(prepare(tiny(), stages=stages))
    assert (failed.exit_code, failed.message) == (2, "the profile tiny has 2 stages: a session runs one")


def test_more_agents_than_memory_holds_are_refused(tiny: Any) -> None:
    failed = failure(prepare(tiny(), stages=[{"agents": 10**6, "frames": 20}]))
    assert failed.exit_code == 2
    assert "give at most" in failed.message


def test_an_emergency_shutdown_is_the_answer_to_a_request(tiny: Any) -> None:
    slow = prepare(tiny(warmup=3, safeguards={"slow_frame_s": 1e-6, "slow_frames": 5}))
    failed = failure(slow, RunBlock(frames=4))
    assert failed.exit_code == 1
    assert failed.message == "emergency shutdown after frame 4: 5 frames in a row took longer than 1e-06 s"
    crowded = prepare(tiny(environment={"limits": {"bodies": 1}}))
    failed = failure(crowded)
    assert failed.exit_code == 1
    assert failed.message.startswith("emergency shutdown after frame 3: ")


@dataclass(frozen=True)
class FailingWalkers(WalkerWorkload):
    def make_settler(self, buffers: FrameBuffers) -> Ecosystem:
        raise ZeroDivisionError("by a revision")


def test_any_error_of_a_sides_code_is_the_answer(tiny: Any) -> None:
    WORKLOADS.register("failing walkers", FailingWalkers)
    plain = tiny().as_dict() | {"workload": "failing walkers"}
    message = "the workload raised ZeroDivisionError: by a revision, while starting"
    failed = failure(Prepare(profile=plain))
    assert (failed.message, failed.exit_code) == (message, 3)
    frames = [line for line in failed.user_traceback.splitlines() if line.startswith("  File ")]
    assert len(frames) == 1
    assert frames[0].startswith(f'  File "{__file__}", line ')


def test_a_session_lists_the_keys_of_a_profile() -> None:
    (answer,) = conversation(ListProfileKeys(workload="walker"))
    assert answer == KnownProfileKeys(keys=known_keys("walker"))
    assert failure(ListProfileKeys(workload="nothing")).exit_code == 2


def test_a_profile_is_the_same_after_plain_data(tiny: Any) -> None:
    profile = tiny(faults={"extra_work_percent": 5, "stall_frames": {"3": 0.5}}, workers=2, mode="process")
    assert profile_from_dict(profile.as_dict()) == profile
