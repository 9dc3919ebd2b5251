"""The modes, which decide where a shard runs: sequential, threaded, process, and those of installed packages."""
