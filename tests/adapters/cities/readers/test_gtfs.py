from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pbf_kit import found
from rencheng.adapters.cities.given import Given, merge
from rencheng.adapters.cities.readers import Job, Source
from rencheng.adapters.cities.readers.gtfs import READER
from rencheng.domain.errors import InvalidInputError, TooMuchError
from shared_data import SHARED

pytest.importorskip("pyarrow", exc_type=ImportError)
FEED = {
    "stops": "stop_id,stop_name,stop_lat,stop_lon,location_type\n"
    "a,南门,30.1,120.1,\nb,北门,30.2,120.2,0\nc,,30.3,120.3,0\nhall,站厅,30.3,120.3,1\n",
    "trips": "route_id,service_id,trip_id\nr,work,t1\nr,work,t2\nr,sunday,t3\n",
    "stop_times": "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
    "t1,08:00:00,08:00:00,a,1\nt1,08:10:00,08:10:00,b,2\nt1,08:20:00,08:20:00,c,3\n"
    "t2,24:50:00,25:10:00,a,1\nt2,25:30:00,25:30:00,c,5\n"
    "t3,9:00:00,9:00:00,c,1\nt3,9:30:00,9:30:00,a,2\n",
    "calendar": "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,"
    "start_date,end_date\nwork,1,1,1,1,1,0,0,20260302,20260313\n"
    "sunday,0,0,0,0,0,0,1,20260301,20260331\n",
}
"""2 March 2026 is a Monday."""


def packed(file: Path, tables: dict[str, str], folder: str = "") -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in tables.items():
            archive.writestr(f"{folder}{name}.txt", text)
    return file


def read(file: Path, *, job: Job | None = None, **options: Any) -> Given:
    source = Source(id="bus", kind="gtfs", path=file.name, options=options)
    return READER.read(source, file, job or Job())


def counts(given: Given) -> dict[str, int]:
    return dict(zip(given.stops.id.tolist(), given.stops.departures.tolist(), strict=True))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "feed.zip"


def test_a_stop_counts_the_trips_that_leave_it_on_a_weekday(file: Path) -> None:
    given = read(packed(file, FEED))
    assert counts(given) == {"bus:a": 2, "bus:b": 1, "bus:c": 0}
    assert given.stops.name.tolist() == ["南门", "北门", "c"]
    assert given.layers[0].as_of == "2026-03-02"
    assert found(given)["gtfs_silent"] == (1, ("bus:c",))


@pytest.mark.parametrize("folder", ["", "export/2026/"])
def test_a_feed_may_lie_in_a_folder_of_the_archive(file: Path, folder: str) -> None:
    assert sum(counts(read(packed(file, FEED, folder))).values()) == 3


def test_a_folder_is_a_feed_too(tmp_path: Path) -> None:
    for name, text in FEED.items():
        (tmp_path / f"{name}.txt").write_text("\ufeff" + text, encoding="utf-8")
    assert sum(counts(read(tmp_path)).values()) == 3


def test_the_day_with_most_trips_wins_over_holidays_and_extra_days(file: Path) -> None:
    dates = "service_id,date,exception_type\nwork,20260302,2\nwork,20260303,2\nsunday,20260305,1\n"
    given = read(packed(file, FEED | {"calendar_dates": dates}))
    assert given.layers[0].as_of == "2026-03-05"
    assert counts(given) == {"bus:a": 2, "bus:b": 1, "bus:c": 1}


def test_a_feed_of_single_dates_needs_no_calendar(file: Path) -> None:
    tables = {k: v for k, v in FEED.items() if k != "calendar"}
    tables["calendar_dates"] = (
        "service_id,date,exception_type\nwork,20260304,1\nsunday,20260308,1\n"
    )
    assert read(packed(file, tables)).layers[0].as_of == "2026-03-04"


def test_days_outside_the_validity_of_the_feed_are_not_taken(file: Path) -> None:
    info = "feed_publisher_name,feed_start_date,feed_end_date\nx,20260306,20260320\n"
    assert read(packed(file, FEED | {"feed_info": info})).layers[0].as_of == "2026-03-06"


def test_a_day_may_be_named(file: Path) -> None:
    given = read(packed(file, FEED), date="2026-03-08")
    assert counts(given) == {"bus:a": 0, "bus:b": 0, "bus:c": 1}
    with pytest.raises(InvalidInputError) as caught:
        read(file, date="8 March")
    assert caught.value.key == "osm.option"


def test_frequencies_are_counted_out(file: Path) -> None:
    rows = (
        "trip_id,start_time,end_time,headway_secs\n"
        "t1,06:00:00,07:00:00,600\nt1,23:00:00,25:00:00,3600\nt9,1:00:00,2:00:00,60\n"
        "t2,06:00:00,07:00:00,0\n"
    )
    given = read(packed(file, FEED | {"frequencies": rows}))
    assert counts(given) == {"bus:a": 6 + 2 + 1, "bus:b": 8, "bus:c": 0}
    assert found(given)["gtfs_frequency"] == (2, ("t9", "t2"))


