"""Profiles that are made to do harm: each is refused, in readable lines, in limited time."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from walkerbench.errors import ProfileError
from walkerbench.profile.loading import load_profile
from walkerbench.profile.table import profile_from_dict
from walkerbench.profile.toml_tables import MOST_PROBLEMS
from walkerbench.profile.toml_text import MOST_PROFILE_BYTES, check_depth, parse_toml

DEEP = "a." * 195


def refused(path: Path) -> tuple[str, ...]:
    with pytest.raises(ProfileError) as caught:
        load_profile(str(path))
    assert caught.value.exit_code == 2
    assert len(caught.value.problems) <= MOST_PROBLEMS + 1
    assert all(len(line) < 2000 and line.isprintable() for line in caught.value.problems)
    return caught.value.problems


def filled(line: str) -> str:
    """Return a text of numbered lines, as long as a profile may be."""
    lines = (line.replace("#", str(number)) for number in range(MOST_PROFILE_BYTES // len(line)))
    return "".join(lines)[: MOST_PROFILE_BYTES - 1000].rpartition("\n")[0]


@pytest.mark.timeout(30)
@pytest.mark.promise("input", "A profile of whatever content is read or refused within bounded time.")
@pytest.mark.parametrize(
    "text",
    [
        "a." * 30_000 + "a = 1",
        "a = " + "[" * 60_000,
        "a = " + "{a=" * 20_000,
        "#" * 2 * MOST_PROFILE_BYTES,
        filled("k# = 1\n"),
        filled("[t#]\n"),
        filled("[[stages]]\n"),
        filled(f"{DEEP}k# = 1\n"),
        f"[{DEEP}a]\n" + filled("k#.b = 1\n"),
        f"[environment.{DEEP}a]\n" + filled(f"{DEEP}k# = 1\n"),
        "[environment.physics]\n" + filled("frames_per_secon# = 1\n"),
        "[criteria]\n" + filled("frame_ms#.max = '< 1'\n"),
        "[criteria]\n" + filled("frame_ms# = '< 1'\n"),
        "[faults.stall_frames]\n" + filled("# = 9999\n"),
        "[environment.action]\npairs = [" + filled("[2, 2],\n") + "]",
        "agents = " + "9" * 900,
        "agents = 1" + "0" * 400,
        "duration_s = 1" + "0" * 400,
        'agents = "' + "x" * 900 + '"',
        '"' + "x" * 900 + '" = 1',
        "[faults.stall_frames]\n" + "9" * 900 + " = 1",
        "[environment.physics]\nfoo.bar.a." + DEEP + "b = 1",
    ],
)  # fmt: skip
def test_every_hostile_text_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "hostile.toml"
    path.write_text(text, encoding="utf-8")
    refused(path)


def test_further_problems_are_mentioned_in_a_last_line(tmp_path: Path) -> None:
    path = tmp_path / "many.toml"
    path.write_text(filled("k# = 1\n"), encoding="utf-8")
    assert refused(path)[-1] == f"and more: these are the first {MOST_PROBLEMS} problems"


@pytest.mark.timeout(30)
@pytest.mark.promise("input", "A pipe, a folder, a socket or a device as a profile is refused, and never waited for.")
@pytest.mark.parametrize("kind", ["pipe", "folder", "socket", "device"])
def test_a_file_that_is_not_regular_is_refused_at_once(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path must be short
    path = Path("/dev/zero") if kind == "device" else Path("./a.toml")
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(str(path))
    (problem,) = refused(path.absolute())
    assert problem == "is no regular file but a folder, a pipe or a device; give the path of a file"


def test_a_byte_order_mark_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "marked.toml"
    path.write_bytes(b"\xef\xbb\xbfseed = 7\n")
    assert load_profile(str(path)).seed == 7


def test_plain_data_nested_without_end_is_refused() -> None:
    deep: object = 1
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ValueError, match="nested deeper than 10 levels"):
        check_depth(deep)
    with pytest.raises(ProfileError, match="nested deeper"):
        profile_from_dict({"environment": {"physics": deep}})


def test_a_long_line_is_named() -> None:
    with pytest.raises(ValueError, match="line 2 is longer than 1,000 characters: break it"):
        parse_toml("seed = 1\n" + "#" * 1001)
