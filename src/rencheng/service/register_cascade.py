"""What goes with an entity that is deleted (OGC 18-088, table 25)."""

from __future__ import annotations

from dataclasses import replace

from rencheng.domain.errors import ConflictError
from rencheng.domain.sensing import (
    EntityKind,
    FeatureOfInterest,
    Location,
    ObservationDetails,
    Thing,
)
from rencheng.service.ports import UnitOfWork
from rencheng.service.register_plan import Plan
from rencheng.service.register_readings import streams_at

K = EntityKind
_GOES_WITH: dict[EntityKind, tuple[str, ...]] = {
    K.THINGS: ("HistoricalLocations", "Datastreams", "MultiDatastreams"),
    K.LOCATIONS: ("HistoricalLocations",),
    K.SENSORS: ("Datastreams", "MultiDatastreams"),
    K.OBSERVED_PROPERTIES: ("Datastreams", "MultiDatastreams"),
}


def cascade(plan: Plan, work: UnitOfWork, kind: EntityKind, key: str) -> None:
    """Plan that an entity goes, with everything that cannot be without it.

    The observations of a datastream go with it: nothing leads to them any more. Those of a feature
    are taken back one by one; a feature that comes from the place of a thing cannot go while
    observations rest on it.
    """
    if (kind, key) in plan.drops:
        return
    item = plan.index.get(kind, key)
    plan.drops.append((kind, key))
    for name in _GOES_WITH.get(kind, ()):
        for one in plan.index.related(kind, key, name):
            cascade(plan, work, EntityKind(name), one)
    if isinstance(item, Location):
        for one in plan.index.related(kind, key, "Things"):
            thing = plan.index.get(K.THINGS, one)
            if isinstance(thing, Thing):
                left = tuple(place for place in thing.locations if place != key)
                plan.put(K.THINGS, replace(thing, locations=left))
    if isinstance(item, FeatureOfInterest):
        _take_back(plan, work, item)


def _take_back(plan: Plan, work: UnitOfWork, feature: FeatureOfInterest) -> None:
    streams = streams_at(plan.index, feature.location)
    resting = sum(span[0] for span in work.observations.spans(plan.ctx.run, streams))
    if resting or work.details.told(streams) > 0:
        raise ConflictError(
            "sensorthings.rested_on",
            f"observations rest on FeaturesOfInterest('{feature.id}')",
            hint="Delete the datastreams of the things there first",
            params={"id": feature.id},
        )
    back: list[ObservationDetails] = work.details.of_feature(feature.id)
    work.details.put([replace(one, is_withdrawn=True) for one in back])
