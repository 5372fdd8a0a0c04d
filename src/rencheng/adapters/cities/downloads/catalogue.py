"""The publishers that the project knows: files in `data/downloads`."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from rencheng.adapters.cities.downloads import Ask, Item
from rencheng.adapters.cities.readers import Box
from rencheng.adapters.files import data_folder, read_ours
from rencheng.domain.errors import InvalidInputError, NotFoundError

SCHEMA = "rencheng.download/1"
_MB = 1_000_000
_REGION = r"[a-z0-9]+(?:-[a-z0-9]+)*(?:/[a-z0-9]+(?:-[a-z0-9]+)*)*"


class Publisher(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every publisher's file says."""

    schema: str
    status: str
    name: str
    kind: str
    reader: str
    gives: tuple[str, ...]
    url: str
    licence: str
    citation: str
    largest_mb: float
    options: dict[str, str | int | float | bool] = {}
    checksum: str = ""
    checksum_url: str = ""
    may_be_absent: bool = False
    hosts: tuple[str, ...] = ()
    year: int | None = None
    crs: str = ""

    def item(self, **place: Any) -> Item:
        """Return the file of one place."""
        url = self.url.format_map(place)
        check = (
            f"{self.checksum} {self.checksum_url.format_map(place)}" if self.checksum_url else ""
        )
        return Item(
            url=url,
            name=f"{self.name}/{url.rpartition('/')[2]}",
            licence=self.licence,
            limit=int(self.largest_mb * _MB),
            checksum_url=check,
            may_be_absent=self.may_be_absent,
            hosts=self.hosts,
        )

    def wanted_year(self, ask: Ask) -> int | None:
        """Return the year asked for, else the one that the file states."""
        return ask.year or self.year


class Regions(Publisher, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file, or several parts, for a region that has a name."""

    region: str
    """What a region is called here, for people."""
    region_pattern: str = _REGION
    parts: tuple[str, ...] = ("",)

    def plan(self, ask: Ask) -> tuple[Item, ...]:
        """Return the region's files."""
        if not re.fullmatch(self.region_pattern, ask.region):
            raise InvalidInputError(
                "download.region",
                f"{self.name} needs a region: {self.region}; got {ask.region!r}",
                hint="Name it with --region",
                params={"name": self.name, "region": ask.region, "expected": self.region},
            )
        place = {
            "region": ask.region,
            "upper": ask.region.upper(),
            "lower": ask.region.lower(),
            "year": self.wanted_year(ask),
        }
        return tuple(self.item(**place, part=part) for part in self.parts)


class Degrees(Publisher, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Tiles of one degree, named by their south-west corner."""

    most_tiles: int

    def plan(self, ask: Ask) -> tuple[Item, ...]:
        """Return the tiles that touch the box."""
        items = []
        for west, south, east, north in _boxes(self.name, ask):
            columns = range(math.floor(west), math.ceil(east))
            rows = range(math.floor(south), math.ceil(north))
            _check_count(self.name, len(columns) * len(rows), self.most_tiles)
            items += [
                self.item(
                    ns="N" if row >= 0 else "S", lat=abs(row),
                    ew="E" if column >= 0 else "W", lon=abs(column),
                    year=self.wanted_year(ask),
                )
                for row in rows
                for column in columns
            ]  # fmt: skip
        _check_count(self.name, len(items), self.most_tiles)
        return tuple(items)


class Squares(Publisher, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Square tiles of a projection, counted from 1 at its upper left corner."""

    corner: tuple[float, float]
    side: float
    most_tiles: int

    def plan(self, ask: Ask) -> tuple[Item, ...]:
        """Return the tiles that touch the box."""
        from pyproj import Transformer

        turned = Transformer.from_crs(4326, self.crs, always_xy=True)
        found: dict[tuple[int, int], None] = {}
        for box in _boxes(self.name, ask):
            left, bottom, right, top = turned.transform_bounds(*box, densify_pts=41)
            columns = [int((x - self.corner[0]) // self.side) + 1 for x in (left, right)]
            rows = [int((self.corner[1] - y) // self.side) + 1 for y in (top, bottom)]
            count = (columns[1] - columns[0] + 1) * (rows[1] - rows[0] + 1)
            _check_count(self.name, count, self.most_tiles)
            found |= dict.fromkeys(
                (row, column)
                for row in range(rows[0], rows[1] + 1)
                for column in range(columns[0], columns[1] + 1)
            )
        year = self.wanted_year(ask)
        return tuple(self.item(row=row, column=column, year=year) for row, column in found)


class Catalogue:
    """All publishers that a folder describes."""

    KINDS: ClassVar[dict[str, type[Regions | Degrees | Squares]]] = {
        "region": Regions,
        "degrees": Degrees,
        "squares": Squares,
    }

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or data_folder() / "downloads"

    def all(self) -> tuple[Regions | Degrees | Squares, ...]:
        """Return every publisher, by name."""
        found = [self._read(file) for file in sorted(self.folder.glob("*.toml"))]
        return tuple(sorted(found, key=lambda one: one.name))

    def find(self, name: str) -> Regions | Degrees | Squares:
        """Return a publisher by its name.

        Raises
        ------
        NotFoundError
            When there is none of that name.
        """
        known = {one.name: one for one in self.all()}
        if name not in known:
            raise NotFoundError(
                "download.unknown",
                f"no download {name!r}",
                hint=f"Use one of {', '.join(known)}",
                params={"name": name, "names": ", ".join(known)},
            )
        return known[name]

    def _read(self, file: Path) -> Regions | Degrees | Squares:
        table = read_ours(file)
        try:
            if table.get("schema") != SCHEMA or table.get("kind") not in self.KINDS:
                raise msgspec.ValidationError(
                    f"schema must be {SCHEMA}, kind one of {[*self.KINDS]}"
                )
            return msgspec.convert(table, self.KINDS[table["kind"]])
        except msgspec.ValidationError as error:
            raise InvalidInputError(
                "download.file",
                f"{file.name}: {error}",
                hint="Compare it with the files that came with the program",
                params={"file": file.name, "said": str(error)[:120]},
            ) from error


def _boxes(name: str, ask: Ask) -> tuple[Box, ...]:
    """Return the box asked for, in two where it crosses the 180th meridian."""
    if ask.bbox is None:
        raise InvalidInputError(
            "download.no_bbox",
            f"{name} needs a box",
            hint="Give one with --bbox west,south,east,north",
            params={"name": name},
        )
    west, south, east, north = ask.bbox
    ordered = -180 <= west <= 180 and -180 <= east <= 180 and -90 <= south < north <= 90
    if not ordered or west == east:
        raise InvalidInputError(
            "download.bbox",
            f"no box on earth: {ask.bbox}",
            hint="Give west,south,east,north in degrees",
            params={"bbox": ", ".join(f"{edge:g}" for edge in ask.bbox)},
        )
    if west < east:
        return (ask.bbox,)
    halves = ((west, south, 180.0, north), (-180.0, south, east, north))
    return tuple(half for half in halves if half[0] < half[2])


def _check_count(name: str, count: int, most: int) -> None:
    if count > most:
        raise InvalidInputError(
            "download.too_many",
            f"{name}: the box takes {count} tiles, at most {most} are fetched at once",
            hint="Ask for a smaller box",
            params={"name": name, "count": count, "most": most},
        )
