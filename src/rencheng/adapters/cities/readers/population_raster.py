"""Residents from rasters of counts (WorldPop, GHSL) or densities.

Options
-------
band
    Band with the total, counted from 1; needed when there are several.
nodata
    Value that means nobody is counted there, where the file declares none or a wrong one.
density
    `true` when cells hold residents for each square kilometre instead of residents.
age
    Which files or bands hold the age groups, such as
    `"0-14: f_0.tif + f_1.tif + m_0.tif; 15-64: *_15_*.tif; 65+: band 3"`. Files lie beside the
    main one; `*` stands for any letters; `band 3` is a band of the main file. All must have its
    cells. A group that is not named is unknown.
also
    Further tiles beside the file, such as `"*_R5_C19.zip"`, on the same grid; not with `age`.
total
    `ages` when the main file is itself one of the age files: the total is their sum.

Each cell with residents becomes one point at its centre; the sum over the raster is kept exactly.
Cells whose centre lies outside the city's box are left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pyproj import Geod, Proj

from rencheng.adapters.cities.files.coordinates import is_degrees, to_lonlat
from rencheng.adapters.cities.files.faults import Faults
from rencheng.adapters.cities.files.folders import layer_of_files
from rencheng.adapters.cities.formats.mosaic import Mosaic, alone, beside, open_mosaic, tiles_of
from rencheng.adapters.cities.formats.rasters import Raster, Window, open_raster
from rencheng.adapters.cities.given import Given, RawPeople
from rencheng.adapters.cities.readers import Job, Source
from rencheng.domain.city import AGES, F64
from rencheng.domain.errors import Fault, InvalidInputError, TooMuchError
from rencheng.domain.finding import Severity

APART = 0.005
"""Groups and total may differ by this share before it is said. Ours."""
POINT_BYTES = 160
"""Memory that one cell with residents takes while it is read and passed on. Ours, measured."""
_BAND = re.compile(r"band\s*(\d+)", re.I)


@dataclass(slots=True)
class _Seen:
    """What is counted while the cells go by."""

    negative: int = 0
    first: list[tuple[float, float]] = field(default_factory=list)
    """Places of the first negative cells."""


class PopulationRaster:
    """Reads `people`."""

    layers: tuple[str, ...] = ("people",)

    def read(self, source: Source, file: Path, job: Job) -> Given:
        """Return residents at the centres of cells; see the module for options."""
        with ExitStack() as open_files:
            raster = open_files.enter_context(open_mosaic(file, source, job))
            window = raster.window_of(job)
            ages = _ages(source, file)
            groups = [
                [open_files.enter_context(open_raster(f, source, job, band=b)) for f, b in items]
                for items in ages
            ]
            _check_alike(raster, groups, source)
            seen = _Seen()
            people = _points(raster, groups, window, source, job, seen)
            layer = layer_of_files(
                "people", source, files_of(source, file), len(people.people), crs=raster.crs[:60]
            )
        faults = Faults("people")
        places = np.array(seen.first) if seen.first else None
        faults.add("people_negative", Severity.WARNING, [], places, count=seen.negative)
        if not len(people.people):
            faults.add("people_none", Severity.ERROR, [file.name])
        _judge_ages(people, [bool(items) for items in ages], faults)
        return Given(people=people, layers=(layer,), findings=faults.findings)


READER = PopulationRaster()


def files_of(source: Source, file: Path) -> tuple[Path, ...]:
    """Return every file that this source reads: the main one and those of its age groups."""
    return tuple(
        dict.fromkeys(
            [*tiles_of(source, file), *(f for items in _ages(source, file) for f, _ in items)]
        )
    )


def _ages(source: Source, file: Path) -> tuple[list[tuple[Path, int | None]], ...]:
    """Return the files and bands of each group of `AGES`.

    Raises
    ------
    InvalidInputError
        When the option names no group or no file: all its faults at once.
    """
    found: tuple[list[tuple[Path, int | None]], ...] = tuple([] for _ in AGES)
    text = str(source.options.get("age", "")).strip()
    faults: list[Fault] = []
    for part in filter(None, (p.strip() for p in text.split(";"))):
        name, colon, items = part.partition(":")
        if not colon or name.strip() not in AGES:
            faults.append(_fault("people.age_group", name.strip() or part))
            continue
        for item in filter(None, (i.strip() for i in items.split("+"))):
            band = _BAND.fullmatch(item)
            if band:
                found[AGES.index(name.strip())].append((file, int(band[1])))
                continue
            files = beside(file, item)
            if not files:
                faults.append(_fault("people.age_file", item))
            found[AGES.index(name.strip())].extend((one, None) for one in files)
    if faults:
        raise InvalidInputError(
            "people.age",
            f"source {source.id!r}: the option age names {len(faults)} things that are not there",
            hint="Write groups as 0-14: a.tif + b.tif; 15-64: c.tif; 65+: band 3",
            params={"source": source.id, "count": len(faults), "groups": ", ".join(AGES)},
            faults=faults,
        )
    return found


def _fault(key: str, what: str) -> Fault:
    return Fault(
        where="options.age", key=key, problem=what, hint="Name what is there", first=(what,)
    )


def _check_alike(raster: Mosaic, groups: Sequence[Sequence[Raster]], source: Source) -> None:
    size = raster.shape
    other = [
        Path(one.data.name).name
        for group in groups
        for one in group
        if one.shape != size
        or one.crs != raster.crs
        or not np.allclose((*one.corner, *one.step), (*raster.corner, *raster.step), rtol=1e-9)
    ]
    if other:
        raise InvalidInputError(
            "people.cells_differ",
            f"source {source.id!r}: {len(other)} age files have other cells: {other[:3]}",
            hint="Warp them to the cells of the main file, or take them from one publisher",
            params={"source": source.id, "count": len(other), "first": ", ".join(other[:3])},
        )


def _points(
    raster: Mosaic,
    groups: Sequence[Sequence[Raster]],
    window: Window,
    source: Source,
    job: Job,
    seen: _Seen,
) -> RawPeople:
    """Walk through the strips of all files together and keep the cells with residents."""
    from_ages = source.options.get("total") == "ages"
    is_density = source.options.get("density") is True
    quiet = Job(memory_mb=job.memory_mb, is_stopped=job.is_stopped)
    walks = [[alone(one).strips(window, quiet) for one in group] for group in groups]
    kept: list[tuple[F64, F64, F64]] = []
    count = 0
    for first, values in raster.strips(window, job):
        by_age = np.full((len(AGES), *values.shape), np.nan)
        for i, walk in enumerate(walks):
            parts = [next(one)[1] for one in walk]
            if parts:
                stack = np.stack(parts)
                some = np.isfinite(stack).any(axis=0)
                by_age[i] = np.where(some, np.nansum(np.maximum(stack, 0.0), axis=0), np.nan)
        total = values
        if from_ages:
            some = np.isfinite(by_age).any(axis=0)
            total = np.where(some, np.nansum(by_age, axis=0), np.nan)
        xy = _kept_places(raster, window, first, total, job, seen)
        row, column = xy[0]
        scale = _square_km(raster, window, first, row, column) if is_density else np.ones(len(row))
        kept.append((xy[1], total[row, column] * scale, by_age[:, row, column] * scale))
        count += len(row)
        if count * POINT_BYTES > job.memory_mb * 1e6:
            raise TooMuchError(
                "city.too_big",
                f"{source.id}: more than {count} cells with residents",
                hint="Cut it to the city, or give the job more memory",
                params={
                    "file": Path(raster.first.data.name).name,
                    "need_mb": round(count * POINT_BYTES / 1e6),
                    "have_mb": job.memory_mb,
                },
            )
    return RawPeople(
        xy=np.concatenate([xy for xy, _, _ in kept]),
        people=np.concatenate([people for _, people, _ in kept]),
        age=np.concatenate([age for _, _, age in kept], axis=1),
    )


def _kept_places(
    raster: Mosaic, window: Window, first: int, total: F64, job: Job, seen: _Seen
) -> tuple[tuple[np.ndarray, np.ndarray], F64]:
    """Return rows and columns of a strip's cells with residents inside the box, and lon, lat."""
    row, column = np.nonzero(np.isfinite(total) & (total != 0.0))
    xy = to_lonlat(_centres(raster, window, first, row, column), raster.crs)
    inside = np.isfinite(xy).all(axis=1)
    if job.clip is not None:
        west, south, east, north = job.clip
        inside &= (xy[:, 0] >= west) & (xy[:, 0] <= east)
        inside &= (xy[:, 1] >= south) & (xy[:, 1] <= north)
    negative = inside & (total[row, column] < 0.0)
    seen.negative += int(negative.sum())
    seen.first += [(float(x), float(y)) for x, y in xy[negative][: 5 - len(seen.first)]]
    keep = inside & ~negative
    return (row[keep], column[keep]), xy[keep]


