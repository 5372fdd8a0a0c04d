"""Read zones, streets and buses from an AequilibraE project, without AequilibraE."""

from __future__ import annotations

import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from rencheng.adapters.cities.files.spatialite import decode
from rencheng.adapters.cities.given import Given, RawLinks, RawStops, RawZones
from rencheng.adapters.cities.packages import sha256
from rencheng.adapters.cities.readers import Job, Source
from rencheng.domain.city import AGES
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.provenance import Layer, Origin

LAYERS = ("zones", "roads", "stops")


class AequilibraE:
    """Reads the archive of a project.

    Options: `network` and `transit` name the two databases inside the archive; `drop_link_types`
    lists, with commas, links that are no streets.
    """

    layers = LAYERS

    def read(self, source: Source, file: Path, job: Job) -> Given:
        """Return zones, streets and stops of a project.

        Raises
        ------
        InvalidInputError
            When a database, a table or a column is missing.
        """
        wanted = source.layers or LAYERS
        found: dict[str, Any] = {}
        try:
            with _unpacked(source, file) as (network, transit):
                job.go_on(0.1)
                if "zones" in wanted:
                    found["zones"] = _zones(network)
                job.go_on(0.3)
                if "roads" in wanted:
                    dropped = str(source.options.get("drop_link_types", ""))
                    found["roads"] = _links(network, tuple(dropped.replace(" ", "").split(",")))
                job.go_on(0.9)
                if "stops" in wanted and transit is not None:
                    found["stops"] = _stops(transit)
        except (sqlite3.DatabaseError, zipfile.BadZipFile, KeyError) as error:
            raise InvalidInputError(
                "city.project",
                f"{file.name} is not a project of the expected kind: {error}",
                hint="Check that the recipe names an AequilibraE 1.x project",
                params={"file": file.name, "problem": str(error)},
            ) from error
        version = sha256(file)[:12]
        counts = {"zones": "id", "roads": "start", "stops": "id"}
        layers = tuple(
            Layer(
                name=name,
                origin=Origin(source.origin),
                source=source.citation or file.name,
                licence=source.licence,
                version=version,
                count=len(getattr(table, counts[name])),
                coverage=0.0,
                as_of=source.as_of,
                crs="EPSG:4326",
            )
            for name, table in found.items()
        )
        return Given(**found, layers=layers)


READER = AequilibraE()


@contextmanager
def _unpacked(
    source: Source, file: Path
) -> Iterator[tuple[sqlite3.Connection, sqlite3.Connection | None]]:
    network = str(source.options.get("network", "project_database.sqlite"))
    transit = str(source.options.get("transit", ""))
    with tempfile.TemporaryDirectory(prefix="rencheng-") as folder:
        with zipfile.ZipFile(file) as archive:
            for name in filter(None, (network, transit)):
                archive.extract(name, folder)
        with _database(Path(folder) / network) as one:
            if not transit:
                yield one, None
                return
            with _database(Path(folder) / transit) as other:
                yield one, other


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
        code=np.full(len(rows), "", dtype=object),
        name=np.full(len(rows), "", dtype=object),
        age=np.full((len(AGES), len(rows)), np.nan),
        areas=np.array([_area(r[2]) for r in rows], dtype=object),
    )


def _area(blob: bytes) -> shapely.MultiPolygon:
    return shapely.MultiPolygon([(part[0], list(part[1:])) for part in decode(blob)[1]])


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
        direction=np.array([r[2] for r in rows], dtype=np.int8),
        kind=np.array([r[3] for r in rows], dtype=object),
        name=np.array([r[4] or "" for r in rows], dtype=object),
        speed_km_h=np.array([np.nan if r[5] is None else r[5] for r in rows], dtype=np.float64),
        lines=np.array([shapely.LineString(decode(r[6])[1][0][0]) for r in rows], dtype=object),
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
        id=np.array([str(r[0]) for r in rows], dtype=object),
        name=np.array([r[1] or str(r[0]) for r in rows], dtype=object),
        xy=np.array([decode(r[2])[1][0][0][0] for r in rows], dtype=np.float64).reshape(-1, 2),
        departures=np.array(
            [sum(trips.get(p, 0) for p in patterns.get(str(r[0]), ())) for r in rows],
            dtype=np.int64,
        ),
    )
