"""Whether a file of events is of the kind that its name says, seen by its beginning."""

from __future__ import annotations

from pathlib import Path

from rencheng.adapters.cities.files.tabular import read_csv
from rencheng.adapters.cities.readers import Job
from rencheng.adapters.risk.events.table import COLUMNS
from rencheng.adapters.risk.faults import fault
from rencheng.domain.errors import Fault, InvalidInputError

_HDF5 = b"\x89HDF\r\n\x1a\n"
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_GRID = b"ncols nrows xllcorner yllcorner xllcenter yllcenter cellsize".split()
_RIGHTS = "Look at the file and at the right to read it"
_HEAD = 2048 + len(_HDF5)
# Beginnings that files of a kind have, by ending: HDF5 File Format Specification 3.0, II.A (at 0,
# 512, 1024 or 2048); NetCDF classic format, "magic"; TIFF 6.0, section 2, and BigTIFF.
_KINDS = {
    ".h5": "HDF5", ".hdf5": "HDF5", ".hdf": "HDF5", ".nc": "NetCDF", ".tif": "GeoTIFF",
    ".tiff": "GeoTIFF", ".asc": "ESRI ASCII grid",
}  # fmt: skip


def content_faults(file: Path, name: str) -> list[Fault]:
    """Return what is wrong with a file that can be seen without reading all of it.

    Parameters
    ----------
    file
        Where it lies.
    name
        How whoever handed it over calls it; its ending says what it should hold. Files with an
        ending that is none of ours are not looked at.
    """
    ending = Path(name).suffix.lower()
    if ending != ".csv" and ending not in _KINDS:
        return []
    try:
        with file.open("rb") as stream:
            head = stream.read(_HEAD)
        if head and ending == ".csv":
            return _table_faults(file, name)
    except OSError as error:
        return [_said(name, "risk.set_unread", "cannot be read", _RIGHTS, str(error.strerror))]
    if not head:
        return [_said(name, "city.file_empty", "is empty", "Export it again")]
    return [] if _is(_KINDS[ending], head) else [_other(name, _KINDS[ending])]


def _is(kind: str, head: bytes) -> bool:
    is_hdf5 = any(head.startswith(_HDF5, at) for at in (0, 512, 1024, 2048))
    if kind == "NetCDF":
        return is_hdf5 or head[:4] in (b"CDF\1", b"CDF\2", b"CDF\5")
    if kind == "GeoTIFF":
        return head[:4] in _TIFF
    return is_hdf5 if kind == "HDF5" else head.lower().split()[:1] in [[one] for one in _GRID]


def _table_faults(file: Path, name: str) -> list[Fault]:
    try:
        rows = read_csv(file, Job(), limit=1)
    except InvalidInputError:
        return [_other(name, "CSV")]
    missing = [one for one in COLUMNS if one not in rows.columns]
    if missing:
        return [fault("columns", name, missing)]
    return [] if rows.count or rows.ragged else [fault("empty", name, [name])]


def _other(name: str, kind: str) -> Fault:
    hint = "Export it again, or give it the ending of what it holds"
    return _said(name, "risk.set_content", f"holds no {kind}", hint, kind)


def _said(name: str, key: str, what: str, hint: str, *first: str) -> Fault:
    return Fault(where=name, key=key, problem=f"{name} {what}", hint=hint, first=first)
