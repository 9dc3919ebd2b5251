"""Numbers in, verdicts out: no file, clock or terminal."""
