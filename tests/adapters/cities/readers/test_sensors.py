"""Sensors of a table or a SensorThings service become streams in the house's units."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import inf

import pytest

from rencheng.adapters.cities.readers import Job, Source, reader_of
from rencheng.domain.errors import ConflictError, InvalidInputError, SourceUnavailableError


def read(file, kind, job=None, **about):
    source = Source(id="mine", kind=kind, **about)
    return reader_of(source).read(source, file, job or Job())


def keys(given):
    return {f.key: f.first for f in given.findings}


def table(folder, *rows):
    file = folder / "s.csv"
    file.write_text("\n".join(rows), encoding="utf-8")
    return file


def test_a_table_gives_streams_with_limits_in_the_houses_unit(tmp_path):
    file = table(
        tmp_path, "id,name,quantity,unit,lon,lat,asset,low,high,rate,is_vital,interval_s",
        "t1,潮位站,水位,cm,-71.3,-29.9,,-500,900,5,yes,30", "p1,,pressure,bar,-71.2,-29.8,P-7,,,,,",
    )  # fmt: skip
    given = read(file, "sensors")
    tide, pressure = given.sensors
    assert (tide.quantity, tide.unit, tide.low, tide.high) == ("water_level", "m", -5.0, 9.0)
    assert tide.rate == pytest.approx(0.05)
    assert (tide.interval_s, tide.zone, tide.xy, tide.is_vital) == (30, -1, (-71.3, -29.9), True)
    assert (pressure.unit, pressure.asset, pressure.high) == ("kPa", "P-7", 1500.0)
    assert keys(given) == {"sensor_unit_turned": ("t1: cm → m", "p1: bar → kPa")}
    assert given.layers[0].count == 2


def test_what_cannot_be_a_stream_is_left_out_and_named(tmp_path):
    file = table(
        tmp_path, "id,quantity,unit,lon,lat,low,high", "a,water_level,furlong,1,2,,",
        "b,humidity,%,1,2,,", "c,pga,g,1,2,,", "c,pga,g,1,2,,", "d,pga,[g],1,2,5,1", "e,pga,g,,,,",
    )  # fmt: skip
    given = read(file, "sensors")
    assert [s.id for s in given.sensors] == ["c", "d"]
    assert (given.sensors[1].low, given.sensors[1].high, given.sensors[0].rate) == (0.0, 4.0, inf)
    assert keys(given) == {
        "place_missing": ("e",), "sensor_quantity": ("b: humidity",),
        "sensor_unit": ("a: furlong",), "id_repeated": ("c",), "sensor_limits": ("d",),
    }  # fmt: skip


def test_a_table_without_its_columns_says_all_that_miss(tmp_path):
    with pytest.raises(InvalidInputError) as caught:
        read(table(tmp_path, "ident,unite", "a,m"), "sensors")
    where = [(f.key, f.where) for f in caught.value.faults]
    assert where == [
        ("reading.column", "sensors.id"), ("reading.column", "sensors.quantity"),
        ("reading.column", "sensors.unit"), ("reading.no_place", "lon, lat"),
    ]  # fmt: skip


def thing(number, place=(121.5, 31.2), **stream):
    about = {
        "@iot.id": number, "name": f"stream {number}",
        "unitOfMeasurement": {"symbol": "m", "definition": "ucum:m"},
        "ObservedProperty": {"name": "Water Level"}, "properties": {"asset": "T-1"},
    }  # fmt: skip
    return {
        "@iot.id": number, "name": f"thing {number}",
        "Locations": [{"location": {"type": "Point", "coordinates": list(place)}}],
        "Datastreams": [about | stream],
    }  # fmt: skip


def test_a_saved_answer_gives_streams(tmp_path):
    lost = thing(3) | {"Locations": []}
    other = thing(4, ObservedProperty={"name": "Radon"})
    partial = thing(5) | {"Datastreams@iot.nextLink": "more"}
    file = tmp_path / "things.json"
    file.write_text(json.dumps({"value": [thing(1), thing(2, unitOfMeasurement={"symbol": "cm"}),
                                          lost, other, partial, "?"]}))  # fmt: skip
    given = read(file, "sensorthings")
    assert [s.id for s in given.sensors] == ["1", "2", "5"]
    assert (given.sensors[0].xy, given.sensors[0].asset) == ((121.5, 31.2), "T-1")
    assert keys(given) == {
        "place_missing": ("thing 3", "-"), "sensor_partial": ("thing 5",),
        "sensor_quantity": ("4: stream 4",), "sensor_unit_turned": ("2: cm → m",),
    } | {"sensor_quantity": ("4: Radon",)}  # fmt: skip
    mapped = read(file, "sensorthings", values={"quantity": {"radon": "water_level"}})
    assert len(mapped.sensors) == 4


@pytest.mark.parametrize("text", ["no", "[]", '{"value": 1}', "[" * 100_000])
def test_a_file_that_is_no_answer_is_named(tmp_path, text):
    (tmp_path / "t.json").write_text(text)
    with pytest.raises(InvalidInputError, match=r"t\.json is no answer"):
        read(tmp_path / "t.json", "sensorthings")


@contextmanager
def service(pages):
    """A SensorThings service of the test's own, on loopback: path → status and body."""
    asked = []

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            status, body = pages(self.path, f"http://127.0.0.1:{self.server.server_port}")
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1.1", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def two_pages(path, root):
    if "skip=1" in path:
        return 200, json.dumps({"value": [thing(2)]})
    return 200, json.dumps({"value": [thing(1)], "@iot.nextLink": f"{root}/v1.1/Things?skip=1"})


