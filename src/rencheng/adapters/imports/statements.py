"""What owners stated about their assets, on disk; and the form as a city's data fill it in.

dependencies/<city>.json     statements by asset
"""

from __future__ import annotations

import csv
import io
import os
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from threading import Lock

import msgspec

from rencheng.adapters.cities.generate.usual_needs import COLUMNS, template_csv, template_rows
from rencheng.adapters.cities.stated import FOLDER
from rencheng.domain.city import City
from rencheng.domain.errors import CorruptDataError, Fault, InvalidInputError
from rencheng.service.needs_form import NeedRow, Stated

_CITY = re.compile(r"[a-z][a-z0-9_-]{0,79}")
_NEEDED = ("node", "service", "supplier")
MOST_LINES = 200_000


class FolderStatements:
    """Statements in a state folder. Writers are serialised by the store's lock."""

    def __init__(self, state: Path) -> None:
        self._folder = state / FOLDER
        self._lock = Lock()
        self._usual: tuple[str, dict[str, tuple[NeedRow, ...]]] = ("", {})

    def all(self, city: str) -> Mapping[str, Stated]:
        """Return everything that was stated about a city, by asset."""
        file = self._file(city)
        try:
            return msgspec.json.decode(file.read_bytes(), type=dict[str, Stated])
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.DecodeError) as error:
            raise CorruptDataError(
                "needs.broken",
                f"{file} cannot be read: {error}",
                hint="Restore it from the last copy of the state folder",
                params={"file": file.name},
            ) from error

    def put(self, city: str, stated: Iterable[Stated], gone: Iterable[str] = ()) -> None:
        """Keep statements durably, and forget those about the assets that are gone."""
        known = dict(self.all(city))
        for node in gone:
            known.pop(node, None)
        known |= {one.node: one for one in stated}
        self._folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".stated-", dir=self._folder)
        with os.fdopen(handle, "wb") as stream:
            stream.write(msgspec.json.format(msgspec.json.encode(known), indent=1))
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(self._file(city))
        table = to_csv((one.node, "", one.rows) for one in known.values())
        self._file(city).with_suffix(".csv").write_text(table, encoding="utf-8")

    def usual(self, city: City) -> Mapping[str, tuple[NeedRow, ...]]:
        """Return the form of each asset of a city as its data fill it in; kept for its version."""
        key = f"{city.id}/{city.version}"
        with self._lock:
            if self._usual[0] != key:
                rows: dict[str, list[NeedRow]] = {}
                for entry in template_rows(city, with_zones=True):
                    rows.setdefault(entry["node"], []).append(_row(entry))
                self._usual = (key, {node: tuple(some) for node, some in rows.items()})
            return self._usual[1]

    def _file(self, city: str) -> Path:
        return self._folder / f"{city if _CITY.fullmatch(city) else '_'}.json"


def to_csv(table: Iterable[tuple[str, str, Sequence[NeedRow]]]) -> str:
    """Return rows of node, name and needs as the form that can be filled in off line."""
    return template_csv(
        {
            "node": node,
            "name": name,
            "service": row.service,
            "supplier": row.supplier,
            "group": str(row.group),
            "backup_low_h": _hours(row.backup_low_h),
            "backup_high_h": _hours(row.backup_high_h),
            "source": row.source,
            "remark": row.remark,
        }
        for node, name, rows in table
        for row in rows
    )


def from_csv(text: str) -> dict[str, list[NeedRow]]:
    """Read a form that was filled in: by asset, without the rows whose supplier is left open.

    Raises
    ------
    InvalidInputError
        When it is not the form, or numbers are none; all rows at fault are named.
    """
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    missing = [name for name in _NEEDED if name not in (reader.fieldnames or ())]
    if missing:
        raise _refused([_fault("header", "needs.header", ", ".join(missing))])
    faults: list[Fault] = []
    found: dict[str, list[NeedRow]] = {}
    try:
        for line, entry in enumerate(reader, start=2):
            if line > MOST_LINES:
                raise _refused([_fault(f"line {line}", "needs.too_long", str(MOST_LINES))])
            clean = {name: (entry.get(name) or "").strip() for name in COLUMNS}
            if not clean["node"]:
                continue
            rows = found.setdefault(clean["node"], [])
            if clean["supplier"]:
                try:
                    rows.append(_row(clean))
                except ValueError as error:
                    faults.append(_fault(f"line {line}", "needs.number", str(error)))
    except csv.Error as error:
        raise _refused([_fault("file", "needs.csv", str(error))]) from error
    if faults:
        raise _refused(faults)
    return found


def changed(
    forms: Mapping[str, Sequence[NeedRow]], known: Mapping[str, Sequence[NeedRow]]
) -> dict[str, Sequence[NeedRow]]:
    """Return the forms that say something else than what is known already."""

    def facts(rows: Sequence[NeedRow]) -> set[tuple[str, ...]]:
        return {
            (
                row.service, str(row.group), row.supplier, _hours(row.backup_low_h),
                _hours(row.backup_high_h), row.source, row.remark,
            )
            for row in rows
            if row.supplier
        }  # fmt: skip

    return {
        node: rows
        for node, rows in forms.items()
        if rows and facts(rows) != facts(known.get(node, ()))
    }


def _row(entry: Mapping[str, str]) -> NeedRow:
    return NeedRow(
        service=entry["service"],
        group=int(entry.get("group") or 0),
        supplier=entry["supplier"],
        backup_low_h=float(entry.get("backup_low_h") or "nan"),
        backup_high_h=float(entry.get("backup_high_h") or "nan"),
        source=entry.get("source", ""),
        remark=entry.get("remark", ""),
    )


def _hours(value: float) -> str:
    return "" if value != value else f"{value:g}"  # noqa: PLR0124 NaN is unknown


def _fault(where: str, key: str, first: str) -> Fault:
    return Fault(where=where, key=key, problem=first, hint="Mend this row", first=(first,))


def _refused(faults: list[Fault]) -> InvalidInputError:
    return InvalidInputError(
        "needs.form",
        f"the form has {len(faults)} faults, first {faults[0].where}",
        hint="Mend them all and send it again",
        params={"count": len(faults)},
        faults=faults,
    )
