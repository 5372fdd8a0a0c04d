"""Unpack one PBF block into columns, compiled. Import it inside a function: numba loads slowly.

The layout is that of `osmformat.proto` (OpenStreetMap wiki, "PBF Format"). Every read is checked
against the end of its message, since the bytes are a stranger's; a fault raises `ValueError`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

# Places in the answer of `count`.
STRINGS, NODES, NODE_TAGS, WAYS, REFS, WAY_TAGS, RELATIONS, MEMBERS, RELATION_TAGS = range(9)
GRANULARITY, LAT_OFFSET, LON_OFFSET, COUNTS = 9, 10, 11, 12


@njit(cache=True)
def _varint(data: Any, at: Any, end: Any) -> Any:
    value = np.int64(0)
    shift = np.int64(0)
    while True:
        if at >= end or shift > 63:
            raise ValueError("a number that does not end")
        byte = np.int64(data[at])
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7


@njit(cache=True)
def _signed(value: Any) -> Any:
    return ((value >> 1) & 0x7FFFFFFFFFFFFFFF) ^ -(value & 1)


@njit(cache=True)
def _field(data: Any, at: Any, end: Any) -> Any:
    """Return number, first and end of the content (of a number: its value twice), next place."""
    key, at = _varint(data, at, end)
    wire = key & 7
    if wire == 0:
        value, at = _varint(data, at, end)
        return key >> 3, value, value, at
    if wire == 2:
        length, at = _varint(data, at, end)
    elif wire == 1:
        length = np.int64(8)
    elif wire == 5:
        length = np.int64(4)
    else:
        raise ValueError("a field of an unknown type")
    if length < 0 or length > end - at:
        raise ValueError("a field that is longer than its message")
    return key >> 3, at, at + length, at + length


@njit(cache=True)
def _many(data: Any, at: Any, end: Any) -> Any:
    """Return how many numbers a packed field holds."""
    found = 0
    for i in range(at, end):
        found += data[i] < 0x80
    return found


@njit(cache=True)
def _deltas(data: Any, at: Any, end: Any, out: Any) -> None:
    """Write signed differences of a packed field, summed up; there must be exactly enough."""
    value = np.int64(0)
    for i in range(out.size):
        step, at = _varint(data, at, end)
        value += _signed(step)
        out[i] = value
    if out.size and at != end:
        raise ValueError("columns of different length")


@njit(cache=True)
def _plain(data: Any, at: Any, end: Any, out: Any) -> None:
    """Write unsigned numbers of a packed field; there must be exactly enough."""
    for i in range(out.size):
        out[i], at = _varint(data, at, end)
    if at < end:
        raise ValueError("columns of different length")


@njit(cache=True)
def _count_object(data: Any, at: Any, end: Any, tags: Any, list_field: Any, found: Any) -> None:
    """Count the tags and list entries (refs or members) of one way or relation."""
    while at < end:
        number, first, last, at = _field(data, at, end)
        if number == 2:
            found[tags] += _many(data, first, last)
        elif number == list_field:
            found[tags - 1] += _many(data, first, last)


@njit(cache=True)
def _count_group(data: Any, at: Any, end: Any, found: Any) -> None:
    while at < end:
        number, first, last, at = _field(data, at, end)
        if number == 1:
            found[NODES] += 1
            _count_object(data, first, last, NODE_TAGS, -1, found)
        elif number == 2:
            inner = first
            while inner < last:
                part, a, b, inner = _field(data, inner, last)
                if part == 1:
                    found[NODES] += _many(data, a, b)
                elif part == 10:
                    found[NODE_TAGS] += _many(data, a, b) // 2
        elif number == 3:
            found[WAYS] += 1
            _count_object(data, first, last, WAY_TAGS, 8, found)
        elif number == 4:
            found[RELATIONS] += 1
            _count_object(data, first, last, RELATION_TAGS, 9, found)


@njit(cache=True)
def count(data: Any) -> Any:
    """Return how much of everything a block holds, and its coordinates' unit and offsets. (12,)"""
    found = np.zeros(COUNTS, np.int64)
    found[GRANULARITY] = 100
    at = 0
    while at < data.size:
        number, first, last, at = _field(data, at, data.size)
        if number == 1:
            inner = first
            while inner < last:
                part, _, _, inner = _field(data, inner, last)
                found[STRINGS] += part == 1
        elif number == 2:
            _count_group(data, first, last, found)
        elif number == 17:
            found[GRANULARITY] = first
        elif number == 19:
            found[LAT_OFFSET] = first
        elif number == 20:
            found[LON_OFFSET] = first
    return found


