"""Read sensors from a table (CSV or Parquet): one row a stream.

Columns: `id`, `name`, `quantity`, `unit` (UCUM, such as `cm` or `bar`), `lon`, `lat` (or `x`, `y`
with `crs`), `asset`, `interval_s`, `low`, `high`, `rate` (in `unit`), `stuck_after`, `is_vital`.
Values and limits are turned into the house's unit; a unit that nobody knows is a fault of its row.
Options are those of `table` for the file: `encoding`, `delimiter`, `decimal`, `swap_axes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rencheng.adapters.cities.files.faults import Faults, refuse
from rencheng.adapters.cities.files.picking import pick
from rencheng.adapters.cities.files.placing import POINTS, Placed, place
from rencheng.adapters.cities.files.streams import Stated, make_streams
from rencheng.adapters.cities.formats.stating import layer_of
from rencheng.adapters.cities.given import Given
from rencheng.adapters.cities.readers import Job, Source
from rencheng.adapters.cities.readers.table import read_rows
from rencheng.domain.errors import Fault
from rencheng.domain.finding import Severity
from rencheng.domain.observation import Datastream
from rencheng.domain.provenance import Origin


@dataclass(frozen=True, slots=True)
class SensorsReader:
    """Reads tables of sensors."""

    layers: tuple[str, ...] = ("sensors",)

    def read(self, source: Source, file: Path, job: Job) -> Given:
        """Return the streams that the table states."""
        rows = read_rows(file, job, source)
        faults = Faults("sensors")
        faults.add("line_ragged", Severity.ERROR, rows.ragged)
        picked, wrong = pick(rows, source, "sensors", faults)
        placed = None
        if rows.count:
            placed, lost = place(picked, source, (POINTS,), job)
            wrong += lost
        else:
            wrong.append(Fault(where=file.name, key="reading.no_rows", problem="it has no rows",
                               hint="Export it again"))  # fmt: skip
        refuse(source.id, file, wrong)
        streams = _streams(placed, faults, Origin(source.origin)) if placed else ()
        crs = placed.crs if placed else ""
        stated = layer_of("sensors", source, file, len(streams), crs=crs)
        return Given(sensors=streams, layers=(stated,), findings=faults.findings)


def _streams(placed: Placed, faults: Faults, origin: Origin) -> tuple[Datastream, ...]:
    picked = placed.picked

    def text(name: str) -> list[str]:
        return [str(one) for one in picked.texts(name)]

    def number(name: str) -> list[float]:
        return [float(one) for one in picked.numbers(name)]

    known = picked.has("is_vital")
    vital = [bool(one) if known else None for one in picked.flags("is_vital")]
    rows = zip(
        text("id"), text("name"), text("quantity"), text("unit"), text("asset"),
        number("interval_s"), number("low"), number("high"), number("rate"),
        number("stuck_after"), vital, placed.xy.tolist(), strict=True,
    )  # fmt: skip
    stated = [
        Stated(
            id=ident, name=name, quantity=quantity, unit=unit, asset=asset, interval_s=interval,
            low=low, high=high, rate=rate, stuck_after=stuck, is_vital=is_vital, xy=(lon, lat),
        )
        for ident, name, quantity, unit, asset, interval, low, high, rate, stuck, is_vital,
            (lon, lat) in rows
    ]  # fmt: skip
    return make_streams(stated, faults, origin)


READER = SensorsReader()