def _centres(
    raster: Mosaic, window: Window, first: int, row: np.ndarray, column: np.ndarray
) -> F64:
    left, top = raster.corner_of(window)
    x = left + (column + 0.5) * raster.step[0]
    y = top - (first + row + 0.5) * raster.step[1]
    return np.column_stack([x, y])


def _square_km(
    raster: Mosaic, window: Window, first: int, row: np.ndarray, column: np.ndarray
) -> F64:
    """Return the area of cells on the ellipsoid. [km²] (cells,)"""
    centre = _centres(raster, window, first, row, column)
    width, height = raster.step
    if not len(centre):
        return np.empty(0)
    if is_degrees(raster.crs):
        north, index = np.unique(centre[:, 1], return_inverse=True)
        geod = Geod(ellps="WGS84")
        half = height / 2
        areas = [
            abs(
                geod.polygon_area_perimeter(
                    [0.0, width, width, 0.0], [y - half, y - half, y + half, y + half]
                )[0]
            )
            for y in north
        ]
        return np.asarray(np.array(areas)[index] / 1e6)
    lonlat = to_lonlat(centre, raster.crs)
    factors = Proj(raster.crs).get_factors(lonlat[:, 0], lonlat[:, 1], errcheck=False)
    return np.asarray(width * height / np.asarray(factors.areal_scale) / 1e6)


def _judge_ages(people: RawPeople, named: list[bool], faults: Faults) -> None:
    if not any(named):
        return
    missing = [name for name, is_named in zip(AGES, named, strict=True) if not is_named]
    faults.add("people_ages_missing", Severity.WARNING, missing)
    if missing or not len(people.people):
        return
    total = float(people.people.sum())
    ages = float(np.nansum(people.age))
    if abs(ages - total) > APART * total:
        faults.add(
            "people_ages_differ", Severity.WARNING, [], count=len(people.people),
            total=total, ages=ages,
        )  # fmt: skip
