"""A Python-Markdown extension: figures, quoted numbers and mathematics, computed by the package."""

from typing import Any


def makeExtension(**config: object) -> Any:  # noqa: N802 - Markdown's name
    """What Markdown calls for `extensions=["initexplain.site"]`."""
    # here, because the processes that compute need no Markdown
    from initexplain.site.extension import InitexplainExtension  # noqa: PLC0415

    return InitexplainExtension(**config)
