"""What the operating system gives: cores and memory, git, child processes, interrupts, files written atomically."""
