"""The machine's fitness for measuring: readings of the system in, checks out."""
