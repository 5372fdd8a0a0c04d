"""Addresses below the service root: which entities, neighbours or properties they name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from rencheng.api.sensorthings.query.answer import Parent, listed, told
from rencheng.api.sensorthings.query.model import (
    ID_NAMES,
    STREAMS,
    Item,
    K,
    Source,
    json_of,
    neighbour,
    property_of,
    streams_of,
)
from rencheng.api.sensorthings.query.options import query_of
from rencheng.domain.errors import NotFoundError
from rencheng.domain.sensing import NAVIGATION, PROPERTIES, EntityKind
from rencheng.service.register_readings import reading

MAX_STEPS = 30
"""Longest way from the root. Chosen."""
_STEP = re.compile(
    r"(?P<name>[^/()']+)(?:\((?:'(?P<text>(?:[^']|'')*)'|(?P<bare>[^'()/]+))\))?(?:/|$)"
)


@dataclass(frozen=True, slots=True)
class Step:
    """One name of an address, with the id in its brackets."""

    name: str
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """What an address names: a collection (no item), an entity, or a property of one."""

    kind: EntityKind
    item: Item | None = None
    parent: Parent | None = None
    """Whose neighbours a collection holds."""
    name: str = ""
    """Property of the entity; empty: the entity itself."""
    keys: tuple[str, ...] = ()
    """Where in the property."""
    is_reference: bool = False
    """Only the address is asked for: `$ref`."""
    is_bare: bool = False
    """Only the value is asked for: `$value`."""


def steps_of(path: str) -> tuple[Step, ...]:
    """Return the steps of an address below the root, decoded already.

    Examples
    --------
    >>> steps_of("Things('pump''s 1/2')/Datastreams")
    (Step(name='Things', key="pump's 1/2"), Step(name='Datastreams', key=None))
    """
    found: list[Step] = []
    place = 0
    while place < len(path):
        match = _STEP.match(path, place)
        if match is None or len(found) == MAX_STEPS:
            raise nothing_at(path)
        text, bare = match.group("text", "bare")
        found.append(Step(match["name"], bare if text is None else text.replace("''", "'")))
        place = match.end()
    return tuple(found)


def spot_of(source: Source, path: str) -> Spot:
    """Return what an address names.

    Raises
    ------
    NotFoundError
        When it leads nowhere, or to what the caller may not see.
    """
    steps = steps_of(path)
    if not steps or steps[0].name not in _SETS:
        raise nothing_at(path)
    spot = _entered(source, Spot(kind=EntityKind(steps[0].name)), steps[0], path)
    for step in steps[1:]:
        if spot.is_reference or spot.is_bare:
            raise nothing_at(path)
        spot = _next(source, spot, step, path)
    return spot


_SETS = frozenset(kind.value for kind in EntityKind)


def answered(
    source: Source, root: str, path: str, options: Iterable[tuple[str, str]]
) -> dict[str, Any] | str | None:
    """Return what stands at an address: JSON, the text of a bare value, or None for no value.

    Parameters
    ----------
    source
        What the caller may read.
    root
        Address of the service, such as `https://city.example/v1.1`.
    path
        Address below the root, decoded.
    options
        Names and values of the query options, decoded.

    Raises
    ------
    NotFoundError
        When the address leads nowhere.
    RefusedError
        With 400, when the options cannot be read, or ask too much.
    """
    query = query_of(options)
    spot = spot_of(source, path)
    if spot.is_reference:
        query = replace(query, select=("@iot.selfLink",), expand=())
    if spot.item is None:
        place = f"{root}/{path}"
        return listed(source, root, spot.kind, query, place=place, parent=spot.parent)
    if not spot.name:
        return told(source, root, spot.kind, spot.item, query)
    value = _value(source, spot)
    if value is None:
        return None
    if spot.is_bare:
        return value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return {spot.keys[-1] if spot.keys else spot.name: value}


def _value(source: Source, spot: Spot) -> Any:
    value: Any = json_of(property_of(source, spot.kind, spot.name)(spot.item))
    for key in spot.keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _next(source: Source, spot: Spot, step: Step, path: str) -> Spot:
    if step.name == "$ref" and step.key is None and not spot.name:
        return replace(spot, is_reference=True)
    if spot.name:
        if step.name == "$value":
            return replace(spot, is_bare=True)
        return replace(spot, keys=(*spot.keys, step.name))
    if spot.item is None:
        raise nothing_at(path)
    if step.name not in NAVIGATION[spot.kind]:
        if step.key is None and (step.name in PROPERTIES[spot.kind] or step.name in ID_NAMES):
            return replace(spot, name=step.name)
        raise nothing_at(path)
    target, is_many = NAVIGATION[spot.kind][step.name]
    if is_many:
        parent = Parent(spot.kind, spot.item, step.name)
        return _entered(source, Spot(kind=target, parent=parent), step, path)
    reached = neighbour(source, spot.kind, spot.item, step.name)
    if reached is None or step.key is not None:
        raise nothing_at(path)
    return Spot(kind=target, item=reached)


def _entered(source: Source, spot: Spot, step: Step, path: str) -> Spot:
    """Return a collection, or the entity of it that brackets name."""
    if step.key is None:
        return spot
    item: Item | None
    if spot.kind is K.OBSERVATIONS:
        item = reading(source.house, step.key)
        is_seen = any(source.view.find(kind, item.datastream) is not None for kind in STREAMS)
    else:
        item = source.view.find(spot.kind, step.key)
        is_seen = item is not None
    if item is None or not is_seen or not _belongs(source, spot.parent, item):
        raise nothing_at(path)
    return replace(spot, item=item, parent=None)


def _belongs(source: Source, parent: Parent | None, item: Any) -> bool:
    if parent is None:
        return True
    if NAVIGATION[parent.kind][parent.relation][0] is K.OBSERVATIONS:
        if parent.kind is K.FEATURES:
            return bool(item.feature == parent.item.id)
        return item.datastream in streams_of(source, parent.kind, parent.item.id)
    return item.id in source.view.related(parent.kind, parent.item.id, parent.relation)


def nothing_at(path: str) -> NotFoundError:
    """Return that an address leads nowhere."""
    return NotFoundError(
        "sta.query.path",
        f"there is nothing at {path[:200]}",
        hint="Start at the service root and follow the navigation links",
        params={"path": path[:200]},
    )
