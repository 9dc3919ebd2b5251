"""The command line: one file per command. The only place that prints or exits.

Commands import what they need when they are called, so that `--help` and completion answer at once.
"""
