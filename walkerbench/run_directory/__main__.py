"""Print the JSON Schema of `run.json`: `python -m walkerbench.run_directory > walkerbench/run.schema.json`."""

from __future__ import annotations

import sys

from walkerbench.run_directory.schema import json_schema

if __name__ == "__main__":
    sys.stdout.write(json_schema())
