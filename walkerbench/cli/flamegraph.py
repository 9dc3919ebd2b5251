"""`walkerbench flamegraph`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from walkerbench.cli.grouped_command import grouped_command
from walkerbench.cli.option_groups import LENGTH_OPTIONS, MODE_OPTION, WORK_OPTIONS, profile_group
from walkerbench.cli.options import quiet_option, verbose_option
from walkerbench.cli.output import note, write_out
from walkerbench.errors import ExitCode

if TYPE_CHECKING:
    from walkerbench.cli.profile_choice import ProfileChoice


_HELP = """\
Which functions take the time?

Draws flame graphs of a run.
The run is recorded three times, as `walkerbench run` does it: sampled by
py-spy for wall time, sampled for the GIL, and unsampled. The digests prove
that sampling did not change the work, and the frame times tell how much
slower it made the run.

DIR/wall and DIR/gil hold two files for each thread: a flame graph
(NAME.speedscope.json, to be opened at https://www.speedscope.app) and
collapsed stacks (NAME.collapsed.txt). DIR/run is the unsampled run.

Needs py-spy: pip install 'walkerbench[flamegraph]'. The exit code is 0
whatever the run's criteria say, which `walkerbench show DIR/run` shows.

\b
Examples:
  walkerbench flamegraph -o where-time-goes
  walkerbench flamegraph --mode threaded --workers 2 -o threads
  walkerbench flamegraph --profile bottleneck --frames 30 --warmup 12 -o heavy
"""


@grouped_command("flamegraph", _HELP, profile_group(MODE_OPTION, *WORK_OPTIONS, *LENGTH_OPTIONS))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="DIR",
    required=True,
    help="Directory to create, for flame graphs and recorded runs.",
)
@quiet_option
@verbose_option
def flamegraph_command(*, choice: ProfileChoice, output: Path, quiet: bool) -> ExitCode:
    """Carry out `walkerbench flamegraph`."""
    from walkerbench.cli.rich_console import to_text
    from walkerbench.errors import Interrupted
    from walkerbench.flamegraph.passes import record_flame_graphs
    from walkerbench.reports.terminal.flamegraph import flame_graph_tables

    tell = (lambda _: None) if quiet else note
    graphs = record_flame_graphs(choice.load(), sys.argv, output, tell)
    write_out(to_text(flame_graph_tables(graphs)))
    if graphs.interrupted is not None:
        raise Interrupted(f"interrupted ({graphs.interrupted}): what was sampled is kept in {output}")
    return ExitCode.PASS
