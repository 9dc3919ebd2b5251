"""Measures several sides now, interleaved: sessions, rounds, and the results.

A *side* is code and a profile. A *session* is a child process that holds one side and runs blocks of frames on request
(`python -m walkerbench.interleaved`). Callers start with `rounds.measure`.
"""
