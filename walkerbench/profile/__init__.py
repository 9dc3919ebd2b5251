"""What a run consists of: TOML files in, frozen profiles out."""
