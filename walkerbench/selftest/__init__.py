"""Proves that the gate works: each injected fault must give exactly the right criterion, message and exit code."""
