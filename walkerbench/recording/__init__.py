"""Records frames, the machine's load and its facts; knows nothing of what is run."""
