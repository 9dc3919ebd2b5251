"""Texts of users, files and the system are read in time that grows with their length, not with its square.

At this length, what takes time by the square takes minutes: the deadline needs no exact clock.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import click
import pytest

from walkerbench.cli.option_types import Duration, PartOfOne, WholeNumber
from walkerbench.criteria import grammar
from walkerbench.criteria.grammar import parse_criterion
from walkerbench.doctor.readings import read_counters
from walkerbench.errors import CriterionError, WalkerbenchError
from walkerbench.flamegraph import py_spy, py_spy_file
from walkerbench.interleaved import sides
from walkerbench.interleaved.sides import parse_side
from walkerbench.near_words import did_you_mean
from walkerbench.profile.loading import load_profile
from walkerbench.profile.overrides import ProfileOverrides, override
from walkerbench.profile.toml_tables import spell
from walkerbench.profile.toml_text import parse_toml
from walkerbench.recording.machine import cpu_model
from walkerbench.reports.junit import xml_document
from walkerbench.reports.markdown import escaping
from walkerbench.run_directory.locate import find_run
from walkerbench.system.resources import allowed_memory_bytes, cpu_quota
from walkerbench.system.stack_markers import last_part, short_path

LENGTH = 100_000
UNITS = [*" 1.<=[{a/|\\\t", "a.", "a=", ", ", "a:", " a", "1.", "e1", "python3."]
TEXTS = {
    f"{start!r}{unit!r}{end!r}": start + unit * (LENGTH // len(unit)) + end
    for unit in UNITS
    for start, end in (("", ""), ("x", "x"), ("frame_ms.max < ", "!"))
}
SMOKE = load_profile("smoke")

PATTERNS = [
    *(pattern for pattern in vars(grammar).values() if isinstance(pattern, re.Pattern)),
    *(pattern for pattern in vars(py_spy).values() if isinstance(pattern, re.Pattern)),
    *(pattern for pattern in vars(py_spy_file).values() if isinstance(pattern, re.Pattern)),
    *(pattern for pattern in vars(sides).values() if isinstance(pattern, re.Pattern)),
    *(pattern for pattern in vars(escaping).values() if isinstance(pattern, re.Pattern)),
    *(pattern for pattern in vars(xml_document).values() if isinstance(pattern, re.Pattern)),
]
PARSERS: list[Callable[[str], object]] = [
    parse_criterion,
    lambda text: override(SMOKE, ProfileOverrides(criteria=(text,))),
    lambda text: parse_side(text, SMOKE),
    lambda text: parse_side(f"environment={text}", SMOKE),
    lambda text: list(sides._split(text)),
    lambda text: parse_toml(text),
    lambda text: parse_toml(f"a = {text}"),
    lambda text: did_you_mean(text, ("agents", "frames")),
    lambda text: spell((text,)),
    short_path,
    last_part,
    escaping.escape_markdown,
    lambda text: find_run(text, Path("nowhere")),
    lambda text: Duration().convert(text, None, None),
    lambda text: PartOfOne().convert(text, None, None),
    lambda text: WholeNumber().convert(text, None, None),
]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_no_pattern_backtracks_by_the_square(text: str) -> None:
    for pattern in PATTERNS:
        pattern.fullmatch(text)
        pattern.match(text)


@pytest.mark.timeout(60)
@pytest.mark.promise("input", "A text of any length is read or refused within bounded time.")
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_every_parser_reads_or_refuses_a_long_text(text: str) -> None:
    for parse in PARSERS:
        with suppress(WalkerbenchError, click.BadParameter, ValueError):
            parse(text)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_every_file_of_the_system_may_hold_a_long_text(tmp_path: Path, text: str) -> None:
    group = tmp_path / "sys/fs/cgroup"
    (tmp_path / "proc/self").mkdir(parents=True)
    group.mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text(f"0::/\n{text}\n1:cpu,memory:/\n")
    (tmp_path / "proc/cpuinfo").write_text(f"model name{text}\nmodel name\t: {text}")
    (tmp_path / "proc/stat").write_text(f"cpu {text}\n")
    (tmp_path / "proc/vmstat").write_text(f"pswpin {text}\n")
    for name in ("memory.max", "cpu.max", "cpu.cfs_quota_us", "cpu.cfs_period_us", "memory.limit_in_bytes"):
        (group / name).write_text(text)
    assert allowed_memory_bytes(tmp_path) != 0
    assert cpu_quota(tmp_path) is None
    assert cpu_model(tmp_path)
    with suppress(ValueError):
        read_counters(tmp_path)


@pytest.mark.parametrize(
    "value",
    ["1e999", "-1e999", "nan", "inf", "9" * 400, "9" * 5000, "0." + "1" * 5000, "٣", "1_000", "0x10", "1e" + "9" * 90],
)  # fmt: skip
def test_what_is_no_finite_number_is_refused_in_one_line(value: str) -> None:
    with pytest.raises(CriterionError) as caught:
        parse_criterion(f"frame_ms.max < {value}")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400
