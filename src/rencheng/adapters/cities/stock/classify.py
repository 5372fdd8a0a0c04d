"""Structural type, code level and use of every building, drawn where the tag does not decide."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.cities.stock.hazus import curve_id
from rencheng.adapters.cities.stock.tags import Tag
from rencheng.adapters.cities.stock.taxonomy import UNDECIDED, Spread, Taxonomy
from rencheng.domain.city import F32, F64, I8, I16, Flags

# Storeys at which a height class of any type begins; HAZUS 6.1, table 5-1.
_CLASSES = (1.0, 3.0, 4.0, 8.0)
_UNKNOWN_YEAR = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Types:
    """The curves of all buildings."""

    curve: I16
    """Row in `curves`. (buildings,)"""
    curves: tuple[str, ...]
    certainty: F32
    """Probability that the table gives to this curve. (buildings,)"""
    is_stated: Flags
    """Whether the source's own tag decided among types. (buildings,)"""


@dataclass(frozen=True, slots=True)
class _Choice:
    """What was chosen for each item."""

    result: NDArray[np.int32]
    results: tuple[str, ...]
    share: F32


def _choose(combo: NDArray[np.int64], spreads: Sequence[Spread], u: F64) -> _Choice:
    """Choose for each item among the results of its combination's spread. (n,)"""
    names = tuple(sorted({name for spread in spreads for name in spread.results}))
    row = {name: i for i, name in enumerate(names)}
    most = max((len(spread.results) for spread in spreads), default=1)
    result = np.zeros((len(spreads), most), dtype=np.int32)
    share = np.zeros((len(spreads), most), dtype=np.float32)
    until = np.full((len(spreads), most), np.inf)
    for i, spread in enumerate(spreads):
        count = len(spread.results)
        result[i, :count] = [row[name] for name in spread.results]
        share[i, :count] = spread.shares
        until[i, : count - 1] = np.cumsum(spread.shares)[:-1]
    at = np.zeros(len(combo), dtype=np.int64)
    for k in range(most - 1):
        at += u >= until[combo, k]
    return _Choice(result[combo, at], names, share[combo, at])


