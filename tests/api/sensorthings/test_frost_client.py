"""A client that others wrote works unchanged: `frost-sta-client` over a real socket."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

fsc = pytest.importorskip("frost_sta_client")

import geojson  # noqa: E402
import uvicorn  # noqa: E402
from fastapi import FastAPI  # noqa: E402
from frost_sta_client.model.ext.data_array_document import DataArrayDocument  # noqa: E402
from frost_sta_client.model.ext.data_array_value import DataArrayValue  # noqa: E402
from frost_sta_client.service.auth_handler import AuthHandler  # noqa: E402

from rencheng.bootstrap import Brain  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:furl.pathstr is deprecated")  # the client's own


@pytest.fixture
def address(app: FastAPI) -> Iterator[str]:
    """Serve the application on a port of this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = uvicorn.Config(
        app, host="127.0.0.1", port=port, lifespan="off", log_level="error", ws="none"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not server.started and time.monotonic() < until:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(20)


@pytest.fixture
def remote(address: str, brain: Brain) -> fsc.SensorThingsService:
    handler = AuthHandler(
        username="sensors", password=brain.identity.create_token("sensors", "client")[0]
    )
    return fsc.SensorThingsService(f"{address}/v1.1", auth_handler=handler)


def building() -> fsc.Thing:
    """Return a thing with a location, a datastream and all that it needs."""
    unit = fsc.UnitOfMeasurement(name="metre", symbol="m", definition="ucum:m")
    observed = fsc.ObservedProperty(
        name="level", definition="http://example.org/level", description="level"
    )
    sensor = fsc.Sensor(
        name="probe", description="probe", encoding_type="text/plain", metadata="none"
    )
    stream = fsc.Datastream(
        name="level of the well", description="level", unit_of_measurement=unit,
        observation_type="http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement",
        observed_property=observed, sensor=sensor,
    )  # fmt: skip
    location = fsc.Location(
        name="here", description="here", encoding_type="application/geo+json",
        location=geojson.Point((-71.3, -29.9)),
    )  # fmt: skip
    thing = fsc.Thing(name="well", description="a well", properties={"depth": 12})
    thing.locations = [location]
    thing.datastreams = [stream]
    return thing


def test_a_client_of_others_creates_finds_pages_changes_and_deletes(
    remote: fsc.SensorThingsService,
) -> None:
    thing = building()
    remote.create(thing)
    found = remote.things().query().filter("name eq 'well' and properties/depth gt 10").expand(
        "Datastreams($expand=Sensor,ObservedProperty),Locations"
    ).list()  # fmt: skip
    (well,) = found
    assert well.id == thing.id
    (stream,) = well.datastreams
    assert (stream.sensor.name, stream.observed_property.name) == ("probe", "level")
    assert well.locations.get(0).location["coordinates"] == [-71.3, -29.9]

    for day in range(1, 8):
        one = fsc.Observation(
            phenomenon_time=f"2026-01-{day:02d}T00:00:00Z", result=day * 1.5, datastream=stream
        )
        remote.create(one)
    pages = stream.get_observations().query().top(3).orderby("phenomenonTime", "asc").count().list()
    assert pages.count == 7
    assert [one.result for one in pages] == [1.5 * day for day in range(1, 8)]
    late = remote.observations().query().filter(
        f"Datastream/@iot.id eq '{stream.id}' and result ge 9"
    ).list()  # fmt: skip
    assert sorted(one.result for one in late) == [9.0, 10.5]

    well.description = "a deep well"
    remote.update(well)
    assert remote.things().find(well.id).description == "a deep well"
    remote.patch(well, [{"op": "replace", "path": "/name", "value": "old well"}])
    assert remote.things().find(well.id).name == "old well"

    remote.delete(next(iter(late)))
    assert len(list(stream.get_observations().query().list())) == 6
    remote.delete(well)
    assert list(remote.things().query().filter("name eq 'old well'").list()) == []


def test_a_client_of_others_sends_observations_as_data_arrays(
    remote: fsc.SensorThingsService,
) -> None:
    remote.create(building())
    (stream,) = remote.datastreams().query().filter("name eq 'level of the well'").list()
    values = DataArrayValue()
    values.datastream = stream
    values.components = {DataArrayValue.Property.PHENOMENON_TIME, DataArrayValue.Property.RESULT}
    for minute in range(30):
        values.add_observation(
            fsc.Observation(phenomenon_time=f"2026-01-01T00:{minute:02d}:00Z", result=float(minute))
        )
    document = DataArrayDocument()
    document.add_data_array_value(values)
    made = remote.observations().create(document)
    assert len(made) == 30
    newest = stream.get_observations().query().top(1).orderby("phenomenonTime", "desc").list()
    assert newest.get(0).result == 29
