"""docs/commands.md: every command and option."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from tests.references.markdown import code, table
from walkerbench.cli.group import question_of, walkerbench
from walkerbench.cli.grouped_command import GroupedCommand

PATH = "docs/commands.md"

_HEAD = """\
# Commands

Every command and option. `walkerbench COMMAND --help`, or `-h`, shows the same in a terminal. This page is generated:
`python -m tests.references` writes it again.
"""


def page() -> str:
    """Return the page as Markdown."""
    listed = table(
        ["command", "question that it answers"],
        ([f"[{name}](#walkerbench-{name})", question_of(each)] for name, each in walkerbench.commands.items()),
    )
    sections = [_section(f"walkerbench {name}", command) for name, command in walkerbench.commands.items()]
    return "\n".join([_HEAD, listed, _section("walkerbench", walkerbench), *sections])


def _section(path: str, command: click.Command) -> str:
    # With the command's own settings: click keeps the help option that it makes for the first context.
    context = click.Context(command, info_name=path, **command.context_settings)
    usage = " ".join([path, *command.collect_usage_pieces(context)])
    parts = [f"## {path}\n", f"```text\n{usage}\n```\n", *_paragraphs(command.help or "")]
    for heading, options in _sections(command, context):
        rows = [(_name(each), _default(each, context), _meaning(each)) for each in options if each.name != "help"]
        parts.append(f"**{heading}**\n\n{table(['option', 'default', 'what it does'], rows)}")
    return "\n".join(parts)


def _paragraphs(help_text: str) -> Iterator[str]:
    """Yield the paragraphs of a help text; those that click does not wrap are code."""
    for paragraph in help_text.strip().split("\n\n"):
        verbatim = paragraph.startswith("\b\n")
        yield f"```text\n{paragraph[2:]}\n```\n" if verbatim else f"{' '.join(paragraph.split())}\n"


def _sections(command: click.Command, context: click.Context) -> list[tuple[str, list[click.Option]]]:
    if isinstance(command, GroupedCommand):
        return command.sections(context)
    return [("Options", [each for each in command.get_params(context) if isinstance(each, click.Option)])]


def _name(option: click.Option) -> str:
    choices = option.type.choices if isinstance(option.type, click.Choice) else ()
    value = "" if option.is_flag else option.metavar or "|".join(map(str, choices))
    return ", ".join(code(f"{name} {value}".strip()) for name in option.opts)


def _default(option: click.Option, context: click.Context) -> str:
    value: Any = option.get_default(context, call=False)
    return code(str(value)) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _meaning(option: click.Option) -> str:
    kind = option.type
    if isinstance(kind, click.IntRange) and kind.min is not None and kind.max is not None:
        return f"{option.help} From {kind.min:,} to {kind.max:,}."
    return option.help or ""
