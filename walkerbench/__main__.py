"""`walkerbench`, and `python -m walkerbench`."""

import sys


def main() -> int:
    """Run the command line.

    Returns:
        The process's exit code.
    """
    try:
        # Imported here, so that Ctrl-C while Python still imports ends as it does anywhere else.
        from walkerbench.cli.entry import run_command_line

        return run_command_line(sys.argv[1:])
    except KeyboardInterrupt:
        sys.stderr.write("walkerbench: interrupted\n")
        return 130


if __name__ == "__main__":
    sys.exit(main())
