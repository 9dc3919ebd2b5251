"""Records frames, the machine's load and its facts; knows nothing about the workload."""
