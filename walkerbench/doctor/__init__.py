"""The machine's fitness for measuring: readings of the system in, findings out."""
