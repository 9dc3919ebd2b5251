"""Commands whose options stand in groups: under a heading in the help, and as one value for the command's function."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import click
from click.core import ParameterSource

from walkerbench.cli.options import HELP_NAMES
from walkerbench.errors import ExitCode


@dataclass(frozen=True, eq=False)
class OptionGroup:
    """Options that say one thing together.

    Attributes:
        heading: What the help writes above them; neighbours of the same heading stand under one.
        options: The options.
        value: The parameter of the command's function that receives one value for all of them, and what makes it from
            the options' values by their names; None where the function receives each option by itself.
    """

    heading: str
    options: tuple[click.Option, ...]
    value: tuple[str, Callable[[Mapping[str, Any]], object]] | None = None

    def given(self, context: click.Context) -> list[str]:
        """Return those of the options that the user typed."""
        typed = ParameterSource.COMMANDLINE
        return [each.opts[0] for each in self.options if context.get_parameter_source(str(each.name)) is typed]


class GroupedCommand(click.Command):
    """A command with groups of options before its own.

    Attributes:
        groups: In the order of the help.
        within: Returns the context in which groups are checked and the function is called.
    """

    groups: tuple[OptionGroup, ...] = ()
    within: Callable[[], AbstractContextManager[None]] = staticmethod(nullcontext)

    def invoke(self, ctx: click.Context) -> Any:
        """Call the command's function with one value for each group."""
        with self.within():
            for group in self.groups:
                if group.value is not None:
                    parameter, build = group.value
                    names = [str(option.name) for option in group.options]
                    ctx.params[parameter] = build({name: ctx.params.pop(name) for name in names})
            return super().invoke(ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help of every option, each group's under its heading."""
        sections = [
            (heading, [option for group in groups for option in group.options])
            for heading, groups in itertools.groupby(self.groups, key=lambda group: group.heading)
        ]
        grouped = [option for _, options in sections for option in options]
        options = [each for each in self.get_params(ctx) if isinstance(each, click.Option)]
        sections.append(("Options", [each for each in options if each not in grouped]))
        for heading, shown in sections:
            with formatter.section(heading):
                formatter.write_dl([record for each in shown if (record := each.get_help_record(ctx))])


def grouped_command(
    name: str, help_text: str, *groups: OptionGroup, within: Callable[[], AbstractContextManager[None]] = nullcontext
) -> Callable[[Callable[..., ExitCode]], GroupedCommand]:
    """Return the decorator that makes a command of a function.

    Args:
        name: The command's name.
        help_text: What it is for, as the help says it. No docstring: `python -OO` has none.
        groups: Its groups of options; its other options and its arguments are declared by decorators, as ever.
        within: Returns the context in which groups are checked and the function is called.
    """

    def decorate(function: Callable[..., ExitCode]) -> GroupedCommand:
        command = click.command(name, cls=GroupedCommand, help=help_text, context_settings=HELP_NAMES)(function)
        command.groups = groups
        command.within = within
        command.params += [option for group in groups for option in group.options]
        return command

    return decorate
