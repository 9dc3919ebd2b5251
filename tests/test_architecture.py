"""The house's rules, held over the package's source: which room imports which, who prints, how long a file may be."""

from __future__ import annotations

import ast
import graphlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import walkerbench
from walkerbench import errors
from walkerbench.cli.group import walkerbench as walkerbench_command

ROOT = Path(walkerbench.__file__).parent
MOST_LINES = 420

ARROWS: dict[str, set[str]] = {
    "shown_text": set(),
    "errors": {"shown_text"},
    "recorded_value": set(),
    "near_words": set(),
    "system": {"errors", "near_words", "shown_text"},
    "workloads": {"errors", "near_words", "recorded_value", "shown_text", "system"},
    "recording": {"errors", "recorded_value", "system", "workloads"},
    "modes": {"errors", "recorded_value", "recording", "system", "workloads"},
    "criteria": {"errors", "near_words", "recorded_value", "shown_text", "workloads"},
    "slow_frames": {"criteria", "modes", "recorded_value", "recording", "workloads"},
    "profile": {"criteria", "errors", "modes", "near_words", "recording", "shown_text", "system", "workloads"},
    "run_directory": {
        "criteria",
        "errors",
        "modes",
        "recorded_value",
        "recording",
        "shown_text",
        "slow_frames",
        "system",
        "workloads",
    },
    "comparison": {"criteria", "errors", "modes", "recording", "slow_frames", "workloads"},
    "running": {
        "criteria",
        "errors",
        "modes",
        "profile",
        "recorded_value",
        "recording",
        "run_directory",
        "shown_text",
        "slow_frames",
        "system",
        "workloads",
    },
    "recorded_sides": {
        "comparison",
        "criteria",
        "errors",
        "recorded_value",
        "recording",
        "run_directory",
        "running",
        "slow_frames",
        "workloads",
    },
    "interleaved": {
        "comparison",
        "errors",
        "modes",
        "near_words",
        "profile",
        "recorded_value",
        "recording",
        "running",
        "shown_text",
        "slow_frames",
        "system",
        "workloads",
    },
    "gating": {
        "comparison",
        "criteria",
        "errors",
        "interleaved",
        "profile",
        "recorded_sides",
        "run_directory",
        "running",
    },
    "selftest": {
        "comparison",
        "errors",
        "gating",
        "interleaved",
        "modes",
        "profile",
        "recorded_sides",
        "running",
        "system",
    },
    "flamegraph": {"errors", "modes", "profile", "run_directory", "running", "system", "workloads"},
    "checking": {"errors", "modes", "profile", "running", "system", "workloads"},
    "doctor": {"comparison", "errors", "profile", "recorded_value", "recording", "running", "system"},
    "reports": {
        "checking",
        "comparison",
        "criteria",
        "doctor",
        "errors",
        "flamegraph",
        "gating",
        "modes",
        "profile",
        "recorded_value",
        "recording",
        "run_directory",
        "running",
        "selftest",
        "shown_text",
        "slow_frames",
        "system",
        "workloads",
    },
    "serving": {"comparison", "errors", "modes", "profile", "run_directory", "running", "system", "workloads"},
    "cli": {
        "serving",
        "checking",
        "comparison",
        "criteria",
        "doctor",
        "errors",
        "flamegraph",
        "gating",
        "interleaved",
        "modes",
        "near_words",
        "profile",
        "recorded_sides",
        "reports",
        "run_directory",
        "running",
        "selftest",
        "shown_text",
        "system",
        "workloads",
    },
    "testing": {"checking"},
    "pytest_plugin": {"modes", "profile", "run_directory", "running", "shown_text", "system"},
    "__main__": {"cli"},
}
"""What each room may import besides itself and the version. A permission that no import uses fails a test."""

MAY_NAME_THE_WALKER = {"workloads.registry", "run_directory.schema_history"}
"""The registry, by its line; the history of old runs, which had no other workload."""

