"""A Python-Markdown extension: figures, quoted numbers and mathematics, computed by the package."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from initexplain.site.extension import InitexplainExtension


def makeExtension(**config: object) -> "InitexplainExtension":  # noqa: N802 - Markdown's name
    """What Markdown calls for `extensions=["initexplain.site"]`."""
    # a process that computes for a page needs no Markdown
    from initexplain.site.extension import InitexplainExtension  # noqa: PLC0415

    return InitexplainExtension(**config)
