"""The group of all commands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from walkerbench import __version__
from walkerbench.cli.ab import ab_command
from walkerbench.cli.check import check_command
from walkerbench.cli.compare import compare_command
from walkerbench.cli.doctor import doctor_command
from walkerbench.cli.export import export_command
from walkerbench.cli.flamegraph import flamegraph_command
from walkerbench.cli.gate import gate_command
from walkerbench.cli.options import HELP_NAMES
from walkerbench.cli.other_copies import note_other_copies
from walkerbench.cli.output import note
from walkerbench.cli.profiles import profiles_command
from walkerbench.cli.report import report_command
from walkerbench.cli.run import run_command
from walkerbench.cli.runs import runs_command
from walkerbench.cli.selftest import selftest_command
from walkerbench.cli.serve import serve_command
from walkerbench.cli.show import show_command
from walkerbench.errors import ExitCode, UsageError
from walkerbench.near_words import did_you_mean
from walkerbench.shown_text import shortened

MOST_USED = ("run", "show", "compare", "gate", "doctor")
"""The commands that are shown where none is given."""


def question_of(command: click.Command) -> str:
    """Return the question that a command answers: the first paragraph of its help."""
    return " ".join((command.help or "").split("\n\n")[0].split())


class _CommandGroup(click.Group):
    """The group of all commands; a `sys.exit()` in code that a command runs is a fault, and sets no exit code."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the first word names; refuse a word that names none."""
        name = args[0]
        if name not in self.commands and not name.startswith("-") and not ctx.resilient_parsing:
            hint = did_you_mean(name, self.commands)
            raise UsageError(f"no such command: {shortened(name)!r}; {hint}`walkerbench --help` lists all")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each command with its whole question, which click alone would shorten."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, question_of(command)) for name, command in self.commands.items()])

    def invoke(self, ctx: click.Context) -> Any:
        note_other_copies(("walkerbench",))
        try:
            return super().invoke(ctx)
        except SystemExit as error:
            raise RuntimeError(f"sys.exit({error.code!r}) was called within a command") from error


_HELP = """\
Measure a simulation in sequential, threaded and process mode, and judge it.

\b
Examples:
  walkerbench run
  walkerbench run --mode process --workers 2
  walkerbench show @latest
  walkerbench runs
  walkerbench compare
  walkerbench ab main HEAD
  walkerbench gate --against origin/main
  walkerbench flamegraph -o where-time-goes
  walkerbench check mysim:Herd
  walkerbench doctor
  walkerbench selftest
  walkerbench profiles

\b
Completion in the shell; to keep it, add one line to the start-up file:
  bash, ~/.bashrc:
    eval "$(_WALKERBENCH_COMPLETE=bash_source walkerbench)"
  zsh, ~/.zshrc:
    eval "$(_WALKERBENCH_COMPLETE=zsh_source walkerbench)"
  fish, ~/.config/fish/completions/walkerbench.fish:
    _WALKERBENCH_COMPLETE=fish_source walkerbench | source

\b
Exit codes:
  0    every criterion is met, and no side is slower
  1    a criterion is not met, a side is slower, a safeguard stopped the run,
       or a proof of selftest failed
  2    the request, a profile or a recorded run cannot be used
  3    the run started and could not be finished
  4    a comparison is inconclusive, or a criterion was not judged
  70   a fault in walkerbench itself
  130  interrupted
"""


@click.group(
    cls=_CommandGroup, help=_HELP, context_settings=HELP_NAMES, invoke_without_command=True, no_args_is_help=False
)
@click.version_option(__version__, prog_name="walkerbench")
@click.pass_context
def walkerbench(ctx: click.Context) -> ExitCode | None:
    """Show the most used commands where no command is given; that is a usage error."""
    if ctx.invoked_subcommand is not None:
        return None
    for line in _overview():
        note(line)
    return ExitCode.UNUSABLE


def _overview() -> Iterator[str]:
    width = max(map(len, MOST_USED))
    yield "walkerbench: no command given. The commands that are used most:"
    for name in MOST_USED:
        yield f"  {name:{width}}  {question_of(walkerbench.commands[name])}"
    yield "`walkerbench --help` lists all; `walkerbench COMMAND --help` explains one."


for command in (
    run_command,
    serve_command,
    show_command,
    runs_command,
    report_command,
    export_command,
    compare_command,
    ab_command,
    gate_command,
    flamegraph_command,
    check_command,
    doctor_command,
    selftest_command,
    profiles_command,
):
    walkerbench.add_command(command)
