"""What a request to `/ogc` may ask; anything else is refused with 400, as the standard demands."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from starlette.datastructures import QueryParams

from rencheng.adapters.exports.geometry import Box
from rencheng.adapters.exports.tables import Table
from rencheng.api.problems import RefusedError
from rencheng.domain.errors import Fault, InvalidInputError

LIMIT, MAX_LIMIT = 100, 10_000
"""Default and largest page: those of the standard's own example."""
LAST = 2**53
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
RESERVED = ("f", "limit", "offset", "bbox", "bbox-crs", "crs", "datetime")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which rows of a layer are asked for."""

    limit: int = LIMIT
    offset: int = 0
    box: Box | None = None
    filters: Mapping[str, str] = field(default_factory=dict)
    """Column → the value that it must have."""


def queryables(table: Table) -> tuple[str, ...]:
    """Return the columns that a client may ask for rows by."""
    return tuple(c.name for c in table.columns if c.is_queryable and c.name not in RESERVED)


def nothing_but_format(query: QueryParams) -> None:
    """Refuse every parameter but `f=json`."""
    _check(query, {"f": _format})


def nothing_but_how(query: QueryParams) -> None:
    """Refuse what one feature cannot be asked for: every parameter but `f` and `crs`."""
    _check(query, {"f": _format, "crs": _crs})


def asked(query: QueryParams, table: Table) -> Asked:
    """Return what is asked of a layer.

    Raises
    ------
    RefusedError
        With 400 and all faults at once, when a parameter is unknown, given twice, or wrong.
    """
    filters = queryables(table)
    readers: dict[str, Callable[[str], object]] = {
        "f": _format, "limit": _limit, "offset": _offset, "bbox": box_of, "datetime": _datetime,
        "crs": _crs, "bbox-crs": _crs,
    }  # fmt: skip
    found = _check(query, readers | dict.fromkeys(filters, str))
    return Asked(
        limit=found.get("limit", LIMIT),  # type: ignore[arg-type]
        offset=found.get("offset", 0),  # type: ignore[arg-type]
        box=found.get("bbox"),  # type: ignore[arg-type]
        filters={name: str(found[name]) for name in filters if name in found},
    )


def box_of(text: str) -> Box:
    """Return west, south, east, north of four numbers, or of six with heights between.

    West greater than east crosses the 180th meridian; heights are read and not looked at, for
    nothing here has one.

    Examples
    --------
    >>> box_of("170,-20,0,-170,-10,100")
    (170.0, -20.0, -170.0, -10.0)
    """
    numbers = [float(part) for part in text.split(",")]
    if len(numbers) == 6:
        if not numbers[2] <= numbers[5]:
            raise ValueError("heights")
        del numbers[5], numbers[2]
    west, south, east, north = numbers
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90):
        raise ValueError("outside the world")
    return west, south, east, north


def _check(query: QueryParams, readers: Mapping[str, Callable[[str], object]]) -> dict[str, object]:
    faults, found = [], {}
    names = [name for name, _ in query.multi_items()]
    for name in dict.fromkeys(names):
        if name not in readers:
            faults.append(
                Fault(
                    where=name[:80],
                    key="ogc.unknown",
                    problem="no such parameter",
                    hint=f"Use some of {', '.join(readers)}",
                    first=tuple(readers),
                )
            )
            continue
        try:
            if names.count(name) > 1:
                raise ValueError("twice")
            found[name] = readers[name](query[name])
        except ValueError:
            faults.append(
                Fault(
                    where=name,
                    key="ogc.value",
                    problem="not a value that this parameter may have, or given twice",
                    hint="Look at the definition at /ogc/api",
                    first=(query[name][:80],),
                )
            )
    if faults:
        error = InvalidInputError(
            "ogc.parameters",
            f"{len(faults)} parameters are wrong",
            hint="Look at the definition at /ogc/api",
            params={"count": len(faults)},
            faults=faults,
        )
        raise RefusedError(error, 400)
    return found


def _format(text: str) -> str:
    if text != "json":
        raise ValueError("only json")
    return text


def _crs(text: str) -> str:
    """Accept the one system that is spoken; clients of Part 2 name it, GDAL among them."""
    if text != CRS84:
        raise ValueError("only lon, lat")
    return text


def _whole(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,16}", text):
        raise ValueError("not a whole number")
    return min(int(text), LAST)


def _limit(text: str) -> int:
    """Return the page size; a larger one than allowed is the largest allowed, not an error."""
    limit = _whole(text)
    if limit < 1:
        raise ValueError("none")
    return min(limit, MAX_LIMIT)


def _offset(text: str) -> int:
    return _whole(text)


def _datetime(text: str) -> str:
    """Check a time or an interval (RFC 3339); no layer has times, so that it selects everything."""
    parts = text.split("/")
    if len(parts) > 2:
        raise ValueError("more than two")
    times = [None if len(parts) == 2 and part in ("", "..") else _instant(part) for part in parts]
    if not any(times) or (len(times) == 2 and times[0] and times[1] and times[0] > times[1]):
        raise ValueError("no interval")
    return text


def _instant(text: str) -> datetime:
    if not _INSTANT.fullmatch(text):
        raise ValueError("no time")
    # A leap second is a time too (RFC 3339, 5.7); the clock of this program has none.
    return datetime.fromisoformat(text.replace(":60", ":59", 1) if text[17:19] == "60" else text)
