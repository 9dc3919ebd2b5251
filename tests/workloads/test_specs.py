"""What can be wrong with a SPEC: each mistake has a message of one line, and none has the message of another."""

from __future__ import annotations

import string
import sys
from collections.abc import Iterator
from pathlib import Path

import every_way
import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkerbench.errors import UsageError
from walkerbench.workloads.specs import FAMILIES, find_factory

MYSIM = """
class Herd:
    def __init__(self, agents, seed, flock=1): ...
    def step(self, frame): ...

class Needy(Herd):
    def __init__(self, agents, seed, flock): ...

class NoAgents(Herd):
    def __init__(self, seed): ...

class NoSeed(Herd):
    def __init__(self, agents): ...

class NoStep:
    def __init__(self, agents, seed): ...

class Anything(Herd):
    def __init__(self, **everything): ...

number = 3

def __getattr__(name):
    if name == "raising":
        raise RuntimeError("no attribute today")
    raise AttributeError(name)
"""
MODULES = {
    "mysim_tried": MYSIM,
    "failing_tried": "def helper():\n    raise RuntimeError('no sheep')\n\nhelper()\n",
    "leaving_tried": "import sys\n\nsys.exit(0)\n",
    "needing_tried": "import nothing_tried\n",
    "wrong_tried": "def f(:\n",
}
COMMANDS = (
    ("run", "-q"),
    ("compare", "-q"),
    ("ab", ".", "mode=threaded", "-q"),
    ("gate", "--against", "HEAD", "-q"),
    ("flamegraph", "-o", "pictures", "-q"),
)


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Change to a working directory with the user's modules."""
    for name, source in MODULES.items():
        (tmp_path / f"{name}.py").write_text(source)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield tmp_path
    for name in MODULES:
        sys.modules.pop(name, None)


def refusal(spec: str, **arguments: object) -> tuple[str, ...]:
    with pytest.raises(UsageError) as caught:
        find_factory(spec, arguments)
    return caught.value.lines


FORM = "; give MODULE:NAME, such as mysim:Herd"


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        (":", f"it names no module{FORM}"),
        ("mysim_tried:", f"it names no class or function{FORM}"),
        (":Herd", f"it names no module{FORM}"),
        ("::", f"it names no module{FORM}"),
        ("my sim:Herd", f"'my sim' is no Python name{FORM}"),
        ("mysim_tried:Herd:x", f"'Herd:x' is no Python name{FORM}"),
        ("mysim_tried:[bold]Herd[/bold]", f"'[bold]Herd[/bold]' is no Python name{FORM}"),
        ("mysim..x:Herd", f"the name of the module has an empty part{FORM}"),
        (
            "mysim_tried:Hird",
            "mysim_tried has no 'Hird'; did you mean Herd? it has Anything, Herd, Needy, NoAgents, NoSeed, NoStep, "
            "number",
        ),
        (
            "mysim_tried:number",
            "it is of the type int; give a class, or a function that makes an object",
        ),
        ("mysim_tried:NoStep", "the class has no method step(frame)"),
        (
            "mysim_tried:NoAgents",
            "it takes no argument 'agents'; it must take both agents and seed, as in __init__(self, agents, seed)",
        ),
        (
            "mysim_tried:NoSeed",
            "it takes no argument 'seed'; it must take both agents and seed, as in __init__(self, agents, seed)",
        ),
        (
            "mysim_tried:Needy",
            "cannot be called with agents=range, seed=int and its arguments: missing a required argument: 'flock'",
        ),
    ],
)
def test_each_mistake_in_a_spec_has_its_own_message(spec: str, problem: str) -> None:
    assert refusal(spec) == (f"workload {spec!r}: {problem}",)


def test_for_a_name_without_colon_the_message_shows_a_spec() -> None:
    own = "code of your own is MODULE:NAME, such as mysim:Herd"
    (empty,) = refusal("")
    assert empty.startswith("workload '': no name; there are walker")
    (near,) = refusal("wlaker")
    assert near.startswith("no such workload: 'wlaker'; did you mean walker? there are walker")
    assert empty.endswith(own)
    assert near.endswith(own)


