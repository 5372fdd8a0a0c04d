"""A table of devices as somebody keeps it: headings of both languages, any usual encoding."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import UTC, datetime
from math import isfinite

from rencheng.adapters.cities.files.tabular import encoding_of
from rencheng.domain.errors import InvalidInputError, TooLargeError
from rencheng.service.device_rows import DeviceRow, RowFaults
from rencheng.service.provisioning import MOST_ROWS

HEADINGS: Mapping[str, tuple[str, ...]] = {
    "device": ("device", "device_id", "id", "设备", "设备编号", "设备号"),
    "name": ("name", "thing", "thing_name", "名称", "设备名称", "站点", "站名"),
    "lon": ("lon", "lng", "longitude", "x", "经度"),
    "lat": ("lat", "latitude", "y", "纬度"),
    "asset": ("asset", "资产", "设施", "监测对象"),
    "zone": ("zone", "zone_id", "district", "分区", "片区", "街道"),
    "sensor": ("sensor", "model", "sensor_model", "型号", "传感器", "传感器型号"),
    "quantity": ("quantity", "observed_property", "property", "观测量", "监测项", "要素"),
    "unit": ("unit", "units", "单位"),
    "interval_s": ("interval_s", "interval", "间隔", "间隔秒", "上报间隔", "间隔_s", "间隔s"),
    "low": ("low", "min", "下限", "最小值"),
    "high": ("high", "max", "上限", "最大值"),
    "vital": ("vital", "is_vital", "关键", "是否关键"),
    "expires": ("expires", "expiry", "valid_until", "到期", "有效期", "有效期至", "到期日期"),
}
NEEDED = ("device", "lon", "lat", "quantity")
_YES = {"1", "true", "yes", "y", "是", "关键"}
_NO = {"", "0", "false", "no", "n", "否"}


def read_devices(data: bytes) -> tuple[list[DeviceRow], RowFaults]:
    """Return the rows of a CSV table and what could not be read of them.

    Raises
    ------
    InvalidInputError
        When it is no text, or columns are missing.
    TooLargeError
        When it has too many rows.
    """
    encoding = encoding_of(data, is_whole=True)
    if not encoding or data.startswith(b"PK"):
        raise InvalidInputError(
            "devices.encoding",
            "the file is no text in UTF-8, UTF-16 or GB 18030",
            hint="Save the spreadsheet as CSV",
        )
    text = data.decode(encoding)
    first = text.partition("\n")[0]
    mark = max(",;\t", key=first.count)
    lines = csv.reader(io.StringIO(text), delimiter=mark)
    columns = _columns(next(lines, []))
    rows: list[DeviceRow] = []
    faults = RowFaults()
    for number, cells in enumerate(lines, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(rows) >= MOST_ROWS:
            raise TooLargeError(
                "devices.rows",
                f"the table has more than {MOST_ROWS} rows",
                hint="Send it in parts",
                params={"most": MOST_ROWS},
            )
        said = {k: cells[i].strip() if i < len(cells) else "" for k, i in columns.items()}
        rows.append(_row(number, said, faults))
    return rows, faults


def _columns(head: list[str]) -> dict[str, int]:
    """Return where each column stands, by our names."""
    plain = [one.strip().lower().replace(" ", "_") for one in head]
    plain = [one.partition("(")[0].partition("（")[0].strip("_") for one in plain]
    found = {
        name: next((i for i, one in enumerate(plain) if one in words), -1)
        for name, words in HEADINGS.items()
    }
    missing = [name for name in NEEDED if found[name] < 0]
    if missing:
        raise InvalidInputError(
            "devices.columns",
            f"columns are missing: {', '.join(missing)}",
            hint=f"The first row names the columns: {', '.join(HEADINGS)}",
            params={"missing": ", ".join(missing), "known": ", ".join(HEADINGS)},
        )
    return {name: i for name, i in found.items() if i >= 0}


def _row(number: int, said: Mapping[str, str], faults: RowFaults) -> DeviceRow:
    def of(name: str) -> str:
        return said.get(name, "")

    def value(name: str) -> float | None:
        try:
            found = float(of(name)) if of(name) else None
        except ValueError:
            found = float("nan")
        if found is not None and not isfinite(found):
            faults.add("number", name, number, of(name))
            return None
        return found

    lon, lat = value("lon"), value("lat")
    for name in ("lon", "lat"):
        if not of(name):
            faults.add("missing", name, number)
    if of("vital").lower() not in _YES | _NO:
        faults.add("yes_no", "vital", number, of("vital"))
    asset = of("asset") or (f"zone:{of('zone')}" if of("zone") else "")
    return DeviceRow(
        line=number,
        device=of("device"),
        name=of("name"),
        lon=lon,
        lat=lat,
        quantity=of("quantity"),
        unit=of("unit"),
        asset=asset,
        sensor=of("sensor"),
        interval_s=value("interval_s"),
        low=value("low"),
        high=value("high"),
        is_vital=of("vital").lower() in _YES,
        expires=_time(of("expires"), number, faults),
    )


def _time(text: str, number: int, faults: RowFaults) -> datetime | None:
    """Return the end of a key: a date or a time, in UTC where it names no zone."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text.replace("/", "-"))
    except ValueError:
        faults.add("date", "expires", number, text)
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
