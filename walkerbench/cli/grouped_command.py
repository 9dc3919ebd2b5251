"""Commands with groups of options: the help shows each group below a heading; the function gets a value per group."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import click
from click.core import ParameterSource

from walkerbench.cli.options import HELP_NAMES
from walkerbench.errors import ExitCode


@dataclass(frozen=True, eq=False)
class OptionGroup:
    """Options that belong together.

    Attributes:
        heading: The line above the options in the help; adjacent groups with the same heading share it.
        options: The options.
        value: The parameter of the command's function that receives one value for the whole group, and the function
            that builds this value from the options' values by name; None where each option has its own parameter.
    """

    heading: str
    options: tuple[click.Option, ...]
    value: tuple[str, Callable[[Mapping[str, Any]], object]] | None = None

    def given(self, context: click.Context) -> list[str]:
        """Return the options of the group that the user typed."""
        typed = ParameterSource.COMMANDLINE
        return [each.opts[0] for each in self.options if context.get_parameter_source(str(each.name)) is typed]


def _empty_context(_command: click.Command, _words: Sequence[str]) -> AbstractContextManager[None]:
    return nullcontext()


Around = Callable[["GroupedCommand", Sequence[str]], AbstractContextManager[None]]
"""Returns the context in which a command is parsed and carried out.

It receives the command and the words after the command's name. The command has not checked these words yet.
"""


class GroupedCommand(click.Command):
    """A command with groups of options, which the help shows before the other options.

    Attributes:
        groups: The groups in the order of the help.
        around: Returns the context in which the command is parsed and carried out; `entry` enters it.
    """

    groups: tuple[OptionGroup, ...] = ()
    around: Around = staticmethod(_empty_context)

    def invoke(self, ctx: click.Context) -> Any:
        """Call the command's function with one value for each group."""
        for group in self.groups:
            if group.value is not None:
                parameter, build = group.value
                names = [str(option.name) for option in group.options]
                ctx.params[parameter] = build({name: ctx.params.pop(name) for name in names})
        return super().invoke(ctx)

    def values_in(self, words: Sequence[str], name: str) -> Iterator[str]:
        """Yield every value of one option among some words, even if the command would refuse other words.

        Args:
            words: The words after the command's name.
            name: The name of the option's parameter.
        """
        options = {flag: each for each in self.params if isinstance(each, click.Option) for flag in each.opts}
        rest = iter(words)
        for word in rest:
            if word == "--":
                return
            flag, joined, value = word.partition("=")
            option = options.get(flag)
            if option is not None and not option.is_flag:
                value = value if joined else next(rest, "")
                if option.name == name:
                    yield value

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help of every option, each group's under its heading."""
        for heading, shown in self.sections(ctx):
            with formatter.section(heading):
                formatter.write_dl([record for each in shown if (record := each.get_help_record(ctx))])

    def sections(self, ctx: click.Context) -> list[tuple[str, list[click.Option]]]:
        """Return every option below the heading that the help writes above it, in the order of the help."""
        sections = [
            (heading, [option for group in groups for option in group.options])
            for heading, groups in itertools.groupby(self.groups, key=lambda group: group.heading)
        ]
        grouped = [option for _, options in sections for option in options]
        options = [each for each in self.get_params(ctx) if isinstance(each, click.Option)]
        sections.append(("Options", [each for each in options if each not in grouped]))
        return sections


def grouped_command(
    name: str, help_text: str, *groups: OptionGroup, around: Around = _empty_context
) -> Callable[[Callable[..., ExitCode]], GroupedCommand]:
    """Return the decorator that makes a command of a function.

    Args:
        name: The command's name.
        help_text: The text of the help. It is not a docstring, because `python -OO` removes docstrings.
        groups: Its groups of options; decorators declare its other options and its arguments, as usual with click.
        around: As in `GroupedCommand`.
    """

    def decorate(function: Callable[..., ExitCode]) -> GroupedCommand:
        command = click.command(name, cls=GroupedCommand, help=help_text, context_settings=HELP_NAMES)(function)
        command.groups = groups
        command.around = around
        command.params += [option for group in groups for option in group.options]
        return command

    return decorate
