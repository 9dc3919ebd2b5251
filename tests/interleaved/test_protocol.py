from __future__ import annotations

import json
from contextlib import suppress
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkerbench.interleaved import protocol
from walkerbench.interleaved.protocol import (
    PROTOCOL_VERSION,
    Answer,
    BlockDone,
    Digests,
    Failed,
    Hello,
    Prepare,
    Request,
    RunBlock,
    decode_answer,
    decode_request,
    encode,
    version_of,
)
from walkerbench.modes.traits import ModeTraits
from walkerbench.slow_frames.attribution import TimePart
from walkerbench.workloads.main_phase import MainPhase

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
tables = st.dictionaries(st.text(), plain, max_size=4)
counts = st.integers(0, 2**64 - 1)
seconds = st.floats(0, 1e9)

requests = st.one_of(
    st.builds(protocol.ListProfileKeys, workload=st.text()),
    st.builds(Prepare, profile=tables, type=st.just("prepare")),
    st.builds(RunBlock, frames=st.integers(1, 2**40), type=st.just("run_block")),
    *(st.builds(kind) for kind in (protocol.TakeDigest, protocol.ListDigests, protocol.ListFacts, protocol.Close)),
)
answers = st.one_of(
    st.builds(Hello, package=st.text(), protocol=st.integers()),
    st.builds(protocol.KnownProfileKeys, keys=st.lists(st.text()).map(tuple)),
    st.builds(
        protocol.Prepared,
        mode_used=st.text(),
        traits=st.builds(ModeTraits),
        main_phase=st.builds(MainPhase),
        fallback=st.none() | st.text(),
        workers=counts,
    ),
    st.builds(
        BlockDone,
        wall_ns=st.lists(st.integers(1, 2**62), min_size=1).map(tuple),
        main_phase_ns=st.lists(counts).map(tuple),
        cpu_s=seconds,
        elapsed_s=seconds,
        parts_ns=st.none() | st.dictionaries(st.sampled_from(get_args(TimePart)), counts | st.none()),
    ),
    st.builds(protocol.Digest, frame=st.integers(-1, 2**40), digest=st.text()),
    st.builds(Digests, fields=st.lists(st.text()).map(tuple), rows=st.lists(st.lists(counts).map(tuple)).map(tuple)),
    st.builds(protocol.Facts, machine=tables),
    st.builds(Failed, message=st.text(), exit_code=st.integers()),
)


@given(requests)
def test_a_request_arrives_as_it_was_sent(request_: Request) -> None:
    assert decode_request(encode(request_)) == request_


@given(answers)
def test_an_answer_arrives_as_it_was_sent(answer: Answer) -> None:
    line = encode(answer)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert decode_answer(line) == answer


@given(st.binary() | plain.map(lambda value: json.dumps(value).encode()))
def test_any_line_is_a_message_or_a_value_error(line: bytes) -> None:
    for decode, kinds in ((decode_request, Request), (decode_answer, Answer)):
        with suppress(ValueError):
            assert isinstance(decode(line), get_args(kinds))
    assert version_of(line) is None


@given(answers, st.data())
def test_a_line_cut_short_is_refused(answer: Answer, data: st.DataObject) -> None:
    line = encode(answer)
    with pytest.raises(ValueError, match="Invalid JSON"):
        decode_answer(line[: data.draw(st.integers(0, len(line) - 2))])


BLOCK = {"type": "block_done", "wall_ns": [1], "main_phase_ns": [0], "cpu_s": 0.5, "elapsed_s": 1.0, "parts_ns": None}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"wall_ns": []}, "block_done.wall_ns: Tuple should have at least 1 item after validation, not 0"),
        ({"wall_ns": [0]}, "block_done.wall_ns.0: Input should be greater than or equal to 1"),
        ({"wall_ns": ["1"]}, "block_done.wall_ns.0: Input should be a valid integer"),
        ({"cpu_s": None}, "block_done.cpu_s: Input should be a valid number"),
        ({"cpu_s": -1.0}, "block_done.cpu_s: Input should be greater than or equal to 0"),
        ({"cpu_s": float("nan")}, "block_done.cpu_s: Input should be a finite number"),
        ({"more": 1}, "block_done.more: Unexpected keyword argument"),
    ],
)
def test_an_error_names_the_wrong_value_of_a_message(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  the whole text is compared
        decode_answer(json.dumps(BLOCK | change).encode())
    assert str(caught.value) == said


def test_a_request_is_refused_as_an_answer() -> None:
    with pytest.raises(ValueError, match="'run_block'"):
        decode_answer(encode(RunBlock(frames=1)))


def test_values_that_json_cannot_hold_are_not_sent() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode(Prepare(profile={"agents": float("inf")}))


def test_the_version_of_a_hello_with_unknown_keys_is_read() -> None:
    assert version_of(encode(Hello(package="/somewhere"))) == PROTOCOL_VERSION
    assert version_of(b'{"type": "hello", "protocol": 7, "greeting": ["of", "tomorrow"]}') == 7
    assert version_of(b'{"type": "hello", "protocol": "7"}') is None
    assert version_of(b'{"type": "hello", "protocol": true}') is None
    assert version_of(b'{"type": "failed", "protocol": 7}') is None
