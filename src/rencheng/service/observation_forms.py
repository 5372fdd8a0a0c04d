"""Observations as they are sent: held against the entities they name, then told in full."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Protocol

from rencheng.domain.sensing import (
    DatastreamResource,
    Entity,
    EntityKind,
    MultiDatastream,
    ObservationDetails,
    Thing,
)
from rencheng.service.register_forms import Draft, Faults

K = EntityKind
_STREAMS = (("Datastream", K.DATASTREAMS), ("MultiDatastream", K.MULTI_DATASTREAMS))


class Finder(Protocol):
    """What knows the entities: the register's index, or a plan over it."""

    def find(self, kind: EntityKind, key: str) -> Entity | None:
        """Return an entity, None when there is none."""
        ...


def stream_of(finder: Finder, draft: Draft) -> DatastreamResource | MultiDatastream | None:
    """Return the datastream of an observation, None when it names none that is there."""
    for name, kind in _STREAMS:
        for key in draft.links.get(name, ()):
            found = finder.find(kind, key) if isinstance(key, str) else None
            if isinstance(found, DatastreamResource | MultiDatastream):
                return found
    return None


def check(finder: Finder, draft: Draft, faults: Faults) -> None:
    """Note what of an observation is not known, or does not fit its datastream."""
    item = stream_of(finder, draft)
    place = f"{draft.where}.".lstrip(".")
    if item is None:
        named = [one for name, _ in _STREAMS for one in draft.links.get(name, ())]
        faults.add(f"{place}Datastream", "absent", "".join(x for x in named if isinstance(x, str)))
        return
    check_result(item, draft.values.get("result"), f"{place}result", faults)
    feature = feature_link(finder, draft, faults)
    thing = finder.find(K.THINGS, item.thing)
    is_placed = isinstance(thing, Thing) and bool(thing.locations)
    is_placed = is_placed or bool(draft.links.get("FeatureOfInterest"))
    if not feature and not is_placed:
        faults.add(f"{place}FeatureOfInterest", "no_place", item.thing)


def check_result(item: object, result: Any, place: str, faults: Faults) -> None:
    """Note a result that is no list of as many values as a multi-datastream has units."""
    is_list = isinstance(result, list)
    if isinstance(item, MultiDatastream) and (not is_list or len(result) != len(item.units)):
        faults.add(place, "result_list", str(len(item.units)))


def feature_link(finder: Finder, draft: Draft, faults: Faults) -> str:
    """Return the id of the feature that a draft points at, empty: none."""
    for one in draft.links.get("FeatureOfInterest", ()):
        if isinstance(one, str):
            if finder.find(K.FEATURES, one) is None:
                place = f"{draft.where}.FeatureOfInterest".lstrip(".")
                faults.add(place, "absent", one)
            return one
    return ""


def feature_key(draft: Draft) -> str:
    """Return the id of a feature that is sent along: the same content is the same feature."""
    text = json.dumps(draft.values, sort_keys=True, ensure_ascii=False, default=str)
    return draft.key or hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def told_by(draft: Draft, stream: str, now: int, feature: str) -> ObservationDetails:
    """Return all that a draft says; its id and where it will lie are not known yet.

    Parameters
    ----------
    now
        The phenomenon's time where none is said. [µs UTC]
    feature
        Id of the feature that it names or brings; empty: that of the thing's place.
    """
    said = draft.values
    at, end = said.get("at", (now, now))
    return ObservationDetails(
        id="", datastream=stream, at=at, end=end, result=said.get("result"),
        result_at=(said.get("result_at") or (None,))[0],
        result_quality=said.get("result_quality"), valid_time=said.get("valid_time"),
        parameters=said.get("parameters") or {}, feature=feature,
    )  # fmt: skip