MAY_PRINT_AND_EXIT = {"cli", "__main__", "run_directory.__main__"}
MAY_ALSO = {
    "errors": {"SystemExit"},
    "system.interrupts": {"os._exit", "sys.stderr"},
    "system.forked_copies": {"os._exit"},
    "modes.shard_runner": {"os._exit"},
    "checking.__main__": {"os._exit", "sys.stdout", "sys.stderr"},
    "checking.process_watch": {"sys.stdout", "sys.stderr"},
    "modes.faults": {"os._exit"},
    "modes.process": {"os._exit"},
    "interleaved.session_server": {"os._exit"},
    "workloads.suspended_test": {"sys.stderr", "sys.stdout"},
}
"""What ends the process in the command line's stead when a signal comes first; a child whose parent is gone; a worker
that is to die; what tells that the code of others wants to end the process; and what keeps apart what a test prints."""

MAY_NAME_FLAGS = (
    "cli.",
    "system.git",
    "interleaved.worktree_content",
    "interleaved.worktrees",
    "flamegraph.py_spy",
    "workloads.pytest_options",
)
"""The command line itself; words of git, py-spy and pytest."""

MAY_NAME_STYLES = "reports.html."
"""Variables of style sheets begin with two hyphens as flags do, and none of them is one."""

MAY_NAME_AN_EXIT_CODE = {"errors", "cli.whole_process"}
"""Their home; and what may be interrupted before it can import them."""

MAY_TAKE_ANY_OPTIONS = {("run_directory.schema", "changed"), ("workloads.benchmark_fixture", "__call__")}
"""A record with some of its fields replaced, which pydantic checks by their names; a function's own keywords."""

FAMILIES: dict[str, str] = {
    "render": r"reports\.(export\.\w+|html\.page|junit\.\w+|\w+_json)",
    "report": r"reports\.terminal\.\w+",
    "make_factory": r"workloads\.\w+",
}
"""Names that several modules define because each does the same for a form or a subject of its own.

`render` returns a whole text for a file or for stdout; `report` yields what a terminal shows of a result;
`make_factory` makes what a SPEC of the module's family names.
"""

SAYS_NOTHING = {"common", "helper", "helpers", "misc", "tools", "util", "utils"}
"""Names that say nothing of what is inside a module."""


def module_name(path: Path) -> str:
    """`modes.process` for `walkerbench/modes/process.py`; the package itself is the empty name."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(ROOT.rglob("*.py"))}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in MODULES.items()}
FLAGS = {flag for command in walkerbench_command.commands.values() for each in command.params for flag in each.opts}
every_module = pytest.mark.parametrize("name", [name for name in MODULES if name])


def imports(name: str) -> Iterator[str]:
    """Modules of the package that a module imports, wherever in it, for types only too."""
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "walkerbench":
                    yield alias.name.removeprefix("walkerbench").removeprefix(".")
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}: relative imports hide which room they enter"
            if node.module is not None and node.module.split(".")[0] == "walkerbench":
                source = node.module.removeprefix("walkerbench").removeprefix(".")
                for alias in node.names:
                    inner = f"{source}.{alias.name}".removeprefix(".")
                    yield inner if inner in MODULES else source


def room_of(name: str) -> str:
    return name.split(".")[0]


def test_the_source_was_found() -> None:
    assert {"", "errors", "modes.process", "workloads.walker.shard", "cli.run"} <= set(MODULES)
    assert set(imports("modes.threaded")) == {
        "errors", "modes.contract", "modes.in_process", "modes.thread_pool", "modes.traits", "system.deadlines"
    }  # fmt: skip


def test_every_room_has_its_arrows_and_every_arrow_its_room() -> None:
    assert {room_of(name) for name in MODULES if name} == set(ARROWS)


@every_module
def test_imports_follow_the_arrows(name: str) -> None:
    # The package itself is imported for its version and its place.
    entered = {room_of(each) for each in imports(name) if each}
    assert entered <= ARROWS[room_of(name)] | {room_of(name)}


@pytest.mark.parametrize("room", ARROWS)
def test_every_permission_is_used(room: Any) -> None:
    entered = {room_of(each) for name in MODULES if name and room_of(name) == room for each in imports(name) if each}
    assert not ARROWS[room] - entered, f"{room} never imports these: take the permission away"


def layers() -> Iterator[tuple[str, ...]]:
    """Rooms from the lowest layer to the highest: each imports rooms of the layers before its own alone."""
    sorter = graphlib.TopologicalSorter(ARROWS)
    sorter.prepare()
    while rooms := sorter.get_ready():
        sorter.done(*rooms)
        yield tuple(sorted(rooms))


def test_rooms_lie_in_layers(record_property: Callable[[str, object], None]) -> None:
    drawn = "\n".join(f"{number:2}  {', '.join(rooms)}" for number, rooms in enumerate(layers()))
    record_property("layers", drawn)
    print(drawn)  # noqa: T201  `pytest -rP tests/test_architecture.py -k layers` shows them
    assert {room for rooms in layers() for room in rooms} == set(ARROWS)


def test_imports_run_one_way_from_module_to_module() -> None:
    # The package itself names its public API lazily, and is imported for its version and its place.
    graph = {name: {each for each in imports(name) if each and each != name} for name in MODULES if name}
    assert list(graphlib.TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("medium", ["reports.terminal", "reports.html"])
def test_media_share_their_words_and_not_one_another(medium: str) -> None:
    importing = {name for name in MODULES if any(f"{each}.".startswith(f"{medium}.") for each in imports(name))}
    assert {name for name in importing if not name.startswith((medium, "cli."))} == set()


def test_nothing_outside_its_own_folder_imports_the_walker() -> None:
    importing = {name for name in MODULES if any(each.startswith("workloads.walker") for each in imports(name))}
    assert {name for name in importing if not name.startswith("workloads.walker")} == set()


def words(name: str) -> Iterator[str]:
    """Every identifier of a module, and every text in it that is no docstring."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(TREES[name])
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(TREES[name]):
        match node:
            case ast.Name(id=word) | ast.Attribute(attr=word) | ast.arg(arg=word) | ast.alias(name=word):
                yield word
            case ast.FunctionDef(name=word) | ast.ClassDef(name=word):
                yield word
            case ast.Constant(value=str(word)) if id(node) not in docstrings:
                yield word


