"""What a query is answered with: entities as JSON with their links, collections by the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rencheng.api.sensorthings.query.links import address_of, next_page
from rencheng.api.sensorthings.query.model import (
    ID_NAMES,
    JSON,
    STREAMS,
    Item,
    K,
    Source,
    json_of,
    neighbour,
    neighbours,
    property_of,
    relations,
    streams_of,
)
from rencheng.api.sensorthings.query.observations import Page, newest_of_each, page_of
from rencheng.api.sensorthings.query.search import filter_of, inside, no_property, ordered
from rencheng.api.sensorthings.query.syntax import Expand, Path, Query
from rencheng.api.sensorthings.query.tokens import refused
from rencheng.domain.sensing import NAVIGATION, PROPERTIES, EntityKind, Reading

TOP, MAX_TOP, MAX_ARRAY = 100, 1_000, 10_000
"""Entities on a page: where nothing is asked, at most, and at most in data arrays. Chosen."""
ALWAYS = {"resultTime", "result", "properties"}
"""Properties that are told though they are null or empty."""
_SPANS = {"phenomenonTime", "resultTime"}


@dataclass(frozen=True, slots=True)
class Parent:
    """The entity whose neighbours are asked for, and by which name."""

    kind: EntityKind
    item: Item
    relation: str


def listed(
    source: Source,
    root: str,
    kind: EntityKind,
    query: Query,
    *,
    place: str,
    parent: Parent | None = None,
) -> dict[str, Any]:
    """Return a page of an entity set, or of the neighbours of an entity.

    Parameters
    ----------
    source
        What the caller may read.
    root
        Address of the service, such as `https://city.example/v1.1`.
    kind
        What the collection holds.
    query
        What is asked of it.
    place
        Address of the collection, for next links.
    parent
        Whose neighbours; None: everything of the kind.

    Raises
    ------
    RefusedError
        With 400, when the query names what is not there, or asks too much.
    """
    if query.is_data_array and kind is not K.OBSERVATIONS:
        raise refused(
            "sta.query.form",
            "data arrays are of observations",
            position=0,
            hint="Leave $resultFormat out",
            found="dataArray",
            option="$resultFormat",
        )
    most = MAX_ARRAY if query.is_data_array else MAX_TOP
    top = min(TOP if query.top is None else query.top, most)
    if kind is K.OBSERVATIONS:
        return _observations(source, root, query, place, parent, top)
    return _entities(source, root, kind, query, place, parent, top)


def told(source: Source, root: str, kind: EntityKind, item: Item, query: Query) -> dict[str, Any]:
    """Return one entity as JSON, with the neighbours that are to come along."""
    return _Teller(source, root, kind, query).tell(item)


def _entities(
    source: Source, root: str, kind: EntityKind, query: Query, place: str,
    parent: Parent | None, top: int,
) -> dict[str, Any]:  # fmt: skip
    found: Sequence[Item]
    if parent is None:
        found = source.view.all(kind)
    else:
        found = neighbours(source, parent.kind, parent.item, parent.relation)
    if query.where is not None:
        passes = filter_of(source, kind, query.where)
        found = [item for item in found if passes(item)]
    if query.order:
        found = ordered(source, kind, found, query.order)
    last = query.skip + top
    teller = _Teller(source, root, kind, query)
    more = {"skip": str(last)} if len(found) > last and top else {}
    shown = teller.tell_all(found[query.skip : last])
    return _collection(query, place, shown, len(found), more)


def _observations(
    source: Source, root: str, query: Query, place: str, parent: Parent | None, top: int
) -> dict[str, Any]:
    feature = ""
    streams: tuple[str, ...]
    if parent is None:
        streams = tuple(one.id for one in source.view.streams())
    else:
        key = parent.item.id
        streams = streams_of(source, parent.kind, key)
        feature = key if parent.kind is K.FEATURES else ""
    page = page_of(source, streams, query, top, feature)
    if query.is_data_array:
        shown = _arrays(source, root, page.items, query.select)
    else:
        shown = _Teller(source, root, K.OBSERVATIONS, query).tell_all(page.items)
    return _page_told(query, place, top, page, shown)


def _page_told(query: Query, place: str, top: int, page: Page, shown: list[Any]) -> dict[str, Any]:
    more: dict[str, str] = {}
    if page.after:
        more = {"skipFilter": page.after}
    elif page.has_more:
        more = {"skip": str(query.skip + top)}
    return _collection(query, place, shown, page.total, more)


def _collection(
    query: Query, place: str, shown: list[Any], total: int | None, more: dict[str, str]
) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    if query.count and total is not None:
        answer["@iot.count"] = total
    if more:
        answer["@iot.nextLink"] = next_page(place, query.texts, **more)
    return answer | {"value": shown}


def _arrays(
    source: Source, root: str, items: Sequence[Reading], select: Sequence[Path]
) -> list[dict[str, Any]]:
    """Return observations as arrays, one for each datastream in the order of first appearance."""
    names = ("id", "phenomenonTime", "result", "resultTime", "resultQuality")
    asked = tuple(select) or tuple(Path((name,)) for name in names)
    columns = []
    for path in asked:
        if path.parts[0] in NAVIGATION[K.OBSERVATIONS]:
            raise no_property(path)
        _check(K.OBSERVATIONS, path)
        columns.append((property_of(source, K.OBSERVATIONS, path.parts[0]), path.parts[1:]))
    groups: dict[tuple[bool, str], list[Any]] = {}
    for item in items:
        row = [inside(json_of(read(item)), keys) for read, keys in columns]
        groups.setdefault((item.is_multi, item.datastream), []).append(row)
    found = []
    for (is_multi, stream), rows in groups.items():
        kind, name = (K.MULTI_DATASTREAMS, "MultiDatastream") if is_multi else (
            K.DATASTREAMS, "Datastream"
        )  # fmt: skip
        found.append(
            {
                f"{name}@iot.navigationLink": address_of(root, kind, stream),
                "components": ["id" if str(path) in ID_NAMES else str(path) for path in asked],
                "dataArray@iot.count": len(rows),
                "dataArray": rows,
            }
        )
    return found


class _Teller:
    """Entities of one kind as JSON, asked for in one way; what is asked is checked once."""

    def __init__(self, source: Source, root: str, kind: EntityKind, query: Query) -> None:
        self._source, self._root, self._kind = source, root, kind
        self._expands = {one.relation: one for one in query.expand}
        for name, one in self._expands.items():
            if name not in NAVIGATION[kind]:
                raise refused(
                    "sta.query.expand",
                    f"{name} is no neighbour of {kind.value}",
                    position=one.position,
                    hint="Its neighbours have a navigation link",
                    found=name,
                    option="$expand",
                )
        for path in query.select:
            _check(kind, path)
        self._select = frozenset(path.parts[0] for path in query.select)
        whole = {path.parts[0] for path in query.select if len(path.parts) == 1}
        self._parts = {name: [path.parts[1:] for path in query.select if path.parts[0] == name]
                       for name in self._select - whole}  # fmt: skip
        self._readers = {
            name: property_of(source, kind, name)
            for name in PROPERTIES[kind]
            if not self._select or name in self._select
        }
        self._tellers = {
            name: _Teller(source, root, NAVIGATION[kind][name][0], one.query)
            for name, one in self._expands.items()
        }
        self._pages: Mapping[str, Page] = {}
        """Observations to come along, by datastream, where they are known already."""

    def tell_all(self, items: Sequence[Item]) -> list[dict[str, Any]]:
        """Return entities as JSON; what is read of all of them is read once."""
        if self._kind in STREAMS:
            keys = [item.id for item in items]
            if not _SPANS.isdisjoint(self._readers):
                self._source.look_at(keys)
            one = self._expands.get("Observations")
            if one is not None and not one.query.is_data_array:
                self._pages = newest_of_each(self._source, keys, one.query)
        return [self.tell(item) for item in items]

    def tell(self, item: Item) -> dict[str, Any]:
        """Return an entity as JSON."""
        link = address_of(self._root, self._kind, item.id)
        found: dict[str, Any] = {}
        if self._wants("@iot.id"):
            found["@iot.id"] = item.id
        if self._wants("@iot.selfLink"):
            found["@iot.selfLink"] = link
        for name, read in self._readers.items():
            value = json_of(read(item))
            if name in self._parts:
                value = _parts_of(value, self._parts[name])
            if value is not None or name in ALWAYS or self._select:
                found[name] = value
        for name in relations(self._kind, item):
            if name in self._expands:
                found |= self._expanded(item, link, self._expands[name])
            elif self._wants(name):
                found[f"{name}@iot.navigationLink"] = f"{link}/{name}"
        return found

    def _wants(self, name: str) -> bool:
        return not self._select or name in self._select

    def _expanded(self, item: Item, link: str, one: Expand) -> dict[str, Any]:
        name = one.relation
        target, is_many = NAVIGATION[self._kind][name]
        if not is_many:
            reached = neighbour(self._source, self._kind, item, name)
            if reached is None:
                return {}
            return {name: self._tellers[name].tell(reached)}
        place = f"{link}/{name}"
        known = self._pages.get(item.id) if target is K.OBSERVATIONS else None
        if known is not None:
            shown = self._tellers[name].tell_all(known.items)
            page = _page_told(one.query, place, len(shown), known, shown)
        else:
            page = listed(
                self._source, self._root, target, one.query, place=place,
                parent=Parent(self._kind, item, name),
            )  # fmt: skip
        found = {f"{name}@iot.navigationLink": place, name: page["value"]}
        for key in ("@iot.count", "@iot.nextLink"):
            if key in page:
                found[f"{name}{key}"] = page[key]
        return found


def _check(kind: EntityKind, path: Path) -> None:
    """Refuse a path of `$select` that leads nowhere."""
    name, is_deep = path.parts[0], len(path.parts) > 1
    is_there = name in PROPERTIES[kind] and (name in JSON or not is_deep)
    is_plain = name in NAVIGATION[kind] or name in ID_NAMES or name == "@iot.selfLink"
    if not is_there and (is_deep or not is_plain):
        raise no_property(path)


def _parts_of(value: Any, ways: Sequence[tuple[str, ...]]) -> Any:
    """Return what lies at some ways inside a JSON object; a list on the way comes whole."""
    if not isinstance(value, Mapping):
        return value
    found: dict[str, Any] = {}
    for key in dict.fromkeys(way[0] for way in ways):
        if key in value:
            below = [way[1:] for way in ways if way[0] == key]
            found[key] = value[key] if () in below else _parts_of(value[key], below)
    return found
