"""The mapping file of `http_json`, checked as a whole."""

from __future__ import annotations

from collections.abc import Mapping as Table
from dataclasses import dataclass
from typing import Any

from rencheng.connectors.paths import FORMATS, steps, zone_of
from rencheng.domain.errors import Fault, InvalidInputError
from rencheng.service.toml import parse_toml

SCHEMA = "rencheng/http_json/1"
LOOK_BACK = 1000
"""Values not newer than what is known that are looked at again, in case they came late. Chosen."""
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """How one kind of row becomes readings."""

    path: Path
    """Leads to the rows."""
    stream: Path
    """Within a row: the source's name of the stream; empty: `datastream` is meant."""
    datastream: str
    """The one stream of all rows; empty: `stream` says."""
    time: Path
    time_format: str
    zone: str
    value: Path
    missing: tuple[Any, ...]
    """Values that mean none."""
    factor: float
    """From the source's unit to `unit`."""
    offset: float
    """Added after the factor."""
    unit: str
    """UCUM, that of the datastream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """A mapping file."""

    rows: tuple[Rows, ...]
    streams: Table[str, str]
    """The source's names to ids of datastreams; empty string: known and not wanted."""
    is_complete: bool
    """Whether a name that is not in `streams` is refused rather than passed over."""
    look_back: int = LOOK_BACK


def mapping_from(text: str) -> Mapping:
    """Read a mapping file.

    Raises
    ------
    InvalidInputError
        With every fault at once.
    """
    faults: list[Fault] = []
    document = parse_toml(text, "mapping")
    if document.get("schema") != SCHEMA:
        faults.append(_fault("schema", f"is not {SCHEMA}"))
    tables = document.get("rows", [])
    if not isinstance(tables, list) or not tables:
        faults.append(_fault("rows", "there is no [[rows]]"))
        tables = []
    rows = [_rows(f"rows[{i}]", one, faults) for i, one in enumerate(tables)]
    streams = document.get("streams", {})
    if not isinstance(streams, dict) or not all(isinstance(v, str) for v in streams.values()):
        faults.append(_fault("streams", 'is not "name of the source" = "id of a datastream"'))
        streams = {}
    if faults:
        raise _wrong(faults)
    return Mapping(
        rows=tuple(rows), streams=streams, is_complete=bool(document.get("is_complete", False))
    )


def _rows(at: str, given: Any, faults: list[Fault]) -> Rows:
    row = given if isinstance(given, dict) else {}
    for key in ("time", "value", "unit"):
        if not isinstance(row.get(key), str) or not row[key]:
            faults.append(_fault(f"{at}.{key}", "is missing"))
    if bool(row.get("stream")) == bool(row.get("datastream")):
        faults.append(_fault(at, "needs either `stream` (a path) or `datastream` (an id)"))
    paths = {key: _path(f"{at}.{key}", row.get(key, ""), faults)
             for key in ("path", "stream", "time", "value")}  # fmt: skip
    numbers = {}
    for key, default in (("factor", 1.0), ("offset", 0.0)):
        value = row.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            faults.append(_fault(f"{at}.{key}", "is no number"))
            value = default
        numbers[key] = float(value)
    how, zone = str(row.get("time_format", "iso")), str(row.get("zone", "UTC"))
    if how not in FORMATS and "%" not in how:
        faults.append(_fault(f"{at}.time_format", "is neither iso, s, ms nor a pattern with %"))
    try:
        zone_of(zone)
    except ValueError as error:
        faults.append(_fault(f"{at}.zone", str(error)))
    return Rows(
        path=paths["path"],
        stream=paths["stream"],
        datastream=str(row.get("datastream", "")),
        time=paths["time"],
        time_format=how,
        zone=zone,
        value=paths["value"],
        missing=tuple(row.get("missing", ())) if isinstance(row.get("missing", ()), list) else (),
        factor=numbers["factor"],
        offset=numbers["offset"],
        unit=str(row.get("unit", "")),
    )


def _path(at: str, given: Any, faults: list[Fault]) -> Path:
    try:
        return steps(given if isinstance(given, str) else repr(given))
    except InvalidInputError as error:
        faults.append(_fault(at, error.problem))
        return ()


def _fault(where: str, problem: str) -> Fault:
    hint = "Mend the mapping file; docs/how-to/feeds.md says what belongs there"
    return Fault(where=where, key="connector.mapping", problem=problem, hint=hint)


def _wrong(faults: list[Fault]) -> InvalidInputError:
    said = ", ".join(f"{one.where} ({one.problem})" for one in faults)
    return InvalidInputError(
        "connector.mapping",
        f"the mapping has {len(faults)} faults: {said}",
        hint="Mend them all",
        params={"count": len(faults), "where": ", ".join(one.where for one in faults)},
        faults=faults,
    )