@every_module
def test_nothing_outside_its_own_folder_names_a_walker(name: str) -> None:
    if name in MAY_NAME_THE_WALKER or name.startswith("workloads.walker"):
        return
    named = [word for word in words(name) if re.search(r"walker(?!bench)|robot|food", word, re.IGNORECASE)]
    assert not named


@every_module
def test_only_the_command_line_names_its_options(name: str) -> None:
    if f"{name}.".startswith(MAY_NAME_FLAGS):
        return
    named = {flag for word in words(name) for flag in re.findall(r"(?<![\w-])--[a-z][a-z-]*", word)}
    assert not (named & FLAGS if name.startswith(MAY_NAME_STYLES) else named)


def public_definitions(tree: ast.Module) -> Iterator[str]:
    """Classes, functions and constants of a module, types among them, without what it only imports."""
    for node in tree.body:
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                names = [name]
            case ast.Assign(targets=targets):
                names = [each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)]
            case ast.AnnAssign(target=ast.Name(id=name)):
                names = [name]
            case _:
                names = []
        yield from (name for name in names if not name.startswith("_"))


def test_no_public_name_is_defined_in_two_modules() -> None:
    modules: dict[str, set[str]] = {}
    for module, tree in TREES.items():
        for name in public_definitions(tree):
            modules.setdefault(name, set()).add(module)
    twice = {name: found for name, found in modules.items() if len(found) > 1}
    assert set(FAMILIES) <= set(twice), "take away a family that has one member"
    members = {name: {each for each in twice[name] if re.fullmatch(FAMILIES[name], each)} for name in FAMILIES}
    assert {name: found for name, found in twice.items() if found != members.get(name)} == {}


def test_public_definitions_are_noticed() -> None:
    source = """
from elsewhere import imported
LIMIT = 1
LOW, HIGH = 0, 1
kind: int = 2
_hidden = 3
class Thing:
    inner = 4
def act(): ...
async def wait(): ...
def _help(): ...
"""
    assert list(public_definitions(ast.parse(source))) == ["LIMIT", "LOW", "HIGH", "kind", "Thing", "act", "wait"]


