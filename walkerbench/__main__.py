"""The entry point of `walkerbench` and of `python -m walkerbench`."""

import sys

from walkerbench.cli.whole_process import run_whole_process


def main() -> int:
    """Run the command line in a process that does nothing else.

    Returns:
        The process's exit code.
    """
    return run_whole_process(_run_command_line)


def _run_command_line() -> int:
    from walkerbench.cli.entry import run_command_line

    return run_command_line(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
