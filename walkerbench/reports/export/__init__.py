"""A recorded run in the formats that other tools read; one file per format."""

FORMATS = {
    "json": "facts, metrics, verdicts: what `show` prints as JSON",
    "csv": "every frame, a row each, times in ns",
    "markdown": "verdict, percentiles and facts, for a pull request",
    "chrome-trace": "a timeline for https://ui.perfetto.dev",
    "speedscope": "flame graphs of phases for https://www.speedscope.app",
    "junit": "one test case per criterion, for CI",
    "pytest-benchmark": "for `pytest-benchmark compare`",
    "benchmark-action": "for github-action-benchmark, customSmallerIsBetter",
}
"""Name of each format on the command line → what it is for. Separate from the code, so that help is quick."""
