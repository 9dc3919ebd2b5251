"""`walkerbench profile`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from walkerbench.cli.options import HELP_NAMES, quiet_option, unjudged_profile_options, verbose_option
from walkerbench.cli.output import note, write_out


@click.command("profile", context_settings=HELP_NAMES)
@unjudged_profile_options
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
def profile_command(*, profile_name: str, output: Path, quiet: bool, **overrides: Any) -> int:
    """Run a profile under py-spy: which functions take the time.

    The run is recorded three times, as `walkerbench run` does it: sampled for
    wall time, sampled for who holds the GIL, and unsampled. The digests prove
    that sampling did not change the work, and the frame times tell how much
    slower it made it.

    DIR holds for `wall` and `gil`, and in them for each thread, a flame graph
    (NAME.speedscope.json, to be opened at https://www.speedscope.app) and
    collapsed stacks (NAME.collapsed.txt). DIR/run is the unsampled run.

    Needs py-spy: pip install 'walkerbench[profile]'. Ends with 0 whatever the
    runs' criteria say, which `walkerbench show DIR/run` shows.

    \b
    Examples:
      walkerbench profile -o where-time-goes
      walkerbench profile --mode threaded --workers 2 -o threads
      walkerbench profile --profile bottleneck --frames 60 --warmup 6 -o heavy
    """  # noqa: D301  click takes the character \b for "leave these lines as they are"
    from walkerbench.cli.result import to_text
    from walkerbench.errors import Interrupted
    from walkerbench.flamegraph.passes import profile_run
    from walkerbench.profile.loading import load_profile
    from walkerbench.profile.overrides import ProfileOverrides, override
    from walkerbench.reports.terminal.flamegraph import profile_tables
    from walkerbench.running.repeats import run_words

    # What is wrong with it is said at once, in this process.
    changes = ProfileOverrides(**overrides)
    override(load_profile(profile_name), changes)
    profiled = profile_run(run_words(profile_name, changes), output, (lambda _: None) if quiet else note)
    write_out(to_text(profile_tables(profiled)))
    if profiled.interrupted is not None:
        raise Interrupted(f"interrupted ({profiled.interrupted}): what was sampled is kept in {output}")
    return 0