def test_nobody_leaves_from_where_boarding_is_forbidden(file: Path) -> None:
    lines = FEED["stop_times"].splitlines()
    text = "\n".join(
        [lines[0] + ",pickup_type", lines[1] + ",1", *(line + "," for line in lines[2:])]
    )
    assert counts(read(packed(file, FEED | {"stop_times": text})))["bus:a"] == 1


def test_faults_of_rows_are_counted_and_the_rest_is_read(file: Path) -> None:
    tables = dict(FEED)
    tables["stops"] += "d,无坐标,,,0\ne,零,0,0,0\n"
    tables["stop_times"] += "t9,1:00:00,1:00:00,a,1\nt1,1:00:00,x,zz,9\nt2,soon,soon,b,2\nbroken\n"
    given = read(packed(file, tables))
    assert counts(given) == {"bus:a": 2, "bus:b": 2, "bus:c": 0}
    assert found(given) == {
        "gtfs_ragged": (1, found(given)["gtfs_ragged"][1]),
        "gtfs_unknown_trip": (1, ("t9",)),
        "gtfs_unknown_stop": (1, ("zz",)),
        "gtfs_time_unread": (2, ("t1", "t2")),
        "gtfs_no_place": (2, ("bus:d", "bus:e")),
        "gtfs_silent": (1, ("bus:c",)),
    }


def test_missing_tables_and_columns_are_told_all_at_once(file: Path) -> None:
    tables = {"stops": "stop_id,stop_lat\na,1\n", "trips": "trip_id\nt\n"}
    with pytest.raises(InvalidInputError) as caught:
        read(packed(file, tables))
    assert {(f.where, f.key) for f in caught.value.faults} == {
        ("stop_times.txt", "gtfs.no_table"), ("calendar.txt", "gtfs.no_table"),
        ("stops.txt", "gtfs.no_column"), ("trips.txt", "gtfs.no_column"),
    }  # fmt: skip


def test_a_feed_that_never_runs_on_a_weekday_says_so(file: Path) -> None:
    only = FEED["calendar"].splitlines()
    with pytest.raises(InvalidInputError) as caught:
        read(packed(file, FEED | {"calendar": "\n".join([only[0], only[2]])}))
    assert [f.key for f in caught.value.faults] == ["gtfs.no_day"]


def test_a_zip_bomb_is_refused(file: Path) -> None:
    packed(file, FEED | {"shapes": "0" * (256 << 20)})
    with pytest.raises(TooMuchError):
        read(file, job=Job(memory_mb=64))


def test_several_feeds_keep_their_stops_apart(tmp_path: Path) -> None:
    packed(tmp_path / "metro.zip", FEED)
    given = read(packed(tmp_path / "bus.zip", FEED), feeds="bus.zip, metro.zip")
    assert len(set(given.stops.id)) == 6
    assert given.stops.id[0] == "bus:bus:a"
    with pytest.raises(InvalidInputError):
        read(tmp_path / "bus.zip", feeds="../bus.zip")


def test_several_sources_may_give_stops(file: Path) -> None:
    one = read(packed(file, FEED))
    assert merge([one, one]).stops.departures.sum() == 6


def test_clipping_keeps_the_stops_in_the_box(file: Path) -> None:
    given = read(packed(file, FEED), job=Job(clip=(120.05, 30.05, 120.15, 30.15)))
    assert counts(given) == {"bus:a": 2}


@pytest.mark.skipif(not SHARED.exists(), reason=f"no shared data: {SHARED} is absent")
def test_porto_alegre_counts_as_a_plain_reading_of_the_tables_does() -> None:
    import csv
    import io

    file = SHARED / "porto_alegre/poa_trensurb.zip"
    given = read(file)
    with zipfile.ZipFile(file) as archive:
        rows = {n: list(csv.DictReader(io.StringIO(archive.read(f"{n}.txt").decode("utf-8-sig"))))
                for n in ("trips", "stop_times")}  # fmt: skip
    runs = {t["trip_id"] for t in rows["trips"] if t["service_id"] == "FULLW"}
    last: dict[str, int] = {}
    for row in rows["stop_times"]:
        last[row["trip_id"]] = max(last.get(row["trip_id"], 0), int(row["stop_sequence"]))
    plain: dict[str, int] = {}
    for row in rows["stop_times"]:
        if row["trip_id"] in runs and int(row["stop_sequence"]) < last[row["trip_id"]]:
            plain[f"bus:{row['stop_id']}"] = plain.get(f"bus:{row['stop_id']}", 0) + 1
    assert {k: v for k, v in counts(given).items() if v} == plain


@pytest.mark.skipif(not SHARED.exists(), reason=f"no shared data: {SHARED} is absent")
def test_both_feeds_of_porto_alegre_read_together() -> None:
    folder = SHARED / "porto_alegre"
    given = read(folder / "poa_eptc.zip", feeds="poa_eptc.zip,poa_trensurb.zip")
    assert len(given.stops.id) == 3986 + 24
    assert np.isfinite(given.stops.xy).all()
    assert given.stops.departures.sum() > 130_000