def combinations(*columns: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the combination of each item, and the different combinations. (n,), (kinds, columns)

    Columns hold whole numbers from 0.
    """
    key = np.zeros(len(columns[0]), dtype=np.int64)
    sizes = [int(column.max(initial=0)) + 1 for column in columns]
    for column, size in zip(columns, sizes, strict=True):
        key = key * size + column
    different, row = np.unique(key, return_inverse=True)
    parts = []
    for size in sizes[::-1]:
        different, part = np.divmod(different, size)
        parts.append(part)
    return row.astype(np.int64), np.column_stack(parts[::-1])


def occupancy_of(
    taxonomy: Taxonomy, tag: NDArray[np.int32], spreads_of: Callable[[int, float], Spread],
    number: F64, u: F64,
) -> tuple[I8, tuple[str, ...]]:  # fmt: skip
    """Return the HAZUS occupancy of each building. (n,)

    Parameters
    ----------
    tag
        Row of each building's use tag. (n,)
    spreads_of
        What a tag's row means with so many storeys or, where its outline decides, square metres.
    number
        Of storeys, known or guessed, or of square metres. (n,)
    """
    edges = _edges(taxonomy.breaks("use", "outline"))
    bins = np.digitize(number, edges[1:])
    combo, kinds = combinations(tag, bins)
    chosen = _choose(combo, [spreads_of(int(t), edges[b]) for t, b in kinds], u)
    return chosen.result.astype(np.int8), chosen.results


def drawn_numbers(
    taxonomy: Taxonomy, rule: str, occupancy: I8, occupancies: tuple[str, ...], u: F64
) -> F64:
    """Return a number drawn from a rule's spread for each occupancy, such as storeys. (n,)"""
    spreads = [taxonomy.of_occupancy(rule, name, 1.0) for name in occupancies]
    chosen = _choose(occupancy.astype(np.int64), spreads, u)
    return np.array([float(name) for name in chosen.results])[chosen.result]


def classify(
    taxonomy: Taxonomy, tags: Sequence[Tag], tag: NDArray[np.int32], occupancy: I8,
    occupancies: tuple[str, ...], storeys: F64, year: F64, u: F64,
) -> Types:  # fmt: skip
    """Return the curve of each building, drawn where tag and year leave several.

    Parameters
    ----------
    tags
        The different structure tags.
    tag
        Row of each building in `tags`. (n,)
    year
        Of construction; NaN unknown. (n,)
    u
        A random number for each building: the curves of a combination stand in a fixed order, so
        one draw decides type and level together. (n,)

    Notes
    -----
    Type and level are taken as independent of each other. A tag's own code level comes before the
    year's. Combinations that HAZUS lacks are mapped as `hazus.curve_id` says.
    """
    edges = _edges((*taxonomy.breaks("structure", "gem", "stock"), *_CLASSES))
    eras = (float(_UNKNOWN_YEAR), *_edges(taxonomy.breaks("era")))
    bins = np.digitize(storeys, edges[1:])
    known = np.where(np.isnan(year), _UNKNOWN_YEAR, year)
    era = np.where(known < 0, 0, 1 + np.digitize(known, eras[2:]))
    combo, kinds = combinations(tag, occupancy, bins, era)
    spreads, stated = [], []
    for t, o, b, e in kinds:
        spread, by_tag = _types_of(taxonomy, tags[int(t)], occupancies[int(o)], edges[b])
        spreads.append(_curves_of(taxonomy, tags[int(t)], spread, edges[b], eras[int(e)]))
        stated.append(by_tag)
    chosen = _choose(combo, spreads, u)
    used, row = np.unique(chosen.result, return_inverse=True)
    return Types(
        curve=row.astype(np.int16),
        curves=tuple(chosen.results[int(i)] for i in used),
        certainty=chosen.share,
        is_stated=np.array(stated, dtype=bool)[combo],
    )


def _edges(breaks: tuple[float, ...]) -> tuple[float, ...]:
    """Return where bins begin, the first of them at 1 (storeys) or before all years."""
    return (1.0, *sorted({edge for edge in breaks if edge > 1.0}))


def _types_of(taxonomy: Taxonomy, tag: Tag, occupancy: str, storeys: float) -> tuple[Spread, bool]:
    """Return the types that a building may have, and whether its tag said so."""
    found: Spread | None = None
    if tag.rule == "type":
        found = Spread(1.0, math.inf, (tag.value,), (1.0,))
    elif tag.rule:
        found = taxonomy.spread(tag.rule, tag.value, storeys)
    if found and UNDECIDED not in found.results:
        return found, True
    return taxonomy.of_occupancy("stock", occupancy, storeys), False


def _curves_of(taxonomy: Taxonomy, tag: Tag, types: Spread, storeys: float, era: float) -> Spread:
    """Return the curves of a combination with their probabilities, in the order of their ids."""
    by_year = (
        taxonomy.spread("era", "unknown", 0.0)
        if era == _UNKNOWN_YEAR
        else taxonomy.spread("era", "known", era)
    )
    share: dict[str, float] = {}
    for result, probability in zip(types.results, types.shares, strict=True):
        kind, _, stated = result.partition(".")
        level = tag.level or stated
        levels = {level: 1.0} if level else _shares(by_year)
        for code, part in levels.items():
            name = curve_id(kind, storeys, code, tag.height)
            share[name] = share.get(name, 0.0) + probability * part
    names = tuple(sorted(share))
    return Spread(types.low, types.high, names, tuple(share[name] for name in names))


def _shares(spread: Spread | None) -> dict[str, float]:
    return dict(zip(spread.results, spread.shares, strict=True)) if spread else {"LC": 1.0}
