"""`walkerbench`, and `python -m walkerbench`."""

import os
import sys


def main() -> int:
    """Run the command line, as the whole of a process.

    Returns:
        The process's exit code.
    """
    try:
        # Imported here, so that Ctrl-C while Python still imports these ends as it does anywhere else.
        from walkerbench.system.interrupts import ignore_interrupts, leave_at_interrupts

        leave_at_interrupts()
        from walkerbench.cli.entry import run_command_line

        code = run_command_line(sys.argv[1:])
        # A signal that arrives while Python exits would take the place of the exit code.
        ignore_interrupts()
        return code
    except KeyboardInterrupt:
        sys.stderr.write("walkerbench: interrupted\n")
        sys.stderr.flush()
        os._exit(130)  # a second Ctrl-C while Python exits would take the place of the exit code


if __name__ == "__main__":
    sys.exit(main())
