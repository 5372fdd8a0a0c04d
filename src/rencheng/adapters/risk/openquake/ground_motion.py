"""Ground motion fields: CSV with its sites, and the engine's HDF5."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.risk.openquake.faults import Found
from rencheng.adapters.risk.openquake.files import Columns, read_bytes, table
from rencheng.adapters.risk.openquake.measures import measure_of
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.risk import EventHead, Events

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Texts = NDArray[np.object_]
SITE = ("site_id", "sid", "custom_site_id")
EVENT = ("event_id", "eid")
PREFIX = "gmv_"
# Beyond what a table of events can hold; a number like that is a slip. Ours.
LARGEST_EVENT = 1e9
CHANCES = ("LiqProb", "LsProb")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sites:
    """Where ground motion is given."""

    id: Texts
    lonlat: F64
    """[deg] (sites, 2)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundMotion:
    """Intensities of events at sites, of several measures."""

    sites: Sites
    events: int
    """How many there are, those that reach no site among them."""
    site: I64
    """Row in the sites. (rows,)"""
    event: I64
    """Its number. (rows,)"""
    imt: Mapping[str, F32]
    """By OpenQuake's name of the measure, in OpenQuake's unit; NaN unknown. (rows,) each"""
    source: str
    chance: Mapping[str, F32]
    """How probable it is that a secondary peril happens at all, by its name, such as `LiqProb`.
    [1] (rows,) each"""
    years: float = float("nan")
    """Time that the events stand for, if the file says it. [yr]"""

    def of(self, measure: str, *, rate: float = float("nan")) -> Events:
        """Return the events of one measure, as the risk engine takes them.

        Parameters
        ----------
        measure
            Our name of it, such as `PGA`.
        rate
            How often each event happens; NaN unknown. [1/yr]

        Raises
        ------
        InvalidInputError
            When the file does not have the measure.

        Notes
        -----
        What is zero is not reached and not kept.
        """
        named = {measure_of(imt)[0]: imt for imt in self.imt}
        found = Found()
        found.add("no_measure", self.source, [] if measure in named else [measure])
        found.refuse()
        x = self.imt[named[measure]]
        unit = measure_of(named[measure])[1]
        kept = np.flatnonzero(x != 0.0)
        order = kept[np.lexsort([self.site[kept], self.event[kept]])]
        head = EventHead(
            place=self.sites.lonlat,
            rate=np.full(self.events, rate),
            names=tuple(map(str, range(self.events))),
            measure=measure,
            unit=unit,
            source=self.source,
        )
        start = np.searchsorted(self.event[order], np.arange(self.events + 1))
        return Events(
            head=head,
            start=start.astype(np.int64),
            point=self.site[order].astype(np.int32),
            intensity=x[order],
        )


def read_sites(path: Path) -> Sites:
    """Return the sites of a CSV: `lon`, `lat` and, if given, `site_id` or `custom_site_id`.

    Raises
    ------
    InvalidInputError
        With every fault: columns, numbers, places, doubled ids.
    """
    found = Found()
    read = table(read_bytes(path, found), path.name, found)
    if read.columns and not {"lon", "lat"} <= set(read.columns) and len(read.columns) == 2:
        read = _bare(path, found)
    found.add("columns", path.name, [n for n in ("lon", "lat") if n not in read])
    found.refuse()
    lonlat = np.column_stack([read.numbers(n, found) for n in ("lon", "lat")])
    key = next((name for name in SITE if name in read), "")
    ids = read.columns[key] if key else np.arange(read.rows).astype(str).astype(object)
    _check(ids, lonlat, path.name, found)
    return Sites(id=ids, lonlat=lonlat)


def _bare(path: Path, found: Found) -> Columns:
    """Return a table of lon and lat without a header."""
    return table(b"lon,lat\n" + read_bytes(path, found), path.name, found)


def places(text: str, where: str) -> Sites:
    """Return the sites of a job's `sites = lon lat, lon lat`; OpenQuake numbers them in order.

    Raises
    ------
    InvalidInputError
        When they cannot be read.
    """
    found = Found()
    rows = []
    for pair in text.replace("\n", ",").split(","):
        words = pair.split()
        if not words:
            continue
        try:
            rows.append((float(words[0]), float(words[1])))
        except (ValueError, IndexError):
            found.add("place", where, pair.strip())
    lonlat = np.array(sorted(rows), dtype=np.float64).reshape(-1, 2)
    ids = np.arange(len(rows)).astype(str).astype(object)
    _check(ids, lonlat, where, found)
    return Sites(id=ids, lonlat=lonlat)


def _check(ids: Texts, lonlat: F64, where: str, found: Found) -> None:
    known, counts = np.unique(ids.astype(str), return_counts=True)
    found.add("double", where, list(known[counts > 1]))
    off = ~((np.abs(lonlat[:, 0]) <= 360) & (np.abs(lonlat[:, 1]) <= 90))
    found.add("place", where, list(ids[off]))
    found.refuse()


