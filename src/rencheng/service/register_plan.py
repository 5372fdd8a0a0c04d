"""What a change of the register amounts to: worked out whole before anything is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import MISSING, dataclass, field, fields, replace
from typing import Any

from shapely.geometry.base import BaseGeometry

from rencheng.domain.observation import Quantity
from rencheng.domain.readings import to_us
from rencheng.domain.sensing import (
    COMPLEX,
    NAVIGATION,
    DatastreamResource,
    Entity,
    EntityKind,
    FeatureOfInterest,
    HistoricalLocation,
    Location,
    MultiDatastream,
    ObservationDetails,
    ObservedProperty,
    Sensor,
    Thing,
)
from rencheng.service.house import Context, new_id
from rencheng.service.observation_forms import check, feature_key, stream_of, told_by
from rencheng.service.register_forms import Draft, Faults
from rencheng.service.register_index import Index

K = EntityKind
Box = tuple[float, float, float, float]
QuantityOf = Callable[[Sequence[str], Sequence[str]], Quantity]
"""Words for an observed property, words for its unit, to the quantity that the house knows."""
TYPES: dict[EntityKind, type[Entity]] = {
    K.THINGS: Thing,
    K.LOCATIONS: Location,
    K.HISTORICAL_LOCATIONS: HistoricalLocation,
    K.DATASTREAMS: DatastreamResource,
    K.MULTI_DATASTREAMS: MultiDatastream,
    K.SENSORS: Sensor,
    K.OBSERVED_PROPERTIES: ObservedProperty,
    K.FEATURES: FeatureOfInterest,
}
_ATTRIBUTES = {
    "Thing": "thing", "Sensor": "sensor", "ObservedProperty": "observed_property",
    "Locations": "locations", "ObservedProperties": "observed_properties",
}  # fmt: skip
"""Attribute that holds a navigation property's ids."""


@dataclass(slots=True, kw_only=True)
class Plan:
    """What will be kept and what will go, over what is there."""

    index: Index
    ctx: Context
    quantity: QuantityOf
    puts: dict[tuple[EntityKind, str], Entity] = field(default_factory=dict)
    drops: list[tuple[EntityKind, str]] = field(default_factory=list)
    observations: list[ObservationDetails] = field(default_factory=list)
    """Observations that lay in a body; they are kept with it and go to the history afterwards."""

    def put(self, kind: EntityKind, item: Entity) -> None:
        """Keep an entity, new or changed."""
        self.puts[kind, item.id] = item

    def find(self, kind: EntityKind, key: str) -> Entity | None:
        """Return an entity as it will be."""
        return self.puts.get((kind, key)) or self.index.find(kind, key)

    def fresh(self) -> str:
        """Return an id that nobody has."""
        return new_id(self.ctx.wall)


def made(plan: Plan, draft: Draft, faults: Faults) -> str:
    """Plan a new entity: first what it points at, then itself, then what points at it."""
    if draft.kind is K.OBSERVATIONS:
        _observed(plan, draft, faults)
        return ""
    key = draft.key or plan.fresh()
    if plan.find(draft.kind, key) is not None:
        faults.add(f"{draft.where}.@iot.id".lstrip("."), "taken", key)
    values = dict(draft.values)
    for name, attribute in _ATTRIBUTES.items():
        if name in draft.links and name in NAVIGATION[draft.kind]:
            is_many = NAVIGATION[draft.kind][name][1]
            keys = _ahead(plan, draft, name, faults)
            values[attribute] = tuple(keys) if is_many else (keys or [""])[0]
    if draft.kind is K.MULTI_DATASTREAMS:
        values["observation_type"] = COMPLEX
        _match_sizes(values, draft, faults)
    item = _built(TYPES[draft.kind], key, values)
    if isinstance(item, DatastreamResource):
        item = replace(item, quantity=_quantity(plan, item))
    plan.put(draft.kind, item)
    _settle(plan, item)
    for name in _BEHIND.get(draft.kind, ()):
        for one in draft.links.get(name, ()):
            _behind(plan, draft, name, key, one, faults)
    _place_streams(plan, draft.kind, key)
    return key


