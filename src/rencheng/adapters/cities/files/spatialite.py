"""Read geometry as SpatiaLite stores it in SQLite: points, lines, polygons, compressed or not.

The layout is the one published with SpatiaLite ("BLOB-Geometry"): a zero byte, the byte order,
SRID, bounding box, 0x7C, class, coordinates, 0xFE.
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.errors import InvalidInputError

F64 = NDArray[np.float64]
Rings = tuple[F64, ...]

POINT, LINESTRING, POLYGON = 1, 2, 3
MULTIPOINT, MULTILINESTRING, MULTIPOLYGON, COLLECTION = 4, 5, 6, 7
COMPRESSED = 1_000_000
"""Added to the class: between the first and last vertex only float32 differences are stored."""
_HEAD, _ENTITY, _END = 43, 0x69, 0xFE


class _Blob:
    """A cursor over one BLOB."""

    def __init__(self, data: bytes) -> None:
        if len(data) < _HEAD + 1 or data[0] != 0 or data[38] != 0x7C or data[-1] != _END:
            raise _broken("not a SpatiaLite geometry")
        if data[1] not in (0, 1):
            raise _broken(f"byte order {data[1]} is neither 0 nor 1")
        self.data, self.order, self.at = data, "<" if data[1] == 1 else ">", 39

    def count(self) -> int:
        value: int = struct.unpack_from(f"{self.order}I", self.data, self.at)[0]
        self.at += 4
        return value

    def byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def numbers(self, kind: str, count: int) -> F64:
        size = int(kind[-1]) * count
        if self.at + size > len(self.data):
            raise _broken("it ends in the middle of its coordinates")
        values = np.frombuffer(self.data, f"{self.order}{kind}", count, self.at)
        self.at += size
        return values.astype(np.float64)

    def vertices(self, compressed: bool) -> F64:
        n = self.count()
        if not compressed or n < 2:
            return self.numbers("f8", 2 * n).reshape(n, 2)
        first = self.numbers("f8", 2)
        steps = self.numbers("f4", 2 * (n - 2)).reshape(n - 2, 2)
        last = self.numbers("f8", 2)
        middle = first + np.cumsum(steps, axis=0)
        return np.vstack([first, middle, last])


def decode(blob: bytes) -> tuple[int, tuple[Rings, ...]]:
    """Return the class (`POINT` to `MULTIPOLYGON`) and the parts of a SpatiaLite geometry.

    Parameters
    ----------
    blob
        Content of a geometry column; x, y only.

    Returns
    -------
    kind, parts
        Each part is a tuple of vertex arrays (vertices, 2): one for a point or line, one for each
        ring of a polygon (the first is the outer one).

    Raises
    ------
    InvalidInputError
        When it is not a geometry of these classes, or is cut short.
    """
    cursor = _Blob(bytes(blob))
    try:
        kind = cursor.count()
        parts = _parts(cursor, kind)
    except struct.error as error:
        raise _broken("it ends too early") from error
    return kind % COMPRESSED, parts


def _parts(cursor: _Blob, kind: int) -> tuple[Rings, ...]:
    compressed, simple = kind >= COMPRESSED, kind % COMPRESSED
    if simple == POINT:
        return ((cursor.numbers("f8", 2).reshape(1, 2),),)
    if simple == LINESTRING:
        return ((cursor.vertices(compressed),),)
    if simple == POLYGON:
        return (tuple(cursor.vertices(compressed) for _ in range(cursor.count())),)
    if simple in (MULTIPOINT, MULTILINESTRING, MULTIPOLYGON, COLLECTION):
        parts: list[Rings] = []
        for _ in range(cursor.count()):
            if cursor.byte() != _ENTITY:
                raise _broken("a part does not begin with 0x69")
            parts.extend(_parts(cursor, cursor.count()))
        return tuple(parts)
    raise _broken(f"class {kind} is not one of x, y points, lines and polygons")


def _broken(problem: str) -> InvalidInputError:
    return InvalidInputError(
        "city.geometry",
        f"a geometry cannot be read: {problem}",
        hint="Check that the file is complete and was written by SpatiaLite",
        params={"problem": problem},
    )
