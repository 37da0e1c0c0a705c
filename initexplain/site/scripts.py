"""The lab's scripts and styles as they travel: without comments, and with little white space."""

import re
from pathlib import Path

from rjsmin import jsmin

FOLDER = Path("assets", "lab")


def pack(site: Path) -> None:
    """Packs what MkDocs has copied; the modules keep their names and what they export."""
    for path in sorted((site / FOLDER).glob("*")):
        text = path.read_text(encoding="utf-8")
        packed = str(jsmin(text)) if path.suffix == ".js" else _styles(text)
        path.write_text(packed, encoding="utf-8")


def _styles(text: str) -> str:
    r"""Style sheets without comments and most white space; no string in them holds either.

    Examples:
        >>> _styles("/* a name */\na,\nb c {\n  color: red; /* why */\n}\n")
        'a,b c{color: red}'
    """
    bare = re.sub(r"\s+", " ", re.sub(r"(?s)/\*.*?\*/", "", text))
    return re.sub(r";?\s*([{};,])\s*", r"\1", bare).strip()
