"""The source of plotly.js, from the package of the extra `report`."""

from __future__ import annotations

from walkerbench.errors import UsageError


def plotly_js() -> str:
    """Return the source of plotly.js.

    Raises:
        UsageError: The extra is not installed.
    """
    try:
        from plotly.offline import get_plotlyjs
    except ImportError as error:
        raise UsageError("a report needs plotly: pip install 'walkerbench[report]'") from error
    source: str = get_plotlyjs()
    return source