def test_a_service_is_read_page_by_page_and_its_answer_kept(tmp_path):
    file = tmp_path / "kept.json"
    with service(two_pages) as (url, asked):
        given = read(file, "sensorthings", options={"fetch": True, "url": url})
        again = read(file, "sensorthings", options={"fetch": True, "url": url})
    assert [s.id for s in given.sensors] == ["1", "2"]
    assert again.sensors == given.sensors
    assert len(asked) == 2
    assert asked[0].startswith("/v1.1/Things?$expand=Locations")


def test_nothing_is_asked_unless_the_recipe_says_so(tmp_path):
    with service(two_pages) as (url, asked), pytest.raises(InvalidInputError, match="no file"):
        read(tmp_path / "t.json", "sensorthings", options={"url": url})
        with pytest.raises(InvalidInputError, match="names a service"):
            read(tmp_path / "t.json", "sensorthings", path=url)
    assert asked == []


def test_a_path_may_be_the_service_itself(tmp_path):
    with service(two_pages) as (url, asked):
        given = read(tmp_path / url, "sensorthings", path=url, options={"fetch": True})
    assert (len(given.sensors), len(asked)) == (2, 2)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "answer",
    [
        (500, ""), (200, "no"), (200, "{}"), (302, ""),
        (200, '{"value": [], "@iot.nextLink": "http://192.0.2.1/steal"}'),
        (200, '{"value": [], "@iot.nextLink": "file:///etc/passwd"}'),
    ],
)  # fmt: skip
def test_a_service_that_does_not_behave_is_named_and_nothing_kept(tmp_path, answer):
    with service(lambda path, root: answer) as (url, _), pytest.raises(SourceUnavailableError):
        read(tmp_path / "t.json", "sensorthings", options={"fetch": True, "url": url})
    assert list(tmp_path.iterdir()) == []


def test_an_endless_service_stops_at_the_jobs_memory_or_the_users_word(tmp_path):
    def endless(path, root):
        return 200, json.dumps({"value": [thing(1)] * 50, "@iot.nextLink": f"{root}/v1.1/Things?n"})

    options = {"fetch": True}
    with service(endless) as (url, _):
        options["url"] = url
        with pytest.raises(SourceUnavailableError, match="larger"):
            read(tmp_path / "t.json", "sensorthings", Job(memory_mb=1), options=options)
        with pytest.raises(ConflictError):
            read(tmp_path / "t", "sensorthings", Job(is_stopped=lambda: True), options=options)


@pytest.mark.parametrize("url", ["", "ftp://a/b", "things"])
def test_an_address_that_is_none_is_refused(tmp_path, url):
    with pytest.raises(InvalidInputError, match="no address"):
        read(tmp_path / "t.json", "sensorthings", options={"fetch": True, "url": url})
