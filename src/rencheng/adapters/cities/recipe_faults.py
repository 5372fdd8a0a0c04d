"""What a recipe's fields say against each other: every fault at once, with the field's name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rencheng.adapters.cities.given import Given
from rencheng.adapters.cities.readers import KINDS
from rencheng.domain.errors import Fault

ORIGINS = ("observed", "derived", "synthetic")
LAYERS = tuple(one.name for one in fields(Given) if one.name not in ("layers", "findings"))
"""Layers that a source can give."""


def faults_of(table: Mapping[str, Any]) -> list[Fault]:
    """Return what is impossible in a recipe although every field has the right type."""
    return [*_head(table), *_sources(table), *_shares(table)]


def _head(table: Mapping[str, Any]) -> Iterator[Fault]:
    name, zone, box = table.get("id"), table.get("timezone"), table.get("bbox")
    if isinstance(name, str) and not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", name):
        yield _fault("city.bad_id", "id", name)
    if isinstance(zone, str):
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            yield _fault("city.bad_timezone", "timezone", zone)
    if isinstance(box, list) and len(box) == 4 and all(isinstance(v, int | float) for v in box):
        west, south, east, north = box
        if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
            yield _fault("city.bad_bbox", "bbox", *map(str, box))
    epsg = table.get("epsg")
    if isinstance(epsg, int) and epsg:
        from pyproj import CRS
        from pyproj.exceptions import CRSError

        try:
            is_projected = CRS.from_epsg(epsg).is_projected
        except CRSError:
            is_projected = False
        if not is_projected:
            yield _fault("city.bad_epsg", "epsg", str(epsg))


def _sources(table: Mapping[str, Any]) -> Iterator[Fault]:
    rows = [row for row in _list(table, "sources") if isinstance(row, dict)]
    packages = {str(p.get("name")): p for p in _list(table, "packages") if isinstance(p, dict)}
    seen: set[str] = set()
    for number, row in enumerate(rows):
        where = f"sources[{number}]"
        name = str(row.get("id", ""))
        if name in seen:
            yield _fault("city.source_twice", f"{where}.id", name)
        seen.add(name)
        if row.get("kind", KINDS[0]) not in KINDS:
            yield _fault("city.source_kind", f"{where}.kind", str(row["kind"]), *KINDS)
        if row.get("origin", ORIGINS[0]) not in ORIGINS:
            yield _fault("city.source_origin", f"{where}.origin", str(row["origin"]), *ORIGINS)
        if not row.get("path"):
            yield _fault("city.source_path", f"{where}.path", name)
        for layer in row.get("layers", []):
            if layer not in LAYERS:
                yield _fault("city.source_layer", f"{where}.layers", str(layer), *LAYERS)
        package = row.get("package")
        if package and package not in packages:
            yield _fault("city.source_package", f"{where}.package", str(package), *packages)
        elif package:
            held = [m.get("path") for m in packages[package].get("members", [])]
            if row.get("path") not in held:
                yield _fault("city.source_member", f"{where}.path", str(row.get("path")))


def _shares(table: Mapping[str, Any]) -> Iterator[Fault]:
    for key in ("homes", "eras"):
        rows = [row for row in _list(table, key) if isinstance(row, dict)]
        shares = [row["share"] for row in rows if isinstance(row.get("share"), int | float)]
        if shares and abs(sum(shares) - 1.0) > 0.01:
            yield _fault("city.shares", f"{key}.share", f"{sum(shares):g}")


def _list(table: Mapping[str, Any], key: str) -> list[Any]:
    value = table.get(key, [])
    return value if isinstance(value, list) else []


def _fault(key: str, where: str, *first: str) -> Fault:
    return Fault(
        where=where, key=key, problem=f"{where}: {', '.join(first[:1])}", hint=key, first=first
    )
