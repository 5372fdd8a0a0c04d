"""Data arrays of many datastreams at once, and what was taken back and is sent again."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from api_kit import TestClient
from sensing_kit import Service, place, stream

COMPONENTS = ["phenomenonTime", "result"]


def _thing(service: Service, *keys: str) -> None:
    streams = [stream(key) | {"@iot.id": key} for key in keys]
    body = {"name": "t", "description": "t", "Locations": [place("p", -71.3, -29.9)]}
    service.make("Things", body | {"Datastreams": streams})


def _group(key: str, *rows: tuple[str, Any]) -> dict[str, Any]:
    return {
        "Datastream": {"@iot.id": key},
        "components": COMPONENTS,
        "dataArray": [list(row) for row in rows],
    }


def _send(service: Service, *groups: dict[str, Any]) -> list[str]:
    answer = service.client.post(service.at("CreateObservations"), json=list(groups))
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_every_row_of_every_datastream_is_answered_in_its_place(service: Service) -> None:
    _thing(service, "a", "b")
    told = _send(
        service,
        _group("a", ("2020-01-01T00:00:00Z", 1.5), ("2020-01-01T00:01:00Z", 2.5)),
        _group("b", ("2020-01-01T00:00:00Z", "text"), ("2020-01-01T00:01:00Z", 4.5)),
        _group("a", ("2020-01-01T00:02:00Z", 3.5)),
    )
    results = [service.ask(one.partition("/v1.1/")[2])["result"] for one in told]
    assert results == [1.5, 2.5, "text", 4.5, 3.5]


def test_what_was_taken_back_and_is_sent_again_is_told_again(service: Service) -> None:
    _thing(service, "a")
    group = _group("a", ("2020-01-01T00:00:00Z", 1.5))
    (first,) = _send(service, group)
    path = first.partition("/v1.1/")[2]
    assert service.delete(path) == 200
    assert service.value("Datastreams('a')/Observations") == []
    assert _send(service, group) == [first]
    assert service.ask(path)["result"] == 1.5


def test_rows_that_are_not_plain_are_answered_in_their_place_among_many(service: Service) -> None:
    keys = [f"s{n}" for n in range(6)]
    _thing(service, *keys)
    times = [
        "2020-01-01T00:00:00Z", "2020-01-01T08:00:00+08:00", "2020-13-01T00:00:00Z",
        "2100-01-01T00:00:00Z", "2020-01-01T00:00:00.5Z", "2101-01-01T00:00:00Z",
    ]  # fmt: skip
    groups = [_group(key, (at, n)) for n, (key, at) in enumerate(zip(keys, times, strict=True))]
    told = _send(service, *groups)
    assert told[2].startswith("error")
    good = [one.partition("/v1.1/")[2] for n, one in enumerate(told) if n != 2]
    assert [service.ask(one)["result"] for one in good] == [0, 1, 3, 4, 5]


def test_single_observations_of_many_senders_at_once_are_kept_once_each(
    service: Service, device: Callable[..., TestClient]
) -> None:
    _thing(service, "a", "b")
    clients = [Service(device("sensors")) for _ in range(8)]
    bodies = [
        {"phenomenonTime": f"2020-01-01T00:{n // 2:02d}:00Z", "result": n // 2} for n in range(40)
    ]
    bodies[7] = bodies[7] | {"phenomenonTime": "2020-01-01T00:03"}

    def post(n: int) -> Any:
        one, stream = clients[n % 8], "ab"[n // 2 % 2]
        return one.client.post(one.at(f"Datastreams('{stream}')/Observations"), json=bodies[n])

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(post, range(40)))
    assert [n for n, one in enumerate(answers) if one.status_code != 201] == [7]
    assert answers[7].status_code == 400
    for answer in (one for n, one in enumerate(answers) if n != 7):
        path = answer.headers["Location"].partition("/v1.1/")[2]
        assert service.ask(path) == answer.json()
    kept = service.value("Observations", top=1000)
    assert sorted(one["result"] for one in kept) == list(range(20))


def test_a_page_tells_of_each_datastream_what_the_datastream_itself_tells(
    service: Service,
) -> None:
    keys = ["none", "one", "two", "tied", "words"]
    _thing(service, *keys)
    first, second = "2020-01-01T00:00:00Z", "2020-01-01T00:01:00Z"
    _send(service, _group("one", (first, 1)), _group("two", (first, 1), (second, 2)))
    _send(service, _group("tied", (first, 1), (second, 2), (second, 3)))
    _send(service, _group("words", (first, 1), (second, "rain")))
    expand = "Observations($top=1;$orderby=phenomenonTime desc;$count=true)"
    page = service.value("Datastreams", expand=expand)
    assert {one["@iot.id"] for one in page} == set(keys)
    for one in page:
        alone = service.ask(f"Datastreams('{one['@iot.id']}')", expand=expand)
        assert one == alone
        newest = service.ask(
            f"Datastreams('{one['@iot.id']}')/Observations",
            top=1, orderby="phenomenonTime desc", count="true",
        )  # fmt: skip
        assert one["Observations"] == newest["value"]
        assert one["Observations@iot.count"] == newest["@iot.count"]
        assert ("Observations@iot.nextLink" in one) is ("@iot.nextLink" in newest)
        found = list(one["Observations"])
        link = one.get("Observations@iot.nextLink")
        while link:
            more = service.ask(link)
            found, link = found + more["value"], more.get("@iot.nextLink")
        assert len({x["@iot.id"] for x in found}) == newest["@iot.count"]