def read_motion(path: Path, sites: Sites | None = None, *, events: int = 0) -> GroundMotion:
    """Return ground motion fields.

    Parameters
    ----------
    path
        CSV with `site_id` (`sid`, `custom_site_id`), `event_id` (`eid`) and a column for each
        measure (`gmv_PGA`, or `PGDMax` as it is); or HDF5 of the engine, with its own sites.
    sites
        Of a CSV.
    events
        How many there are at least; those that reach no site stand in no row.

    Raises
    ------
    InvalidInputError
        With every fault: columns, sites not given, numbers, rows that stand twice.
    """
    if path.suffix.lower() in {".h5", ".hdf5"}:
        return _hdf5(path)
    found = Found()
    read = table(read_bytes(path, found), path.name, found)
    site, event = (next((n for n in names if n in read), "") for names in (SITE, EVENT))
    names = [n for n in read.columns if measure_of(n.removeprefix(PREFIX))[0]]
    if read.columns:
        wanted = ((SITE[0], site), (EVENT[0], event), (f"{PREFIX}PGA", names))
        found.add("columns", path.name, [name for name, has in wanted if not has])
    if sites is None:
        found.add("sites", path.name, path.name)
    found.refuse()
    assert sites is not None  # noqa: S101 - refused above
    number = read.numbers(event, found)
    odd = ~((number >= 0) & (number == np.floor(number)) & (number < LARGEST_EVENT))
    found.add("event", f"{path.name}, {event}", list(read.columns[event][odd]))
    row = {str(name): i for i, name in enumerate(sites.id)}
    place = np.array([row.get(name, -1) for name in read.columns[site]], dtype=np.int64)
    found.add("site", f"{path.name}, {site}", list(read.columns[site][place < 0]))
    imt = {n.removeprefix(PREFIX): read.numbers(n, found).astype(np.float32) for n in names}
    chance = {n: read.numbers(n, found).astype(np.float32) for n in CHANCES if n in read}
    _check_rows(imt, chance, path.name, found)
    found.refuse()
    which = number.astype(np.int64)
    many = sites.id.size
    pairs, counts = np.unique(which * many + place, return_counts=True)
    twice = [f"event {k // many}, site {sites.id[k % many]}" for k in pairs[counts > 1]]
    found.add("double", path.name, twice)
    found.refuse()
    return GroundMotion(
        sites=sites,
        events=max(events, int(which.max(initial=-1)) + 1),
        site=place,
        event=which,
        imt=imt,
        source=path.name,
        chance=chance,
    )


def _check_rows(imt: Mapping[str, F32], chance: Mapping[str, F32], name: str, found: Found) -> None:
    for one, x in imt.items():
        bad = np.flatnonzero((x < 0) | np.isinf(x))
        found.add("negative", f"{name}, {one}", [f"line {i + 2}" for i in bad])
    for one, x in chance.items():
        bad = np.flatnonzero(~((x >= 0) & (x <= 1)))
        found.add("ratio", f"{name}, {one}", [f"line {i + 2}" for i in bad])


def _hdf5(path: Path) -> GroundMotion:
    """Return the ground motion of a data store of the engine."""
    try:
        import netCDF4
    except ImportError as error:
        raise InvalidInputError(
            "risk.extra",
            "reading HDF5 needs the extra `data`",
            hint="Install rencheng[data], or write the set as CSV",
        ) from error
    found = Found()
    try:
        with netCDF4.Dataset(path) as opened:
            opened.set_auto_mask(False)
            group, place = opened["gmf_data"], opened["sitecol"]
            said: dict[str, Any] = {name: group.getncattr(name) for name in group.ncattrs()}
            imts = str(said["imts"]).split()
            sid = np.asarray(place["sids"][:]).astype(np.int64)
            lonlat = np.column_stack([place["lon"][:], place["lat"][:]]).astype(np.float64)
            event = np.asarray(group["eid"][:]).astype(np.int64)
            site = np.asarray(group["sid"][:]).astype(np.int64)
            imt = {n: np.asarray(group[f"gmv_{i}"][:], np.float32) for i, n in enumerate(imts)}
    except (OSError, IndexError, KeyError, ValueError) as error:
        found.add("file", path.name, str(error))
        found.refuse()
    row = {int(one): i for i, one in enumerate(sid)}
    rows = np.array([row.get(int(one), -1) for one in site], dtype=np.int64)
    found.add("site", path.name, sorted({str(one) for one in site[rows < 0]}))
    found.refuse()
    known = {name: values for name, values in imt.items() if measure_of(name)[0]}
    _check_rows(known, {}, path.name, found)
    found.refuse()
    return GroundMotion(
        sites=Sites(id=sid.astype(str).astype(object), lonlat=lonlat),
        events=max(int(said.get("num_events", 0)), int(event.max(initial=-1)) + 1),
        site=rows,
        event=event,
        imt=known,
        source=path.name,
        chance={},
        years=float(said.get("effective_time", "nan")),
    )
