"""What an observation and a datastream tell of times and places."""

from __future__ import annotations

from sensing_kit import Service, feature, place, stream

SAID = {
    "phenomenonTime": "2015-03-01T00:00:00Z/2015-03-01T01:00:00Z",
    "resultTime": "2015-03-01T02:00:00Z",
    "validTime": "2015-03-01T00:00:00Z/2015-04-01T00:00:00Z",
    "result": 4.5,
    "parameters": {"height": 2},
    "resultQuality": {"code": "ok"},
}


def lit(service: Service) -> str:
    body = {"name": "t", "description": "t", "Locations": [place("l", 1, 2)]}
    thing = service.make("Things", body)
    return service.make(f"{thing}/Datastreams", stream("Light"))


def test_an_observation_says_all_that_was_said_of_it(service: Service) -> None:
    made = service.make(f"{lit(service)}/Observations", SAID)
    found = service.ask(made)
    assert {name: found[name] for name in SAID} == SAID
    for name, value in SAID.items():
        assert service.ask(f"{made}/{name}") == {name: value}


def test_a_datastream_tells_when_and_where_it_observed(service: Service) -> None:
    light = lit(service)
    assert "phenomenonTime" not in service.ask(light)
    service.make(f"{light}/Observations", SAID)
    other = {
        "phenomenonTime": "2015-05-01T00:00:00Z",
        "result": 1,
        "resultTime": "2015-05-01T00:00:00Z",
    }
    service.make(f"{light}/Observations", other | {"FeatureOfInterest": feature("f", 5, 6)})
    found = service.ask(light)
    assert found["phenomenonTime"] == "2015-03-01T00:00:00Z/2015-05-01T00:00:00Z"
    assert found["resultTime"] == "2015-03-01T02:00:00Z/2015-05-01T00:00:00Z"
    corners = found["observedArea"]["coordinates"][0]
    assert (min(corners), max(corners)) == ([1, 2], [5, 6])