def changed_by(plan: Plan, old: Entity, draft: Draft, faults: Faults, *, is_whole: bool) -> None:
    """Plan the change of an entity; `is_whole`: what the draft does not say is as when new."""
    kind, values = draft.kind, dict(draft.values)
    for name, attribute in _ATTRIBUTES.items():
        if name in draft.links and name in NAVIGATION[kind]:
            keys = _ahead(plan, draft, name, faults)
            values[attribute] = tuple(keys) if NAVIGATION[kind][name][1] else (keys or [""])[0]
    if is_whole and hasattr(old, "properties"):
        values.setdefault("properties", {})
    places = values.pop("locations", None) if isinstance(old, Thing) else None
    item: Any = replace(old, **values)
    if isinstance(item, MultiDatastream):
        _match_sizes({name: getattr(item, name) for name in _SIZES}, draft, faults)
    if isinstance(item, DatastreamResource):
        item = replace(item, quantity=_quantity(plan, item))
    plan.put(kind, item)
    if places is not None and places != item.locations:
        moved(plan, item.id, places)
    for name in sorted(set(draft.links) - set(_ATTRIBUTES)):
        if set(draft.links[name]) - set(plan.index.related(kind, old.id, name)):
            faults.add(name, "link_back")


def moved(plan: Plan, key: str, places: tuple[str, ...]) -> None:
    """Plan that a thing is somewhere else from now on, and that this is remembered."""
    thing = plan.find(K.THINGS, key)
    if not isinstance(thing, Thing):
        return
    plan.put(K.THINGS, replace(thing, locations=places))
    if places:
        note = HistoricalLocation(
            id=plan.fresh(), time=plan.ctx.wall, thing=key, locations=places
        )  # fmt: skip
        plan.put(K.HISTORICAL_LOCATIONS, note)
        _place_streams(plan, K.THINGS, key)


def ensure_feature(plan: Plan, place: str) -> str:
    """Plan the feature of a location, if there is none yet, and return its id."""
    for one in plan.index.pointing(K.LOCATIONS, place, "FeaturesOfInterest"):
        return one
    for kind, key in plan.puts:
        item = plan.puts[kind, key]
        if isinstance(item, FeatureOfInterest) and item.location == place:
            return key
    found = plan.find(K.LOCATIONS, place)
    if not isinstance(found, Location):
        return ""
    key = plan.fresh()
    feature = FeatureOfInterest(
        id=key, name=found.name, description=found.description,
        encoding_type=found.encoding_type, feature=found.location, location=place,
    )  # fmt: skip
    plan.put(K.FEATURES, feature)
    return key


def box_of(geometry: BaseGeometry) -> Box:
    """Return west, south, east, north. [deg]"""
    west, south, east, north = geometry.bounds
    return (west, south, east, north)


# Inside ----------------------------------------------------------------------------------------

_BEHIND: dict[EntityKind, tuple[str, ...]] = {
    K.THINGS: ("HistoricalLocations", "Datastreams", "MultiDatastreams"),
    K.LOCATIONS: ("Things", "HistoricalLocations"),
    K.DATASTREAMS: ("Observations",),
    K.MULTI_DATASTREAMS: ("Observations",),
    K.SENSORS: ("Datastreams", "MultiDatastreams"),
    K.OBSERVED_PROPERTIES: ("Datastreams", "MultiDatastreams"),
    K.FEATURES: ("Observations",),
}
_SIZES = ("multi_types", "units", "observed_properties")


def _ahead(plan: Plan, draft: Draft, name: str, faults: Faults) -> list[str]:
    """Return the ids that a navigation property names, making what comes with it."""
    target, keys = NAVIGATION[draft.kind][name][0], []
    for i, one in enumerate(draft.links[name]):
        if isinstance(one, Draft):
            keys.append(made(plan, one, faults))
        elif plan.find(target, one) is None:
            place = f"{draft.where}.{name}".lstrip(".")
            faults.add(f"{place}[{i}]" if len(draft.links[name]) > 1 else place, "absent", one)
        else:
            keys.append(one)
    return keys


def _behind(
    plan: Plan, draft: Draft, name: str, key: str, one: str | Draft, faults: Faults
) -> None:
    """Make what points back at a new entity; a thing that is there moves to a new location."""
    if isinstance(one, Draft):
        for keys in one.links.values():
            keys[:] = [key if link == "" else link for link in keys]
        made(plan, one, faults)
    elif name == "Things" and plan.find(K.THINGS, one) is not None:
        if (K.THINGS, one) in plan.index.own:
            faults.add(f"{draft.where}.{name}".lstrip("."), "of_the_city", one)
        moved(plan, one, (key,))
    elif name == "Things":
        faults.add(f"{draft.where}.{name}".lstrip("."), "absent", one)
    else:
        faults.add(f"{draft.where}.{name}".lstrip("."), "link_back", one)


