"""A Python-Markdown extension: figures, quoted numbers and mathematics, computed by the package."""

from initexplain.site.extension import makeExtension

__all__ = ["makeExtension"]
