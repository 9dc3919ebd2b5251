from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest

from walkerbench import __version__
from walkerbench.cli.group import question_of, walkerbench
from walkerbench.profile import shipped as shipped_profiles

ROOT = Path(__file__).parents[2]
GENERATED = ROOT / "docs" / "commands.md"  # names each option because it exists, and shows none in use
PAGES = [page for page in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")) if page != GENERATED]
DOCS = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
COMMANDS = walkerbench.commands
OPTIONS = [
    (name, option)
    for name, command in COMMANDS.items()
    for parameter in command.params
    for option in parameter.opts
    if option.startswith("--")
]
HEAVY = ("Box2D", "numpy", "pydantic")


def test_the_walk_sees_the_commands_and_their_options() -> None:
    assert set(COMMANDS) >= {"run", "show", "compare", "ab", "profiles"}
    run = {option for name, option in OPTIONS if name == "run"}
    work = "workload workload-argument mode workers agents frames duration seed warmup pace profile criterion"
    assert run == {f"--{name}" for name in f"{work} repeat output json quiet verbose".split()}


@pytest.mark.parametrize("name", ["", *COMMANDS])
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_every_command_has_help_with_examples(command: Any, name: str, flag: str) -> None:
    ended = command(*name.split(), flag)
    assert (ended.code, ended.err) == (0, "")
    assert re.search(rf"Examples:\n +walkerbench {name}", ended.out)
    assert "\b" not in ended.out
    assert "None" not in ended.out
    assert max(map(len, ended.out.splitlines())) <= 80


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_explained(name: str) -> None:
    for parameter in COMMANDS[name].params:
        if isinstance(parameter, click.Option):
            assert parameter.help
            assert parameter.help.endswith((".", "1h."))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_example_parses(name: str) -> None:
    import shlex

    examples = re.findall(r"^ +walkerbench (.+)$", COMMANDS[name].help or "", re.MULTILINE)
    assert examples
    for example in examples:
        words = shlex.split(example)
        COMMANDS[words[0]].make_context(words[0], words[1:])


@pytest.mark.parametrize("name", COMMANDS)
def test_the_docs_mention_every_command(name: str) -> None:
    assert f"walkerbench {name}" in DOCS


@pytest.mark.parametrize("option", sorted({option for _, option in OPTIONS}))
def test_the_docs_mention_every_option(option: str) -> None:
    assert re.search(rf"{option}\b", DOCS)


def test_help_tells_how_to_complete_and_what_exit_codes_mean(command: Any) -> None:
    text = command("--help").out
    for shell in ("bash", "zsh", "fish"):
        assert f"_WALKERBENCH_COMPLETE={shell}_source walkerbench" in text
    assert re.findall(r"^ {4}(\d+) ", text, re.MULTILINE) == ["0", "1", "2", "3", "4", "70", "130"]


def test_the_version_is_printed(command: Any) -> None:
    assert command("--version").out == f"walkerbench, version {__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_begins_with_its_question(command: Any, name: str) -> None:
    question = question_of(COMMANDS[name])
    assert re.fullmatch(r"[A-Z][^?.]+\?", question)
    after_usage = command(name, "--help").out.partition("\n\n")[2]
    assert " ".join(after_usage.partition("\n\n")[0].split()) == question


def test_the_list_of_commands_cuts_no_question(command: Any) -> None:
    listed = " ".join(command("--help").out.partition("\nCommands:")[2].split())
    assert listed == " ".join(f"{name} {question_of(each)}" for name, each in COMMANDS.items())


def test_without_a_command_five_are_shown_and_exit_is_2(command: Any) -> None:
    ended = command()
    assert (ended.code, ended.out) == (2, "")
    first, *shown, last = ended.err.splitlines()
    assert first == "walkerbench: no command given. The commands that are used most:"
    assert [line.split()[0] for line in shown] == ["run", "show", "compare", "gate", "doctor"]
    for line in shown:
        assert line.endswith(question_of(COMMANDS[line.split()[0]]))
    assert "`walkerbench --help`" in last
    assert max(map(len, ended.err.splitlines())) <= 80


def test_an_unknown_command_is_a_usage_error(command: Any) -> None:
    ended = command("selftst", "--json")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "walkerbench: no such command: 'selftst'; did you mean selftest? `walkerbench --help` lists all\n"
    )
    assert command("zzz").err == "walkerbench: no such command: 'zzz'; `walkerbench --help` lists all\n"


def test_an_unknown_option_is_refused_with_the_one_meant(command: Any) -> None:
    ended = command("run", "--wrokers", "2")
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert re.search(r"Did you mean '?--workers'?\?", ended.err)


def loaded_modules(*arguments: str, **environment: str) -> set[str]:
    """Return the modules that a command has imported when it ends, in a process of its own."""
    code = (
        "import atexit, sys\n"
        "atexit.register(lambda: print('\\n'.join(sys.modules), file=sys.stderr))\n"
        f"sys.argv = ['walkerbench', *{arguments!r}]\n"
        "from walkerbench.__main__ import main\n"
        "sys.exit(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0
    modules = set(done.stderr.split())
    assert "click" in modules
    return modules


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), *[(name, "--help") for name in COMMANDS]])
def test_help_imports_nothing_heavy(arguments: tuple[str, ...]) -> None:
    assert loaded_modules(*arguments).isdisjoint(HEAVY)


def test_the_walk_over_modules_sees_heavy_ones() -> None:
    assert {"numpy", "pydantic"} <= loaded_modules("profiles")


def complete(words: str) -> list[str]:
    environment = {"_WALKERBENCH_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()))}
    done = subprocess.run(
        [sys.executable, "-c", "import sys; sys.argv=['walkerbench']; from walkerbench.__main__ import main; main()"],
        env=os.environ | environment, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stderr == ""
    return [line.partition(",")[2] for line in done.stdout.splitlines()]


def test_profiles_are_completed() -> None:
    assert complete("walkerbench run --profile") == list(shipped_profiles.names())


def test_commands_and_modes_are_completed() -> None:
    assert complete("walkerbench") == sorted(COMMANDS)
    assert complete("walkerbench run --mode") == ["sequential", "threaded", "process"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_script(shell: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import sys; sys.argv=['walkerbench']; from walkerbench.__main__ import main; main()"],
        env=os.environ | {"_WALKERBENCH_COMPLETE": f"{shell}_source"}, capture_output=True, text=True, timeout=60,
        check=True,
    )  # fmt: skip
    assert "_WALKERBENCH_COMPLETE" in done.stdout


def test_the_readme_is_finished() -> None:
    assert "@@" not in DOCS
    assert "TODO" not in DOCS
