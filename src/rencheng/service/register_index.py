"""Entities by kind and id, and who points at whom; nothing here touches the store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rencheng.domain.errors import NotFoundError
from rencheng.domain.sensing import (
    NAVIGATION,
    DatastreamResource,
    Entity,
    EntityKind,
    FeatureOfInterest,
    HistoricalLocation,
    MultiDatastream,
    Thing,
)

K = EntityKind


class Index:
    """Entities in the order in which they came, found by id and by who points at them."""

    def __init__(self) -> None:
        self._items: dict[EntityKind, dict[str, Entity]] = {kind: {} for kind in EntityKind}
        self._back: dict[tuple[EntityKind, str, str], dict[str, None]] = {}
        self.own: set[tuple[EntityKind, str]] = set()
        """What the city's data state; it cannot be changed here."""

    def put(self, kind: EntityKind, item: Entity) -> None:
        """Take in a new or a changed entity; a changed one keeps its place."""
        old = self._items[kind].get(item.id)
        if old is not None:
            self._unlink(old)
        self._items[kind][item.id] = item
        for target, key, name in pointers(item):
            self._back.setdefault((target, key, name), {})[item.id] = None

    def drop(self, kind: EntityKind, key: str) -> None:
        """Forget an entity."""
        self._unlink(self._items[kind].pop(key))

    def find(self, kind: EntityKind, key: str) -> Entity | None:
        """Return an entity, None when there is none."""
        return self._items[kind].get(key)

    def get(self, kind: EntityKind, key: str) -> Entity:
        """Return an entity, or raise `NotFoundError`."""
        found = self._items[kind].get(key)
        if found is None:
            raise absent(kind, key)
        return found

    def all(self, kind: EntityKind) -> tuple[Entity, ...]:
        """Return every entity of a kind, oldest first."""
        return tuple(self._items[kind].values())

    def related(self, kind: EntityKind, key: str, name: str) -> tuple[str, ...]:
        """Return the ids that a navigation property leads to; not for `Observations`."""
        if name not in NAVIGATION[kind]:
            raise absent(kind, f"{key}/{name}")
        item = self.get(kind, key)
        ahead = forward(item)
        if name in ahead:
            target = NAVIGATION[kind][name][0]
            return tuple(one for one in ahead[name] if one in self._items[target])
        return tuple(self._back.get((kind, key, name), ()))

    def pointing(self, kind: EntityKind, key: str, name: str) -> tuple[str, ...]:
        """Return who points at an entity, by the name there of the way back."""
        return tuple(self._back.get((kind, key, name), ()))

    def _unlink(self, item: Entity) -> None:
        for target, key, name in pointers(item):
            self._back.get((target, key, name), {}).pop(item.id, None)


def forward(item: Entity) -> dict[str, tuple[str, ...]]:
    """Return the ids that an entity itself points at, by navigation property."""
    if isinstance(item, Thing):
        return {"Locations": item.locations}
    if isinstance(item, HistoricalLocation):
        return {"Thing": (item.thing,), "Locations": item.locations}
    if isinstance(item, DatastreamResource):
        return {
            "Thing": (item.thing,),
            "Sensor": (item.sensor,),
            "ObservedProperty": (item.observed_property,),
        }
    if isinstance(item, MultiDatastream):
        return {
            "Thing": (item.thing,),
            "Sensor": (item.sensor,),
            "ObservedProperties": item.observed_properties,
        }
    return {}


def pointers(item: Entity) -> Iterator[tuple[EntityKind, str, str]]:
    """Yield (kind, id, name there of the way back) of everything that an entity points at."""
    if isinstance(item, FeatureOfInterest) and item.location:
        yield K.LOCATIONS, item.location, "FeaturesOfInterest"
    kind, back = _WAY_BACK.get(type(item), (None, ""))
    if kind is None:
        return
    for name, keys in forward(item).items():
        target = NAVIGATION[kind][name][0]
        for key in keys:
            yield target, key, back


_WAY_BACK: dict[type[Entity], tuple[EntityKind, str]] = {
    Thing: (K.THINGS, "Things"),
    HistoricalLocation: (K.HISTORICAL_LOCATIONS, "HistoricalLocations"),
    DatastreamResource: (K.DATASTREAMS, "Datastreams"),
    MultiDatastream: (K.MULTI_DATASTREAMS, "MultiDatastreams"),
}


def filled(seeded: Iterable[tuple[EntityKind, Entity]], kept: Iterable[tuple[EntityKind, Entity]]
) -> Index:  # fmt: skip
    """Return an index of what the city states and what is kept; the city's own ids win."""
    index = Index()
    for kind, item in seeded:
        index.put(kind, item)
        index.own.add((kind, item.id))
    for kind, item in kept:
        if (kind, item.id) not in index.own:
            index.put(kind, item)
    return index


def absent(kind: EntityKind, key: str) -> NotFoundError:
    """Return that there is no such entity."""
    return NotFoundError(
        "sensorthings.not_found",
        f"there is no {kind.value}('{key}')",
        hint="Look it up in the entity set again",
        params={"kind": kind.value, "id": key},
    )