def functions_with_any_options(tree: ast.AST) -> Iterator[str]:
    """Functions that take `**name: Any` (or `object`, or nothing said): what may be given stands nowhere."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) and node.args.kwarg is not None:
            kind = node.args.kwarg.annotation
            if kind is None or ast.unparse(kind).split(".")[-1] in ("Any", "object"):
                yield getattr(node, "name", "lambda")


@every_module
def test_no_function_takes_options_of_any_name_and_type(name: str) -> None:
    allowed = {function for module, function in MAY_TAKE_ANY_OPTIONS if module == name}
    assert set(functions_with_any_options(TREES[name])) == allowed


def test_options_of_any_name_and_type_are_noticed() -> None:
    source = """
def bundle(**options: Any): ...
def typed(**limits: float): ...
class Run:
    async def run(self, *, seed: int, **more: typing.Any): ...
    def step(self, **what: object): ...
    def stop(self, **why): ...
def call(*args: Any): ...
tell = lambda **facts: facts
"""
    assert sorted(functions_with_any_options(ast.parse(source))) == ["bundle", "lambda", "run", "step", "stop"]


PRINTING = {"print", "exit", "quit", "breakpoint", "input"}
EXITING = {("sys", "exit"), ("os", "_exit"), ("os", "abort"), ("sys", "stdout"), ("sys", "stderr")}


def prints_or_exits(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=function)) if function in PRINTING:
                yield function
            case ast.Attribute(value=ast.Name(id=module), attr=what) if (module, what) in EXITING:
                yield f"{module}.{what}"
            case ast.Name(id="SystemExit"):
                yield "SystemExit"


@every_module
def test_only_the_command_line_prints_or_exits(name: str) -> None:
    if name in MAY_PRINT_AND_EXIT or room_of(name) in MAY_PRINT_AND_EXIT:
        return
    assert set(prints_or_exits(TREES[name])) == MAY_ALSO.get(name, set())


def test_what_prints_and_what_exits_is_noticed() -> None:
    source = "import sys\nprint(1)\nsys.exit(2)\nsys.stderr.write('')\nraise SystemExit"
    assert sorted(prints_or_exits(ast.parse(source))) == ["SystemExit", "print", "sys.exit", "sys.stderr"]


def bare_exit_codes(tree: ast.AST) -> Iterator[int]:
    """Numbers that can only be exit codes, and numbers in the places of exit codes.

    How another process ended is its `exit_status`, which may be any number.
    """
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=int(70 | 130 as code)):
                yield code
            case ast.FunctionDef(name=name, returns=kind) if "exit_code" in name or gives_an_exit_code(kind):
                yield from numbers(*(inner.value for inner in ast.walk(node) if isinstance(inner, ast.Return)))
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=value)
            ) if "exit_code" in name.lower():
                yield from numbers(*(value.values if isinstance(value, ast.Dict) else [value]))
            case ast.AnnAssign(annotation=kind, value=ast.Dict(values=values)) if gives_an_exit_code(kind):
                yield from numbers(*values)
            case ast.Compare(left=left, comparators=others) if any(map(is_an_exit_code, [left, *others])):
                yield from numbers(left, *others)
            case ast.keyword(arg="exit_code", value=value):
                yield from numbers(value)
            case ast.Call(func=ast.Attribute(value=ast.Name(id="sys"), attr="exit"), args=arguments):
                yield from numbers(*arguments)


def gives_an_exit_code(annotation: ast.AST | None) -> bool:
    return annotation is not None and "ExitCode" in ast.unparse(annotation)


def is_an_exit_code(node: ast.AST) -> bool:
    return isinstance(node, ast.Name | ast.Attribute) and ast.unparse(node).split(".")[-1] == "exit_code"


def numbers(*nodes: ast.AST | None) -> Iterator[int]:
    for node in nodes:
        if isinstance(node, ast.IfExp):
            yield from numbers(node.body, node.orelse)
        elif isinstance(node, ast.Tuple | ast.List | ast.Set):
            yield from numbers(*node.elts)
        elif isinstance(node, ast.Constant) and type(node.value) is int and node.value not in (70, 130):
            yield node.value


@every_module
def test_exit_codes_are_named(name: str) -> None:
    if name not in MAY_NAME_AN_EXIT_CODE:
        assert list(bare_exit_codes(TREES[name])) == []


def test_bare_exit_codes_are_noticed() -> None:
    source = """
def show_command() -> ExitCode:
    return 0
def exit_code(self):
    return 4
