"""Read zones, streets and buses from an AequilibraE project, without AequilibraE."""

from __future__ import annotations

import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.cities.recipe import Project
from rencheng.adapters.cities.spatialite import Rings, decode
from rencheng.domain.errors import InvalidInputError

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class RawZones:
    """Zones as the file has them."""

    id: I64
    population: F64
    parts: tuple[tuple[Rings, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RawLinks:
    """Streets as the file has them; `start` and `end` are rows of `node_xy`."""

    node_xy: F64
    start: I64
    end: I64
    direction: I64
    kind: tuple[str, ...]
    name: tuple[str, ...]
    speed_km_h: F64
    """As stated by the network; NaN where it states none."""
    line: tuple[F64, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RawStops:
    """Bus stops with departures of the day that the feed describes."""

    id: tuple[str, ...]
    name: tuple[str, ...]
    xy: F64
    departures: I64


def read_project(file: Path, project: Project) -> tuple[RawZones, RawLinks, RawStops]:
    """Read the archive of an AequilibraE project.

    Raises
    ------
    InvalidInputError
        When a database, a table or a column is missing.
    """
    with tempfile.TemporaryDirectory(prefix="rencheng-") as folder:
        with zipfile.ZipFile(file) as archive:
            for name in (project.network, project.transit):
                archive.extract(name, folder)
        try:
            with _database(Path(folder) / project.network) as network:
                zones = _zones(network)
                links = _links(network, project.drop_link_types)
            with _database(Path(folder) / project.transit) as transit:
                stops = _stops(transit)
        except sqlite3.DatabaseError as error:
            raise InvalidInputError(
                "city.project",
                f"{file.name} is not a project of the expected kind: {error}",
                hint="Check that the recipe names an AequilibraE 1.x project",
                params={"file": file.name, "problem": str(error)},
            ) from error
    return zones, links, stops


@contextmanager
def _database(file: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        yield connection


def _zones(network: sqlite3.Connection) -> RawZones:
    rows = network.execute(
        "SELECT zone_id, population, geometry FROM zones ORDER BY zone_id"
    ).fetchall()
    return RawZones(
        id=np.array([r[0] for r in rows], dtype=np.int64),
        population=np.array([np.nan if r[1] is None else r[1] for r in rows], dtype=np.float64),
        parts=tuple(decode(r[2])[1] for r in rows),
    )


def _links(network: sqlite3.Connection, dropped: tuple[str, ...]) -> RawLinks:
    found = network.execute(
        "SELECT a_node, b_node, direction, link_type, name, speed_ab, geometry FROM links "
        "ORDER BY link_id"
    )
    rows: list[Any] = [row for row in found if row[3] not in dropped]
    used = {r[0] for r in rows} | {r[1] for r in rows}
    nodes = [
        (number, decode(blob)[1][0][0][0])
        for number, blob in network.execute("SELECT node_id, geometry FROM nodes ORDER BY node_id")
        if number in used
    ]
    row = {number: i for i, (number, _) in enumerate(nodes)}
    return RawLinks(
        node_xy=np.array([xy for _, xy in nodes], dtype=np.float64),
        start=np.array([row[r[0]] for r in rows], dtype=np.int64),
        end=np.array([row[r[1]] for r in rows], dtype=np.int64),
        direction=np.array([r[2] for r in rows], dtype=np.int64),
        kind=tuple(r[3] for r in rows),
        name=tuple(r[4] or "" for r in rows),
        speed_km_h=np.array([np.nan if r[5] is None else r[5] for r in rows], dtype=np.float64),
        line=tuple(decode(r[6])[1][0][0] for r in rows),
    )


def _stops(transit: sqlite3.Connection) -> RawStops:
    trips = dict(transit.execute("SELECT pattern_id, COUNT(*) FROM trips GROUP BY pattern_id"))
    patterns: dict[str, set[int]] = {}
    for pattern, start, end in transit.execute(
        "SELECT pattern_id, from_stop, to_stop FROM route_links"
    ):
        for stop in (start, end):
            patterns.setdefault(str(stop), set()).add(pattern)
    rows = transit.execute("SELECT stop_id, name, geometry FROM stops ORDER BY stop_id").fetchall()
    return RawStops(
        id=tuple(str(r[0]) for r in rows),
        name=tuple(r[1] or str(r[0]) for r in rows),
        xy=np.array([decode(r[2])[1][0][0][0] for r in rows], dtype=np.float64).reshape(-1, 2),
        departures=np.array(
            [sum(trips.get(p, 0) for p in patterns.get(str(r[0]), ())) for r in rows],
            dtype=np.int64,
        ),
    )
