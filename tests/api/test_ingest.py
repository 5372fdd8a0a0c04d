"""The door for devices: what is good is kept, what is bad is named."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from api_kit import Enter, TestClient
from ops_kit import T0, Clock
from rencheng.bootstrap import Brain
from rencheng.domain.provenance import Mode
from rencheng.domain.run import Run

Device = Callable[..., TestClient]


def value(key: str = "o1", **changes: Any) -> dict[str, Any]:
    return {
        "id": key,
        "datastream": "tide-1",
        "value": 0.4,
        "unit": "m",
        "phenomenon_time": T0.isoformat(),
    } | changes


def replay(brain: Brain, clock: Clock) -> str:
    run = Run(
        id="r1",
        mode=Mode.REPLAY,
        scenario="s",
        city_version="1",
        started=clock(),
        sim_start=T0,
        sim_end=clock.forward(hours=1),
        anchor_sim=T0,
        anchor_wall=T0,
        speed=1.0,
    )
    with brain.house.work() as work:
        work.runs.add(run)
        work.commit()
    return run.id


def test_a_batch_is_kept_and_counted(device: Device, enter: Enter) -> None:
    told = device().post("ingest/observations", json={"batch": "b1", "items": [value()]}).json()
    assert told == {"batch": "b1", "accepted": 1, "duplicate": 0, "suspect": 0, "rejected": []}
    series = enter("duty").get("sensors/tide-1/observations").json()
    assert series["value"] == [0.4]


def test_the_same_batch_again_changes_nothing(device: Device, enter: Enter) -> None:
    client, body = device(), {"batch": "b1", "items": [value()]}
    first = client.post("ingest/observations", json=body).json()
    assert client.post("ingest/observations", json=body).json() == first
    other = client.post("ingest/observations", json={"batch": "b2", "items": [value()]}).json()
    assert (other["accepted"], other["duplicate"]) == (0, 1)
    assert enter("duty").get("sensors/tide-1/observations").json()["value"] == [0.4]


def test_what_is_bad_is_answered_by_index_and_reason(device: Device) -> None:
    items = [
        value("good"),
        value("unknown", datastream="nothing"),
        value("unit", unit="ft"),
        value("future", phenomenon_time="2031-01-01T00:00:00Z"),
        {"id": "short"},
        value("no zone", phenomenon_time="2015-09-16T22:54:33"),
        value("words", value="high"),
        7,
    ]
    told = device().post("ingest/observations", json={"batch": "b", "items": items}).json()
    assert told["accepted"] == 1
    assert [one["index"] for one in told["rejected"]] == [1, 2, 3, 4, 5, 6, 7]
    assert [one["id"] for one in told["rejected"]][:6] == [
        "unknown", "unit", "future", "short", "no zone", "words",
    ]  # fmt: skip
    for one in told["rejected"]:
        assert one["problem"]["zh"] != one["problem"]["en"], one


@pytest.mark.parametrize(
    "body", ["", "[", "{}", '{"batch": "", "items": []}', '{"batch": "b", "items": 3}', "\xff"]
)
def test_a_body_that_is_no_batch_is_refused(device: Device, body: str) -> None:
    answer = device().post("ingest/observations", content=body.encode("latin-1"))
    assert (answer.status_code, answer.json()["key"]) == (422, "ingest.unreadable")


def test_a_key_writes_its_own_streams_only(device: Device) -> None:
    client = device(datastreams=("acc-1",))
    told = client.post("ingest/observations", json={"batch": "b", "items": [value()]}).json()
    assert (told["accepted"], told["rejected"][0]["key"]) == (0, "not_allowed")


@pytest.mark.parametrize("kind", ["bulletins", "reports"])
def test_a_key_of_one_sensor_cannot_announce_a_tsunami(device: Device, kind: str) -> None:
    bound = device(datastreams=["tide-1"])
    answer = bound.post(f"ingest/{kind}", json={"batch": "b", "items": []})
    assert answer.status_code == 403
    assert answer.json()["key"] == "identity.bound_token"


@pytest.mark.parametrize("kind", ["observations", "bulletins", "reports"])
@pytest.mark.parametrize("item", ["[" * 9000 + "]" * 9000, '{"id":' * 9000 + "1" + "}" * 9000])
def test_what_is_nested_without_end_is_answered(device: Device, kind: str, item: str) -> None:
    answer = device().post(f"ingest/{kind}", content=f'{{"batch": "deep", "items": [{item}]}}')
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("time", "key"),
    [
        ("0001-01-01T00:00:00+14:00", "malformed"),
        ("1970-01-01T00:00:07Z", "past"),
        ("9999-12-31T23:59:59Z", "future"),
    ],
)
def test_a_clock_that_was_reset_is_named(device: Device, time: str, key: str) -> None:
    body = {"batch": "b1", "items": [value(phenomenon_time=time)]}
    told = device().post("ingest/observations", json=body).json()
    assert [one["key"] for one in told["rejected"]] == [key]


def test_a_device_never_writes_into_a_replay_nor_a_replay_into_life(
    device: Device, brain: Brain, clock: Clock
) -> None:
    run = replay(brain, clock)
    body = {"batch": "b", "items": [value()]}
    sends = {
        ("gauge", run): 403,
        ("driver", "live"): 403,
        ("gauge", "live"): 200,
        ("driver", run): 200,
        ("driver", "nowhere"): 404,
    }
    for (account, to), status in sends.items():
        answer = device(account).post("ingest/observations", json=body, headers={"X-Run": to})
        assert answer.status_code == status, (account, to, answer.text)


def test_people_do_not_pass_for_devices(enter: Enter) -> None:
    answer = enter("chief").post("ingest/observations", json={"batch": "b", "items": []})
    assert answer.status_code == 403


def test_a_device_sees_nothing(device: Device) -> None:
    for path in ("situation", "city", "tasks", "log", "sensors"):
        assert device().get(path).status_code == 403


def test_a_revoked_key_is_refused(device: Device, brain: Brain) -> None:
    client = device()
    (token,) = [one for one in brain.identity.tokens() if one.account == "gauge"]
    brain.identity.revoke_token(token.id)
    answer = client.post("ingest/observations", json={"batch": "b", "items": []})
    assert (answer.status_code, answer.json()["key"]) == (401, "identity.token")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_bulletin_opens_the_incident_once(device: Device, enter: Enter) -> None:
    bulletin = {
        "id": "csn-1", "event": "e1", "kind": "earthquake", "issuer": "CSN",
        "issued": T0.isoformat(), "origin_time": T0.isoformat(), "lon": -71.6, "lat": -31.5,
        "magnitude": 8.3,
    }  # fmt: skip
    bad = bulletin | {"id": "csn-2", "magnitude": 99}
    client = device()
    told = client.post("ingest/bulletins", json={"batch": "b", "items": [bulletin, bad]}).json()
    assert (told["accepted"], [one["index"] for one in told["rejected"]]) == (1, [1])
    again = client.post("ingest/bulletins", json={"batch": "b2", "items": [bulletin]}).json()
    assert (again["accepted"], again["duplicate"]) == (0, 1)
    assert enter("duty").get("incidents").json()["total"] == 1


def test_survey_reports_are_taken(device: Device, enter: Enter) -> None:
    report = {
        "id": "s1", "building": 3, "xy": [-71.27, -29.945], "state": 2, "reporter": "survey",
        "reported": T0.isoformat(), "origin": "synthetic",
    }  # fmt: skip
    items = [report, report | {"id": "s2", "state": 9}, report | {"id": "s3", "building": 10_000}]
    told = device().post("ingest/reports", json={"batch": "b", "items": items}).json()
    assert (told["accepted"], [one["index"] for one in told["rejected"]]) == (1, [1, 2])
    (kept,) = enter("duty").get("damage-reports").json()["items"]
    assert (kept["state"], kept["origin"]) == (2, "synthetic")


def test_one_key_may_not_knock_without_end(device: Device, app: Any) -> None:
    app.state.limits.tokens.limit = 3
    client = device()
    body = {"batch": "b", "items": [value()]}
    statuses = [client.post("ingest/observations", json=body).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]


def test_a_batch_of_100_000_with_three_bad_ones_keeps_the_others(device: Device) -> None:
    items = [value(str(n), value=0.4, phenomenon_time=at(n)) for n in range(100_000)]
    items[3]["value"], items[77_777]["datastream"] = "high", "nobody"
    items[99_999]["phenomenon_time"] = "9999-12-31T23:59:59Z"
    told = device().post("ingest/observations", json={"batch": "b", "items": items}).json()
    assert told["accepted"] == 99_997
    assert [(one["index"], one["key"]) for one in told["rejected"]] == [
        (3, "malformed"), (77_777, "unknown_datastream"), (99_999, "future"),
    ]  # fmt: skip
    items.append(value("one more"))
    refused = device().post("ingest/observations", json={"batch": "c", "items": items})
    assert refused.status_code == 422


def at(n: int) -> str:
    return (T0 - timedelta(seconds=n)).isoformat()


def test_a_device_that_sends_a_hundred_times_its_rate_waits_and_others_do_not(
    device: Device, clock: Clock
) -> None:
    loud, calm = device(datastreams=("tide-1",)), device(datastreams=("tide-1",))

    def send(client: TestClient, n: int) -> Any:
        items = [value(f"{n}-{k}", phenomenon_time=at(100 * n + k)) for k in range(100)]
        return client.post("ingest/observations", json={"batch": f"b{n}", "items": items})

    told = [send(loud, n) for n in range(40)]
    refused = [one for one in told if one.status_code == 429]
    assert told[0].status_code == 200 and refused
    wait = int(refused[0].headers["Retry-After"])
    assert wait >= 1
    assert send(calm, 99).status_code == 200
    clock.forward(seconds=wait + 1)
    assert send(loud, 50).status_code == 200


def test_giant_and_poisonous_items_are_named_and_the_others_kept(device: Device) -> None:
    items = [
        value("a"), value("b", value=1e308), value("c" * 10_000), value("d", unit="m" * 10_000),
        value("e", phenomenon_time="0001-01-01T00:00:00Z"), value("f", value=[1]), [], None,
        value("g", phenomenon_time=at(60)),
    ]  # fmt: skip
    told = device().post("ingest/observations", json={"batch": "b", "items": items}).json()
    assert (told["accepted"], told["suspect"]) == (3, 1)
    assert [one["index"] for one in told["rejected"]] == [2, 3, 4, 5, 6, 7]
