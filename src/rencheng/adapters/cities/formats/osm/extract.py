"""A whole PBF file as columns: nodes, ways, relations, and those of their tags that are wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.cities.formats.osm.blobs import blobs_of, damaged
from rencheng.adapters.cities.given import Names
from rencheng.domain.city import F64, I32, I64, Flags

MEMBER_NODE, MEMBER_WAY, MEMBER_RELATION = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Tags:
    """Wanted tags of one table of objects, in long form."""

    row: I64
    """Row of the object. (tags,)"""
    key: I32
    """Row in the list of wanted keys. (tags,)"""
    value: I32
    """Row in `Extract.values`. (tags,)"""

    def of_key(self, key: int) -> tuple[I64, I32]:
        """Return the objects that carry a key, and their values."""
        at = self.key == key
        return self.row[at], self.value[at]

    def of_rows(self, order: I64, size: int) -> Tags:
        """Return the tags of the objects `order`, in the new numbering. `size`: objects before."""
        new = np.full(size, -1, dtype=np.int64)
        new[order] = np.arange(order.size)
        row = new[self.row]
        kept = row >= 0
        return Tags(row[kept], self.key[kept], self.value[kept])


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract:
    """The objects of a file, each table sorted by id without repetition."""

    keys: tuple[str, ...]
    values: Names
    """Every different value of a wanted tag, and every role; the first is empty. (values,)"""
    node_id: I64
    node_xy: I32
    """lon, lat. [1e-7 deg] (nodes, 2)"""
    node_tags: Tags
    way_id: I64
    way_first: I64
    """First ref of each way, and the end. (ways + 1,)"""
    way_ref: I64
    """Ids of nodes. (refs,)"""
    way_tags: Tags
    relation_id: I64
    relation_first: I64
    """First member of each relation, and the end. (relations + 1,)"""
    member_kind: I64
    """`MEMBER_NODE`, `MEMBER_WAY` or `MEMBER_RELATION`. (members,)"""
    member_id: I64
    member_role: I64
    """Row in `values`. (members,)"""
    relation_tags: Tags
    ways_twice: I64
    """Ids of ways that the file holds more than once; the last one is kept."""

    def tag(self, tags: Tags, key: str, rows: I64) -> Names:
        """Return the values of a tag of some objects, empty where they carry none. (rows,)"""
        out: Names = self.values[self.codes(tags, key, rows)]
        return out

    def codes(self, tags: Tags, key: str, rows: I64) -> I32:
        """Return rows of `values` for a tag of some objects; 0 is the empty one. (rows,)"""
        column = np.zeros(int(rows.max(initial=-1)) + 1, dtype=np.int32)
        row, value = tags.of_key(self.keys.index(key))
        inside = row < column.size
        column[row[inside]] = value[inside]
        return column[rows]

    def parsed(self, codes: I32, parse: Callable[[str], float]) -> F64:
        """Return numbers for rows of `values`, each different one parsed once. (n,)"""
        used, at = np.unique(codes, return_inverse=True)
        out: F64 = np.array([parse(v) for v in self.values[used].tolist()], dtype=np.float64)[at]
        return out

    def having(self, tags: Tags, key: str, size: int, values: Iterable[str] | None = None) -> Flags:
        """Return which of `size` objects carry a tag, with one of `values` if given. (size,)"""
        row, value = tags.of_key(self.keys.index(key))
        if values is not None:
            wanted = np.isin(self.values, np.array(list(values), dtype=object))
            row = row[wanted[value]]
        out = np.zeros(size, dtype=np.bool_)
        out[row] = True
        return out

    def node_rows(self, ids: I64) -> I64:
        """Return the row of each node, -1 where the file has none. (ids,)"""
        return _rows(self.node_id, ids)

    def way_rows(self, ids: I64) -> I64:
        """Return the row of each way, -1 where the file has none. (ids,)"""
        return _rows(self.way_id, ids)

    def degrees(self, rows: I64) -> F64:
        """Return lon, lat of nodes. [deg] (rows, 2)"""
        out: F64 = self.node_xy[rows] / 1e7
        return out


def read_extract(file: Path, keys: tuple[str, ...], tell: Callable[[float], None]) -> Extract:
    """Read a PBF file.

    Parameters
    ----------
    keys
        Keys of the tags to keep.
    tell
        Called after each block with the share of the file that is done.

    Raises
    ------
    InvalidInputError
        When the file is no PBF, is truncated or damaged: nothing of it is used then.

    Notes
    -----
    Everything but tags is kept, because relations, which come last, name ways that carry no tags
    of their own: 16 bytes a node and about 9 bytes a ref.
    """
    size = max(file.stat().st_size, 1)
    pile = _Pile(keys)
    for blob in blobs_of(file):
        try:
            pile.add(blob.data)
        except ValueError as error:
            raise damaged(file, blob.offset, str(error)) from error
        tell(blob.end / size)
    return pile.extract()


@dataclass
class _Pile:
    """Blocks read so far."""

    keys: tuple[str, ...]
    rank: dict[bytes, int] = field(init=False)
    value: dict[bytes, int] = field(default_factory=lambda: {b"": 0})
    blocks: list[tuple[Any, ...]] = field(default_factory=list)
    size: NDArray[np.int64] = field(default_factory=lambda: np.zeros(3, dtype=np.int64))

    def __post_init__(self) -> None:
        self.rank = {key.encode(): i for i, key in enumerate(self.keys)}

    def add(self, data: bytes) -> None:
        """Unpack one block."""
        from rencheng.adapters.cities.formats.osm import kernel as k

        block = np.frombuffer(data, dtype=np.uint8)
        n = k.count(block)
        spans = np.zeros((2, n[k.STRINGS]), dtype=np.int64)
        node, node_tag = _zeros(3, n[k.NODES]), _zeros(3, n[k.NODE_TAGS])
        way, way_first, ref = _zeros(n[k.WAYS]), _zeros(n[k.WAYS] + 1), _zeros(n[k.REFS])
        relation, first = _zeros(n[k.RELATIONS]), _zeros(n[k.RELATIONS] + 1)
        member, tags = _zeros(3, n[k.MEMBERS]), _zeros(3, n[k.RELATION_TAGS])
        way_tag = _zeros(3, n[k.WAY_TAGS])
        out = ((node, node_tag), (way, way_first, ref, way_tag), (relation, first, member, tags))
        done = k.fill(block, spans, out)
        strings = [data[a:b] for a, b in spans[:, : done[k.STRINGS]].T.tolist()]
        key = np.array([self.rank.get(s, -1) for s in strings], dtype=np.int32)
        nodes, ways, relations = done[k.NODES], done[k.WAYS], done[k.RELATIONS]
        node = node[:, :nodes]
        unit, offset = n[k.GRANULARITY], n[[k.LON_OFFSET, k.LAT_OFFSET]]
        xy = np.rint((node[1:] * float(unit) + offset[:, None]) / 100)
        if np.abs(xy).max(initial=0) > 1.8e9 + 1:
            raise ValueError("coordinates beyond 180 degrees")
        member = member[:, : done[k.MEMBERS]]
        member[2] = self._interned(member[2], strings)
        self.blocks.append(
            (
                node[0].copy(), xy.T.astype(np.int32),
                self._tags(node_tag[:, : done[k.NODE_TAGS]], 0, key, strings),
                way[:ways], np.diff(way_first[: ways + 1]), ref[: done[k.REFS]],
                self._tags(way_tag[:, : done[k.WAY_TAGS]], 1, key, strings),
                relation[:relations], np.diff(first[: relations + 1]), member,
                self._tags(tags[:, : done[k.RELATION_TAGS]], 2, key, strings),
            )
        )  # fmt: skip
        self.size += (nodes, ways, relations)

    def _tags(self, tag: I64, table: int, key: I32, strings: list[bytes]) -> Tags:
        if tag.shape[1] and not 0 <= tag[1:].min() <= tag[1:].max() < len(strings):
            raise ValueError("tags that name strings that are not there")
        tag = tag[:, key[tag[1]] >= 0] if tag.shape[1] else tag
        return Tags(
            tag[0] + self.size[table], key[tag[1]] if tag.shape[1] else tag[1].astype(np.int32),
            self._interned(tag[2], strings).astype(np.int32),
        )  # fmt: skip

    def _interned(self, sid: I64, strings: list[bytes]) -> I64:
        """Return rows in the list of all values for string numbers of one block."""
        used, back = np.unique(sid, return_inverse=True)
        if used.size and not 0 <= used[0] <= used[-1] < len(strings):
            raise ValueError("names of strings that are not there")
        rows = [self.value.setdefault(strings[i], len(self.value)) for i in used.tolist()]
        out: I64 = np.array(rows, dtype=np.int64)[back]
        return out

    def extract(self) -> Extract:
        """Put the blocks together, sort them and drop repetitions."""
        columns = list(zip(*self.blocks, strict=True)) or [()] * 11
        self.blocks.clear()
        node_tags, way_tags, relation_tags = (_joined_tags(columns[i]) for i in (2, 6, 10))
        node_id, node_xy = _joined(columns[0]), _joined(columns[1], (0, 2), np.int32)
        way_id, refs = _joined(columns[3]), _joined(columns[4])
        relation_id, members = _joined(columns[7]), _joined(columns[8])
        way_ref, member = _joined(columns[5]), _joined([m.T for m in columns[9]], (0, 3))
        order = _order(node_id)
        if order is not None:
            node_tags = node_tags.of_rows(order, node_id.size)
            node_id, node_xy = node_id[order], node_xy[order]
        order, twice = _order(way_id), way_id[:0]
        if order is not None:
            values, times = np.unique(way_id, return_counts=True)
            twice = values[times > 1]
            way_tags = way_tags.of_rows(order, way_id.size)
            way_ref = way_ref[_ragged(refs, order)]
            way_id, refs = way_id[order], refs[order]
        order = _order(relation_id)
        if order is not None:
            relation_tags = relation_tags.of_rows(order, relation_id.size)
            member = member[_ragged(members, order)]
            relation_id, members = relation_id[order], members[order]
        values = np.array([v.decode("utf-8", "replace") for v in self.value], dtype=object)
        return Extract(
            keys=self.keys, values=values, node_id=node_id, node_xy=node_xy, node_tags=node_tags,
            way_id=way_id, way_first=_first(refs), way_ref=way_ref, way_tags=way_tags,
            relation_id=relation_id, relation_first=_first(members), member_kind=member[:, 0],
            member_id=member[:, 1], member_role=member[:, 2], relation_tags=relation_tags,
            ways_twice=twice,
        )  # fmt: skip


def _zeros(*shape: int) -> I64:
    return np.zeros(shape, dtype=np.int64)


def _joined(parts: Iterable[Any], empty: Any = 0, kind: Any = np.int64) -> Any:
    found = list(parts)
    return np.concatenate(found) if found else np.empty(empty, dtype=kind)


def _joined_tags(parts: Iterable[Tags]) -> Tags:
    found = list(parts)
    return Tags(
        _joined([t.row for t in found]),
        _joined([t.key for t in found], kind=np.int32),
        _joined([t.value for t in found], kind=np.int32),
    )


def _order(ids: I64) -> I64 | None:
    """Return rows sorted by id, the last of each; None when they are so already."""
    if bool((ids[1:] > ids[:-1]).all()):
        return None
    order = np.argsort(ids, kind="stable")
    last = np.append(ids[order][1:] != ids[order][:-1], True)
    found: I64 = order[last]
    return found


def _first(counts: I64) -> I64:
    out: I64 = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return out


def _ragged(counts: I64, order: I64) -> I64:
    """Return the places of the entries of the lists `order`, one list after the other."""
    return spread(_first(counts)[order], counts[order])


def spread(first: I64, counts: I64) -> I64:
    """Return first[0], first[0] + 1, … for each list of `counts` entries.

    Examples
    --------
    >>> spread(np.array([5, 0]), np.array([2, 3])).tolist()
    [5, 6, 0, 1, 2]
    """
    before = np.concatenate([[0], np.cumsum(counts)])
    out: I64 = np.arange(before[-1]) + np.repeat(first - before[:-1], counts)
    return out.astype(np.int64)


def _rows(sorted_ids: I64, ids: I64) -> I64:
    """Return the place of each id in a sorted list, -1 where it is not."""
    if sorted_ids.size == 0:
        return np.full(ids.shape, -1, dtype=np.int64)
    at = np.minimum(np.searchsorted(sorted_ids, ids), sorted_ids.size - 1)
    out: I64 = np.where(sorted_ids[at] == ids, at, -1)
    return out
