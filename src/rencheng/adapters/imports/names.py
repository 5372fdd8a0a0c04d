"""Names of files that come from outside: which are safe to be names of files here."""

from __future__ import annotations

import unicodedata

from rencheng.domain.errors import InvalidInputError

ENDINGS = (
    ".geojson", ".json", ".csv", ".tsv", ".txt", ".gpkg", ".parquet", ".geoparquet", ".fgb",
    ".shp", ".shx", ".dbf", ".prj", ".cpg", ".qix", ".zip", ".pbf", ".tif", ".tiff", ".vrt",
    ".inp", ".xlsx", ".gml", ".kml",
)  # fmt: skip
"""Endings of files that some reader reads, and of those that belong to them."""
_LONGEST = 150
"""Bytes of a name; file systems take 255, and the name of a part is longer."""
_RESERVED = frozenset(
    {"con", "prn", "aux", "nul", *(f"com{n}" for n in range(10)), *(f"lpt{n}" for n in range(10))}
)
_ALLOWED = set(" -_.()+,@#=&[]~（）【】《》“”、，·—–")


def safe_name(name: str) -> str:
    """Return a name of a file in normal form, or refuse it; it is never bent into another one.

    Raises
    ------
    InvalidInputError
        For a path, a hidden or reserved name, control marks, a name too long, or an ending that no
        reader knows.
    """
    clean = unicodedata.normalize("NFC", name)
    stem, dot, _ = clean.lower().partition(".")
    is_plain = all(mark.isalnum() or mark in _ALLOWED for mark in clean)
    if (
        not clean
        or not is_plain
        or not dot
        or clean != clean.strip(" .")
        or ".." in clean
        or stem.strip() in _RESERVED
        or len(clean.encode()) > _LONGEST
    ):
        raise InvalidInputError(
            "import.name",
            f"{name[:80]!r} is no name for a file here",
            hint="Use letters, digits, spaces, - and _, with an ending, and no folders",
            params={"name": name[:80]},
        )
    if not clean.lower().endswith(ENDINGS):
        raise InvalidInputError(
            "import.ending",
            f"no reader takes files like {clean!r}",
            hint=f"Use one of {' '.join(ENDINGS)}",
            params={"name": clean, "endings": " ".join(ENDINGS)},
        )
    return clean
