"""Tables become layers, by coordinates or by code of the zone."""

import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from rencheng.adapters.cities.given import RawZones
from rencheng.adapters.cities.readers import Job, Source
from rencheng.adapters.cities.readers.table import READER, join_population
from rencheng.domain.errors import InvalidInputError, TooMuchError
from shared_data import SHARED

DATA = SHARED


def read(file, *layers, clip=None, **about):
    source = Source(id="mine", kind="table", layers=layers, **about)
    return READER.read(source, file, Job(clip=clip))


def keys(given):
    return {f.key: f.count for f in given.findings}


def write(folder, text, name="a.csv", encoding="utf-8"):
    (folder / name).write_bytes(text.encode(encoding))
    return folder / name


def refused(file, *layers, **about):
    with pytest.raises(InvalidInputError) as caught:
        read(file, *layers, **about)
    return {fault.key: fault for fault in caught.value.faults} or caught.value


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_table_is_read_in_any_usual_encoding(tmp_path, encoding):
    text = "编号,名称,类型,经度,纬度,床位数\nH1,第一医院,医院,121.47,31.23,800\n"
    places = read(write(tmp_path, text, encoding=encoding)).facilities
    assert places.name.tolist() == ["第一医院"]
    assert places.kind.tolist() == ["hospital"]
    assert places.beds.tolist() == [800.0]


def test_residents_come_with_age_groups(tmp_path):
    text = (
        "lon,lat,population,0-14,15-64,65+\n1,2,100,20,70,10\n1,3,,5,5,5\n1,4,50,1,1,1\n1,5,,,,\n"
    )
    given = read(write(tmp_path, text))
    assert given.people.people.tolist() == [100, 15, 50]
    assert given.people.age[:, 0].tolist() == [20, 70, 10]
    assert keys(given) == {"ages_disagree": 1, "people_unknown": 1}


def test_metres_are_turned_by_the_recipes_system(tmp_path):
    file = write(tmp_path, "x,y,pop\n500000,2500000,3\n")
    assert read(file, "people", crs="EPSG:4547").people.xy[0] == pytest.approx(
        [114, 22.6], abs=0.01
    )
    assert refused(file, "people").keys() == {"reading.crs_missing"}


def test_what_is_wrong_with_rows_is_said_with_row_numbers_and_the_rest_is_kept(tmp_path):
    text = "lon,lat,population\n1,2,10\n1,2\n1,2,many\n1,2,-4\n,,5\n0,0,5\n1,95,5\n1,x,5\n1,2,20\n"
    given = read(write(tmp_path, text))
    assert given.people.people.tolist() == [10, 20]
    assert keys(given) == {
        "line_ragged": 1, "value_no_number": 1, "place_missing": 2, "place_zero": 1,
        "place_out_of_range": 1, "value_negative": 1, "people_unknown": 2,
    } | {"value_no_number": 1}  # fmt: skip
    told = {f.key: f.first for f in given.findings}
    assert told["line_ragged"] == ("3",)
    assert told["value_negative"] == ("row 5: -4",)


def test_everything_that_is_missing_is_said_at_once(tmp_path):
    file = write(tmp_path, "name,pop2020\na,1\n")
    faults = refused(file, "people", columns={"people": "pop", "zzz": "name"})
    assert faults.keys() == {
        "reading.column", "reading.our_column", "reading.no_place",
    }  # fmt: skip
    assert faults["reading.column"].first[0] == "pop2020"


@pytest.mark.parametrize(
    ("data", "key"),
    [
        (b"", "city.file_empty"),
        (b"a\0b", "city.encoding"),
        (b"a,a\n1,1\n", "city.csv_header"),
        (b"code,population\n", "reading.no_rows"),
    ],
)
def test_an_unusable_table_is_named(tmp_path, data, key):
    (tmp_path / "a.csv").write_bytes(data)
    error = refused(tmp_path / "a.csv", "counts")
    assert key in error if isinstance(error, dict) else error.key == key


