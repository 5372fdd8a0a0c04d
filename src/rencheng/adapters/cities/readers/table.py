"""Read tables: CSV (UTF-8, GB 18030, …) and Parquet, with coordinates or by code of the zone.

Layers with coordinates (columns `lon`, `lat`, or `x`, `y` with `crs`, or `wkt`): `people`,
`facilities`, `buildings`, `stops`, and `zones`, `boundary`, `roads` from `wkt`. Options:

`join`
    `"zones"`: the table has no coordinates but residents by code, number or name of a zone. It
    gives `Given.counts`; the build hands it with the zones of another source to `join_population`.
    Without coordinates and with a code and residents this is the default.
`encoding`, `delimiter`, `decimal`
    Where they shall not be found out. `decimal = ","` reads `1.234,5`.
`swap_axes`
    true: the columns of x and y are the wrong way round.
`kind`
    Kind of all facilities, where the table has no column for it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from rencheng.adapters.cities.files.columns import guess_layer, guess_place
from rencheng.adapters.cities.files.faults import Faults
from rencheng.adapters.cities.files.shaping import layers_of, make_given
from rencheng.adapters.cities.files.tabular import Rows, read_csv, read_parquet
from rencheng.adapters.cities.given import Given, RawCounts, RawZones
from rencheng.adapters.cities.readers import Job, Source
from rencheng.domain.city import F64
from rencheng.domain.finding import DataFinding, Severity

LAYERS = (
    "people", "counts", "facilities", "buildings", "stops", "zones", "boundary", "roads",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TableReader:
    """Reads tables."""

    layers: tuple[str, ...] = LAYERS

    def read(self, source: Source, file: Path, job: Job) -> Given:
        """Return what the table says; see the module for the options."""
        rows = read_rows(file, job, source)
        job.go_on(0.3)
        if source.options.get("join") == "zones":
            source = replace(source, layers=("counts",))
        named = {**dict.fromkeys(rows.names), **dict.fromkeys(source.columns.values())}
        has_place = guess_place(list(named)) or {"lon", "x", "wkt"} & source.columns.keys()
        geometry = "points" if has_place else ""
        guessed = guess_layer(file.stem, rows.names, geometry, rows.count)
        given = make_given(rows, layers_of(source, self.layers, guessed, file), source, file, job)
        job.go_on(1.0)
        return given


def read_rows(file: Path, job: Job, source: Source) -> Rows:
    """Return the rows of a CSV or Parquet file."""
    if file.suffix.lower() in (".parquet", ".geoparquet"):
        return read_parquet(file, job)
    return read_csv(file, job, source.options)


def join_population(zones: RawZones, counts: RawCounts) -> tuple[RawZones, tuple[DataFinding, ...]]:
    """Give the residents of a table to the zones of another source.

    Parameters
    ----------
    zones
        Their own residents stay where the table says nothing.
    counts
        Residents by code; a code that is no zone's code is tried as a zone's number, then its name.

    Returns
    -------
    zones
        With the table's residents and age groups.
    findings
        Zones without a row, and rows without a zone, with count and first ids.

    Notes
    -----
    Codes are compared as texts, without leading zeros when nothing else fits: spreadsheets drop
    them.
    """
    faults = Faults("zones")
    row = np.full(len(zones.id), -1, dtype=np.int64)
    number = zones.id.astype(str).astype(object)
    for ours in (zones.code, number, zones.name):
        for strip in (False, True):
            known = {_key(code, strip): i for i, code in enumerate(counts.code.tolist())}
            for z in np.flatnonzero(row < 0).tolist():
                row[z] = known.get(_key(str(ours[z]), strip), -1) if ours[z] else -1
        if (row >= 0).any():
            break
    found = row >= 0
    used = np.zeros(len(counts.code), dtype=np.bool_)
    used[row[found]] = True
    faults.add("zone_uncounted", Severity.WARNING, number[~found])
    faults.add("count_without_zone", Severity.ERROR, counts.code[~used])
    people, age = zones.population.copy(), zones.age.copy()
    people[found] = _known(counts.population[row[found]], people[found])
    age[:, found] = _known(counts.age[:, row[found]], age[:, found])
    return replace(zones, population=people, age=age), faults.findings


def _key(code: str, strip: bool) -> str:
    text = code.strip().casefold()
    return text.lstrip("0") if strip else text


def _known(new: F64, old: F64) -> F64:
    return np.where(np.isnan(new), old, new)


READER = TableReader()
