"""Hostile text in every place of a run, a profile and a command line: every command prints it safely."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import fabricated_runs
import numpy as np
import pytest
from comparisons import SLOWER, compared, gated, side
from every_way import in_process
from fabricated_runs import recorded_run
from fuzzing import examples
from hostile_text import LONG, assert_printable, file_names, json_texts, squeezed, texts
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt  # rich's own

from walkerbench.cli.rich_console import to_text
from walkerbench.recording.frames import frame_dtype, worker_dtype
from walkerbench.reports.export import FORMATS, markdown
from walkerbench.reports.html.comparison_page import render_comparison
from walkerbench.reports.html.gate_page import render_gate
from walkerbench.reports.html.page import render
from walkerbench.reports.html.page_without_result import render_no_result
from walkerbench.reports.json_text import json_document
from walkerbench.reports.junit import gate as gate_junit
from walkerbench.reports.markdown import github_summary
from walkerbench.reports.terminal import gate as gate_report
from walkerbench.reports.terminal import run as run_report
from walkerbench.run_directory import RecordedRun, RunWriter, read_recorded
from walkerbench.running.summary import conclude, concluded
from walkerbench.shown_text import visible
from walkerbench.workloads.main_phase import MainPhase

UNFINISHED: dict[str, Any] = {
    "state": "emergency",
    "ended_because": "slow",
    "faults": "a stall",
    "emergency_shutdowns": 1,
    "observers": [{"name": "one", "cost_s": 0.0, "dropped": "it raised"}],
}
SHOWN = (("ended_because",), ("faults",), ("profile", "name"), ("machine", "cpu_model"), ("mode", "fallback"))
"""Places whose text `show` and the other reports show."""

several_times = settings(
    max_examples=examples(15), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    recorded_run(tmp_path / "base", **UNFINISHED)
    recorded_run(tmp_path / "other")
    return tmp_path / "base"


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every string in plain data."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if isinstance(value, str):
        yield path
    for key, each in inner:
        yield from places(each, (*path, key))


def put(value: Any, path: tuple[Any, ...], text: str) -> None:
    *way, last = path
    for key in way:
        value = value[key]
    value[last] = text


@contextlib.contextmanager
def changed(base: Path, name: str, changes: dict[tuple[Any, ...], str]) -> Iterator[Path]:
    """Yield a copy of a run in the same folder, with other texts."""
    content = json.loads((base / "run.json").read_text())
    content["mode"]["fallback"] = "none"
    for path, text in changes.items():
        put(content, path, text)
    run = base.parent / f"x{name}"
    shutil.rmtree(run, ignore_errors=True)
    shutil.copytree(base, run)
    (run / "run.json").write_text(json.dumps(content))
    yield run
    shutil.rmtree(run)


def checked(directory: Path, *arguments: str) -> str:
    """Return what a command printed on stdout, after a check that it is printable."""
    ended = in_process(directory, *arguments)
    assert ended.code in (0, 1, 2, 4), ended.err
    for text in (ended.out, ended.err):
        assert_printable(text)
    return ended.out if ended.code != 2 else ended.err


def every_command(run: Path) -> dict[str, str]:
    """Return what each command prints of a run."""
    where, name = run.parent, f"./{run.name}"
    printed = {"show": checked(where, "show", name), "facts": checked(where, "show", name, "--verbose")}
    checked(where, "compare", "other", name)
    for arguments in (("show", name, "--json"), ("compare", "other", name, "--json")):
        out = checked(where, *arguments)
        if out and not out.startswith("walkerbench: "):
            json.loads(out)
    return printed | {form: checked(where, "export", name, "--format", form) for form in FORMATS}


def places_of_base(base: Path) -> list[tuple[Any, ...]]:
    return list(places(json.loads((base / "run.json").read_text())))


@pytest.mark.promise("text", "No text of a run, a profile or a file name is a command to a terminal, rich or CI.")
@several_times
@given(data=st.data(), text=json_texts, name=file_names)
def test_any_place_of_a_run_may_hold_any_text(base: Path, data: st.DataObject, text: str, name: str) -> None:
    every = places_of_base(base)
    # Reading a run checks most places against others, and refuses another text there.
    free = [path for path in every if path[0] in ("profile", "machine", "code", "mode", "command_line", "observers")]
    where = data.draw(st.lists(st.sampled_from(free) | st.sampled_from(every), min_size=1, max_size=3))
    with changed(base, name, dict.fromkeys(where, text)) as run:
        every_command(run)


def test_each_place_of_a_run_may_hold_hostile_text(base: Path) -> None:
    text = "\x1b[2J\u202e\n::error::x [/x] ##[error]y" + LONG
    for path in places_of_base(base):
        with changed(base, "", {path: text}) as run:
            checked(run.parent, "show", run.name, "--verbose")
            checked(run.parent, "export", run.name, "--format", "markdown")


@pytest.mark.promise("text", "Invisible characters are shown as escapes, and an ellipsis marks text that is left out.")
@several_times
@given(text=json_texts, name=file_names)
@example(text="\x1b]0;x\x07[bold]y[/z]\n::error::boom\nPASS", name="[bold]y[x]")
@example(text=LONG, name="before]")
def test_no_text_is_lost(base: Path, text: str, name: str) -> None:
    with changed(base, name, dict.fromkeys(SHOWN, text)) as run:
        printed = every_command(run)
        shown = squeezed(printed["show"]).replace(r"\x3a:", "::")
        if len(text) > 500:
            assert "…" in shown
        else:
            assert shown.count(squeezed(visible(text))) >= len(SHOWN)
        assert squeezed(visible(f"x{name}")) in shown
        if not printed["junit"].startswith("walkerbench: "):
            document = ET.fromstring(printed["junit"])
            assert document.find("testsuite/testcase/failure") is not None
        assert json.loads(printed["json"])["profile"]["name"] == text, "machines get the whole text"
        assert len(list(csv.reader(io.StringIO(printed["csv"])))) > 1
        assert_plain_markdown(printed["markdown"])


def assert_plain_markdown(text: str) -> None:
    """Check that Markdown holds no mark-up but what walkerbench writes, and nothing that GitHub would link."""
    parser = MarkdownIt("commonmark").enable("table")
    inner = [child for token in parser.parse(text) for child in token.children or ()]
    blocks = {token.type.removesuffix("_open").removesuffix("_close") for token in parser.parse(text)}
    assert blocks <= {
        *("heading", "paragraph", "inline", "bullet_list", "list_item"),
        *("table", "thead", "tbody", "tr", "th", "td"),
    }
    assert {token.type for token in inner} <= {"text", "text_special", "code_inline", "strong_open", "strong_close"}
    for token in inner:
        if token.type == "text":
            assert not any(mark in token.content for mark in ("@", "://", "#12", "www.", ":smile:", "$x$"))
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert rows


@several_times
@given(text=json_texts)
@example(text="\u202e\x1b</script><b>%{x}")
def test_a_page_shows_text_as_it_is(base: Path, text: str) -> None:
    places = (*SHOWN, ("mode", "used"))
    with changed(base, "", dict.fromkeys(places, text)) as run:
        recorded = concluded(read_recorded(run))
        for runs in ([recorded], [recorded, recorded]):
            assert_page_shows_text("".join(render(runs, "/* plotly */")))


def assert_page_shows_text(page: str) -> None:
    """Check that no text of a page is mark-up, and that each is printable."""
    head, _, rest = page.partition('<script type="application/json" id="plots">')
    plots = rest.partition("</script>")[0]
    assert_printable(head.replace("::", ""))
    for each in places_with_text(json.loads(plots)):
        assert_printable(each.replace("::", ""))
    assert "<b>" not in head
    assert page.count("</script>") == 3


def places_with_text(plots: Any) -> Iterator[str]:
    for path in places(plots):
        value = plots
        for key in path:
            value = value[key]
        yield value


@several_times
@given(text=texts)
@example(text="a\n::error::x\nPASS [/x]")
@example(text="\ud800" + LONG)
def test_a_gates_results_show_text_as_it_is(text: str) -> None:
    recorded = text.encode("utf-8", "replace").decode()
    result = gated("fail", "unsupported", state="emergency", ended_because=recorded, faults=recorded)
    base, candidate = side(f"m{text}", fallback=text), side(text, faults=text)
    told = type(result)(
        result.runs, compared(candidate, ratios=[SLOWER], base=base, same_work=text, did_same_work=False, profile=text)
    )
    assert_printable(to_text(gate_report.report(told)))
    assert_plain_markdown(github_summary.summary(told))
    assert_printable(github_summary.summary(told))
    for line in github_summary.annotation_lines(told):
        assert_printable(line.removeprefix("::"))
        assert "\n" not in line
    for page in (
        "".join(render_gate(told, "/* plotly */")),
        "".join(render_comparison(told.compared, "/* plotly */", advice=text)),
    ):
        assert_page_shows_text(page)
    assert_printable("".join(render_no_result("gate", [text])).replace("::", ""))
    document = gate_junit.render(told)
    assert_printable(document)
    assert ET.fromstring(document).get("errors") == "1"


WHERE = {
    "criterion": ("run", "--criterion", "{}"),
    "mode": ("run", "--mode", "{}"),
    "workload": ("run", "--workload", "{}"),
    "profile": ("run", "--profile", "{}"),
    "option": ("run", "--x{}"),
    "value": ("run", "--duration", "x{}"),
    "number": ("run", "--frames", "x{}"),
    "choice": ("run", "--pace", "{}"),
    "command": ("x{}",),
    "run": ("show", "x{}"),
    "baseline": ("gate", "--baseline", "{}"),
    "revision": ("gate", "--against", "x{}"),
    "side": ("ab", "x{}", "."),
    "output": ("export", "other", "--format", "csv", "-o", "no/x{}"),
    "format": ("export", "other", "--format", "{}"),
    "verbose": ("show", "-v", "x{}"),
}


@pytest.mark.parametrize("words", WHERE.values(), ids=WHERE)
@settings(parent=several_times, max_examples=examples(10))
@given(text=texts)
@example(text="a\n::error::b\x1b[2J\u202e[/x]")
def test_a_refusal_shows_what_was_typed(base: Path, words: tuple[str, ...], text: str) -> None:
    ended = in_process(base.parent, *(word.replace("{}", text.replace("\0", "")) for word in words))
    assert ended.code == 2, ended.err
    assert_printable(ended.out)
    assert_printable(ended.err)
    if words[0] in ("run", "show", "export") and "-v" not in words:
        assert all(line.startswith("walkerbench: ") for line in ended.err.splitlines())


@pytest.mark.promise("text", "Of many problems, the first ones are shown, with a note that there are more.")
def test_problems_are_limited_and_no_value_looks_like_one(tmp_path: Path) -> None:
    keys = "".join(f'"k{number}\\n::error::x{"y" * (900 if number < 9 else 2)}" = 1\n' for number in range(1332))
    (tmp_path / "p.toml").write_text(keys)
    ended = in_process(tmp_path, "run", "--profile", "p.toml")
    lines = ended.err.splitlines()
    assert (ended.code, lines[-1]) == (2, "walkerbench: p.toml: and more: these are the first 19 problems")
    assert len(lines) == 20
    assert all(line.startswith("walkerbench: ") and len(line) < 1200 for line in lines)
    assert_printable(ended.err)


@several_times
@given(text=json_texts)
@example(text="a\n::error::x [/x]\x1b[2J")
def test_names_and_reasons_are_text_too(base: Path, text: str) -> None:
    run = read_recorded(base).run
    (stage,) = run.stages
    reasons = dict.fromkeys(run.unmeasured, text)
    verdicts = [dataclasses.replace(each, value=None, outcome="unsupported", detail=text) for each in run.verdicts]
    hostile = run.changed(
        counters={text: 1},
        unmeasured=reasons | {text: text},
        stages=[stage.model_copy(update={"population": {text: 1.0}})],
        verdicts=verdicts,
        machine={text: {text: [text]}},
    )
    printed = to_text(run_report.report(hostile, Path(text.replace("\0", "")), verbose=True))
    assert_printable(printed)
    assert "…" in printed or len(text) <= 200
    assert_plain_markdown(markdown.render(hostile))
    assert_printable(markdown.render(hostile))
    assert_printable(json_document(hostile.model_dump(mode="json")))


def test_names_of_phases_and_columns_are_text_too(tmp_path: Path) -> None:
    phase = 'a\n::error::x,"[/x]\x1b[2J\u202e|`@user'
    workload = fabricated_runs.WORKLOAD.model_copy(
        update={"phases": (phase, "physics"), "main_phase": MainPhase(phase, phase), "settle_phase": f"{phase}2"}
    )
    dtypes = fabricated_runs.DTYPES | {
        "frames": frame_dtype(workload.phases, workload.settle_phase, workload.frame_counters),
        "workers": worker_dtype(workload.phases),
    }
    for name in ("one", "other"):
        of = recorded_run(tmp_path / f"of {name}")
        arrays = {array: np.array(getattr(of, array).tolist(), dtype) for array, dtype in dtypes.items()}
        run = of.run.changed(workload=dict(workload), attribution=None, worst_frames=(), arrays=None)
        run = conclude(RecordedRun(of.directory, run, **arrays))
        with RunWriter.create(tmp_path / name, run, dtypes) as writer:
            for array, rows in arrays.items():
                writer.append(array, rows)
    printed = every_command(tmp_path / "one")
    heads = next(csv.reader(io.StringIO(printed["csv"])))
    assert f"{visible(phase)}_ns" in heads
    assert_plain_markdown(printed["markdown"])
    assert {"name": phase} in json.loads(printed["speedscope"])["shared"]["frames"], "machines get the whole text"