def test_a_stated_encoding_that_does_not_fit_is_named(tmp_path):
    file = write(tmp_path, "名称,人口\n东,1\n", encoding="gb18030")
    assert refused(file, "counts", options={"encoding": "utf-8"}).key == "city.encoding"
    assert refused(file, "counts", options={"encoding": "klingon"}).key == "city.encoding"


def test_ten_gigabytes_are_refused(tmp_path):
    with (tmp_path / "a.csv").open("wb") as file:
        file.truncate(10_000_000_000)
    with pytest.raises(TooMuchError):
        read(tmp_path / "a.csv")


def test_numbers_with_a_decimal_comma_are_read_when_said_so(tmp_path):
    file = write(tmp_path, 'lon;lat;pop\n"1,5";"2,5";"1.234,5"\n')
    given = read(file, "people", options={"decimal": ","})
    assert given.people.xy.tolist() == [[1.5, 2.5]]
    assert given.people.people.tolist() == [1234.5]


def test_parquet_and_wkt_are_tables_too(tmp_path):
    table = pa.table(
        {"wkt": ["POLYGON((1 1,2 1,2 2,1 1))", "no"], "code": ["a", "b"], "pop": [3, 4]}
    )
    pq.write_table(table, tmp_path / "z.parquet")
    given = read(tmp_path / "z.parquet", "zones")
    assert given.zones.population.tolist() == [3]
    assert keys(given) == {"place_missing": 1}


def zones(codes, names=("", "", "")):
    return RawZones(
        id=np.array([1, 2, 3]), code=np.array(codes, object), name=np.array(names, object),
        population=np.array([7.0, np.nan, np.nan]), age=np.full((3, 3), np.nan),
        areas=np.array([shapely.box(x, 0, x + 1, 1) for x in range(3)]),
    )  # fmt: skip


def test_residents_are_given_to_zones_by_code(tmp_path):
    text = "行政区划代码,常住人口,0-14岁,15-64岁,65岁及以上\n310101,100,20,60,20\n"
    text += "310104,5,,,\n310104,6,,,\n"
    given = read(write(tmp_path, text))
    assert keys(given) == {"id_repeated": 1}
    whole, found = join_population(zones(["310101", "310104", "310199"]), given.counts)
    assert whole.population[:2].tolist() == [100, 5]
    assert np.isnan(whole.population[2])
    assert whole.age[:, 0].tolist() == [20, 60, 20]
    assert {f.key: f.first for f in found} == {"zone_uncounted": ("3",)}


def test_codes_that_lost_their_zeros_and_names_find_their_zone(tmp_path):
    file = write(tmp_path, "code,population\n31,1\n99,2\n")
    whole, found = join_population(zones(["0031", "0032", "0033"]), read(file).counts)
    assert whole.population[0] == 1
    assert {f.key: f.first for f in found} == {
        "zone_uncounted": ("2", "3"), "count_without_zone": ("99",),
    }  # fmt: skip
    named = write(tmp_path, "name,population\nEast,8\n", "b.csv")
    whole, _ = join_population(zones(["", "", ""], ("West", "East", "")), read(named).counts)
    assert whole.population.tolist()[:2] == [7, 8]


def test_a_source_may_name_join_itself(tmp_path):
    file = write(tmp_path, "zone,lon,lat,residents\n1,1,2,9\n")
    given = read(file, options={"join": "zones"})
    assert given.people is None
    assert given.counts.population.tolist() == [9]


def test_porto_alegre_has_its_residents():
    file = DATA / "porto_alegre" / "poa_hexgrid.csv"
    if not file.exists():
        pytest.skip(f"no real data: {file.name} is not there")
    given = read(file)
    assert len(given.people.people) == 1227
    assert given.people.people.sum() == 812_935
    assert given.findings == ()


def test_parquet_without_its_package_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    assert refused(tmp_path / "a.parquet", "people").key == "city.no_extra"
