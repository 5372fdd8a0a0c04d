"""Coordinates at the edge: whatever a source came in becomes lon, lat (WGS84) in degrees.

CGCS2000 (EPSG:4490 and its projections) differs from WGS84 by centimetres and is taken as equal to
it. GCJ-02 and BD-09, the shifted coordinates of Chinese web maps, are taken back by inverting their
published formulas. Axes are always x, y: lon before lat, easting before northing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from rencheng.domain.city import F64, Flags
from rencheng.domain.errors import InvalidInputError

Geometries = NDArray[np.object_]
Box = tuple[float, float, float, float]

LONLAT = "EPSG:4326"
GCJ, BD = "GCJ-02", "BD-09"
SHIFTED = (GCJ, BD)
"""Names of the shifted coordinates; every other name is `EPSG:<n>` or a full definition."""
_PLAIN = {"EPSG:4326", "EPSG:4979", "EPSG:4490", "EPSG:4480"}
"""Taken as lon, lat (WGS84): WGS84 itself and CGCS2000, which agrees to centimetres."""
_NAMES = {
    "": LONLAT, "WGS84": LONLAT, "WGS-84": LONLAT, "CRS84": LONLAT, "OGC:CRS84": LONLAT,
    "CGCS2000": "EPSG:4490", "GCJ02": GCJ, "GCJ-02": GCJ, "BD09": BD, "BD-09": BD,
}  # fmt: skip

# Krasovsky 1940 ellipsoid and the rectangle outside which the shift is nil, as in the public
# description of GCJ-02: eviltransform (googollee, MIT), Wikipedia "Restrictions on geographic
# data in China". The rectangle is wider than the mainland.
_AXIS_M, _ECCENTRICITY2 = 6378245.0, 0.00669342162296594323
MAINLAND: Box = (72.004, 0.8293, 137.8347, 55.8271)
"""Where GCJ-02 and BD-09 differ from WGS84, as the published formulas have it. [deg]"""
_BD_TURN = np.pi * 3000.0 / 180.0
# Steps below this are the last digits; so many places at once stay in the processor's cache.
_CLOSE, _ROUNDS, _BLOCK = 2e-11, 30, 1 << 14
# Same place in two reference systems: 1e-5 deg, about 1 m. No source: house default.
_SAME_DEG = 1e-5


def crs_name(crs: str) -> str:
    """Return the one name of a coordinate system: `EPSG:<n>`, `GCJ-02`, `BD-09`, or its definition.

    Raises
    ------
    InvalidInputError
        When nothing of that name is known.

    Examples
    --------
    >>> crs_name("cgcs2000"), crs_name("gcj02"), crs_name("epsg:4547")
    ('EPSG:4490', 'GCJ-02', 'EPSG:4547')
    """
    plain = crs.strip()
    known = _NAMES.get(plain.upper().replace("_", "-"))
    if known:
        return known
    if re.fullmatch(r"(?i)(epsg:)?\d{4,6}", plain):
        plain = f"EPSG:{plain.rpartition(':')[2]}"
    _system(plain)
    return plain


@lru_cache(maxsize=64)
def _system(crs: str) -> CRS:
    try:
        found = CRS.from_user_input(crs)
    except CRSError as error:
        short = crs if len(crs) <= 60 else f"{crs[:57]}..."
        raise InvalidInputError(
            "city.crs_unknown",
            f"no coordinate system {short!r}",
            hint="Write EPSG:<number>, CGCS2000, GCJ-02 or BD-09",
            params={"crs": short},
        ) from error
    return found


@lru_cache(maxsize=64)
def _to_degrees(crs: str) -> Transformer:
    return Transformer.from_crs(_system(crs), 4326, always_xy=True)


def is_shifted(crs: str) -> bool:
    """Whether the name is that of shifted coordinates (GCJ-02, BD-09)."""
    return crs_name(crs) in SHIFTED


def is_degrees(crs: str) -> bool:
    """Whether coordinates of this system are degrees rather than metres or feet."""
    name = crs_name(crs)
    return name in SHIFTED or bool(_system(name).is_geographic)


def to_lonlat(xy: F64, crs: str) -> F64:
    """Return lon, lat (WGS84) of coordinates in another system.

    Parameters
    ----------
    xy
        x before y: lon, lat [deg] or easting, northing [m]. (n, 2)
    crs
        `EPSG:<n>`, `CGCS2000`, `GCJ-02`, `BD-09`, a definition in WKT; empty: already lon, lat.

    Returns
    -------
    lonlat
        NaN where the system does not reach. [deg] (n, 2)

    Raises
    ------
    InvalidInputError
        When nothing of that name is known.

    Notes
    -----
    CGCS2000 and WGS84 are taken as equal; they differ by centimetres. GCJ-02 and BD-09 outside
    `MAINLAND` are WGS84 already and stay as they are.
    """
    places = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
    name = crs_name(crs)
    if name in _PLAIN:
        return places.copy()
    if name == GCJ:
        return from_gcj02(places)
    if name == BD:
        return from_gcj02(from_bd09(places))
    turned = np.column_stack(_to_degrees(name).transform(places[:, 0], places[:, 1]))
    turned[~np.isfinite(turned).all(axis=1)] = np.nan
    return turned


def project_geometries(geoms: Geometries, crs: str) -> Geometries:
    """Return shapely geometries in lon, lat (WGS84); heights are dropped. (n,)"""
    flat = flattened(np.asarray(geoms, dtype=object))
    if crs_name(crs) in _PLAIN:
        return flat
    return np.asarray(shapely.transform(flat, lambda xy: to_lonlat(xy, crs)), dtype=object)


def flattened(geoms: Geometries) -> Geometries:
    """Return geometries without heights; the same objects where none has any. (n,)"""
    high = shapely.has_z(geoms)
    if not high.any():
        return geoms
    found = geoms.copy()
    found[high] = shapely.force_2d(geoms[high])
    return found


def in_mainland(lonlat: F64) -> Flags:
    """Whether the published formulas of GCJ-02 shift a place at all. (n,)"""
    west, south, east, north = MAINLAND
    x, y = lonlat[:, 0], lonlat[:, 1]
    return np.asarray((x >= west) & (x <= east) & (y >= south) & (y <= north), dtype=np.bool_)


def _shift(lonlat: F64) -> F64:
    """Return how far GCJ-02 moves a place. [deg] (n, 2)"""
    x, y = lonlat[:, 0] - 105.0, lonlat[:, 1] - 35.0
    root = np.sqrt(np.abs(x))

    def wave(u: F64, big: float, small: float) -> F64:
        waves = big * np.sin(u / 12.0 * np.pi) + small * np.sin(u / 30.0 * np.pi)
        return np.asarray(waves * 2.0 / 3.0)

    fine = (20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)) * 2.0 / 3.0
    mid_y = (20.0 * np.sin(y * np.pi) + 40.0 * np.sin(y / 3.0 * np.pi)) * 2.0 / 3.0
    mid_x = (20.0 * np.sin(x * np.pi) + 40.0 * np.sin(x / 3.0 * np.pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north = north + fine + mid_y + wave(y, 160.0, 320.0)
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east = east + fine + mid_x + wave(x, 150.0, 300.0)
    latitude = np.radians(lonlat[:, 1])
    bend = 1.0 - _ECCENTRICITY2 * np.sin(latitude) ** 2
    meridian = _AXIS_M * (1.0 - _ECCENTRICITY2) / bend**1.5
    parallel = _AXIS_M / np.sqrt(bend) * np.cos(latitude)
    return np.column_stack([np.degrees(east / parallel), np.degrees(north / meridian)])


def to_gcj02(lonlat: F64) -> F64:
    """Return GCJ-02 of lon, lat (WGS84). [deg] (n, 2)"""
    places = np.asarray(lonlat, dtype=np.float64).reshape(-1, 2).copy()
    inside = in_mainland(places)
    places[inside] += _shift(places[inside])
    return places


def from_gcj02(shifted: F64) -> F64:
    """Return lon, lat (WGS84) of GCJ-02, to 1e-9 deg; outside `MAINLAND` untouched. (n, 2)

    Notes
    -----
    Fixed point of w = g - shift(w). The shift changes by about 1 % of a step, so six to eight
    rounds reach the last digits. Within 1 km of the rectangle's edge the answer is ambiguous.
    """
    places = np.asarray(shifted, dtype=np.float64).reshape(-1, 2).copy()
    for start in range(0, len(places), _BLOCK):
        block = places[start : start + _BLOCK]
        inside = in_mainland(block)
        goal = block[inside]
        found = goal.copy()
        for _ in range(_ROUNDS):
            better = goal - _shift(found)
            step = np.abs(better - found).max(initial=0.0)
            found = better
            if step < _CLOSE:
                break
        block[inside] = found
    return places


def to_bd09(gcj: F64) -> F64:
    """Return BD-09 of GCJ-02. [deg] (n, 2)"""
    places = np.asarray(gcj, dtype=np.float64).reshape(-1, 2).copy()
    inside = in_mainland(places)
    places[inside] = _turned(places[inside])
    return places


def _turned(gcj: F64) -> F64:
    # Public formula and constants of BD-09: Wikipedia "Restrictions on geographic data in China".
    x, y = gcj[:, 0], gcj[:, 1]
    radius = np.hypot(x, y) + 0.00002 * np.sin(y * _BD_TURN)
    angle = np.arctan2(y, x) + 0.000003 * np.cos(x * _BD_TURN)
    return np.column_stack([radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006])


def from_bd09(bd: F64) -> F64:
    """Return GCJ-02 of BD-09, to 1e-9 deg; outside `MAINLAND` untouched. (n, 2)"""
    places = np.asarray(bd, dtype=np.float64).reshape(-1, 2).copy()
    inside = in_mainland(places)
    goal = places[inside]
    found = goal - np.array([0.0065, 0.006])
    for _ in range(_ROUNDS):
        better = found - (_turned(found) - goal)
        step = np.abs(better - found).max(initial=0.0)
        found = better
        if step < _CLOSE:
            break
    places[inside] = found
    return places


def looks_swapped(xy: F64, bbox: Box | None = None, crs: str = "") -> bool:
    """Whether coordinates look like y, x instead of x, y: lat, lon, or northing, easting.

    Parameters
    ----------
    xy
        As the file has them. (n, 2)
    bbox
        Where the city lies: west, south, east, north. [deg] Without it, degrees tell only by
        latitudes beyond 90°, and metres by the area that the system is made for.
    crs
        What the coordinates are in; empty: degrees.
    """
    places = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
    places = places[np.isfinite(places).all(axis=1)]
    if not len(places):
        return False
    box = bbox or (-180.0, -90.0, 180.0, 90.0)
    if crs and not is_degrees(crs):
        area = _system(crs_name(crs)).area_of_use
        if bbox is None:
            if area is None:
                return False
            box = area.bounds
        straight, swapped = (
            _share_inside(to_lonlat(turn, crs), box) for turn in (places, places[:, ::-1])
        )
    else:
        straight, swapped = (_share_inside(turn, box) for turn in (places, places[:, ::-1]))
    return bool(swapped > 0.5 and straight < 0.5 * swapped)


def _share_inside(lonlat: F64, box: Box) -> float:
    west, south, east, north = box
    x, y = lonlat[:, 0], lonlat[:, 1]
    with np.errstate(invalid="ignore"):
        return float(((x >= west) & (x <= east) & (y >= south) & (y <= north)).mean())


def differ(one: str, other: str, xy: F64) -> bool:
    """Whether two systems put these coordinates at different places, more than about 1 m apart."""
    first, second = to_lonlat(xy, one), to_lonlat(xy, other)
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        return True
    return bool(np.abs(first - second).max(initial=0.0) > _SAME_DEG)


def agreed(declared: str, stated: str, bounds: Sequence[float], source: str) -> str:
    """Return the coordinate system to read a file in.

    Parameters
    ----------
    declared
        What the file says, any definition; empty: nothing.
    stated
        What the recipe says; empty: nothing.
    bounds
        The file's extent in its own coordinates, for comparing by effect: x, y, x, y.

    Raises
    ------
    InvalidInputError
        When the two would put the data at different places. GCJ-02 and BD-09 have no definition
        that a file could carry: stated over a file that says WGS84 or CGCS2000, they hold.
    """
    if not stated or not declared:
        return crs_name(stated or declared)
    ours, theirs = crs_name(stated), crs_name(declared)
    if ours in SHIFTED and is_degrees(theirs):
        return ours
    x0, y0, x1, y1 = bounds
    corners = np.array([[x0, y0], [x0, y1], [x1, y0], [x1, y1]], dtype=np.float64)
    if ours not in SHIFTED and (ours == theirs or not differ(ours, theirs, corners)):
        return ours
    raise InvalidInputError(
        "city.crs_differs",
        f"source {source!r}: the recipe says {ours}, the file says {short_name(declared)}",
        hint="Leave `crs` out of the recipe, or mend the file's own statement",
        params={"source": source, "stated": ours, "declared": short_name(declared)},
    )


def short_name(crs: Any) -> str:
    """Return `EPSG:<n>` of a definition where there is one, else its title."""
    name = crs_name(str(crs))
    if name in SHIFTED or name.startswith("EPSG:"):
        return name
    system = _system(name)
    number = system.to_epsg(min_confidence=70)
    return f"EPSG:{number}" if number else str(system.name)


def title(crs: str) -> str:
    """Return what a system is called in full, such as `WGS 84 / UTM zone 33N`."""
    name = crs_name(crs)
    return name if name in SHIFTED else str(_system(name).name)
