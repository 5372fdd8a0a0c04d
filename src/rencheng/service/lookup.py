"""Names of things: what stands behind an id, and what a search finds."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

from rencheng.domain.city import City
from rencheng.domain.resource import Organisation


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Something on the map that has a name."""

    id: str
    kind: str
    """Kind of facility or lifeline, or `zone`, `cell`, `street`, `stop`, `sensor`."""
    name: str
    xy: tuple[float, float]


def zone_place(zone: int) -> str:
    """Return the place id of a zone, given the zone's own id."""
    return f"zone:{zone}"


@dataclass(slots=True)
class Gazetteer:
    """Every named place of one city, by id and by name."""

    city: City
    _by_id: dict[str, Place] = field(default_factory=dict)
    _folded: list[tuple[str, Place]] = field(default_factory=list)
    _organisations: dict[str, Organisation] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for place in _places(self.city):
            self._by_id.setdefault(place.id, place)
            self._folded.append((fold(f"{place.name} {place.id}"), place))
        self._organisations = {one.id: one for one in self.city.organisations}

    def find(self, key: str) -> Place | None:
        """Return the place with this id, None when there is none."""
        return self._by_id.get(key)

    def name(self, key: str) -> str:
        """Return the name of a place; its id when it has none."""
        place = self._by_id.get(key)
        return place.name if place and place.name else key

    def organisation(self, key: str) -> Organisation | None:
        """Return the organisation with this id, None when there is none."""
        return self._organisations.get(key)

    def search(self, words: str, limit: int = 20) -> list[Place]:
        """Return places whose name or id holds every word; names that start with it come first."""
        wanted = fold(words).split()
        if not wanted:
            return []
        hits = [
            (not text.startswith(wanted[0]), len(text), place.id, place)
            for text, place in self._folded
            if all(word in text for word in wanted)
        ]
        return [hit[3] for hit in sorted(hits, key=lambda hit: hit[:3])[:limit]]


def fold(text: str) -> str:
    """Return text as it is compared: small letters without accents.

    Examples
    --------
    >>> fold("Peñuelas")
    'penuelas'
    """
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in parts if not unicodedata.combining(sign))


def _places(city: City) -> Iterator[Place]:
    """Yield places, the most asked for first; a street once, at its first link."""
    facilities, lifelines, zones = city.facilities, city.lifelines, city.zones
    for row, key in enumerate(facilities.id):
        yield Place(
            id=key, kind=facilities.kind[row], name=facilities.name[row], xy=_xy(facilities.xy, row)
        )
    for row, key in enumerate(lifelines.id):
        yield Place(id=key, kind=lifelines.kind[row], name=key, xy=_xy(lifelines.xy, row))
    for row, number in enumerate(zones.id):
        yield Place(
            id=zone_place(int(number)), kind="zone", name=zones.name[row], xy=_xy(zones.centre, row)
        )
    for row, key in enumerate(city.grid.id):
        yield Place(id=key, kind="cell", name=key, xy=_xy(city.grid.centre, row))
    for row, key in enumerate(city.stops.id):
        yield Place(id=key, kind="stop", name=city.stops.name[row], xy=_xy(city.stops.xy, row))
    for stream in city.datastreams:
        yield Place(id=stream.id, kind="sensor", name=stream.name, xy=stream.xy)
    seen: set[str] = set()
    for row, name in enumerate(city.roads.name):
        if name and name not in seen:
            seen.add(name)
            start = int(city.roads.start[row])
            yield Place(
                id=f"street:{row}", kind="street", name=name, xy=_xy(city.roads.node_xy, start)
            )


def _xy(table: object, row: int) -> tuple[float, float]:
    lon, lat = table[row]  # type: ignore[index]
    return float(lon), float(lat)
