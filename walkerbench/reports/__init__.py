"""What a recorded run looks like: one format a file. Nothing here measures, judges or prints."""
