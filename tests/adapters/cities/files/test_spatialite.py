"""SpatiaLite geometry is read as it was written, in either byte order."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rencheng.adapters.cities.files import spatialite
from rencheng.domain.errors import InvalidInputError

ORDERS = st.sampled_from(["<", ">"])
LINES = arrays(
    np.float64, st.tuples(st.integers(2, 9), st.just(2)), elements=st.floats(-180, 180, width=32)
)


def blob(body: bytes, kind: int, order: str) -> bytes:
    head = struct.pack(f"{order}I4d", 4326, 0.0, 0.0, 1.0, 1.0)
    mark = b"\x01" if order == "<" else b"\x00"
    return b"\x00" + mark + head + b"\x7c" + struct.pack(f"{order}I", kind) + body + b"\xfe"


def line(xy: np.ndarray, order: str) -> bytes:
    return struct.pack(f"{order}I", len(xy)) + xy.astype(f"{order}f8").tobytes()


def polygon(rings: list[np.ndarray], order: str) -> bytes:
    return struct.pack(f"{order}I", len(rings)) + b"".join(line(r, order) for r in rings)


def entity(kind: int, body: bytes, order: str) -> bytes:
    return b"\x69" + struct.pack(f"{order}I", kind) + body


@given(xy=LINES, order=ORDERS)
def test_a_line_comes_back_as_it_was(xy: np.ndarray, order: str) -> None:
    kind, parts = spatialite.decode(blob(line(xy, order), 2, order))
    assert kind == spatialite.LINESTRING
    assert np.array_equal(parts[0][0], xy)


@given(order=ORDERS)
def test_a_point_is_a_line_of_one_vertex(order: str) -> None:
    body = struct.pack(f"{order}2d", -71.3, -29.9)
    kind, parts = spatialite.decode(blob(body, 1, order))
    assert kind == spatialite.POINT
    assert parts[0][0].tolist() == [[-71.3, -29.9]]


@given(a=LINES, b=LINES, order=ORDERS)
def test_polygons_keep_their_holes(a: np.ndarray, b: np.ndarray, order: str) -> None:
    body = struct.pack(f"{order}I", 2)
    body += entity(3, polygon([a, b], order), order) + entity(3, polygon([b], order), order)
    kind, parts = spatialite.decode(blob(body, 6, order))
    assert kind == spatialite.MULTIPOLYGON
    assert [len(part) for part in parts] == [2, 1]
    assert np.array_equal(parts[0][1], b)


@given(xy=LINES, order=ORDERS)
def test_a_compressed_line_is_within_a_float32_step(xy: np.ndarray, order: str) -> None:
    steps = np.diff(xy, axis=0)[:-1].astype(f"{order}f4")
    ends = xy[[0, -1]].astype(f"{order}f8")
    body = struct.pack(f"{order}I", len(xy))
    body += ends[0].tobytes() + steps.tobytes() + ends[1].tobytes()
    kind, parts = spatialite.decode(blob(body, 1_000_002, order))
    assert kind == spatialite.LINESTRING
    assert np.allclose(parts[0][0], xy, atol=1e-3)


@given(cut=st.integers(0, 60))
def test_a_geometry_cut_short_is_refused(cut: int) -> None:
    whole = blob(line(np.zeros((2, 2)), "<"), 2, "<")
    with pytest.raises(InvalidInputError):
        spatialite.decode(whole[:cut] + (b"\xfe" if cut > 44 else b""))


@pytest.mark.parametrize("kind", [1001, 2002, 99])
def test_other_classes_are_refused(kind: int) -> None:
    with pytest.raises(InvalidInputError, match="class"):
        spatialite.decode(blob(b"\x00" * 32, kind, "<"))
