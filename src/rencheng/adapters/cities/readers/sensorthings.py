"""Read sensors from a SensorThings service (OGC 18-088), out of a saved answer or the service.

The file is the answer to `Things?$expand=Locations,Datastreams/ObservedProperty`, as JSON. Options:

`fetch`, `url`
    With `fetch = true` and no file at `path` yet, the service at `url` (its root, such as
    `https://…/v1.1`) is asked, page by page, and the answer is kept at `path`. Where `path` itself
    is the address, it is asked each time and nothing is kept. Without `fetch` nothing here ever
    reaches out.

The quantity is the observed property's name, or the stream's, by `values.quantity` of the recipe
where those are no words that the house knows. `properties.asset` of the thing or the stream names
what it watches.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import numpy as np

from rencheng.adapters.cities.files import coordinates
from rencheng.adapters.cities.files.columns import plain
from rencheng.adapters.cities.files.faults import Faults, check_size
from rencheng.adapters.cities.files.streams import Stated, make_streams
from rencheng.adapters.cities.files.units import factor_of, quantity_of
from rencheng.adapters.cities.formats.stating import layer_of
from rencheng.adapters.cities.given import Given
from rencheng.adapters.cities.readers import Job, Source
from rencheng.domain.errors import InvalidInputError, SourceUnavailableError
from rencheng.domain.finding import Severity
from rencheng.domain.provenance import Origin

QUERY = "Things?$expand=Locations,Datastreams/ObservedProperty"
_MAX_PAGES, _SECONDS, _JSON_FACTOR = 1000, 30.0, 8.0


@dataclass(frozen=True, slots=True)
class SensorThingsReader:
    """Reads the things of a SensorThings service."""

    layers: tuple[str, ...] = ("sensors",)

    def read(self, source: Source, file: Path, job: Job) -> Given:
        """Return the streams that the service states."""
        is_address, may_fetch = "://" in source.path, source.options.get("fetch") is True
        if is_address and not may_fetch:
            raise InvalidInputError(
                "city.not_asked",
                f"source {source.id!r} names a service, and the recipe does not let it be asked",
                hint="Write options.fetch = true, or save the answer to a file",
                params={"source": source.id},
            )
        if is_address:
            with tempfile.TemporaryDirectory(prefix="rencheng-") as folder:
                kept = Path(folder) / "things.json"
                fetch(source.path, kept, job)
                return self._read(source, kept, job)
        if may_fetch and not file.exists():
            fetch(str(source.options.get("url", "")), file, job)
        return self._read(source, file, job)

    def _read(self, source: Source, file: Path, job: Job) -> Given:
        check_size(file, job, factor=_JSON_FACTOR)
        things = _things(file)
        faults = Faults("sensors")
        stated = list(_stated(things, source, faults))
        box = job.clip
        if box is not None:
            inside = [box[0] <= s.xy[0] <= box[2] and box[1] <= s.xy[1] <= box[3] for s in stated]
            out = [one.id for one, here in zip(stated, inside, strict=True) if not here]
            faults.add("place_clipped", Severity.INFO, out)
            stated = [one for one, here in zip(stated, inside, strict=True) if here]
        streams = make_streams(stated, faults, Origin(source.origin))
        layer = layer_of("sensors", source, file, len(streams))
        return Given(sensors=streams, layers=(layer,), findings=faults.findings)


def _things(file: Path) -> list[Any]:
    try:
        found = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise _not_it(file.name, error) from error
    things = found.get("value") if isinstance(found, dict) else None
    if not isinstance(things, list):
        raise _not_it(file.name, "it has no list `value`")
    return things


def _not_it(name: str, why: object) -> InvalidInputError:
    return InvalidInputError(
        "city.sensorthings",
        f"{name} is no answer of a SensorThings service: {why}",
        hint=f"Save the answer to {QUERY}",
        params={"file": name, "query": QUERY},
    )


def _stated(things: list[Any], source: Source, faults: Faults) -> Iterator[Stated]:
    words = {plain(theirs): ours for theirs, ours in source.values.get("quantity", {}).items()}
    lost: list[str] = []
    partial: list[str] = []
    for thing in things:
        if not isinstance(thing, Mapping):
            lost.append("-")
            continue
        name = str(thing.get("name") or thing.get("@iot.id", ""))
        if thing.get("Datastreams@iot.nextLink"):
            partial.append(name)
        xy = _place(thing.get("Locations"), source.crs)
        if xy is None:
            lost.append(name)
            continue
        for stream in _maps(thing.get("Datastreams")):
            yield _stream(thing, stream, xy, words)
    faults.add("place_missing", Severity.WARNING, lost)
    faults.add("sensor_partial", Severity.WARNING, partial)


def _maps(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _place(locations: Any, crs: str) -> tuple[float, float] | None:
    """Return lon, lat of the first location that is a point or a feature of one; None: none is."""
    for one in _maps(locations):
        shape = _map(one.get("location"))
        shape = _map(shape.get("geometry")) or shape
        at = shape.get("coordinates")
        if shape.get("type") != "Point" or not isinstance(at, list) or len(at) < 2:
            continue
        if not all(isinstance(x, int | float) and not isinstance(x, bool) for x in at[:2]):
            continue
        lon, lat = coordinates.to_lonlat(np.array([at[:2]], dtype=np.float64), crs)[0]
        if abs(lon) <= 180.0 and abs(lat) <= 90.0:
            return float(lon), float(lat)
    return None


def _stream(
    thing: Mapping[str, Any], stream: Mapping[str, Any], xy: tuple[float, float],
    words: Mapping[str, str],
) -> Stated:  # fmt: skip
    observed, unit = _map(stream.get("ObservedProperty")), _map(stream.get("unitOfMeasurement"))
    own, above = _map(stream.get("properties")), _map(thing.get("properties"))
    said = [str(one) for one in (observed.get("name"), stream.get("name")) if one]
    said = [words.get(plain(one), one) for one in said]
    known = next((one for one in said if quantity_of(one)), said[0] if said else "")
    quantity = quantity_of(known)
    units = [str(unit[key]) for key in ("definition", "symbol", "name") if unit.get(key)]
    fits = [one for one in units if quantity and factor_of(quantity, one) is not None]
    return Stated(
        id=str(stream.get("@iot.id", "")),
        name=str(stream.get("name", "")),
        quantity=known,
        unit=(fits or units or [""])[0],
        xy=xy,
        asset=str(own.get("asset") or above.get("asset") or ""),
    )


def fetch(url: str, file: Path, job: Job) -> None:
    """Ask a service for all its things and keep the answer in a file.

    Raises
    ------
    InvalidInputError
        When the address is none, or a page leads to another host.
    SourceUnavailableError
        When it does not answer, or not as such a service does.
    """
    root = urlsplit(url)
    if root.scheme not in ("http", "https") or not root.hostname:
        raise InvalidInputError(
            "city.service_address",
            f"{url!r} is no address of a service",
            hint="Write the root of the service, such as https://…/v1.1",
            params={"url": url},
        )
    things: list[Any] = []
    page: str | None = urljoin(url.rstrip("/") + "/", QUERY)
    budget = job.memory_mb * 1e6 / _JSON_FACTOR
    with httpx.Client(timeout=_SECONDS, follow_redirects=False) as client:
        for number in range(_MAX_PAGES):
            if page is None:
                break
            if urlsplit(page)[:2] != root[:2]:
                raise _unavailable(url, f"its next page lies elsewhere: {page}")
            data = _page(client, page, url, budget)
            budget -= len(data)
            answer = _answer(data, url)
            things += answer["value"]
            page = answer.get("@iot.nextLink")
            job.go_on(0.8 * (1.0 - 1.0 / (number + 2)))
    if page is not None:
        raise _unavailable(url, f"it has more than {_MAX_PAGES} pages")
    draft = file.with_name(f".{file.name}.part")
    draft.write_text(json.dumps({"value": things}), encoding="utf-8")
    draft.replace(file)


def _page(client: httpx.Client, page: str, url: str, budget: float) -> bytes:
    data = b""
    try:
        with client.stream("GET", page) as answer:
            if answer.status_code != httpx.codes.OK:
                raise _unavailable(url, f"it answered {answer.status_code}")
            for chunk in answer.iter_bytes():
                data += chunk
                if len(data) > budget:
                    raise _unavailable(url, "its answer is larger than the job's memory")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _unavailable(url, error) from error
    return data


def _answer(data: bytes, url: str) -> dict[str, Any]:
    try:
        answer = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _unavailable(url, "it did not answer in JSON") from error
    if not isinstance(answer, dict) or not isinstance(answer.get("value"), list):
        raise _unavailable(url, "its answer has no list `value`")
    return answer


def _unavailable(url: str, why: object) -> SourceUnavailableError:
    return SourceUnavailableError(
        "city.service_silent",
        f"the service at {url} cannot be read: {why}",
        hint="Check the address, or save its answer to a file",
        params={"url": url, "reason": str(why)},
    )


READER = SensorThingsReader()
