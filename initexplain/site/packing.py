"""What travels is packed: the lab's scripts and styles, and the copy that needs no server."""

import re
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from rjsmin import jsmin

LAB = Path("assets", "lab")


def pack_lab(site: Path) -> None:
    """Packs what MkDocs has copied; the modules keep their names and what they export."""
    for path in sorted((site / LAB).glob("*")):
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


def finish_offline(folder: Path) -> None:
    """Puts the search index where a page opened as a file may read it, and packs the folder."""
    index = folder / "search" / "search_index.json"
    # the theme's script looks here, under this name, when the address starts with file:
    script = f"var __index = {index.read_text(encoding='utf-8')}"
    index.with_suffix(".js").write_text(script, encoding="utf-8")
    # what only a server has a use for
    index.unlink()
    (folder / "404.html").unlink()
    pack(folder, folder.with_name(f"{folder.name}.zip"))


def pack(folder: Path, target: Path) -> None:
    """Writes a zip that holds the folder, the same bytes for the same content.

    Names are sorted, and no date, owner or mode of a file gets in.
    """
    with ZipFile(target, "w") as archive:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            entry = ZipInfo(f"{folder.name}/{path.relative_to(folder).as_posix()}")
            entry.create_system = 3  # Unix, on every system
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, path.read_bytes(), compress_type=ZIP_DEFLATED, compresslevel=9)
