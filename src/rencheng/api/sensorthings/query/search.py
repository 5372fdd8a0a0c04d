"""Filters and orders over entities: neighbours followed, one way through many is enough."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

from rencheng.api.sensorthings.query.evaluate import Read, reader_of
from rencheng.api.sensorthings.query.model import (
    ID_NAMES,
    JSON,
    Item,
    Source,
    neighbour,
    neighbours,
    property_of,
)
from rencheng.api.sensorthings.query.syntax import Expression, Order, Path, paths
from rencheng.api.sensorthings.query.tokens import refused
from rencheng.api.sensorthings.query.values import Interval, Value, written
from rencheng.domain.sensing import NAVIGATION, PROPERTIES, EntityKind

Prefix: TypeAlias = tuple[str, ...]
Bound: TypeAlias = dict[Prefix, Any]
"""The entity that stands for each way through many; `()` is the one asked about."""


def filter_of(source: Source, kind: EntityKind, where: Expression) -> Callable[[Item | None], bool]:
    """Return what says whether an entity passes.

    Notes
    -----
    A path through several neighbours, such as `Datastreams/name` of a thing, stands for each of
    them in turn, the same one everywhere in the filter; the thing passes when one makes it true.
    """
    ways = _ways(kind, where)
    read = reader_of(where, lambda path: _reader(source, kind, path, ways), source.now)
    follow = [_follower(source, kind, way, ways) for way in ways]

    def passes(item: Item | None) -> bool:
        return any(read(bound) is True for bound in _bindings({(): item}, ways, follow))

    return passes


def ordered(
    source: Source, kind: EntityKind, items: Sequence[Item], order: Sequence[Order]
) -> list[Item]:
    """Return entities by several keys; equal ones stay as they were, unknown values come first."""
    found = list(items)
    for one in reversed(order):
        if _ways(kind, one.by):
            raise no_property(next(paths(one.by)))
        read = reader_of(one.by, lambda path: _reader(source, kind, path, []), source.now)
        keys = {id(item): _rank(read({(): item})) for item in found}
        found.sort(key=lambda item, keys=keys: keys[id(item)], reverse=one.is_descending)  # type: ignore[misc]
    return found


def _rank(value: Value) -> tuple[int, Any]:
    """Return what values of any kind sort by: unknown, truths, numbers, then texts."""
    if value is None:
        return 0, 0
    if isinstance(value, bool):
        return 1, value
    if isinstance(value, int | float):
        return 2, value
    if isinstance(value, dict | list):
        return 4, json.dumps(value, sort_keys=True, default=str)
    if isinstance(value, Interval):
        return 3, (written(value.start), written(value.end))
    return 3, (written(value), "")


def _ways(kind: EntityKind, tree: Expression) -> list[Prefix]:
    """Return the ways of an expression through several neighbours, shorter ones first."""
    found: set[Prefix] = set()
    for path in paths(tree):
        at = kind
        for i, part in enumerate(path.parts):
            if part not in NAVIGATION[at]:
                break
            at, is_many = NAVIGATION[at][part]
            if is_many:
                found.add(path.parts[: i + 1])
    return sorted(found, key=len)


def _longest(parts: Prefix, ways: Sequence[Prefix]) -> Prefix:
    return max((way for way in ways if parts[: len(way)] == way), key=len, default=())


def _kind_at(kind: EntityKind, way: Prefix) -> EntityKind:
    for part in way:
        kind = NAVIGATION[kind][part][0]
    return kind


def _bindings(
    bound: Bound, ways: Sequence[Prefix], follow: Sequence[Callable[[Bound], Sequence[Any]]]
) -> Iterator[Bound]:
    if not ways:
        yield bound
        return
    for one in follow[0](bound) or (None,):
        yield from _bindings({**bound, ways[0]: one}, ways[1:], follow[1:])


def _follower(
    source: Source, kind: EntityKind, way: Prefix, ways: Sequence[Prefix]
) -> Callable[[Bound], Sequence[Any]]:
    start = _longest(way[:-1], ways)
    steps, last = way[len(start) : -1], way[-1]
    walk = _walk(source, _kind_at(kind, start), steps)
    at = _kind_at(kind, way[:-1])

    def follow(bound: Bound) -> Sequence[Any]:
        item = walk(bound[start])
        return () if item is None else neighbours(source, at, item, last)

    return follow


def _walk(source: Source, kind: EntityKind, steps: Prefix) -> Callable[[Any], Any]:
    kinds = [_kind_at(kind, steps[:i]) for i in range(len(steps))]

    def walk(item: Any) -> Any:
        for at, step in zip(kinds, steps, strict=True):
            if item is None:
                return None
            item = neighbour(source, at, item, step)
        return item

    return walk


def _reader(source: Source, kind: EntityKind, path: Path, ways: Sequence[Prefix]) -> Read[Bound]:
    """Return what reads the value at a path; refuses one that leads nowhere, with its place."""
    parts, at, i = path.parts, kind, 0
    while i < len(parts) and parts[i] in NAVIGATION[at]:
        at, i = NAVIGATION[at][parts[i]][0], i + 1
    if i == len(parts):
        # A neighbour itself is compared by its id.
        parts = (*parts, "@iot.id")
    name, keys = parts[i], parts[i + 1 :]
    if (name not in PROPERTIES[at] and name not in ID_NAMES) or (keys and name not in JSON):
        raise no_property(path)
    start = _longest(parts[:i], ways)
    walk = _walk(source, _kind_at(kind, start), parts[len(start) : i])
    own = property_of(source, at, name)

    def read(bound: Bound) -> Value:
        item = walk(bound[start])
        return None if item is None else inside(own(item), keys)

    return read


def inside(value: Value, keys: Prefix) -> Value:
    """Return what lies at some keys inside JSON, None where nothing does."""
    for key in keys:
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value


def no_property(path: Path) -> Exception:
    """Return the refusal of a path that leads nowhere."""
    return refused(
        "sta.query.property",
        f"there is no property {path} here",
        position=path.position,
        hint="Properties are written as in the answers of the server",
        found=str(path),
        option=path.option,
    )
