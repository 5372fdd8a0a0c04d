"""Readings of the past: every fault is counted, the same file again makes nothing new."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from ops_kit import Kit, make_kit
from rencheng.adapters.history_import.importing import Imported, import_history
from rencheng.adapters.history_import.maps import guessed, map_from
from rencheng.adapters.history_import.reading import columns_of
from rencheng.domain.city import City
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.observation import Datastream

pa = pytest.importorskip("pyarrow", reason="the extra `data` is not installed")
START = datetime(2009, 1, 1, tzinfo=UTC)
LONG = """
schema = "rencheng/history_map/1"
source = "archive"
time = "time"
stream = "station"
missing = [-999]
[[column]]
name = "level"
"""


@pytest.fixture
def kit(tmp_path: Path, tiny_city: City) -> Iterator[Kit]:
    made = make_kit(tmp_path, tiny_city)
    yield made
    made.store.close()


def streams(kit: Kit) -> tuple[Datastream, Datastream]:
    first, second = kit.house.cities.current().datastreams[:2]
    return first, second


def take(kit: Kit, file: Path, text: str, **more: bool) -> Imported:
    return import_history(kit.house, file.parent, file, map_from(text), **more)


def values(kit: Kit, stream: str) -> list[tuple[datetime, float]]:
    with kit.house.work() as work:
        found = work.observations.series("live", [stream], START, START + timedelta(days=9))
    return [(one.phenomenon_time, one.value) for one in found]


def test_csv_is_taken_in_once_and_every_fault_is_counted(kit: Kit, tmp_path: Path) -> None:
    one, two = streams(kit)
    rows = [
        f"2009-01-01T00:00:00Z,{one.id},1.5",
        f"2009-01-01T00:00:00Z,{two.id},1",
        f"2009-01-01T01:00:00Z,{one.id},-999",
        f"2009-01-01T02:00:00Z,{one.id},high",
        f"someday,{one.id},1",
        "2009-01-01T03:00:00Z,elsewhere,1",
        f"2009-01-01T04:00:00Z,{one.id},2,too,many",
        f"2009-01-01T05:00:00+08:00,{one.id},2.5",
        f"2199-01-01T00:00:00Z,{one.id},2.5",
    ]
    file = tmp_path / "long.csv"
    file.write_text("\n".join(["time,station,level", *rows]), "utf-8")
    done = take(kit, file, LONG)
    assert done.accepted == 3
    assert done.tally.counts == {"row": 1, "time": 1, "stream": 1, "value": 1, "future": 1}
    assert done.tally.first["time"] == ["5 (someday)"]
    kept = values(kit, one.id)
    assert (START, 1.5) in kept
    again = take(kit, file, LONG)
    assert (again.accepted, again.duplicate) == (0, 3)


def test_a_dry_run_keeps_nothing_and_counts_the_same(kit: Kit, tmp_path: Path) -> None:
    one, _ = streams(kit)
    file = tmp_path / "long.csv"
    file.write_text(f"time,station,level\n2009-01-01T00:00:00Z,{one.id},1\nx,{one.id},1\n", "utf-8")
    done = take(kit, file, LONG, dry_run=True)
    assert (done.accepted, done.tally.counts) == (1, {"time": 1})
    assert values(kit, one.id) == []


def test_columns_of_several_streams_with_local_times_and_units(kit: Kit, tmp_path: Path) -> None:
    one, two = streams(kit)
    file = tmp_path / "wide.csv"
    file.write_text("day,a,b\n2009-01-01 08:00,150,7\n2009-01-01 09:00,,8\n", "utf-8")
    text = f"""
