"""`--report FILE` of compare, ab and gate: the page of the result, or the page that says why there is none."""

from __future__ import annotations

import html
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from fake_measuring import FakeMeasuring, FakeRepeats
from fake_measuring import baseline as baseline
from fake_measuring import fake as fake
from fake_measuring import recording as recording  # fixtures
from recorded_runs import code_of, recorded, write

from walkerbench.errors import BudgetTooSmall
from walkerbench.reports.html import PAGE_BEGINNING

PAGE = "page.html"
OLD_PAGE = f"{PAGE_BEGINNING}the result of the last job"

COMMANDS = {
    "compare": ("compare", "--profile", "smoke", "--workers", "2", "-q"),
    "ab": ("ab", "main", "HEAD", "-q"),
    "gate": ("gate", "--against", "main", "--profile", "smoke", "-q"),
}
every_command = pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)


@pytest.fixture(autouse=True)
def _own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recording: FakeRepeats) -> None:
    monkeypatch.chdir(tmp_path)


def text_of(page: str = PAGE) -> str:
    return Path(page).read_text(encoding="utf-8")


def heading(page: str = PAGE) -> str:
    return html.unescape(text_of(page).partition("<h1>")[2].partition("</h1>")[0])


def why(page: str = PAGE) -> list[str]:
    """Return the reasons on a page without a result."""
    text = text_of(page)
    assert "NO VERDICT</span>: there is no result." in text
    return [html.unescape(each) for each in re.findall(r'<p class="warning">(.*?)</p>', text)]


@every_command
def test_every_command_writes_its_page(command: Any, fake: FakeMeasuring, words: tuple[str, ...]) -> None:
    Path(PAGE).write_text(OLD_PAGE)
    fake.factors = (1.0, 1.25, 0.5)
    ended = command(*words, "--report", PAGE)
    assert ended.code == {"compare": 0, "ab": 1, "gate": 1}[words[0]]
    assert "last job" not in text_of()
    assert (
        heading()
        == {
            "compare": "threaded (2) and process (2) against sequential",
            "ab": "HEAD against main",
            "gate": "Gate: working tree against main",
        }[words[0]]
    )
    assert "REGRESSION</span>" in text_of()
    assert list(Path().glob(f".{PAGE}*")) == []


def test_the_page_of_modes_has_the_advice(command: Any, fake: FakeMeasuring) -> None:
    fake.factors = (1.0, 1.25, 0.5)
    command(*COMMANDS["compare"], "--report", PAGE)
    assert "<strong>On this machine use process with 2 workers: it is 2.00 times as fast as sequential" in text_of()


@every_command
def test_a_page_changes_neither_output_nor_exit_code(
    command: Any, fake: FakeMeasuring, recording: FakeRepeats, words: tuple[str, ...]
) -> None:
    def comparison(ended: Any) -> Any:
        content = json.loads(ended.out)
        return content.get("comparison", content)

    without, with_page = command(*words, "--json"), command(*words, "--json", "--report", PAGE)
    assert comparison(without) == comparison(with_page)
    assert (without.code, without.err) == (with_page.code, with_page.err)


def test_recorded_runs_have_a_page(command: Any) -> None:
    for number in range(5):
        write(Path("before") / f"{number}", recorded(f"{number}", frame_ms=2.0 + number / 100))
        other = code_of("fedcba9876543210")
        write(Path("after") / f"{number}", recorded(f"{10 + number}", frame_ms=3.0 + number / 100, code=other))
    ended = command("compare", "before", "after", "--report", PAGE)
    assert (ended.code, ended.err) == (1, "")
    assert heading() == "fedcba9876 against 0123456789"
    assert "<h2>Runs</h2>" in text_of()


def test_a_gate_with_a_baseline_has_a_page(command: Any, baseline: Path) -> None:
    assert command("gate", "--baseline", str(baseline), "-q", "--report", PAGE).code == 0
    assert "PASS</span>: every criterion is met, and there is no regression." in text_of()


