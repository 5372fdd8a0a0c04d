"""Entities as they are sent: read with every fault named, before anything is kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rencheng.domain.errors import Fault, InvalidInputError
from rencheng.domain.sensing import COMPLEX, NAVIGATION, PROPERTIES, EntityKind, Unit
from rencheng.service.register_moments import parsed, when
from rencheng.service.register_streams import geometry_of

K = EntityKind
Body = Mapping[str, Any]
ID = re.compile(r"[^\s'/?#~@()]([^\r\n\t'/?#~@()]{0,118}[^\s'/?#~@()])?")
"""Ids that a sender may choose: they have to stand in addresses, and in those of observations."""
_REQUIRED: Mapping[EntityKind, frozenset[str]] = {
    K.THINGS: frozenset({"name", "description"}),
    K.LOCATIONS: frozenset({"name", "description", "encodingType", "location"}),
    K.HISTORICAL_LOCATIONS: frozenset({"time", "Thing", "Locations"}),
    K.DATASTREAMS: frozenset(
        {"name", "description", "observationType", "unitOfMeasurement", "Thing", "Sensor",
         "ObservedProperty"}
    ),
    K.MULTI_DATASTREAMS: frozenset(
        {"name", "description", "multiObservationDataTypes", "unitOfMeasurements", "Thing",
         "Sensor", "ObservedProperties"}
    ),
    K.SENSORS: frozenset({"name", "description", "encodingType", "metadata"}),
    K.OBSERVED_PROPERTIES: frozenset({"name", "definition", "description"}),
    K.OBSERVATIONS: frozenset({"result"}),
    K.FEATURES: frozenset({"name", "description", "encodingType", "feature"}),
}  # fmt: skip
_ALIASES = {"Datastream": K.DATASTREAMS, "MultiDatastream": K.MULTI_DATASTREAMS}


@dataclass(slots=True, kw_only=True)
class Draft:
    """One entity as it was sent: what it says, and who it belongs to."""

    kind: EntityKind
    where: str
    """Where it stands in the body; empty: it is the body."""
    key: str = ""
    """Id that the sender chose; empty: none."""
    values: dict[str, Any] = field(default_factory=dict)
    """By attribute of the entity."""
    links: dict[str, list[str | Draft]] = field(default_factory=dict)
    """By navigation property: ids of what is there, drafts of what comes with it."""


class Faults:
    """The faults of a body, in the order in which they stand there."""

    def __init__(self) -> None:
        self.found: list[Fault] = []

    def add(self, where: str, key: str, what: str = "") -> None:
        """Note a fault."""
        self.found.append(
            Fault(
                where=where or "body",
                key=f"sensorthings.{key}",
                problem=f"{where or 'body'}: {key} {what}".strip(),
                hint="See OGC 18-088, SensorThings 1.1, chapter 8",
                first=(what,) if what else (),
            )
        )

    def raise_any(self) -> None:
        """Raise `InvalidInputError` with every fault, if there are any."""
        if self.found:
            raise InvalidInputError(
                "sensorthings.body",
                f"what was sent has {len(self.found)} faults",
                hint="Mend them all and send it again; nothing was kept",
                params={"count": len(self.found)},
                faults=self.found,
            )


def draft_of(
    kind: EntityKind,
    body: object,
    faults: Faults,
    *,
    where: str = "",
    parent: tuple[str, str] | None = None,
    is_change: bool = False,
) -> Draft:
    """Read an entity with everything inside it.

    Parameters
    ----------
    where
        Where it stands in what was sent, for the faults.
    parent
        Navigation property and id that the address, or the entity around it, gives.
    is_change
        Whether it changes an entity: nothing is required, and nothing new may come with it.
    """
    draft = Draft(kind=kind, where=where)
    if not isinstance(body, Mapping):
        faults.add(where, "no_object")
        return draft
    if parent is not None:
        draft.links[parent[0]] = [parent[1]]
    for name, value in body.items():
        place = f"{where}.{name}".lstrip(".")
        if name == "@iot.id":
            draft.key = _key(value, place, faults)
        elif name in PROPERTIES[kind]:
            _value(draft, name, value, place, faults)
        elif name in NAVIGATION[kind]:
            _links(draft, name, value, place, faults, is_change=is_change)
        elif not _is_ignored(name):
            faults.add(place, "unknown")
    if not is_change:
        said = {name for name in body if body[name] is not None} | draft.links.keys()
        for name in sorted(_REQUIRED[kind] - said):
            faults.add(f"{where}.{name}".lstrip("."), "missing")
        if kind is K.OBSERVATIONS and not said & _ALIASES.keys():
            faults.add(f"{where}.Datastream".lstrip("."), "missing")
    return draft


def _is_ignored(name: str) -> bool:
    """Return whether a property is one that servers write: links, counts, an id in words."""
    return "@iot." in name or name == "id"


def _key(value: object, place: str, faults: Faults) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and ID.fullmatch(value):
        return value
    faults.add(place, "id")
    return ""


def _links(
    draft: Draft, name: str, value: Any, place: str, faults: Faults, *, is_change: bool
) -> None:
    target, is_many = NAVIGATION[draft.kind][name]
    if is_many is not isinstance(value, Sequence) or isinstance(value, str):
        faults.add(place, "link")
        return
    found = draft.links.setdefault(name, [])
    if not is_many:
        found.clear()
    for i, one in enumerate(value if is_many else [value]):
        at = f"{place}[{i}]" if is_many else place
        # Clients hand back what they were told: an entity with an id is the one with that id.
        has_id = isinstance(one, Mapping) and "@iot.id" in one
        if has_id and (is_change or not is_many or set(one) == {"@iot.id"}):
            found.append(key_of(one["@iot.id"]) or _key(one["@iot.id"], at, faults))
        elif is_change:
            faults.add(at, "link_only")
        else:
            back = back_of(draft.kind, name, "") if is_many and name != "Locations" else None
            found.append(draft_of(target, one, faults, where=at, parent=back))


def key_of(value: object) -> str:
    """Return an id as it stands in a link, empty when it is none."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return ""
    return str(value)


