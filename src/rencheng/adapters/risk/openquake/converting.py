"""From OpenQuake's files to the tables of `rencheng risk run`, and back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.curve_library.table import read_table, write_table
from rencheng.adapters.risk.openquake.curves import (
    COMPONENTS,
    Origin,
    read_fragility,
    read_vulnerability,
)
from rencheng.adapters.risk.openquake.exposure import Exposure, Layout, read_exposure
from rencheng.adapters.risk.openquake.faults import Found
from rencheng.adapters.risk.openquake.files import Columns, read_bytes, table
from rencheng.adapters.risk.openquake.ground_motion import EVENT, SITE, read_motion, read_sites
from rencheng.adapters.risk.openquake.writing import (
    save_table,
    write_curves,
    write_exposure,
    write_motion,
)

F64 = NDArray[np.float64]
OURS = {component: kind for kind, component in reversed(COMPONENTS.items())}
"""OpenQuake's name of a component."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a file alone does not say."""

    sites: Path | None = None
    measure: str = ""
    unit: str = ""
    years: float = float("nan")
    """That the events stand for together. [yr]"""
    loss_type: str = "structural"
    licence: str = "not stated"


def converted(file: Path, folder: Path, wish: Wish) -> list[Path]:
    """Write what a file holds in the other form, and return the files written.

    Parameters
    ----------
    file
        NRML exposure (or a zip with it), vulnerability or fragility; ground motion as CSV or HDF5;
        or, of ours, a table of curves (TOML), of assets or of events (CSV).
    folder
        Where to write; it is made.
    wish
        What the file does not say.

    Raises
    ------
    InvalidInputError
        When it is none of these, or with every fault of it.
    """
    found = Found()
    folder.mkdir(parents=True, exist_ok=True)
    ending = file.suffix.lower()
    if ending == ".toml":
        curves = {curve.id: curve for curve in read_table(file)}
        return [write_curves(curves, folder / f"{file.stem}.xml", wish.loss_type)]
    if ending in {".h5", ".hdf5"}:
        return _events(file, folder, wish)
    if ending in {".xml", ".zip"}:
        return _nrml(file, folder, wish)
    read = table(read_bytes(file, found), file.name, found)
    found.refuse()
    has = set(read.columns)
    if has & set(EVENT) and has & set(SITE):
        return _events(file, folder, wish)
    if {"event", "lon", "lat", "intensity"} <= has:
        return _motion(read, folder, wish)
    if {"id", "lon", "lat"} <= has and any(name.startswith("value") for name in has):
        return write_exposure(_exposure(read), folder / f"{file.stem}.xml")
    found.add("kind", file.name, ", ".join(read.columns)[:80])
    found.refuse()
    return []


def assets_of(exposure: Exposure) -> dict[str, NDArray[np.generic]]:
    """Return an exposure as the columns of a table of assets.

    Worth and curve by component; the curve's name is the taxonomy. People, number and tags follow,
    which the risk engine leaves aside.
    """
    columns: dict[str, NDArray[np.generic]] = {
        "id": exposure.id,
        "lon": exposure.lonlat[:, 0],
        "lat": exposure.lonlat[:, 1],
    }
    for kind, values in exposure.value.items():
        component = COMPONENTS.get(kind, kind)
        columns[f"value_{component}"] = values
        columns[f"curve_{component}"] = exposure.taxonomy
    return {
        **columns,
        "taxonomy": exposure.taxonomy,
        "number": exposure.number,
        **{f"people_{period}": values for period, values in exposure.people.items()},
        **exposure.tag,
    }


def _nrml(file: Path, folder: Path, wish: Wish) -> list[Path]:
    found = Found()
    body = b"exposureModel" if file.suffix.lower() == ".zip" else read_bytes(file, found)
    found.refuse()
    target = folder / f"{file.stem}.toml"
    origin = Origin(licence=wish.licence)
    if b"exposureModel" in body:
        save_table(assets_of(read_exposure(file)), target.with_suffix(".csv"))
        return [target.with_suffix(".csv")]
    read = read_fragility if b"fragilityModel" in body else read_vulnerability
    write_table(target, list(read(file, origin).curves.values()))
    return [target, target.with_suffix(".csv")]


def _events(file: Path, folder: Path, wish: Wish) -> list[Path]:
    found = Found()
    found.add("measure", "--measure", [] if wish.measure else ["—"])
    found.refuse()
    motion = read_motion(file, read_sites(wish.sites) if wish.sites else None)
    years = wish.years if not np.isnan(wish.years) else motion.years
    events = motion.of(wish.measure, rate=1.0 / years)
    which = np.repeat(np.arange(motion.events), np.diff(events.start))
    place = events.head.place[events.point]
    columns = {
        "event": which,
        "lon": place[:, 0],
        "lat": place[:, 1],
        "intensity": events.intensity.astype(np.float64),
        "rate": events.head.rate[which],
    }
    target = folder / f"{file.stem}.csv"
    save_table(columns, target)
    return [target]


def _motion(read: Columns, folder: Path, wish: Wish) -> list[Path]:
    from rencheng.adapters.risk.events.table import event_table

    source = event_table(read.columns, measure=wish.measure, unit=wish.unit).source
    stem = Path(read.name).stem
    return write_motion(source, folder / f"{stem}-gmf.csv", folder / f"{stem}-sites.csv")


def _exposure(read: Columns) -> Exposure:
    """Return a table of assets as an exposure; the curve's name becomes the taxonomy."""
    found = Found()
    values = [name for name in read.columns if name == "value" or name.startswith("value_")]
    named = [name.replace("value", "curve", 1) for name in values]
    curves = [read.columns[name] for name in named if name in read]
    if not curves and "taxonomy" not in read:
        found.add("columns", read.name, "curve")
    other = [n for c in curves[1:] for n in read.columns["id"][c != curves[0]]]
    if other:  # OpenQuake knows one taxonomy for all kinds of loss
        found.add("taxonomies", read.name, other)
    found.refuse()
    taxonomy = read.columns["taxonomy"] if "taxonomy" in read else curves[0]
    kinds = [
        "structural" if n == "value" else OURS.get(n[6:], n.removeprefix("value_")) for n in values
    ]
    rows, many = read.rows, dict(zip(kinds, values, strict=True))
    people = [n for n in read.columns if n.startswith("people_")]
    made = Exposure(
        id=read.columns["id"],
        lonlat=np.column_stack([read.numbers(n, found) for n in ("lon", "lat")]),
        taxonomy=taxonomy,
        number=read.numbers("number", found) if "number" in read else np.ones(rows),
        area=np.full(rows, np.nan),
        value={kind: read.numbers(name, found) for kind, name in many.items()},
        people={n.removeprefix("people_"): read.numbers(n, found) for n in people},
        tag={},
        deductible={},
        limit={},
        retrofitted={},
        layout=Layout(
            cost=dict.fromkeys(kinds, ("aggregated", "")),
            area=("", ""),
            periods=tuple(n.removeprefix("people_") for n in people if n != "people_residents"),
            tags=(),
            fields={},
            description=read.name,
        ),
    )
    found.refuse()
    return made
