"""Read the areas of a CAP message: latitude comes first there."""

from __future__ import annotations

from math import isfinite

from lxml import etree

from rencheng.connectors.cap_feed.rules import Findings
from rencheng.domain.warning import LonLat, WarningArea
from rencheng.service.xml import children, text


def area(node: etree._Element, said: Findings) -> WarningArea:
    """Return an area; a shape that is none is left out and named."""
    polygons = [_polygon(one.text or "", said) for one in children(node, "polygon")]
    circles = [_circle(one.text or "", said) for one in children(node, "circle")]
    codes = tuple((text(one, "valueName"), text(one, "value")) for one in children(node, "geocode"))
    kept = tuple(one for one in polygons if one)
    rounds = tuple(one for one in circles if one)
    if not kept and not rounds and not codes:
        said.add("no_shape", name=text(node, "areaDesc")[:60])
    return WarningArea(text=text(node, "areaDesc"), polygons=kept, circles=rounds, geocodes=codes)


def _polygon(value: str, said: Findings) -> tuple[LonLat, ...]:
    points = [_point(one) for one in value.split()]
    ring = [one for one in points if one is not None]
    if len(ring) != len(points) or len(ring) < 3:
        if value.strip():
            said.add("polygon", value=value.strip()[:60])
        return ()
    if ring[0] != ring[-1]:
        said.add("polygon_open", value=value.strip()[:60])
        ring.append(ring[0])
    if len(ring) < 4:
        said.add("polygon", value=value.strip()[:60])
        return ()
    return tuple(ring)


def _circle(value: str, said: Findings) -> tuple[float, float, float] | None:
    parts = value.split()
    middle = _point(parts[0]) if len(parts) == 2 else None
    radius = _number(parts[1]) if len(parts) == 2 else None
    if middle is None or radius is None or radius < 0:
        if value.strip():
            said.add("circle", value=value.strip()[:60])
        return None
    if radius == 0:
        said.add("circle_zero", value=value.strip()[:60])
    return middle[0], middle[1], radius


def _point(value: str) -> LonLat | None:
    parts = value.split(",")
    lat, lon = (_number(one) for one in parts) if len(parts) == 2 else (None, None)
    if lat is None or lon is None or abs(lat) > 90 or abs(lon) > 180:
        return None
    return lon, lat


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if isfinite(number) else None