codes = {"fault": 70}
_EXIT_CODES: dict[str, int] = {"fail": 1}
exit_code = 3
Failed(exit_code=2)
sys.exit(5)
words: Mapping[int, ExitCode] = {1: 6}
def undecided() -> ExitCode | None:
    return 7 if strict else 8
if run.exit_code in (9, 10) or 11 == exit_code: pass
if child.exit_status == 12: pass
"""
    assert sorted(bare_exit_codes(ast.parse(source))) == [*range(12), 70]


MAKES_TEXT = {
    "rich.text": {"reports.terminal.tables"},
    "rich.table": {"reports.terminal.tables"},
    "rich.console.Console": {"cli.rich_console"},
    "rich.progress": {"cli.display"},
    "rich.markup": set(),
    "rich.panel": set(),
    "html": {"reports.html.escaping"},
}
"""What makes text of strings, and could take them for mark-up → where alone it is used."""


def used(tree: ast.AST) -> Iterator[str]:
    """Modules and names that a module imports, and consoles that it makes."""
    types_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=str(module)) if id(node) not in types_only:
                yield module
            case ast.Import(names=names):
                yield from (each.name for each in names)
            case ast.Call(func=ast.Name(id="Console")):
                yield "rich.console.Console"


@every_module
def test_text_is_made_in_one_place(name: str) -> None:
    assert {each for each in used(TREES[name]) if name not in MAKES_TEXT.get(each, {name})} == set()


def test_consoles_and_columns_take_no_mark_up() -> None:
    made = [
        {each.arg: ast.unparse(each.value) for each in node.keywords}
        for name in ("cli.rich_console", "cli.display")
        for node in ast.walk(TREES[name])
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("Console", "TextColumn")
    ]
    assert len(made) == 4
    assert {options.get("markup") for options in made} == {"False"}


@every_module
def test_no_error_joins_its_lines(name: str) -> None:
    raised = [node for node in ast.walk(TREES[name]) if isinstance(node, ast.Raise) and node.exc is not None]
    assert not [each for each in raised if "'\\n'.join" in ast.unparse(each)], "give an error each line by itself"


@every_module
def test_a_modules_name_says_what_is_inside(name: str) -> None:
    assert not set(name.split(".")) & SAYS_NOTHING


@every_module
def test_no_file_is_longer_than_a_reader_likes(name: str) -> None:
    assert len(MODULES[name].read_text(encoding="utf-8").splitlines()) <= MOST_LINES


@every_module
def test_every_module_says_what_it_is_for(name: str) -> None:
    assert ast.get_docstring(TREES[name])


def drawn_tree(text: str) -> dict[str, tuple[str | None, int]]:
    """Parent and exit code of every error in the drawing; the depth is in the columns."""
    drawn: dict[str, tuple[str | None, int]] = {}
    path: list[str] = []
    for line in text.splitlines():
        if match := re.fullmatch(r"([ │├└─]*)([A-Z]\w+) +(\d+)  \S.*", line):
            depth = len(match[1]) // 4 - 1
            del path[depth:]
            drawn[match[2]] = (path[-1] if path else None, int(match[3]))
            path.append(match[2])
    return drawn


def real_tree(root: type[errors.WalkerbenchError]) -> dict[str, tuple[str | None, int]]:
    def walk(kind: type[errors.WalkerbenchError], parent: str | None) -> Iterator[tuple[str, tuple[str | None, int]]]:
        yield kind.__name__, (parent, kind.exit_code)
        for child in kind.__subclasses__():
            if child.__module__ == errors.__name__:
                yield from walk(child, kind.__name__)

    return dict(walk(root, None))


def test_the_errors_are_those_that_are_drawn() -> None:
    assert errors.__doc__
    drawn = drawn_tree(errors.__doc__)
    assert drawn["WalkerbenchError"] == (None, 70)
    assert drawn == real_tree(errors.WalkerbenchError)
    assert list(drawn) == list(real_tree(errors.WalkerbenchError))


def test_every_deliberate_error_of_the_package_is_in_the_tree() -> None:
    raised = {
        node.name
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        and any(isinstance(base, ast.Name) and base.id.endswith(("Error", "Exception")) for base in node.bases)
        and name != "errors"
    }
    assert raised == set()