def back_of(kind: EntityKind, name: str, key: str) -> tuple[str, str] | None:
    """Return what leads back from a neighbour to the entity with an id; None: nothing does."""
    back = _BACK.get((kind, name))
    return (back, key) if back else None


_BACK = {
    (K.THINGS, "Locations"): "Things",
    (K.THINGS, "Datastreams"): "Thing",
    (K.THINGS, "MultiDatastreams"): "Thing",
    (K.THINGS, "HistoricalLocations"): "Thing",
    (K.LOCATIONS, "Things"): "Locations",
    (K.LOCATIONS, "HistoricalLocations"): "Locations",
    (K.DATASTREAMS, "Observations"): "Datastream",
    (K.MULTI_DATASTREAMS, "Observations"): "MultiDatastream",
    (K.SENSORS, "Datastreams"): "Sensor",
    (K.SENSORS, "MultiDatastreams"): "Sensor",
    (K.OBSERVED_PROPERTIES, "Datastreams"): "ObservedProperty",
    (K.OBSERVED_PROPERTIES, "MultiDatastreams"): "ObservedProperties",
    (K.FEATURES, "Observations"): "FeatureOfInterest",
}


# Properties ------------------------------------------------------------------------------------


def _value(draft: Draft, name: str, value: Any, place: str, faults: Faults) -> None:
    attribute = PROPERTIES[draft.kind][name]
    if not attribute or attribute == "observed_area":
        return  # kept by the service, whatever a sender says
    if value is None and name != "result":
        if name in _REQUIRED[draft.kind]:
            faults.add(place, "missing")
        elif name in _EMPTY:
            draft.values[attribute] = _EMPTY[name]
        return
    reader = _READERS.get(name)
    if reader is None:
        draft.values[attribute] = value
        if name in ("location", "feature") and _is_geojson(value) and geometry_of(value) is None:
            faults.add(place, "geometry")
        return
    found = reader(value)
    if found is None:
        faults.add(place, _SAYS.get(name, "text"))
    else:
        draft.values[attribute] = found


def _is_geojson(value: object) -> bool:
    """Return whether a place claims to be GeoJSON; other encodings are kept as they are."""
    return isinstance(value, Mapping) and "type" in value


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _table(value: object) -> dict[str, Any] | None:
    return dict(value) if isinstance(value, Mapping) else None


def _unit(value: object) -> Unit | None:
    if not isinstance(value, Mapping) or not set(value) <= {"name", "symbol", "definition"}:
        return None
    if any(one is not None and not isinstance(one, str) for one in value.values()):
        return None
    return Unit(**value)


def _units(value: object) -> tuple[Unit, ...] | None:
    if not isinstance(value, list):
        return None
    found = [_unit(one) for one in value]
    return tuple(one for one in found if one is not None) if None not in found else None


def _texts(value: object) -> tuple[str, ...] | None:
    is_so = isinstance(value, list) and all(isinstance(one, str) for one in value)
    return tuple(value) if is_so and isinstance(value, list) else None


_EMPTY: Mapping[str, Any] = {
    "properties": {}, "parameters": {}, "resultTime": None, "validTime": None,
    "resultQuality": None, "observationType": COMPLEX,
}  # fmt: skip
_READERS: Mapping[str, Callable[[Any], Any]] = {
    "name": _text,
    "description": _text,
    "encodingType": _text,
    "definition": _text,
    "observationType": _text,
    "properties": _table,
    "parameters": _table,
    "unitOfMeasurement": _unit,
    "unitOfMeasurements": _units,
    "multiObservationDataTypes": _texts,
    "time": when,
    "phenomenonTime": parsed,
    "resultTime": parsed,
    "validTime": parsed,
}
_SAYS: Mapping[str, str] = {
    "properties": "table", "parameters": "table", "unitOfMeasurement": "unit",
    "unitOfMeasurements": "unit", "multiObservationDataTypes": "texts", "time": "time",
    "phenomenonTime": "time", "resultTime": "time", "validTime": "time",
}  # fmt: skip
