"""What an address below the service root leads to, one step after the other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rencheng.api.sensorthings.query.answer import Parent
from rencheng.api.sensorthings.query.model import Item, Source, neighbour, streams_of
from rencheng.domain.errors import NotFoundError
from rencheng.domain.sensing import NAVIGATION, PROPERTIES, EntityKind, Reading
from rencheng.service.register_index import absent
from rencheng.service.register_readings import reading

K = EntityKind
_SEGMENT = re.compile(r"(\$?[A-Za-z]+)(?:\((?:'((?:[^']|'')*)'|([^'()]+))\))?")
_MOST = 20
"""Longest way. Chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An entity set, an entity, or a property of one."""

    kind: EntityKind
    path: str
    item: Item | None = None
    """None: it is the whole set."""
    parent: Parent | None = None
    """Whose neighbours they are, or it is."""
    name: str = ""
    """Property of the entity; empty: all of it."""
    is_bare: bool = False
    """Whether `$value` stands at the end."""
    is_links: bool = False
    """Whether `$ref` stands at the end."""


def place_of(source: Source, path: str) -> Place:
    """Return what a path leads to, or raise `NotFoundError`."""
    steps = list(_steps(path))
    name, key = steps[0]
    if name not in set(K) or len(steps) > _MOST:
        raise _nowhere(path)
    kind = EntityKind(name)
    place = Place(kind=kind, path=path, item=None if key is None else item_of(source, kind, key))
    for name, key in steps[1:]:
        place = _onward(source, place, name, key, path)
    return place


def item_of(source: Source, kind: EntityKind, key: str) -> Item:
    """Return an entity or an observation that the caller may see, or raise `NotFoundError`."""
    if kind is not K.OBSERVATIONS:
        return source.view.get(kind, key)
    found = reading(source.house, key)
    stream = K.MULTI_DATASTREAMS if found.is_multi else K.DATASTREAMS
    if source.view.find(stream, found.datastream) is None:
        raise absent(kind, key)
    return found


def _onward(source: Source, place: Place, name: str, key: str | None, path: str) -> Place:
    is_over = place.is_links or place.is_bare
    if name == "$ref" and not is_over and not place.name:
        return Place(
            kind=place.kind, path=path, item=place.item, parent=place.parent, is_links=True
        )  # fmt: skip
    if place.item is None or is_over:
        raise _nowhere(path)
    if place.name:
        if name != "$value":
            raise _nowhere(path)
        return Place(kind=place.kind, path=path, item=place.item, name=place.name, is_bare=True)
    if name in PROPERTIES[place.kind] and key is None:
        return Place(kind=place.kind, path=path, item=place.item, name=name)
    if name not in NAVIGATION[place.kind]:
        raise _nowhere(path)
    kind, is_many = NAVIGATION[place.kind][name]
    parent = Parent(place.kind, place.item, name)
    if not is_many:
        found = neighbour(source, place.kind, place.item, name)
        if found is None or key is not None:
            raise _nowhere(path)
        return Place(kind=kind, path=path, item=found, parent=parent)
    if key is None:
        return Place(kind=kind, path=path, parent=parent)
    one = item_of(source, kind, key)
    if not _belongs(source, place.kind, place.item, name, one):
        raise absent(kind, key)
    return Place(kind=kind, path=path, item=one, parent=parent)


def _belongs(source: Source, kind: EntityKind, item: Item, name: str, one: Item) -> bool:
    if isinstance(one, Reading):
        if kind is K.FEATURES:
            return one.feature == item.id
        return one.datastream in streams_of(source, kind, item.id)
    return one.id in source.view.related(kind, item.id, name)


def _steps(path: str) -> Iterator[tuple[str, str | None]]:
    """Yield name and id of each step; a slash within quotes belongs to the id."""
    at, text = 0, path.strip("/")
    while at < len(text):
        found = _SEGMENT.match(text, at)
        if found is None or text[found.end() : found.end() + 1] not in ("", "/"):
            raise _nowhere(path)
        quoted, bare = found.group(2), found.group(3)
        yield found.group(1), quoted.replace("''", "'") if quoted is not None else bare
        at = found.end() + 1


def _nowhere(path: str) -> NotFoundError:
    return NotFoundError(
        "sensorthings.nowhere_here",
        f"nothing lies at {path[:200]!r}",
        hint="Follow the links of the service root",
        params={"path": path[:200]},
    )
