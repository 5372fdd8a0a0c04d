"""The map of a history file: which column is what; read and checked, or guessed."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rencheng.domain.errors import Fault, InvalidInputError
from rencheng.service.toml import parse_toml

SCHEMA = "rencheng/history_map/1"
FORMATS = ("iso", "s", "ms")
"""Times besides patterns of `strptime`: ISO 8601, seconds and milliseconds since 1970."""
_TIME = re.compile(r"time|date|timestamp|时间|日期|时刻", re.I)
_STREAM = re.compile(r"stream|station|sensor|gauge|site|code|^id$|站|测点|编号", re.I)
_VALUE = re.compile(r"value|result|level|reading|obs|值|读数|水位|雨量", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of values."""

    name: str
    datastream: str
    """Empty: the stream's name stands in `HistoryMap.stream`."""
    factor: float
    offset: float
    """Added after the factor; both lead to the unit of the datastream."""
    is_unit_known: bool
    """Whether the map gives the factor; otherwise units that a file states are converted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryMap:
    """What stands in `map.toml`."""

    source: str
    """Names the origin; the same file under the same name is the same readings."""
    time: str
    time_format: str
    zone: str
    stream: str
    columns: tuple[Column, ...]
    streams: Mapping[str, str]
    missing: tuple[float, ...]


def map_from(content: bytes | str, name: str = "map") -> HistoryMap:
    """Read a map.

    Parameters
    ----------
    name
        Of its file.

    Raises
    ------
    InvalidInputError
        With every fault at once.
    """
    faults: list[Fault] = []
    document = parse_toml(content, name)
    if document.get("schema") != SCHEMA:
        faults.append(_fault("schema", f"is not {SCHEMA}"))
    for key in ("source", "time"):
        if not isinstance(document.get(key), str) or not document[key]:
            faults.append(_fault(key, "is missing"))
    stream = str(document.get("stream", ""))
    rows = document.get("column", [])
    if not isinstance(rows, list) or not rows:
        faults.append(_fault("column", "there is no [[column]]"))
        rows = []
    columns = [_column(f"column[{i}]", row, stream, faults) for i, row in enumerate(rows)]
    how, zone = str(document.get("time_format", "iso")), str(document.get("zone", "UTC"))
    if how not in FORMATS and "%" not in how:
        faults.append(_fault("time_format", "is neither iso, s, ms nor a pattern with %"))
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        faults.append(_fault("zone", f"there is no time zone {zone!r}"))
    streams, missing = document.get("streams", {}), document.get("missing", [])
    if not isinstance(streams, dict) or not all(isinstance(v, str) for v in streams.values()):
        faults.append(_fault("streams", 'is not "name in the file" = "id of a datastream"'))
    if not isinstance(missing, list) or not all(isinstance(v, int | float) for v in missing):
        faults.append(_fault("missing", "is no list of numbers"))
    if faults:
        raise _wrong(faults)
    return HistoryMap(
        source=document["source"],
        time=document["time"],
        time_format=how,
        zone=zone,
        stream=stream,
        columns=tuple(columns),
        streams=streams,
        missing=tuple(float(one) for one in missing),
    )


def guessed(name: str, columns: Sequence[str], known: Collection[str]) -> str:
    """Return the draft of a map for a file with these columns.

    Columns that are called like datastreams are theirs; otherwise a column of times, one of names
    and one of values are looked for by their headings. A guess is only ever a draft: a person
    looks at it, above all at units and time zone.
    """
    time = next((one for one in columns if _TIME.search(one)), columns[0] if columns else "")
    rest = [one for one in columns if one != time]
    own = [one for one in rest if one in known]
    lines = [
        f"schema = {_q(SCHEMA)}",
        f"source = {_q(name)}        # the same name again: the same readings",
        f"time = {_q(time)}",
        'time_format = "iso"        # iso | s | ms | a pattern such as %Y-%m-%d %H:%M',
        'zone = "UTC"               # of times that name none, such as Asia/Shanghai',
        "missing = []               # values that mean none, such as -999",
    ]
    chosen = [(one, f"datastream = {_q(one)}") for one in own]
    if not own:
        stream = next((one for one in rest if _STREAM.search(one)), rest[0] if rest else "")
        values = [one for one in rest if one != stream]
        value = next((one for one in values if _VALUE.search(one)), values[-1] if values else "")
        lines.append(f"stream = {_q(stream)}")
        chosen = [(value, "")]
    for one, more in chosen:
        lines += ["", "[[column]]", f"name = {_q(one)}"]
        lines += [more] if more else []
        lines += ["factor = 1.0               # to the unit of the datastream"]
    if not own:
        lines += ["", "[streams]", '# "name in the file" = "id of a datastream"; "" leaves out']
    return "\n".join(lines) + "\n"


def _column(at: str, given: Any, stream: str, faults: list[Fault]) -> Column:
    row = given if isinstance(given, dict) else {}
    if not isinstance(row.get("name"), str) or not row["name"]:
        faults.append(_fault(f"{at}.name", "is missing"))
    if bool(row.get("datastream")) == bool(stream):
        faults.append(_fault(at, "needs `datastream`, or else the map a column `stream`"))
    numbers = {}
    for key, default in (("factor", 1.0), ("offset", 0.0)):
        value = row.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            faults.append(_fault(f"{at}.{key}", "is no number"))
            value = default
        numbers[key] = float(value)
    return Column(
        name=str(row.get("name", "")),
        datastream=str(row.get("datastream", "")),
        factor=numbers["factor"],
        offset=numbers["offset"],
        is_unit_known="factor" in row or "offset" in row,
    )


def _q(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _fault(where: str, problem: str) -> Fault:
    hint = "Mend the map; docs/how-to/history-import.md says what belongs there"
    return Fault(where=where, key="history_import.map", problem=problem, hint=hint)


def _wrong(faults: list[Fault]) -> InvalidInputError:
    said = ", ".join(f"{one.where} ({one.problem})" for one in faults)
    return InvalidInputError(
        "history_import.map",
        f"the map has {len(faults)} faults: {said}",
        hint="Mend them all",
        params={"count": len(faults), "where": ", ".join(one.where for one in faults)},
        faults=faults,
    )