@njit(cache=True)
def _dense(data: Any, at: Any, end: Any, out: Any, done: Any) -> None:
    """Write dense nodes; `out` is (node (3, n), tag (3, m))."""
    node, tag = out
    ids = lats = lons = pairs = (np.int64(0), np.int64(0))
    while at < end:
        number, first, last, at = _field(data, at, end)
        if number == 1:
            ids = (first, last)
        elif number == 8:
            lats = (first, last)
        elif number == 9:
            lons = (first, last)
        elif number == 10:
            pairs = (first, last)
    begin = done[NODES]
    stop = begin + _many(data, ids[0], ids[1])
    _deltas(data, ids[0], ids[1], node[0, begin:stop])
    _deltas(data, lons[0], lons[1], node[1, begin:stop])
    _deltas(data, lats[0], lats[1], node[2, begin:stop])
    done[NODES] = stop
    row, place = begin, pairs[0]
    while place < pairs[1]:
        key, place = _varint(data, place, pairs[1])
        if key == 0:
            row += 1
            continue
        value, place = _varint(data, place, pairs[1])
        k = done[NODE_TAGS]
        if row >= stop or k >= tag.shape[1]:
            raise ValueError("tags of nodes that are not there")
        tag[0, k], tag[1, k], tag[2, k] = row, key, value
        done[NODE_TAGS] = k + 1


@njit(cache=True)
def _tags(data: Any, keys: Any, values: Any, tag: Any, place: Any) -> Any:
    """Write the tags of one object from its two packed fields; `place` is (row, next tag)."""
    row, begin = place
    stop = begin + _many(data, keys[0], keys[1])
    _plain(data, keys[0], keys[1], tag[1, begin:stop])
    _plain(data, values[0], values[1], tag[2, begin:stop])
    tag[0, begin:stop] = row
    return stop


@njit(cache=True)
def _node(data: Any, at: Any, end: Any, out: Any, done: Any) -> None:
    """Write one node that is not dense."""
    node, tag = out
    keys = values = (np.int64(0), np.int64(0))
    row = done[NODES]
    node[:, row] = 0
    while at < end:
        number, first, last, at = _field(data, at, end)
        if number == 1:
            node[0, row] = _signed(first)
        elif number == 2:
            keys = (first, last)
        elif number == 3:
            values = (first, last)
        elif number == 8:
            node[2, row] = _signed(first)
        elif number == 9:
            node[1, row] = _signed(first)
    done[NODE_TAGS] = _tags(data, keys, values, tag, (row, done[NODE_TAGS]))
    done[NODES] = row + 1


@njit(cache=True)
def _way(data: Any, at: Any, end: Any, out: Any, done: Any) -> None:
    """Write one way; `out` is (id (n,), first ref (n + 1,), ref (r,), tag (3, m))."""
    ids, first_ref, ref, tag = out
    keys = values = refs = (np.int64(0), np.int64(0))
    row = done[WAYS]
    while at < end:
        number, first, last, at = _field(data, at, end)
        if number == 1:
            ids[row] = first
        elif number == 2:
            keys = (first, last)
        elif number == 3:
            values = (first, last)
        elif number == 8:
            refs = (first, last)
    done[WAY_TAGS] = _tags(data, keys, values, tag, (row, done[WAY_TAGS]))
    begin = done[REFS]
    stop = begin + _many(data, refs[0], refs[1])
    _deltas(data, refs[0], refs[1], ref[begin:stop])
    first_ref[row + 1] = stop
    done[REFS] = stop
    done[WAYS] = row + 1


@njit(cache=True)
def _relation(data: Any, at: Any, end: Any, out: Any, done: Any) -> None:
    """Write one relation; `out` is (id, first member (n + 1,), member (3, m), tag (3, t))."""
    ids, first_member, member, tag = out
    keys = values = roles = refs = kinds = (np.int64(0), np.int64(0))
    row = done[RELATIONS]
    while at < end:
        number, first, last, at = _field(data, at, end)
        if number == 1:
            ids[row] = first
        elif number == 2:
            keys = (first, last)
        elif number == 3:
            values = (first, last)
        elif number == 8:
            roles = (first, last)
        elif number == 9:
            refs = (first, last)
        elif number == 10:
            kinds = (first, last)
    done[RELATION_TAGS] = _tags(data, keys, values, tag, (row, done[RELATION_TAGS]))
    begin = done[MEMBERS]
    stop = begin + _many(data, refs[0], refs[1])
    _plain(data, kinds[0], kinds[1], member[0, begin:stop])
    _deltas(data, refs[0], refs[1], member[1, begin:stop])
    _plain(data, roles[0], roles[1], member[2, begin:stop])
    first_member[row + 1] = stop
    done[MEMBERS] = stop
    done[RELATIONS] = row + 1


@njit(cache=True)
def _group(data: Any, at: Any, end: Any, out: Any, done: Any) -> None:
    nodes, ways, relations = out
    while at < end:
        number, first, last, at = _field(data, at, end)
        if number == 1:
            _node(data, first, last, nodes, done)
        elif number == 2:
            _dense(data, first, last, nodes, done)
        elif number == 3:
            _way(data, first, last, ways, done)
        elif number == 4:
            _relation(data, first, last, relations, done)


@njit(cache=True)
def fill(data: Any, strings: Any, out: Any) -> Any:
    """Write a block into columns of the sizes that `count` gave; return how much was written."""
    done = np.zeros(COUNTS, np.int64)
    at = 0
    while at < data.size:
        number, first, last, at = _field(data, at, data.size)
        if number == 1:
            inner = first
            while inner < last:
                part, a, b, inner = _field(data, inner, last)
                if part == 1:
                    k = done[STRINGS]
                    strings[0, k], strings[1, k] = a, b
                    done[STRINGS] = k + 1
        elif number == 2:
            _group(data, first, last, out, done)
    return done