schema = "rencheng/history_map/1"
source = "wide"
time = "day"
time_format = "%Y-%m-%d %H:%M"
zone = "Asia/Shanghai"
[[column]]
name = "a"
datastream = "{one.id}"
factor = 0.01
[[column]]
name = "b"
datastream = "{two.id}"
"""
    assert take(kit, file, text).accepted == 3
    assert values(kit, one.id) == [(START, 1.5)]
    assert values(kit, two.id) == [(START, 7.0), (START + timedelta(hours=1), 8.0)]


def test_parquet_in_its_own_types(kit: Kit, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    one, _ = streams(kit)
    times = [START + timedelta(minutes=i) for i in range(5)]
    table = pa.table(
        {
            "time": pa.array(times, pa.timestamp("ns", "UTC")),
            "station": pa.array([one.id] * 5).dictionary_encode(),
            "level": pa.array([1, 2, None, 4, 5], pa.float32()),
        }
    )
    pq.write_table(table, tmp_path / "f.parquet")
    assert take(kit, tmp_path / "f.parquet", LONG).accepted == 4
    assert len(values(kit, one.id)) == 4


def test_netcdf_with_units_of_time_and_value(kit: Kit, tmp_path: Path) -> None:
    netcdf = pytest.importorskip("netCDF4", reason="the extra `data` is not installed")
    one, two = streams(kit)
    file = tmp_path / "f.nc"
    with netcdf.Dataset(file, "w") as out:
        out.createDimension("time", 3)
        out.createDimension("station", 2)
        time = out.createVariable("time", "f8", ("time",))
        time.units, time.calendar = "hours since 2009-01-01 00:00:00", "gregorian"
        time[:] = [0, 1, 2]
        names = out.createVariable("name", str, ("station",))
        names[:] = np.array([one.id, two.id], object)
        level = out.createVariable("level", "f4", ("time", "station"), fill_value=-9.0)
        level.units = "cm"
        level[:] = [[100, 200], [110, -9], [120, 220]]
    text = LONG.replace('"station"', '"name"')
    assert take(kit, file, text).accepted == 5
    assert values(kit, one.id)[0] == (START, pytest.approx(1.0))


def test_a_calendar_without_leap_days_is_refused(kit: Kit, tmp_path: Path) -> None:
    netcdf = pytest.importorskip("netCDF4", reason="the extra `data` is not installed")
    one, _ = streams(kit)
    with netcdf.Dataset(tmp_path / "f.nc", "w") as out:
        out.createDimension("time", 1)
        time = out.createVariable("time", "f8", ("time",))
        time.units, time.calendar = "days since 2009-01-01", "noleap"
        out.createVariable("level", "f4", ("time",))
    text = LONG.replace('stream = "station"', "") + f'datastream = "{one.id}"'
    with pytest.raises(InvalidInputError, match="calendar"):
        take(kit, tmp_path / "f.nc", text)


def test_an_import_that_was_cut_off_goes_on_and_loses_nothing(
    kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = streams(kit)
    rows = [f"{1230768000 + 60 * i},{one.id},1.{i % 7}" for i in range(2000)]
    file = tmp_path / "f.csv"
    file.write_text("\n".join(["time,station,level", *rows]), "utf-8")
    monkeypatch.setattr("rencheng.adapters.history_import.reading.BLOCK", 8_000)
    text = LONG.replace("missing", 'time_format = "s"\nmissing')

    def power_cut(done: Imported) -> None:
        if done.rows > 900:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_history(kit.house, tmp_path, file, map_from(text), told=power_cut)
    done = take(kit, file, text)
    assert done.resumed_at > 900
    assert done.duplicate == 0
    with kit.house.work() as work:
        assert work.observations.counts("live")[one.id][0] == 2000


def test_what_a_map_names_must_be_there(kit: Kit, tmp_path: Path) -> None:
    file = tmp_path / "f.csv"
    file.write_text("time,site,level\n", "utf-8")
    with pytest.raises(InvalidInputError) as error:
        take(kit, file, LONG + '[streams]\nA = "nowhere"\n')
    assert [one.where for one in error.value.faults] == ["column station", "datastream nowhere"]


def test_a_draft_of_a_map_is_a_map(kit: Kit, tmp_path: Path) -> None:
    one, two = streams(kit)
    file = tmp_path / "f.csv"
    file.write_text("编号,时间,水位\n", "utf-8")
    long = map_from(guessed("f", columns_of(file), set()))
    assert (long.stream, long.time, long.columns[0].name) == ("编号", "时间", "水位")
    wide = map_from(guessed("f", ["date", one.id, two.id, "x"], {one.id, two.id}))
    assert [column.datastream for column in wide.columns] == [one.id, two.id]
    assert replace(wide, source="g") != wide
