"""Devices by table: keys told once, bound to their streams, renewed and ended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from api_kit import ROOT, Enter, TestClient
from ops_kit import Clock
from rencheng.adapters.words import render
from rencheng.bootstrap import Brain
from rencheng.bootstrap.mqtt_gate import KeyGate
from rencheng.connectors.mqtt.mapping import MqttMapping
from rencheng.domain.provenance import Text

HEAD = "device,name,lon,lat,quantity,unit,interval_s,low,high,vital,expires\n"
PIER = "pier-1,Pier,-71.3,-29.9,water_level,m,60,-3,5,yes,\n"


@pytest.fixture
def office(device: Callable[..., TestClient]) -> TestClient:
    return device("sensors")


def send(client: TestClient, table: str | bytes, **params: Any) -> Any:
    data = table.encode() if isinstance(table, str) else table
    return client.post("devices/provision", content=data, params=params)


def taken(client: TestClient, table: str) -> dict[str, Any]:
    answer = send(client, table)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def with_key(brain: Brain, app: Any, key: str) -> TestClient:
    headers = {"Authorization": f"Bearer {key}"}
    return TestClient(app, base_url=f"http://testserver{ROOT}/", headers=headers)


def tell(client: TestClient, clock: Clock, stream: str, batch: str = "1") -> Any:
    item = {
        "id": f"{stream}-{batch}", "datastream": stream, "value": 0.5, "unit": "m",
        "phenomenon_time": clock().isoformat(),
    }  # fmt: skip
    return client.post("ingest/observations", json={"batch": batch, "items": [item]})


def test_a_row_becomes_a_device_that_sends_with_its_key(
    office: TestClient, brain: Brain, app: Any, clock: Clock
) -> None:
    found = taken(office, HEAD + PIER)
    assert (found["new"], found["streams"], len(found["keys"])) == (1, 1, 1)
    (key,) = found["keys"]
    assert tell(with_key(brain, app, key["key"]), clock, "pier-1-water_level").json()["accepted"]
    thing = office.get(
        "http://testserver/v1.1/Things('pier-1')?$expand=Locations,Datastreams/Sensor"
    ).json()
    assert thing["Locations"][0]["location"]["coordinates"] == [-71.3, -29.9]
    assert thing["Datastreams"][0]["@iot.id"] == "pier-1-water_level"
    stream = brain.house.cities.current().datastreams[-1]
    assert (stream.low, stream.high, stream.interval_s, stream.is_vital) == (-3, 5, 60, True)


def test_the_same_table_again_changes_nothing_and_tells_no_key(office: TestClient) -> None:
    taken(office, HEAD + PIER)
    again = taken(office, HEAD + PIER)
    assert (again["new"], again["changed"], again["same"], again["keys"]) == (0, 0, 1, [])


def test_a_changed_row_changes_its_device_and_keeps_its_key(
    office: TestClient, brain: Brain, app: Any, clock: Clock
) -> None:
    key = taken(office, HEAD + PIER)["keys"][0]["key"]
    rain = "pier-1,Pier,-71.31,-29.9,雨量,mm,60,,,否,\n"
    found = taken(office, HEAD + PIER.replace("-71.3,", "-71.31,") + rain)
    assert (found["changed"], found["keys"]) == (1, [])
    assert tell(with_key(brain, app, key), clock, "pier-1-water_level").json()["accepted"] == 1
    streams = {one.id: one for one in brain.house.cities.current().datastreams}
    assert streams["pier-1-rain"].xy == (-71.31, -29.9)
    where = "http://testserver/v1.1/Things('pier-1')/HistoricalLocations"
    assert len(office.get(where).json()["value"]) == 2


def test_a_trial_keeps_nothing(office: TestClient) -> None:
    found = send(office, HEAD + PIER, dry_run=True).json()
    assert (found["is_trial"], found["new"], found["keys"]) == (True, 1, [])
    assert office.get("devices").json()["items"] == []
    assert office.get("http://testserver/v1.1/Things('pier-1')").status_code == 404


@pytest.mark.parametrize(
    ("row", "key", "says"),
    [
        (PIER.replace("water_level", "humour"), "quantity", "2: humour"),
        (PIER.replace(",m,", ",cm,"), "unit", "2: cm"),
        (PIER.replace("-71.3,-29.9", "12.5,41.9"), "outside", "2: 12.5, 41.9"),
        (PIER.replace("-71.3,-29.9", "-29.9,-71.3"), "swapped", "2: -29.9, -71.3"),
        (PIER.replace("-71.3", "east"), "number", "2: east"),
        (PIER.replace("-71.3", ""), "missing", "2"),
        (PIER + PIER, "twice", "3: pier-1 = 2"),
        (PIER + PIER.replace("Pier", "Jetty").replace("water_level,m", "rain,mm"), "differs", "3"),
        (PIER.replace("pier-1", "a/b"), "id", "2: a/b"),
        (PIER.replace("pier-1", ""), "no_id", "2"),
        (PIER.replace("-3,5", "5,-3"), "low_high", "2: 5 ≥ -3"),
        (PIER.replace(",60,", ",0,"), "interval", "2: 0"),
        (PIER.replace("yes", "perhaps"), "yes_no", "2: perhaps"),
        (PIER.replace("yes,", "yes,soon"), "date", "2: soon"),
    ],
)
def test_faults_name_their_rows_and_keep_nothing(
    office: TestClient, row: str, key: str, says: str
) -> None:
    good = PIER.replace("pier-1", "pier-2")
    answer = send(office, HEAD + row + good)
    assert answer.status_code == 422
    faults = {one["key"]: one for one in answer.json()["faults"]}
    fault = faults[f"devices.{key}"]
    assert fault["first"][0].startswith(says)
    assert fault["hint"]["zh"] != fault["hint"]["en"]
    assert office.get("devices").json()["total"] == 0


def test_all_faults_come_at_once(office: TestClient) -> None:
    rows = PIER.replace("water_level", "humour").replace("-71.3", "9") + PIER.replace(",m,", ",cm,")
    keys = {one["key"] for one in send(office, HEAD + rows).json()["faults"]}
    assert {"devices.quantity", "devices.outside", "devices.unit"} <= keys


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_table_of_a_spreadsheet_in_china_is_read(office: TestClient, encoding: str) -> None:
    text = "设备,设备名称,经度,纬度,观测量,单位\n码头一号,码头水位站,-71.3,-29.9,水位,米\n"
    answer = send(office, text.encode(encoding))
    assert answer.status_code == 200, answer.text
    assert answer.json()["keys"][0]["device"] == "码头一号"


@pytest.mark.parametrize(
    ("data", "key"),
    [
        (b"PK\x03\x04 an xlsx", "devices.encoding"),
        (b"name,lon\nx,1\n", "devices.columns"),
        (HEAD.encode(), "devices.empty"),
    ],
)
def test_what_is_no_table_is_said_so(office: TestClient, data: bytes, key: str) -> None:
    assert send(office, data).json()["key"] == key


def test_a_renewed_key_leaves_the_old_one_its_grace(
    office: TestClient, brain: Brain, app: Any, clock: Clock
) -> None:
    old = taken(office, HEAD + PIER)["keys"][0]["key"]
    new = office.post("devices/pier-1/rotate", json={"grace_h": 2}).json()["key"]
    assert office.get("devices").json()["items"][0]["keys"] == 2
    for batch, key in enumerate((old, new)):
        assert tell(with_key(brain, app, key), clock, "pier-1-water_level", f"{batch}").is_success
    clock.forward(hours=2)
    assert tell(with_key(brain, app, old), clock, "pier-1-water_level", "3").status_code == 401
    assert tell(with_key(brain, app, new), clock, "pier-1-water_level", "4").is_success


def test_an_ended_device_is_shut_out_at_once_and_stays_so(
    office: TestClient, brain: Brain, app: Any, clock: Clock
) -> None:
    key = taken(office, HEAD + PIER)["keys"][0]["key"]
    gauge = with_key(brain, app, key)
    assert tell(gauge, clock, "pier-1-water_level").is_success
    assert office.post("devices/pier-1/revoke").json() == {"device": "pier-1", "ended": 1}
    assert tell(gauge, clock, "pier-1-water_level", "2").status_code == 401
    assert taken(office, HEAD + PIER)["keys"] == []
    assert office.get("devices").json()["items"][0]["state"] == "revoked"


def test_the_list_says_use_health_and_end(
    office: TestClient, brain: Brain, app: Any, clock: Clock
) -> None:
    end = (clock() + timedelta(days=30)).date().isoformat()
    key = taken(office, HEAD + PIER.replace("yes,", f"yes,{end}"))["keys"][0]["key"]
    (one,) = office.get("devices").json()["items"]
    assert (one["state"], one["last_used"]) == ("active", None)
    assert one["expires"].startswith(end)
    tell(with_key(brain, app, key), clock, "pier-1-water_level")
    (one,) = office.get("devices").json()["items"]
    assert one["last_used"] is not None
    assert one["streams"] == [{"id": "pier-1-water_level", "health": "ok"}]
    clock.forward(days=31)
    assert office.get("devices").json()["items"][0]["state"] == "expired"


def test_two_devices_may_number_their_batches_alike(
    office: TestClient, brain: Brain, app: Any, clock: Clock
) -> None:
    keys = taken(office, HEAD + PIER + PIER.replace("pier-1", "pier-2"))["keys"]
    for one in keys:
        client = with_key(brain, app, one["key"])
        assert tell(client, clock, one["datastreams"][0]).json()["accepted"] == 1


def test_mqtt_and_basic_know_the_device_by_its_user(office: TestClient, brain: Brain) -> None:
    (key,) = taken(office, HEAD + PIER)["keys"]
    rights = KeyGate(brain.identity, MqttMapping()).rights(key["user"], key["key"])
    assert any("pier-1-water_level" in topic for topic in rights.publish)
    answer = office.get(
        "http://testserver/v1.1/Datastreams",
        headers={"Authorization": ""},
        auth=(key["user"], key["key"]),
    )
    assert [one["@iot.id"] for one in answer.json()["value"]] == ["pier-1-water_level"]


def test_every_step_stands_in_the_log_with_words(office: TestClient, brain: Brain) -> None:
    taken(office, HEAD + PIER)
    office.post("devices/pier-1/rotate", json={})
    office.post("devices/pier-1/revoke")
    with brain.house.work() as work:
        lines = [one for one in work.log.lines(None) if one.action.startswith("devices.")]
    assert [one.action for one in reversed(lines)] == [
        "devices.provisioned", "devices.rotated", "devices.revoked",
    ]  # fmt: skip
    assert all(render(Text(f"log.{one.action}", one.params), "zh-CN") for one in lines)


@pytest.mark.parametrize("who", ["duty", "field", "auditor"])
def test_others_may_neither_see_nor_make_devices(enter: Enter, who: str) -> None:
    client = enter(who)
    assert client.get("devices").status_code == 403
    assert send(client, HEAD + PIER).status_code == 403


def test_a_bound_key_makes_no_devices(device: Callable[..., TestClient]) -> None:
    assert send(device("sensors", datastreams=("tide-1",)), HEAD + PIER).status_code == 403


def test_no_key_is_kept(office: TestClient, brain: Brain) -> None:
    key = taken(office, HEAD + PIER)["keys"][0]["key"]
    with brain.house.work() as work:
        kept = repr((work.tokens.list(""), work.devices.list(""), work.log.lines(None)))
    assert key not in kept
