"""The README and the manual in docs/: short, complete, and what they show works."""

from __future__ import annotations

import inspect
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from comparisons import NOT_SLOWER, compared, side

import walkerbench
from walkerbench.cli.group import walkerbench as walkerbench_command
from walkerbench.cli.options import HELP_NAMES
from walkerbench.profile import shipped
from walkerbench.profile.loading import load_profile
from walkerbench.pytest_plugin import ProfileRunner
from walkerbench.reports.export import FORMATS
from walkerbench.workloads.walker.workload import WalkerWorkload

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
pytestmark = pytest.mark.skipif(not DOCS.is_dir(), reason="the documents are not part of the wheel")
MOST_LINES = 150
WITHOUT_A_COMMAND = {"README", "glossary", "python"}
SHELLS = {"", "sh", "console"}
GENERATED = {"commands", "exit-codes", "layers", "metrics", "profile-reference", "promises"}
WRITTEN = [ROOT / "README.md", *sorted(page for page in DOCS.rglob("*.md") if page.stem not in GENERATED)]


def text_of(name: str) -> str:
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


def blocks(name: str, language: str) -> list[str]:
    """Every code block of a page in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text_of(name), re.DOTALL | re.MULTILINE)


def block(name: str, language: str) -> str:
    """The one code block of a page in a language."""
    (found,) = blocks(name, language)
    return found


def first_column(name: str) -> list[str]:
    """What stands as code in the first column of a page's tables."""
    cells = re.findall(r"^\| (`[^|]+`) \|", text_of(name), re.MULTILINE)
    return [each for cell in cells for each in re.findall(r"`([^`]+)`", cell)]


def commands_in(text: str) -> Iterator[str]:
    """Every command line of a page: of its blocks, and within its sentences where no part is left out."""
    fenced = r"^ *```(\w*)\n(.*?)^ *```$"
    shell = [body for language, body in re.findall(fenced, text, re.DOTALL | re.MULTILINE) if language in SHELLS]
    prose = re.sub(fenced, "", text, flags=re.DOTALL | re.MULTILINE)
    indented = re.findall(r"^ {4}(?! )(.*)$", prose, re.MULTILINE)
    for line in "\n".join((*shell, *indented)).splitlines():
        if started := re.fullmatch(r" *(?:\$ )?walkerbench (.+)", line):
            yield started[1]
    for code in re.findall(r"`([^`]+)`", prose):
        line = " ".join(code.split())
        if line.startswith("walkerbench ") and "…" not in line:
            yield line.removeprefix("walkerbench ")


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= MOST_LINES


def test_the_class_in_the_readme_does_the_same_in_shards() -> None:
    (text,) = re.findall(r"^```python\n(.*?)^```$", WRITTEN[0].read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    defined: dict[str, Any] = {}
    exec(text, defined)
    shards = {agents: defined["Herd"](agents, 7) for agents in (range(6), range(2), range(2, 6))}
    for shard in shards.values():
        shard.step(0)
    states = {agents: [shard.state(agent) for agent in agents] for agents, shard in shards.items()}
    assert states[range(6)] == states[range(2)] + states[range(2, 6)] != list(range(7, 13))


def test_the_page_of_the_architecture_names_files_that_exist() -> None:
    named = re.findall(r"`([\w/]+\.py)`", text_of("architecture"))
    package = Path(walkerbench.__file__).parent
    files = [str(file.relative_to(package.parent)) for file in package.rglob("*.py")]
    assert len(named) > 20
    assert [name for name in named if not any(file == name or file.endswith(f"/{name}") for file in files)] == []


def test_the_index_names_every_page() -> None:
    linked = set(re.findall(r"\]\(([^)#]+)\)", text_of("README")))
    assert {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")} - {"README.md"} <= linked


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.stem)
def test_a_page_begins_with_the_command_that_answers(page: Path) -> None:
    opening = page.read_text(encoding="utf-8").partition("\n## ")[0]
    begins = re.search(r"^(\$ | {4})?(walkerbench|python -m) ", opening, re.MULTILINE) is not None
    assert begins or page.stem in WITHOUT_A_COMMAND | GENERATED


def test_the_walk_sees_commands() -> None:
    assert list(commands_in("```sh\nwalkerbench run -q\n```\n\n    walkerbench ab . .\n")) == ["run -q", "ab . ."]
    assert list(commands_in("as `walkerbench\nshow @latest` and not `walkerbench gate …`\n")) == ["show @latest"]
    assert list(commands_in("```text\nwalkerbench compares\n```\nwalkerbench compares\n")) == []


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_of_a_page_is_understood(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text(blocks("profiles", "toml")[0], encoding="utf-8")
    for line in commands_in(page.read_text(encoding="utf-8")):
        name, *arguments = shlex.split(line, comments=True)
        if name.startswith("-"):
            assert name in HELP_NAMES["help_option_names"]
        elif arguments:
            walkerbench_command.commands[name].make_context(name, arguments)
        else:
            assert name in walkerbench_command.commands


def test_the_profiles_on_their_page_are_profiles(tmp_path: Path) -> None:
    one, staged = (tmp_path / "one.toml", tmp_path / "staged.toml")
    for file, text in zip((one, staged), blocks("profiles", "toml"), strict=True):
        file.write_text(text, encoding="utf-8")
    profile = load_profile(str(one))
    assert (profile.mode, [stage.agents for stage in profile.stages], len(profile.criteria)) == ("process", [24], 3)
    assert [stage.pace for stage in load_profile(str(staged)).stages] == ["realtime", None]


def test_the_page_of_profiles_names_every_one() -> None:
    assert sorted(first_column("profiles")) == sorted(shipped.names())


def test_the_page_of_exports_names_every_format() -> None:
    assert first_column("exports") == list(FORMATS)


def test_the_page_of_comparing_names_every_key_of_the_json() -> None:
    keys = set(compared(side("."), ratios=[NOT_SLOWER]).as_dict())
    assert keys | {"exit_code", "advice"} == set(first_column("comparing"))


def test_the_counters_of_the_robots_are_explained() -> None:
    assert set(WalkerWorkload.counters) <= set(first_column("reading-results"))


def test_the_page_names_what_the_fixture_takes() -> None:
    (listed,) = re.findall(r"can be replaced: (.*?)\. It", text_of("ci"), re.DOTALL)
    parameters = set(inspect.signature(ProfileRunner.__call__).parameters)
    assert set(re.findall(r"`(\w+)`", listed)) == parameters - {"self", "profile", "allow_faults"}


def test_the_script_of_the_guides_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    exec(block("guide", "python"), {"__name__": "__main__"})
    assert re.fullmatch(r"threads are \d+\.\d\d times as fast as sequential\n", capsys.readouterr().out)
