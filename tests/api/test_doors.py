"""A key bound to datastreams writes no other by any door, and reads no other either."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from api_kit import TestClient
from ops_kit import Clock
from rencheng.bootstrap import Brain
from rencheng.bootstrap.mqtt_gate import rights_of
from rencheng.connectors.mqtt.mapping import MqttMapping
from rencheng.domain.run import LIVE_RUN
from sensing_kit import NUMBER, observed, place, sensor, stream

STA = "http://testserver/v1.1"
OWN, OTHER, THING = "prs-1", "prs-5", "zone:105"


@dataclass
class Doors:
    """The doors of a house, to knock at with a bound key."""

    client: TestClient
    now: str
    others: str
    """Id of an observation of the other datastream."""

    def value(self, key: str) -> dict[str, Any]:
        return {
            "result": 301.0, "phenomenonTime": self.now, "Datastream": {"@iot.id": key},
        }  # fmt: skip

    def api(self) -> Any:
        item = {
            "id": "x", "datastream": OTHER, "value": 301.0, "unit": "kPa",
            "phenomenon_time": self.now,
        }  # fmt: skip
        return self.client.post("ingest/observations", json={"batch": "b", "items": [item]})

    def post(self) -> Any:
        return self.client.post(f"{STA}/Observations", json=self.value(OTHER))

    def post_below(self) -> Any:
        body = {"result": 301.0, "phenomenonTime": self.now}
        return self.client.post(f"{STA}/Datastreams('{OTHER}')/Observations", json=body)

    def data_array(self) -> Any:
        return self.arrays("phenomenonTime", self.now)

    def data_array_slow(self) -> Any:
        return self.arrays("parameters", {"by": "hand"})

    def arrays(self, component: str, cell: Any) -> Any:
        body = [
            {
                "Datastream": {"@iot.id": OTHER}, "components": [component, "result"],
                "dataArray": [[cell, 301.0]],
            }
        ]  # fmt: skip
        return self.client.post(f"{STA}/CreateObservations", json=body)

    def batch(self) -> Any:
        request = {
            "id": "0", "method": "post", "url": "Observations", "body": self.value(OTHER),
        }  # fmt: skip
        return self.client.post(f"{STA}/$batch", json={"requests": [request]})

    def deep_stream(self) -> Any:
        body = stream("mine", Thing={"@iot.id": THING}, Observations=[{"result": 1.0}])
        return self.client.post(f"{STA}/Datastreams", json=body)

    def deep_thing(self) -> Any:
        body = {
            "name": "t", "description": "t", "Locations": [place("p", -71.3, -29.9)],
            "Datastreams": [stream("mine") | {"Observations": [{"result": 1.0}]}],
        }  # fmt: skip
        return self.client.post(f"{STA}/Things", json=body)

    def deep_feature(self) -> Any:
        body = {
            "name": "f", "description": "f", "encodingType": "application/geo+json",
            "feature": {"type": "Point", "coordinates": [-71.3, -29.9]},
            "Observations": [self.value(OTHER)],
        }  # fmt: skip
        return self.client.post(f"{STA}/FeaturesOfInterest", json=body)

    def multi(self) -> Any:
        body = {
            "name": "m", "description": "m", "multiObservationDataTypes": [NUMBER],
            "unitOfMeasurements": [{"name": "m", "symbol": "m", "definition": "m"}],
            "Thing": {"@iot.id": THING}, "Sensor": sensor("s"),
            "ObservedProperties": [observed("o")],
        }  # fmt: skip
        return self.client.post(f"{STA}/MultiDatastreams", json=body)

    def patch_value(self) -> Any:
        return self.client.patch(f"{STA}/Observations('{self.others}')", json={"result": 1.0})

    def patch_value_json_patch(self) -> Any:
        body = [{"op": "replace", "path": "/result", "value": 1.0}]
        return self.client.patch(f"{STA}/Observations('{self.others}')", json=body)

    def put_value(self) -> Any:
        return self.client.put(f"{STA}/Observations('{self.others}')", json=self.value(OWN))

    def delete_value(self) -> Any:
        return self.client.delete(f"{STA}/Observations('{self.others}')")

    def patch_stream(self) -> Any:
        return self.client.patch(f"{STA}/Datastreams('{OTHER}')", json={"name": "mine"})

    def patch_own_stream(self) -> Any:
        return self.client.patch(f"{STA}/Datastreams('{OWN}')", json={"Thing": {"@iot.id": THING}})

    def delete_stream(self) -> Any:
        return self.client.delete(f"{STA}/Datastreams('{OTHER}')")

    def reports(self) -> Any:
        return self.client.post("ingest/reports", json={"batch": "b", "items": []})

    def bulletins(self) -> Any:
        return self.client.post("ingest/bulletins", json={"batch": "b", "items": []})

    def provision(self) -> Any:
        return self.client.post("devices/provision", content=b"device,lon,lat,quantity\n")

    def feed(self) -> Any:
        return self.client.post("feeds", json={})


WRITING = [
    name for name in vars(Doors)
    if not name.startswith("_") and name not in ("value", "arrays", "client", "now", "others")
]  # fmt: skip
ANSWERS_EACH = {"api", "data_array", "data_array_slow", "batch"}
"""Doors that answer 200 or 201 as a whole, and refuse each item in its place."""


@pytest.fixture(params=["device", "sensor_operator"])
def doors(request: Any, device: Callable[..., TestClient], clock: Clock) -> Doors:
    account = {"device": "gauge", "sensor_operator": "sensors"}[request.param]
    item = {"result": 300.0, "phenomenonTime": clock().isoformat(), "resultQuality": "x"}
    made = device("sensors").post(f"{STA}/Datastreams('{OTHER}')/Observations", json=item)
    others = made.headers["location"].partition("('")[2].removesuffix("')")
    clock.forward(minutes=5)
    return Doors(device(account, datastreams=(OWN,)), clock().isoformat(), others)


def kept(brain: Brain) -> Any:
    """Return everything that a door might have changed."""
    with brain.house.work() as work:
        values = work.observations.counts(LIVE_RUN)
        return (
            values,
            work.things.list(""),
            work.datastreams.list(""), work.multi_datastreams.list(""), work.features.list(""),
            work.devices.list(""), work.bulletins.count(LIVE_RUN), work.reports.count(LIVE_RUN),
        )  # fmt: skip


@pytest.mark.parametrize("door", WRITING)
def test_no_door_lets_a_bound_key_write_anything_else(
    doors: Doors, brain: Brain, device: Callable[..., TestClient], door: str
) -> None:
    before = kept(brain)
    path = f"{STA}/Observations('{doors.others}')"
    told = device("sensors").get(path).json()
    answer = getattr(doors, door)()
    if door in ANSWERS_EACH:
        said = json.dumps(answer.json())
        assert any(word in said for word in ("not_allowed", "error", "403", "404")), said
    else:
        assert answer.status_code in (400, 403, 404, 405, 422), answer.text
    assert kept(brain) == before
    assert device("sensors").get(path).json() == told


def test_the_own_datastream_is_open(doors: Doors) -> None:
    body = doors.value(OWN)
    assert doors.client.post(f"{STA}/Observations", json=body).status_code == 201


@pytest.mark.parametrize(
    "path",
    [
        f"Datastreams('{OTHER}')",
        f"Datastreams('{OTHER}')/Observations",
        f"Things?$expand=Datastreams&$filter=Datastreams/id eq '{OTHER}'",
        "Datastreams?$select=id",
        "Datastreams?$resultFormat=dataArray",
        "Observations",
        "Observations?$resultFormat=dataArray",
        "Observations?$expand=Datastream",
        "FeaturesOfInterest?$expand=Observations($expand=Datastream)",
        "Sensors?$expand=Datastreams",
        "ObservedProperties?$expand=Datastreams/Observations",
    ],
)
def test_a_bound_key_reads_nothing_of_another_stream(doors: Doors, path: str) -> None:
    said = doors.client.get(f"{STA}/{path}")
    if said.status_code in (403, 404):
        return
    assert doors.others not in said.text
    assert f"Datastreams('{OTHER}')" not in said.text


def test_a_device_reads_nothing_that_its_role_may_not(device: Callable[..., TestClient]) -> None:
    gauge = device("gauge", datastreams=(OWN,))
    for path in ("sensors", f"sensors/{OTHER}/observations", "situation", "alarms", "city",
                 "sensing/net", "devices", "feeds", "log", "columns/zones"):  # fmt: skip
        assert gauge.get(path).status_code in (403, 404), path


def test_over_mqtt_a_bound_key_has_its_own_topics_alone(brain: Brain) -> None:
    secret, _ = brain.identity.create_token("gauge", "bound", datastreams=(OWN,))
    rights = rights_of(brain.identity.caller_of_token(secret), MqttMapping())
    assert rights.publish and rights.subscribe == ()
    assert all(f"('{OWN}')" in topic or f"({OWN})" in topic for topic in rights.publish)
