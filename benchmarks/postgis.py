"""A PostgreSQL server with PostGIS of a benchmark's own, when the machine has one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rencheng.domain.city import City

ACCOUNT = "postgres"
"""Who runs the server when the benchmark runs as root, which PostgreSQL refuses to."""


@dataclass
class Postgis:
    """A running server, or the reason why there is none."""

    reason: str = ""
    connection: Any = None

    @classmethod
    @contextmanager
    def started(cls) -> Iterator[Postgis]:
        """Start a server in a folder of its own, on a socket there; stop it at the end."""
        programs = {name: _program(name) for name in ("initdb", "postgres")}
        missing = [name for name, path in programs.items() if not path]
        if missing:
            yield cls(reason=f"no {' and no '.join(missing)} on this machine")
            return
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            as_user = _account(folder)
            data = folder / "data"
            subprocess.run(
                [programs["initdb"], "-D", data, "-A", "trust", "-U", "bench", "--no-sync"],
                check=True, capture_output=True, cwd=folder, **as_user,
            )  # fmt: skip
            options = "-c fsync=off -c jit=off -c max_parallel_workers_per_gather=0"
            settings = ["-c", "listen_addresses=", "-k", str(folder), *options.split()]
            server = subprocess.Popen(
                [programs["postgres"], "-D", data, "-c", "shared_buffers=1GB", *settings],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder, **as_user,
            )  # fmt: skip
            found = cls._connected(folder)
            try:
                yield found
            finally:
                if found.connection:
                    found.connection.close()
                server.send_signal(signal.SIGINT)
                server.wait(30)

    @classmethod
    def _connected(cls, folder: Path) -> Postgis:
        import psycopg

        for _ in range(100):
            try:
                link = psycopg.connect(
                    host=str(folder), user="bench", dbname="postgres", autocommit=True
                )
                break
            except psycopg.OperationalError:
                time.sleep(0.1)
        else:
            return cls(reason="the server did not answer")
        try:
            link.execute("create extension postgis")
        except psycopg.Error as error:
            return cls(reason=str(error).splitlines()[0])
        return cls(connection=link)

    def fill(self, city: City) -> None:
        """Load the buildings, in web mercator, under an index that the table is sorted by."""
        import shapely
        from pyproj import Transformer

        table = city.buildings
        to_metres = Transformer.from_crs(4326, 3857, always_xy=True)
        x, y = to_metres.transform(table.shapes.xy[:, 0], table.shapes.xy[:, 1])
        ring = np.repeat(np.arange(len(table.shapes.part) - 1), np.diff(table.shapes.part))
        areas = shapely.polygons(shapely.linearrings(np.column_stack([x, y]), indices=ring))
        run = self.connection.execute
        run("create table b (id int, height_m real, storeys int, use text, g geometry)")
        with self.connection.cursor().copy("copy b from stdin") as copy:
            for row, area in enumerate(shapely.to_wkb(areas, hex=True)):
                storeys = int(table.storeys[row])
                copy.write_row((row, storeys * 3.0, storeys, table.uses[table.use[row]], area))
        run("update b set g = st_setsrid(g, 3857)")
        run("create index at on b using gist (g)")
        run("cluster b using at")
        run("vacuum analyze b")

    def tile_ms(self, zoom: int, x: int, y: int) -> float:
        """Return the least wall time of three calls for a tile. [ms]"""
        query = (
            "select st_asmvt(t, 'buildings', 4096, 'g', 'id') from (select id, height_m, storeys, "
            "use, st_asmvtgeom(g, st_tileenvelope(%(z)s, %(x)s, %(y)s), 4096, 64) as g from b "
            "where g && st_tileenvelope(%(z)s, %(x)s, %(y)s, margin => 64.0 / 4096)) t"
        )
        best = np.inf
        for _ in range(3):
            began = time.perf_counter()
            self.connection.execute(query, {"z": zoom, "x": x, "y": y}, binary=True).fetchone()
            best = min(best, time.perf_counter() - began)
        return float(best) * 1e3


def _program(name: str) -> str:
    found = shutil.which(name)
    if found:
        return found
    kept = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(kept[-1]) if kept else ""


def _account(folder: Path) -> dict[str, Any]:
    """Return how to run a program as somebody other than root, who then owns the folder."""
    if os.geteuid() != 0:
        return {}
    shutil.chown(folder, ACCOUNT, ACCOUNT)
    return {"user": ACCOUNT, "group": ACCOUNT}
