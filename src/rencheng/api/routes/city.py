"""The city: layers with provenance, geometry, sensors, places."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from starlette.requests import Request

from rencheng.api import geojson
from rencheng.api.asking import RunDep
from rencheng.api.imports_out import finding_out, layer_out
from rencheng.api.paging import LongSliceDep
from rencheng.api.security import ActorDep, BrainDep, needs
from rencheng.api.sensors_out import SensorWishDep, sensors_out
from rencheng.api.shapes.city import (
    CheckOut,
    CityOut,
    FeatureCollection,
    OrganisationOut,
    PlaceOut,
    SensorsOut,
)
from rencheng.api.shapes.situation import ObservedSeriesOut
from rencheng.api.situation_out import series_out
from rencheng.api.telling import number, point
from rencheng.domain.city import City
from rencheng.domain.errors import InvalidInputError, NotFoundError
from rencheng.domain.identity import Permission
from rencheng.service.house import context
from rencheng.service.ownership import assets_hidden
from rencheng.service.situation import observed_series, sensor_states

router = APIRouter(tags=["city"])
LayerName = Literal["zones", "grid", "roads", "mains", "facilities", "lifelines", "stops"]
LONGEST_SERIES = timedelta(days=31)


@dataclass(slots=True)
class LayerCache:
    """Layers as they are sent, zipped once for each version of the city."""

    _kept: dict[tuple[str, str], bytes] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def get(self, city: City, name: str) -> bytes:
        """Return the zipped GeoJSON of a layer."""
        key = (city.version, name)
        with self._lock:
            if key not in self._kept:
                self._kept = {k: v for k, v in self._kept.items() if k[0] == city.version}
                self._kept[key] = gzip.compress(geojson.layer(city, name), 6, mtime=0)
            return self._kept[key]


LAYERS = LayerCache()


@router.get("/city")
@needs(Permission.CITY_READ)
def show_city(brain: BrainDep) -> CityOut:
    """Return the city's name, extent and layers with their provenance."""
    city = brain.house.cities.current()
    population = number(float(city.zones.population.sum()))
    return CityOut(
        id=city.id,
        name_zh=city.name.get("zh-CN", city.id),
        name_en=city.name.get("en", city.id),
        version=city.version,
        timezone=city.timezone,
        bbox=city.bbox,
        population=population,
        layers=[layer_out(layer) for layer in city.layers],
        organisations=[
            OrganisationOut(
                id=one.id,
                name_zh=one.name_zh,
                name_en=one.name_en,
                kind=one.kind.value,
                duties=list(one.duties),
            )
            for one in city.organisations
        ],
    )


@router.get("/city/check")
@needs(Permission.DATA_READ)
def check(brain: BrainDep) -> CheckOut:
    """Return what is missing or weak in the city's data, and how to mend it."""
    city = brain.house.cities.current()
    return CheckOut(
        city=city.id,
        version=city.version,
        findings=[finding_out(one) for one in brain.check_city()],
    )


@router.get("/city/{layer}", response_model=FeatureCollection)
@needs(Permission.CITY_READ)
def show_layer(layer: LayerName, request: Request, brain: BrainDep) -> Response:
    """Return a layer's geometry; it changes only with the city's version."""
    city = brain.house.cities.current()
    tag = f'"{city.version}-{layer}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Accept-Encoding"}
    if tag in request.headers.get("If-None-Match", ""):
        return Response(status_code=304, headers=headers)
    body = LAYERS.get(city, layer)
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        headers["Content-Encoding"] = "gzip"
    else:
        body = gzip.decompress(body)
    return Response(body, headers=headers, media_type="application/geo+json")


@router.get("/sensors")
@needs(Permission.CITY_READ)
def sensors(
    brain: BrainDep, run: RunDep, actor: ActorDep, part: LongSliceDep, wish: SensorWishDep
) -> SensorsOut:
    """Return datastreams with their health; who is not city-wide sees none of others' assets."""
    city = brain.house.cities.current()
    hidden = assets_hidden(actor, city)
    with brain.house.work() as work:
        at = context(brain.house, work, run).at
        states = sensor_states(work, city, run, at)
    states = [one for one in states if one.stream.id not in hidden]
    return sensors_out(city, states, wish, part)


@router.get("/sensors/{sensor}/observations")
@needs(Permission.CITY_READ)
def observations(
    sensor: str,
    brain: BrainDep,
    run: RunDep,
    actor: ActorDep,
    start: Annotated[datetime | None, Query()] = None,
    end: Annotated[datetime | None, Query()] = None,
) -> ObservedSeriesOut:
    """Return what a datastream has said, by default in the last 24 hours of the run's clock."""
    city = brain.house.cities.current()
    stream = next((one for one in city.datastreams if one.id == sensor), None)
    if stream is None or sensor in assets_hidden(actor, city):
        raise NotFoundError(
            "sensor.unknown",
            f"no datastream {sensor!r}",
            hint="Choose one of the list of sensors",
            params={"sensor": sensor},
        )
    with brain.house.work() as work:
        until = end or context(brain.house, work, run).at
        since = start or until - timedelta(days=1)
        if (
            since.tzinfo is None
            or until.tzinfo is None
            or not since <= until <= since + LONGEST_SERIES
        ):
            raise InvalidInputError(
                "http.period",
                "the period is not a period of at most 31 days with time zones",
                hint="Send start and end as ISO 8601 with a time zone",
            )
        found = observed_series(work, run, [stream], since, until)[stream.id]
    return series_out(stream, found)


@router.get("/places")
@needs(Permission.CITY_READ)
def places(
    brain: BrainDep, q: Annotated[str, Query(min_length=1, max_length=100)]
) -> list[PlaceOut]:
    """Search places, streets, networks and sensors by name or id."""
    return [
        PlaceOut(id=place.id, kind=place.kind, name=place.name, xy=point(place.xy))
        for place in brain.names().search(q)
    ]
