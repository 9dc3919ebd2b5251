"""Records one run for another process; not to be started by hand.

`running.run_process` starts this module by its name, and defines what it receives and returns. The module is part of
`cli`, because it shows progress and errors as `walkerbench run` does, and only `cli` may print; `running` imports
nothing from it.
"""

import os
import sys

from walkerbench.cli.whole_process import run_whole_process


def _record() -> int:
    from contextlib import suppress

    from walkerbench.cli.failures import failure_message, tell_failure
    from walkerbench.criteria.judging import exit_code_of_run
    from walkerbench.errors import RAISED_BY_OTHERS, ExitCode
    from walkerbench.run_directory import read_recorded
    from walkerbench.running.run_process import RunEnding, ending_with_verdict, read_request, write_ending

    verbose = False
    try:
        request = read_request(sys.stdin.buffer)
        if request is None:  # the parent is gone
            return ExitCode.INTERRUPTED
        verbose = request.verbose
        from walkerbench.cli.run_progress import record_with_progress

        directory = record_with_progress(
            request.profile, request.directory, request.command_line, quiet=not request.progress
        )
        run = read_recorded(directory).run
        ending = ending_with_verdict(request, exit_code_of_run(run.state, run.verdicts))
    except (*RAISED_BY_OTHERS, KeyboardInterrupt) as error:
        ending = RunEnding(tell_failure(error, verbose=verbose), failure_message(error))
    with suppress(OSError), os.fdopen(int(sys.argv[1]), "wb") as file:  # else the parent gets only the exit code
        write_ending(file, ending)
    return ending.exit_code


if __name__ == "__main__":
    sys.exit(run_whole_process(_record, is_child=True))
