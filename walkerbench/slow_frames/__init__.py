"""Where the time of frames goes, and why a frame was slow."""