def _built(kind: type[Entity], key: str, values: dict[str, Any]) -> Any:
    """Build an entity; what is missing was named as a fault before and is empty here."""
    given = {one.name: values[one.name] for one in fields(kind) if one.name in values}
    for one in fields(kind):
        needed = one.default is MISSING and one.default_factory is MISSING
        if needed and one.name not in given and one.name != "id":
            given[one.name] = None
    return kind(id=key, **given)


def _settle(plan: Plan, item: Entity) -> None:
    """Remember since when a new thing is where it is; a thing is where it was seen last."""
    if isinstance(item, HistoricalLocation):
        _seen(plan, item)
    if isinstance(item, Thing) and item.locations:
        note = HistoricalLocation(
            id=plan.fresh(), time=plan.ctx.wall, thing=item.id, locations=item.locations
        )  # fmt: skip
        plan.put(K.HISTORICAL_LOCATIONS, note)


def _seen(plan: Plan, note: HistoricalLocation) -> None:
    """Plan that a thing is where somebody says it was, if nothing later is known of it."""
    thing = plan.find(K.THINGS, note.thing or "")
    if not isinstance(thing, Thing) or (K.THINGS, thing.id) in plan.index.own:
        return
    known = [item for (kind, _), item in plan.puts.items() if kind is K.HISTORICAL_LOCATIONS]
    if plan.index.find(K.THINGS, thing.id) is not None:
        keys = plan.index.related(K.THINGS, thing.id, "HistoricalLocations")
        known += [plan.index.get(K.HISTORICAL_LOCATIONS, key) for key in keys]
    notes = [one for one in known if isinstance(one, HistoricalLocation) and one.thing == thing.id]
    others = [one.time for one in notes if one.id != note.id]
    if note.time <= plan.ctx.wall and all(note.time > time for time in others):
        plan.put(K.THINGS, replace(thing, locations=note.locations))


def _place_streams(plan: Plan, kind: EntityKind, key: str) -> None:
    """Give the streams of a thing the feature of its place, and take it into their area."""
    streams: list[tuple[EntityKind, str]] = []
    if kind in (K.DATASTREAMS, K.MULTI_DATASTREAMS):
        streams.append((kind, key))
    elif kind is K.THINGS and plan.index.find(K.THINGS, key) is not None:
        for name, target in (("Datastreams", K.DATASTREAMS),
                             ("MultiDatastreams", K.MULTI_DATASTREAMS)):  # fmt: skip
            streams += [(target, one) for one in plan.index.related(K.THINGS, key, name)]
    for target, name in streams:
        item: Any = plan.find(target, name)
        thing = plan.find(K.THINGS, item.thing or "")
        for place in thing.locations if isinstance(thing, Thing) else ():
            ensure_feature(plan, place)


def _observed(plan: Plan, draft: Draft, faults: Faults) -> None:
    """Plan an observation, with the feature that comes with it."""
    stream, before = stream_of(plan, draft), len(faults.found)
    check(plan, draft, faults)
    if stream is None or len(faults.found) > before:
        return
    feature = ""
    for one in draft.links.get("FeatureOfInterest", ()):
        feature = one if isinstance(one, str) else feature_key(one)
        if isinstance(one, Draft) and plan.find(K.FEATURES, feature) is None:
            made(plan, replace(one, key=feature, links={}), faults)
    plan.observations.append(told_by(draft, stream.id, to_us(plan.ctx.wall), feature))


def _match_sizes(values: dict[str, Any], draft: Draft, faults: Faults) -> None:
    sizes = {len(values.get(name) or ()) for name in _SIZES}
    if len(sizes) > 1 or sizes == {0}:
        where = f"{draft.where}.multiObservationDataTypes".lstrip(".")
        faults.add(where, "sizes", ", ".join(str(len(values.get(name) or ())) for name in _SIZES))


def _quantity(plan: Plan, item: DatastreamResource) -> Quantity:
    """Return what the house knows a stream's values as; `properties.quantity` decides first."""
    said = (item.properties or {}).get("quantity")
    if said in set(Quantity):
        return Quantity(said)
    found = plan.find(K.OBSERVED_PROPERTIES, item.observed_property)
    if not isinstance(found, ObservedProperty) or item.unit is None:
        return Quantity.OTHER
    tail = (found.definition or "").rpartition("#")[2].rpartition("/")[2].rpartition(":")[2]
    units = [one for one in (item.unit.definition, item.unit.symbol, item.unit.name) if one]
    return plan.quantity([found.name or "", tail], units)
