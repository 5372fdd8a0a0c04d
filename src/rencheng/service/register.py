"""The register of things, sensors and datastreams: what is kept, joined with the served city."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from threading import RLock

from rencheng.domain.change import CityVersion
from rencheng.domain.city import City
from rencheng.domain.errors import NotFoundError
from rencheng.domain.observation import Datastream, Quantity
from rencheng.domain.sensing import (
    NAVIGATION,
    DatastreamResource,
    Entity,
    EntityKind,
    FeatureOfInterest,
    MultiDatastream,
)
from rencheng.service.house import House
from rencheng.service.ports import Cities, UnitOfWork
from rencheng.service.register_index import Index, absent, filled
from rencheng.service.register_plan import Box, QuantityOf, box_of
from rencheng.service.register_seed import seed
from rencheng.service.register_streams import Outlines, geometry_of, house_stream, retired

TABLES: dict[EntityKind, str] = {
    EntityKind.THINGS: "things",
    EntityKind.LOCATIONS: "locations",
    EntityKind.HISTORICAL_LOCATIONS: "historical_locations",
    EntityKind.DATASTREAMS: "datastreams",
    EntityKind.MULTI_DATASTREAMS: "multi_datastreams",
    EntityKind.SENSORS: "sensors",
    EntityKind.OBSERVED_PROPERTIES: "observed_properties",
    EntityKind.FEATURES: "features",
}
"""Repository of each kind in the unit of work; observations lie in the history."""


class Register:
    """What is kept of things, sensors and streams, in memory over the store's rows.

    Any thread may ask. It also stands in for the cities: `current` is the served city with the
    registered streams behind its own, the same object until either changes.
    """

    def __init__(
        self,
        work: Callable[[], UnitOfWork],
        cities: Cities,
        quantity: QuantityOf = lambda _words, _units: Quantity.OTHER,
    ) -> None:
        self._work = work
        self.quantity = quantity
        self.writing = RLock()
        """Held by a command from its first look to the end of its change."""
        self._cities = cities
        self._lock = RLock()
        self._kept: dict[EntityKind, dict[str, Entity]] | None = None
        self._base: City | None = None
        self._zones: Outlines | None = None
        self._index = Index()
        self._slots: dict[str, Datastream] = {}
        self._joined: City | None = None
        self._rows: dict[str, int] = {}
        self._noted: set[str] | None = None
        self._boxes: dict[str, tuple[Entity, Box | None]] = {}
        self.paying = RLock()
        """Held while observations that are owed go to the history."""
        self.is_owing = True
        """Whether any may be owed; nobody knows after a start."""
        self.revision = 0
        """Rises with every change of the register or of the city."""

    # The entities ------------------------------------------------------------------------------

    def index(self) -> Index:
        """Return the entities, up to date with the served city."""
        with self._lock:
            base = self._cities.current()
            if self._kept is None or base is not self._base:
                self._read(base)
            return self._index

    def changed(
        self,
        puts: Sequence[tuple[EntityKind, Entity]],
        drops: Sequence[tuple[EntityKind, str]] = (),
    ) -> None:
        """Take up what a command has committed."""
        with self._lock:
            index, kept = self.index(), self._kept or {}
            for kind, key in drops:
                index.drop(kind, key)
                kept[kind].pop(key, None)
                if kind is EntityKind.DATASTREAMS and (old := self._slots.get(key)) is not None:
                    self._slots[key], self._joined = retired(old), None
            for kind, item in puts:
                index.put(kind, item)
                kept[kind][item.id] = item
            for key in dict.fromkeys(x for kind, item in puts for x in _moved(index, kind, item)):
                self._place(key)
            self.revision += 1

    def noted(self, streams: Iterable[str]) -> list[str]:
        """Return which of these streams have, or had, observations with details.

        Of all others the history alone is asked. What writes details says so with `note` before.
        """
        with self._lock:
            if self._noted is None:
                with self._work() as work:
                    self._noted = work.details.streams()
            return [one for one in streams if one in self._noted] if self._noted else []

    def note(self, streams: Iterable[str]) -> None:
        """Remember, before it is so, that streams have observations with details."""
        with self._lock:
            self.noted(())
            self._noted = {*(self._noted or ()), *streams}

    def box(self, feature: str) -> Box | None:
        """Return west, south, east, north of a feature; None where it says none. [deg]"""
        item = self.index().find(EntityKind.FEATURES, feature)
        if not isinstance(item, FeatureOfInterest):
            return None
        held = self._boxes.get(feature)
        if held is None or held[0] is not item:
            geometry = geometry_of(item.feature)
            is_there = geometry is not None and not geometry.is_empty
            held = (item, box_of(geometry) if geometry is not None and is_there else None)
            self._boxes[feature] = held
        return held[1]

    # The city ----------------------------------------------------------------------------------

    def current(self) -> City:
        """Return the served city with the registered streams after its own.

        A stream keeps its row while the program runs and the city stays; one that was deleted
        leaves a row that expects nothing until the next start.
        """
        with self._lock:
            self.index()
            if self._joined is None and self._base is not None:
                more, base = tuple(self._slots.values()), self._base
                self._joined = (
                    replace(base, datastreams=(*base.datastreams, *more)) if more else base
                )
                self._rows = {one.id: row for row, one in enumerate(self._joined.datastreams)}
            return self._joined or self._cities.current()

    def row(self, stream: str) -> int | None:
        """Return a stream's row in `current().datastreams`; None: it feeds no model."""
        return self.rows((stream,))[0]

    def rows(self, streams: Sequence[str]) -> list[int | None]:
        """Return the rows of many streams, looked up at once."""
        with self._lock:
            self.current()
            find, kind = self._index.find, EntityKind.DATASTREAMS
            return [self._rows.get(one) if find(kind, one) is not None else None for one in streams]

    def kept(self) -> tuple[CityVersion, ...]:
        """Return the versions on disk, newest first."""
        return self._cities.kept()

    def load(self, version: str) -> City:
        """Read a version as it was built, without registered streams."""
        return self._cities.load(version)

    def set_current(self, version: str) -> City:
        """Serve a version from now on, after reading it whole."""
        return self._cities.set_current(version)

    # Inside ------------------------------------------------------------------------------------

    def _read(self, base: City) -> None:
        if self._kept is None:
            with self._work() as work:
                self._kept = {
                    kind: {item.id: item for item in reversed(getattr(work, name).list(""))}
                    for kind, name in TABLES.items()
                }
        kept = ((kind, item) for kind, items in self._kept.items() for item in items.values())
        self._index = filled(seed(base), kept)
        self._base, self._zones = base, Outlines(base)
        self._slots, self._joined = {}, None
        for item in self._index.all(EntityKind.DATASTREAMS):
            self._place(item.id)
        self.revision += 1

    def _place(self, key: str) -> None:
        """Give a registered stream that the house can use a row, after those that have one."""
        item = self._index.find(EntityKind.DATASTREAMS, key)
        is_own = (EntityKind.DATASTREAMS, key) in self._index.own
        if is_own or self._zones is None or not isinstance(item, DatastreamResource):
            return
        made = house_stream(item, self._index, self._zones)
        if made is not None and made != self._slots.get(key):
            self._slots[key] = made
            self._joined = None


