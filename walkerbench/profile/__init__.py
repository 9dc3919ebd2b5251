"""Reads and checks profiles, which say what a run consists of: TOML files in, frozen profiles out."""
