"""Timetables in GTFS: stops with the departures of an ordinary weekday.

A feed is a zip or a folder; a folder may also hold several of either, and `options.feeds` names
those to take, separated by commas (all of them otherwise). `options.date` (ISO 8601) sets the day;
else it is, for each feed, the weekday with the most trips on which the feed is valid. Ids are
`<source>:<stop_id>`, with the feed's name between where there are several.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from rencheng.adapters.cities.files.faults import Faults, check_size, is_inside, open_zip, refuse
from rencheng.adapters.cities.files.folders import layer_of_files
from rencheng.adapters.cities.formats.timetable import Feed, departures, read_feed, service_day
from rencheng.adapters.cities.given import Given, RawStops, joined_stops
from rencheng.adapters.cities.readers import Job, Source
from rencheng.domain.city import F64, I64
from rencheng.domain.errors import Fault, InvalidInputError
from rencheng.domain.finding import Severity
from rencheng.domain.provenance import Text

# Memory as a multiple of the unpacked tables: Arrow columns, then codes. Measured.
MEMORY_FACTOR = 4.0
_TABLES = (
    "stops", "trips", "stop_times", "calendar", "calendar_dates", "frequencies", "feed_info",
)  # fmt: skip


class Gtfs:
    """Reads public transport timetables."""

    layers = ("stops",)

    def read(self, source: Source, file: Path, job: Job) -> Given:
        """Return the stops of one feed or several; see `readers.Reader`.

        Raises
        ------
        InvalidInputError
            When a table or a column is missing, no service runs on any weekday, or there is no
            feed of that name; all faults of a feed at once.
        TooMuchError
            When it does not fit the job's memory, or the archive attacks.
        """
        check_size(file, job, factor=0.0)
        faults, parts, days = Faults("stops"), [], []
        feeds, stated = _feeds(source, file), _stated_day(source)
        for i, one in enumerate(feeds):
            name = f"{source.id}:{one.stem}" if len(feeds) > 1 else source.id
            with _texts(one, job) as texts:
                feed = read_feed(source.id, one, texts, faults)
            job.go_on((i + 0.7) / len(feeds))
            day = service_day(feed, stated)
            if day is None:
                refuse(source.id, one, [_no_day(one)])
                continue
            days.append(str(day))
            parts.append(_stops(name, feed, day, job, faults))
            job.go_on((i + 1) / len(feeds))
        stops = joined_stops(parts)
        layer = layer_of_files("stops", source, feeds, stops.id.size, crs="EPSG:4326")
        notes = Text("layer.stops.day", {"day": ", ".join(sorted(set(days)))})
        day_of = source.as_of or max(days)
        return Given(
            stops=stops, layers=(replace(layer, as_of=day_of, notes=notes),),
            findings=faults.findings,
        )  # fmt: skip


READER = Gtfs()


def _stated_day(source: Source) -> str:
    text = str(source.options.get("date", ""))
    try:
        return date.fromisoformat(text).isoformat() if text else ""
    except ValueError as error:
        raise InvalidInputError(
            "osm.option",
            f"source {source.id!r}: date is {text!r}",
            hint="Write it as 2026-03-04",
            params={
                "source": source.id, "option": "date", "value": text, "allowed": "2026-03-04",
            },
        ) from error  # fmt: skip


def _no_day(file: Path) -> Fault:
    return Fault(
        where="calendar.txt",
        key="gtfs.no_day",
        problem=f"{file.name}: no trip runs on any weekday on which the feed is valid",
        hint="Take a feed that is in force, or name a day in options.date",
    )


def _feeds(source: Source, file: Path) -> list[Path]:
    """Return the archives or folders that are feeds."""
    wanted = [n.strip() for n in str(source.options.get("feeds", "")).split(",") if n.strip()]
    folder = file if file.is_dir() else file.parent
    if wanted:
        bad = [n for n in wanted if not is_inside(n) or not (folder / n).exists()]
        if bad:
            raise InvalidInputError(
                "gtfs.no_feed",
                f"source {source.id!r}: no feed {', '.join(bad)} beside {file.name}",
                hint="Write the names of zip files or folders beside it",
                params={"source": source.id, "feeds": ", ".join(bad)},
            )
        return [folder / n for n in wanted]
    if file.is_file() or (file / "stops.txt").exists():
        return [file]
    found = sorted(p for p in file.iterdir() if p.suffix.lower() == ".zip" or p.is_dir())
    return [p for p in found if p.is_file() or (p / "stops.txt").exists()] or [file]


@contextmanager
def _texts(file: Path, job: Job) -> Iterator[dict[str, Any]]:
    """Give the tables of a feed as byte streams, each opened when it is asked for."""
    if file.is_dir():
        found = {n: file / f"{n}.txt" for n in _TABLES if (file / f"{n}.txt").is_file()}
        for one in found.values():
            check_size(one, job, factor=MEMORY_FACTOR if one.stat().st_size else 0.0)
        yield {n: one.read_bytes for n, one in found.items()}
        return
    with open_zip(file, job) as archive:
        members: dict[str, str] = {}
        for member in archive.namelist():
            stem, _, end = member.rpartition("/")[2].rpartition(".")
            if end == "txt" and stem in _TABLES and "__MACOSX" not in member:
                members.setdefault(stem, member)
        whole = sum(archive.getinfo(m).file_size for m in members.values())
        check_size(file, job, factor=MEMORY_FACTOR * whole / max(file.stat().st_size, 1))
        yield {n: lambda m=m: archive.read(m) for n, m in members.items()}


def _stops(name: str, feed: Feed, day: np.datetime64, job: Job, faults: Faults) -> RawStops:
    """Return the stops of a feed that have a place, with departures of the day."""
    count: I64 = departures(feed, day)
    xy: F64 = feed.stop_xy
    placed = np.isfinite(xy).all(axis=1)
    ids = np.array([f"{name}:{s}" for s in feed.stop_id.tolist()], dtype=object)
    faults.add("gtfs_no_place", Severity.WARNING, ids[~placed])
    kept = placed
    if job.clip is not None:
        west, south, east, north = job.clip
        kept = kept & (xy[:, 0] >= west) & (xy[:, 0] <= east)
        kept &= (xy[:, 1] >= south) & (xy[:, 1] <= north)
    silent = kept & (count == 0)
    faults.add("gtfs_silent", Severity.INFO, ids[silent], xy[silent], day=str(day))
    return RawStops(id=ids[kept], name=feed.stop_name[kept], xy=xy[kept], departures=count[kept])