def _moved(index: Index, kind: EntityKind, item: Entity) -> tuple[str, ...]:
    """Return the datastreams whose place or description a change touches."""
    if kind is EntityKind.DATASTREAMS:
        return (item.id,)
    if kind is EntityKind.THINGS:
        return index.related(kind, item.id, "Datastreams")
    if kind is EntityKind.LOCATIONS:
        things = index.related(kind, item.id, "Things")
        return tuple(
            x for one in things for x in index.related(EntityKind.THINGS, one, "Datastreams")
        )
    return ()


@dataclass(frozen=True, slots=True)
class View:
    """The register as one caller may see it."""

    index: Index
    hidden: frozenset[str] = frozenset()
    """Datastreams of others."""

    def all(self, kind: EntityKind) -> tuple[Entity, ...]:
        """Return every entity of a kind that may be seen, oldest first; not observations."""
        found = self.index.all(kind)
        if not self.hidden or kind not in _STREAMS:
            return found
        return tuple(item for item in found if item.id not in self.hidden)

    def find(self, kind: EntityKind, key: str) -> Entity | None:
        """Return an entity, None when there is none or it may not be seen."""
        is_hidden = kind in _STREAMS and key in self.hidden
        return None if is_hidden else self.index.find(kind, key)

    def get(self, kind: EntityKind, key: str) -> Entity:
        """Return an entity, or raise `NotFoundError`."""
        found = self.find(kind, key)
        if found is None:
            raise absent(kind, key)
        return found

    def related(self, kind: EntityKind, key: str, name: str) -> tuple[str, ...]:
        """Return the ids that a navigation property leads to; not to or from observations."""
        self.get(kind, key)
        found = self.index.related(kind, key, name)
        if not self.hidden or NAVIGATION[kind][name][0] not in _STREAMS:
            return found
        return tuple(one for one in found if one not in self.hidden)

    def streams(self) -> tuple[DatastreamResource | MultiDatastream, ...]:
        """Return every datastream of both kinds that may be seen."""
        both = (*self.all(EntityKind.DATASTREAMS), *self.all(EntityKind.MULTI_DATASTREAMS))
        return tuple(x for x in both if isinstance(x, DatastreamResource | MultiDatastream))


_STREAMS = {EntityKind.DATASTREAMS, EntityKind.MULTI_DATASTREAMS}


def register_of(house: House) -> Register:
    """Return the register of a house, or raise `NotFoundError` where none is wired."""
    if not isinstance(house.cities, Register):
        raise NotFoundError(
            "sensorthings.nowhere",
            "this house has no register of sensors",
            hint="Start with `rencheng serve`",
        )
    return house.cities
