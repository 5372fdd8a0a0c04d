"""A SensorThings service as a test asks it, and the entities of the standard with what each has.

The assertions that tests/api/sensorthings make with it follow the OGC test suite for SensorThings
(three classes: sensing core, create-update-delete, filtering); data and code are our own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api_kit import TestClient

NUMBER = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement"
GEOJSON = "application/geo+json"
PROPERTIES = {
    "Things": ("name", "description"),
    "Locations": ("name", "description", "encodingType", "location"),
    "HistoricalLocations": ("time",),
    "Datastreams": ("name", "description", "unitOfMeasurement", "observationType"),
    "Sensors": ("name", "description", "encodingType", "metadata"),
    "ObservedProperties": ("name", "definition", "description"),
    "Observations": ("phenomenonTime", "result", "resultTime"),
    "FeaturesOfInterest": ("name", "description", "encodingType", "feature"),
}
"""Mandatory properties of each entity set."""
RELATIONS = {
    "Things": ("Locations", "HistoricalLocations", "Datastreams"),
    "Locations": ("Things", "HistoricalLocations"),
    "HistoricalLocations": ("Thing", "Locations"),
    "Datastreams": ("Thing", "Sensor", "ObservedProperty", "Observations"),
    "Sensors": ("Datastreams",),
    "ObservedProperties": ("Datastreams",),
    "Observations": ("Datastream", "FeatureOfInterest"),
    "FeaturesOfInterest": ("Observations",),
}
PLURAL = {
    "Thing": "Things", "Sensor": "Sensors", "ObservedProperty": "ObservedProperties",
    "Datastream": "Datastreams", "FeatureOfInterest": "FeaturesOfInterest",
}  # fmt: skip
SETS = tuple(PROPERTIES)


def kind_of(relation: str) -> str:
    """Return the entity set that a neighbour belongs to."""
    return PLURAL.get(relation, relation)


@dataclass(frozen=True, slots=True)
class Service:
    """One service root and who asks it."""

    client: TestClient
    root: str = "/v1.1"

    def ask(self, path: str, *, status: int = 200, **options: Any) -> Any:
        """Return the JSON at a path; options are given without their `$`."""
        params = {f"${name}": str(text) for name, text in options.items()}
        answer = self.client.get(self.at(path), params=params or None)
        assert answer.status_code == status, answer.text
        return answer.json()

    def value(self, path: str, **options: Any) -> list[Any]:
        """Return what a collection holds."""
        return self.ask(path, **options)["value"]

    def make(self, path: str, body: Mapping[str, Any]) -> str:
        """Create an entity and return its address below the root, as `Location` says it."""
        answer = self.client.post(self.at(path), json=body)
        assert answer.status_code == 201, answer.text
        return answer.headers["location"].partition(f"{self.root}/")[2]

    def fails(self, path: str, body: Mapping[str, Any]) -> int:
        """Return with which status an entity is refused."""
        return self.client.post(self.at(path), json=body).status_code

    def patch(self, path: str, body: Mapping[str, Any]) -> int:
        """Change an entity and return the status."""
        return self.client.patch(self.at(path), json=body).status_code

    def delete(self, path: str) -> int:
        """Delete an entity and return the status."""
        return self.client.delete(self.at(path)).status_code

    def at(self, path: str) -> str:
        """Return the address of a path."""
        if path.startswith("http"):
            return path
        return f"http://testserver{self.root}/{path}" if path else f"http://testserver{self.root}"


def place(name: str, x: float, y: float) -> dict[str, Any]:
    """Return a location to insert."""
    point = {"type": "Point", "coordinates": [x, y]}
    return {"name": name, "description": name, "encodingType": GEOJSON, "location": point}


def feature(name: str, x: float, y: float) -> dict[str, Any]:
    """Return a feature of interest to insert."""
    point = {"type": "Point", "coordinates": [x, y]}
    return {"name": name, "description": name, "encodingType": GEOJSON, "feature": point}


def sensor(name: str) -> dict[str, Any]:
    """Return a sensor to insert."""
    return {
        "name": name, "description": name, "encodingType": "application/pdf", "metadata": name,
    }  # fmt: skip


def observed(name: str) -> dict[str, Any]:
    """Return an observed property to insert."""
    return {"name": name, "definition": f"http://example.org/{name}", "description": name}


def stream(name: str, **more: Any) -> dict[str, Any]:
    """Return a datastream to insert, with its sensor and property unless others are named."""
    unit = {"name": "Lumen", "symbol": "lm", "definition": "http://example.org/lumen"}
    return {
        "name": name,
        "description": name,
        "observationType": NUMBER,
        "unitOfMeasurement": unit,
        "Sensor": sensor(f"sensor of {name}"),
        "ObservedProperty": observed(f"property of {name}"),
    } | more


def filled(service: Service) -> None:
    """Insert two things with two datastreams each, three observations each, and swap their places.

    Two datastreams share an observed property: 2 things, 2 locations, 4 historical locations,
    4 datastreams, 4 sensors, 3 observed properties, 12 observations, 2 features of interest.
    """
    things = []
    for number in (1, 2):
        body = {
            "name": f"thing {number}",
            "description": f"thing {number}",
            "properties": {"reference": ("first", "second")[number - 1], "sub": {"key": number}},
            "Locations": [place(f"location {number}", -117.05 + number, 51.05)],
        }
        things.append(service.make("Things", body))
    shared = ""
    for number in range(1, 5):
        body = stream(f"datastream {number}")
        if number == 4:
            body["ObservedProperty"] = {"@iot.id": shared}
        made = service.make(f"{things[(number - 1) // 2]}/Datastreams", body)
        if number == 1:
            shared = service.ask(f"{made}/ObservedProperty")["@iot.id"]
    places = [service.value(f"{thing}/Locations")[0]["@iot.id"] for thing in things]
    for thing, other in zip(things, places[::-1], strict=True):
        assert service.patch(thing, {"Locations": [{"@iot.id": other}]}) == 200
    for number, one in enumerate(service.value("Datastreams", orderby="name")):
        for day in range(3):
            result = number * 3 + day + 1
            service.make(
                f"Datastreams('{one['@iot.id']}')/Observations",
                {"phenomenonTime": f"2015-03-{result:02d}T00:00:00Z", "result": result},
            )