def test_each_wrong_argument_has_its_own_message() -> None:
    (unknown,) = refusal("mysim_tried:Herd", flok=2)
    assert unknown.endswith("takes no argument 'flok'; did you mean flock? besides agents and seed it takes flock")
    (given_twice,) = refusal("mysim_tried:Herd", seed=2)
    assert given_twice.endswith("the argument 'seed' is given by walkerbench: leave it out")
    (settings,) = refusal("walker", flock=2)
    assert settings == "workload 'walker' takes no arguments: its settings are keys of [environment]"
    assert find_factory("mysim_tried:Anything", {"flock": 2}) is not None


def test_a_missing_module_is_reported_with_the_folders_searched(project: Path) -> None:
    (project / "src").mkdir()
    assert refusal("nothing_tried:Herd") == (
        f"workload 'nothing_tried:Herd': no module 'nothing_tried' in {project}, {project / 'src'}, "
        "and none is installed",
    )


@pytest.mark.parametrize(
    ("module", "error", "last"),
    [
        ("failing_tried", "RuntimeError: no sheep", "raise RuntimeError('no sheep')"),
        ("leaving_tried", "SystemExit: 0", "sys.exit(0)"),
        ("needing_tried", "ModuleNotFoundError: No module named 'nothing_tried'", "import nothing_tried"),
        ("wrong_tried", "SyntaxError: invalid syntax (wrong_tried.py, line 1)", "^"),
    ],
)
def test_an_import_that_fails_shows_the_lines_of_the_user(module: str, error: str, last: str, project: Path) -> None:
    first, *frames = refusal(f"{module}:Herd")
    assert first == f"workload '{module}:Herd': {module} cannot be imported: {error}"
    assert frames[-1].strip() == last
    files = [line.split('"')[1] for line in frames if line.startswith("  File ")]
    assert set(files) == {str(project / f"{module}.py")}


def test_a_module_whose_names_raise_is_named() -> None:
    first, *_ = refusal("mysim_tried:raising")
    assert first.endswith("mysim_tried cannot be imported: RuntimeError: no attribute today")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
@pytest.mark.parametrize("spec", ["", ":", "nothing_tried:Herd", "mysim_tried:Hird", "leaving_tried:Herd"])
def test_every_command_refuses_a_wrong_spec_in_the_same_way(command: tuple[str, ...], spec: str, project: Path) -> None:
    ended = every_way.in_process(project, *command, "--workload", spec)
    assert (ended.code, ended.out) == (2, ""), ended.err
    told = " ".join(ended.err.split())
    assert f"workload {spec!r}: " in told
    assert "walkerbench/" not in told
    assert {path.name for path in project.iterdir()} <= {"__pycache__", *(f"{name}.py" for name in MODULES)}


@pytest.mark.parametrize("text", ["x", "=1", "1x=2", "x y=1", ""])
def test_an_argument_without_a_key_or_value_is_refused(text: str, project: Path) -> None:
    ended = every_way.in_process(project, "run", "--workload", "mysim_tried:Herd", "--workload-argument", text)
    assert ended.code == 2
    assert "is no argument: give KEY=VALUE, as in size=3." in ended.error


def test_an_argument_that_is_given_twice_is_refused(project: Path) -> None:
    twice = ("--workload-argument", "flock=1") * 2
    ended = every_way.in_process(project, "run", "--workload", "mysim_tried:Herd", *twice)
    assert ended.code == 2
    assert "flock is given twice." in ended.error


def test_a_spec_of_any_length_gives_one_short_line(project: Path) -> None:
    for spec in ("a" * 100_000, "a" * 50_000 + ":" + "b" * 50_000, ":" * 100_000):
        ended = every_way.in_process(project, "run", "--workload", spec)
        assert ended.code == 2
        assert ended.err.count("\n") == 1
        assert len(ended.err) < 1_100
        assert ended.err.rstrip().endswith((FORM, "mysim:Herd", "none is installed"))


ANYTHING = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
NAMES = st.text(string.ascii_letters + "._:/[]-", max_size=12)


@given(st.one_of(ANYTHING, NAMES, st.builds("{}:{}".format, NAMES, NAMES), st.builds("{}:{}".format, ANYTHING, NAMES)))
def test_any_text_is_refused_with_a_usage_error(text: str) -> None:
    if text.partition(":")[0] in (*FAMILIES, "walker"):
        return
    with pytest.raises(UsageError) as caught:
        find_factory(text)
    assert caught.value.lines[0]
    assert str(caught.value).isprintable()
