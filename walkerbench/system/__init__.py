"""Talks to the operating system: cores and memory, git, child processes, interrupts, atomic files."""
