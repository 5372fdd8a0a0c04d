"""The grid of a ShakeMap (`grid.xml`, `uncertainty.xml`) as a table of fields.

Sources
-------
USGS ShakeMap manual, "ShakeMap XML grid": https://usgs.github.io/shakemap/manual4_0/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from lxml import etree
from numpy.typing import NDArray

from rencheng.service.xml import children

F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShakeGrid:
    """Fields over a regular grid, from north to south and in a row from west to east."""

    about: Mapping[str, str]
    """What the root says, such as `event_id`."""
    rows: int
    columns: int
    units: Mapping[str, str]
    """Of each field, in capitals, in the order of the columns."""
    table: F64
    """(cells, fields)"""

    def field(self, name: str) -> F64:
        """Return the values of a field. (cells,)"""
        return np.asarray(self.table[:, list(self.units).index(name)], dtype=np.float64)

    def __contains__(self, name: str) -> bool:
        return name in self.units


def split(body: bytes) -> tuple[bytes, bytes]:
    """Return a document without its numbers, and the numbers.

    Readers of XML refuse texts as long as a fine grid is.
    """
    mark = b"<grid_data>"
    begin, end = body.find(mark), body.rfind(b"</grid_data>")
    if begin < 0 or end < begin:
        return body, b""
    begin += len(mark)
    return body[:begin] + body[end:], body[begin:end]


def read_grid(root: etree._Element, largest: int, numbers: bytes = b"") -> ShakeGrid:
    """Return the grid of a document.

    Parameters
    ----------
    root
        Element `shakemap_grid`.
    largest
        Cells that are allowed.
    numbers
        What `split` took out of it.

    Raises
    ------
    ValueError, KeyError, IndexError
        When parts are missing or do not fit each other.
    """
    given = children(root, "grid_specification")[0].attrib
    rows, columns = int(given["nlat"]), int(given["nlon"])
    if not (rows > 1 and columns > 1 and rows * columns <= largest):
        raise ValueError(f"{rows} × {columns} cells")
    fields = sorted(
        (int(one.get("index", "0")), str(one.get("name", "")).upper(), one.get("units", ""))
        for one in children(root, "grid_field")
    )
    units = {name: str(unit or "") for _, name, unit in fields}
    if [index for index, _, _ in fields] != list(range(1, len(units) + 1)):
        raise ValueError("fields are not numbered from 1 without a gap")
    words = numbers.split() or (children(root, "grid_data")[0].text or "").split()
    table = np.array(words, dtype=np.float64)
    width = len(units)
    if not width or table.size != rows * columns * width:
        raise ValueError(f"{table.size} numbers for {rows} × {columns} cells of {width} fields")
    table = table.reshape(rows * columns, width)
    names = list(units)
    order = np.lexsort((table[:, names.index("LON")], -table[:, names.index("LAT")]))
    return ShakeGrid(
        about={str(name): str(value) for name, value in root.attrib.items()},
        rows=rows,
        columns=columns,
        units=units,
        table=table[order],
    )