@pytest.mark.promise("verdicts", "A page of --report is never older than the result: without one, it says why.")
@every_command
def test_a_refusal_is_on_the_page(command: Any, fake: FakeMeasuring, words: tuple[str, ...]) -> None:
    Path(PAGE).write_text(OLD_PAGE)
    fake.error = BudgetTooSmall("a budget of 1 s is too small", needed_s=50)
    assert command(*words, "--report", PAGE).code == 2
    assert heading() == f"walkerbench {words[0]}"
    assert why() == ["a budget of 1 s is too small (--budget 50s)"]


@pytest.mark.promise("verdicts", "A page of --report is never older than the result: without one, it says why.")
@pytest.mark.parametrize("wrong", [["--alpha", "60%"], ["--no-such-option"], ["--rounds", "many"], ["a", "b", "c"]])
@every_command
def test_a_command_that_cannot_start_says_why(
    command: Any, fake: FakeMeasuring, words: tuple[str, ...], wrong: list[str]
) -> None:
    Path(PAGE).write_text(OLD_PAGE)
    ended = command(*words, *wrong, f"--report={PAGE}")
    assert (ended.code, fake.sides) == (2, ())
    assert why() == [ended.err.splitlines()[-1].removeprefix("walkerbench: ")]


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [(KeyboardInterrupt(), 130, "interrupted"), (RuntimeError("a fault"), 70, "RuntimeError: a fault")],
    ids=repr,
)
@every_command
def test_a_command_that_breaks_says_why(
    command: Any, fake: FakeMeasuring, words: tuple[str, ...], error: BaseException, code: int, told: str
) -> None:
    Path(PAGE).write_text(OLD_PAGE)
    fake.error = error
    assert command(*words, "--report", PAGE).code == code
    assert why() == [told]


def test_refused_runs_are_named_on_the_page(command: Any) -> None:
    write(Path("one"), recorded("1"))
    write(Path("other"), recorded("2", profile={"seed": 2}, code=code_of("fedcba9876543210")))
    assert command("compare", "one", "other", "--report", PAGE).code == 2
    assert any("differ in the seed" in line for line in why())


@every_command
def test_a_missing_extra_is_told_before_measuring(
    command: Any, fake: FakeMeasuring, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    Path(PAGE).write_text(OLD_PAGE)
    ended = command(*words, "--report", PAGE)
    assert (ended.code, ended.out, fake.sides) == (2, "", ())
    assert ended.err == "walkerbench: a report needs plotly: pip install 'walkerbench[report]'\n"
    assert why() == ["a report needs plotly: pip install 'walkerbench[report]'"]
    assert command(*words).code in (0, 1), "without a page, the extra is not needed"


@pytest.mark.promise("kept", "A file that is no page of walkerbench is never replaced by --report.")
@pytest.mark.parametrize("content", ["{}", "<!DOCTYPE html>\n<html><body>mine</body></html>"], ids=["JSON", "HTML"])
@every_command
def test_a_file_that_is_no_page_is_kept(
    command: Any, fake: FakeMeasuring, words: tuple[str, ...], content: str
) -> None:
    Path("mine").write_text(content)
    ended = command(*words, "--report", "mine")
    assert (ended.code, fake.sides, text_of("mine")) == (2, (), content)
    assert ended.err.endswith("mine: holds no page of walkerbench: give another file, or remove it\n")


def test_a_page_that_cannot_be_written_is_refused_first(command: Any, fake: FakeMeasuring) -> None:
    ended = command(*COMMANDS["ab"], "--report", "no/such/folder/page.html")
    assert (ended.code, fake.sides) == (2, ())
    assert "page.html: cannot be written" in ended.err


def test_one_file_for_two_results_is_refused(command: Any, fake: FakeMeasuring) -> None:
    ended = command(*COMMANDS["gate"], "--report", "both", "--junit", "./both")
    assert (ended.code, fake.sides) == (2, ())
    assert "both: is named for two kinds of results: give another file for one of them" in ended.err


def test_a_gate_without_result_says_so_in_both_files(command: Any, fake: FakeMeasuring) -> None:
    fake.error = BudgetTooSmall("a budget of 1 s is too small", needed_s=50)
    command(*COMMANDS["gate"], "--report", PAGE, "--junit", "gate.xml")
    assert why()[0] in text_of("gate.xml")
