"""One row of a table of devices, and everything that can be wrong with it against the city."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from rencheng.domain.city import City
from rencheng.domain.errors import Fault, InvalidInputError
from rencheng.domain.observation import UNITS, Quantity
from rencheng.domain.sensing import EntityKind
from rencheng.service.register_forms import ID
from rencheng.service.register_index import Index

K = EntityKind
MARGIN = 0.05
"""How far beyond the city's districts a device may stand, as a tide gauge does. Chosen. [deg]"""
TOLD = 30
"""Rows that a fault names. Chosen."""
QuantityOf = Callable[[Sequence[str], Sequence[str]], Quantity]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRow:
    """One datastream of one device, as a row states it; None: that cell could not be read."""

    line: int
    """Number of the row as a spreadsheet shows it; the headings are row 1."""
    device: str
    name: str
    lon: float | None
    lat: float | None
    """WGS84. [deg]"""
    quantity: str
    """Our name of it, or another's word."""
    unit: str
    """Empty: the house's own."""
    asset: str = ""
    """Id of a facility or lifeline, or `zone:<id>`; empty: the open field."""
    sensor: str = ""
    """Model of the instrument."""
    interval_s: float | None = None
    """[s]"""
    low: float | None = None
    high: float | None = None
    is_vital: bool = False
    expires: datetime | None = None
    """When its key ends; None: never. [UTC]"""


@dataclass(slots=True)
class RowFaults:
    """Faults of a table, gathered by kind, each with the rows where it stands."""

    _found: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def add(self, key: str, where: str, line: int, what: str = "") -> None:
        """Note a fault of a row."""
        said = f"{line}: {what[:60]}" if what else str(line)
        self._found.setdefault((key, where), []).append(said)

    def all(self) -> tuple[Fault, ...]:
        """Return every kind of fault, with the rows."""
        return tuple(
            Fault(
                where=where,
                key=f"devices.{key}",
                problem=f"{where}: {key} in {len(rows)} rows",
                hint="Mend the rows and send the table again",
                count=len(rows),
                first=tuple(rows[:TOLD]),
            )
            for (key, where), rows in self._found.items()
        )

    def raise_any(self) -> None:
        """Raise `InvalidInputError` with all of them, if there are any."""
        if faults := self.all():
            raise InvalidInputError(
                "devices.table",
                f"the table has {len(faults)} kinds of faults",
                hint="Mend them all and send it again; nothing was kept",
                params={"count": sum(fault.count for fault in faults)},
                faults=faults,
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A row with what was found out about it."""

    row: DeviceRow
    quantity: Quantity
    stream: str
    """Id of its datastream."""


def checked(
    rows: Iterable[DeviceRow], city: City, index: Index, quantity: QuantityOf, faults: RowFaults
) -> list[Checked]:
    """Hold every row against the city and the register; what is wrong goes to `faults`."""
    box, assets = _box(city), _assets(city)
    known = cache(lambda word, unit: _quantity(word, unit, quantity))
    seen: dict[str, int] = {}
    first: dict[str, DeviceRow] = {}
    found: list[Checked] = []
    for row in rows:
        if not ID.fullmatch(row.device):
            faults.add("id" if row.device else "no_id", "device", row.line, row.device)
            continue
        _place(row, box, faults)
        if row.asset and row.asset not in assets:
            faults.add("asset", "asset", row.line, row.asset)
        if row.low is not None and row.high is not None and row.low >= row.high:
            faults.add("low_high", "low", row.line, f"{row.low:g} ≥ {row.high:g}")
        if row.interval_s is not None and row.interval_s <= 0.0:
            faults.add("interval", "interval_s", row.line, f"{row.interval_s:g}")
        what, problem = known(row.quantity, row.unit)
        if problem:
            said = row.unit if problem == "unit" else row.quantity
            faults.add(problem, "unit" if problem == "unit" else "quantity", row.line, said)
        stream = f"{row.device}-{what.value}"
        if stream in seen:
            faults.add("twice", "device", row.line, f"{row.device} = {seen[stream]}")
        seen[stream] = row.line
        one = first.setdefault(row.device, row)
        if _of_device(one) != _of_device(row):
            faults.add("differs", "device", row.line, f"{row.device} ≠ {one.line}")
        if _is_citys(index, row.device, stream):
            faults.add("of_the_city", "device", row.line, row.device)
        found.append(Checked(row=row, quantity=what, stream=stream))
    return found


def _is_citys(index: Index, device: str, stream: str) -> bool:
    kinds = (K.THINGS, K.LOCATIONS, K.SENSORS)
    return (K.DATASTREAMS, stream) in index.own or any((one, device) in index.own for one in kinds)


def _of_device(row: DeviceRow) -> tuple[Any, ...]:
    """Return what all rows of one device have to say alike."""
    return (row.name, row.lon, row.lat, row.sensor, row.expires)


def _place(row: DeviceRow, box: tuple[float, float, float, float], faults: RowFaults) -> None:
    if row.lon is None or row.lat is None:
        return  # named as unreadable already
    if not _holds(box, row.lon, row.lat):
        is_swapped = _holds(box, row.lat, row.lon)
        said = f"{row.lon:g}, {row.lat:g}"
        faults.add("swapped" if is_swapped else "outside", "lon", row.line, said)


def _holds(box: tuple[float, float, float, float], x: float, y: float) -> bool:
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def _box(city: City) -> tuple[float, float, float, float]:
    xy = city.zones.shapes.xy
    west, south = xy.min(axis=0) - MARGIN
    east, north = xy.max(axis=0) + MARGIN
    return float(west), float(south), float(east), float(north)


def _assets(city: City) -> frozenset[str]:
    zones = (f"zone:{key}" for key in city.zones.id)
    return frozenset((*city.lifelines.id, *city.facilities.id, *zones))


def _quantity(word: str, unit: str, quantity: QuantityOf) -> tuple[Quantity, str]:
    """Return the quantity behind a word, or which fault keeps us from it."""
    name = next((q for q, u in UNITS.items() if quantity([word], [u]) is q), None)
    if name is None:
        return Quantity.OTHER, "quantity"
    if unit and quantity([word], [unit]) is not name:
        return name, "unit"
    return name, ""
