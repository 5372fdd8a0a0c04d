"""Losses when several hazards of one event strike the same assets: earthquake and then tsunami."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.curve import Curve
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.risk import EventImpact, Standing
from rencheng.domain.risk_several import Peril, Rule, SeveralImpact
from rencheng.model.risk.blocks import BUDGET_MB, must_be_budget, must_fit
from rencheng.model.risk.combine import combine
from rencheng.model.risk.stock import counted, judged

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
Pairs = tuple[I64, I64, F64, I32, F64]
"""Event, item, intensity, curve and the share of the item that lies there. (pairs,) each"""

MODEL, VERSION = "several-hazards", "1"
# What one pair of event and item takes while its block is worked on, and each hazard more.
_PAIR_BYTES, _HAZARD_BYTES = 160, 48


def several(
    perils: Sequence[Peril],
    rule: Rule,
    *,
    budget_mb: float = BUDGET_MB,
    progress: Callable[[int, int], None] | None = None,
    versions: Mapping[str, str] | None = None,
) -> SeveralImpact:
    """Return what several hazards do together to each asset, event by event.

    Parameters
    ----------
    perils
        One of each hazard, in the order in which they strike. Events are the same where their names
        are; an event that a set does not have does not reach anything of that hazard.
    rule
        How the shares of one component of one asset come together.
    budget_mb
        Memory that the job may take beyond its inputs. [MB]
    progress
        Called with events done and all events.
    versions
        What the inputs are, for the record.

    Raises
    ------
    InvalidInputError
        When hazards have other assets, names of events stand twice, no two sets share one, or rates
        contradict each other.
    TooMuchError
        When one event does not fit the budget.

    Notes
    -----
    Shares are each hazard's own, exact, by component; the rule joins them before they meet the
    value, so that no component loses more than it is worth. Of an area or a line the rule joins the
    mean shares of the whole: its parts differ from hazard to hazard. An asset without a curve for
    one of the hazards is in no total. Where a hazard is unknown the others are counted, and the
    loss is at least that; it is known in spite of it where the others take everything. Judged
    against hand cases, single hazards and bounds. Left out: that the first hazard changes how well
    a thing stands up to the second, the spread of the curves. Cost: about 0.8 µs a pair of event
    and item.
    """
    must_be_budget(budget_mb)
    _same_assets(perils)
    names, rate, row = _same_events(perils)
    standing = _judged(perils)
    sides = [_Side(peril, standing) for peril in perils]
    work = _Work(perils, len(names), rule)
    room = budget_mb * 1e6 - 8.0 * (work.value.size * (2 + len(perils)) + 6 * len(names))
    room //= _PAIR_BYTES + _HAZARD_BYTES * len(perils)
    waiting: list[list[Pairs]] = [[] for _ in perils]
    many = 0
    for event in range(len(names)):
        found = [side.pairs(event, rows[event]) for side, rows in zip(sides, row, strict=True)]
        size = sum(pairs[0].size for pairs in found)
        if size > room:
            need = (size - room) * (_PAIR_BYTES + _HAZARD_BYTES * len(perils)) / 1e6 + budget_mb
            must_fit(need, budget_mb)
        if many + size > room:
            work.take(waiting, rate)
            waiting, many = [[] for _ in perils], 0
        for queue, pairs in zip(waiting, found, strict=True):
            queue.append(pairs)
        many += size
        if progress:
            progress(event + 1, len(names))
    work.take(waiting, rate)
    final = _settled(standing, sides)
    yearly = rate * work.loss
    whole = EventImpact(
        names=names,
        rate=rate,
        known_loss=work.loss,
        unknown=work.unknown,
        known_eai=work.eai.sum(axis=1),
        dark=work.dark,
        standing=final,
        counts=counted(final),
        known_aal=math.fsum(yearly),
        known_annual_sd=math.sqrt(math.fsum(yearly * work.loss)),
        spread=None,
        matrix=None,
        currency=perils[0].portfolio.currency,
        year=perils[0].portfolio.year,
        versions={MODEL: VERSION, "rule": rule.value, **(versions or {})},
    )
    return SeveralImpact(
        whole=whole,
        rule=rule,
        hazards=tuple(peril.name for peril in perils),
        by_hazard=work.by_hazard,
        alone=work.alone,
        eai_by_hazard=work.eai,
    )


_NO_ROWS = np.zeros(0, np.int64)
_NONE: Pairs = _NO_ROWS, _NO_ROWS, np.zeros(0), np.zeros(0, np.int32), np.zeros(0)


class _Side:
    """One hazard: its items by point, an item being one component of one asset."""

    def __init__(self, peril: Peril, standing: NDArray[np.uint8]) -> None:
        folio, self.peril = peril.portfolio, peril
        here = (judged(folio) == Standing.ASSESSED) & (standing == Standing.ASSESSED)
        good = here[:, None] & (folio.value > 0.0)
        part, place, share = _placed(peril)
        row, component = np.nonzero(good[part])
        asset, point = part[row], place[row]
        order = np.argsort(point, kind="stable")
        self.item = (asset * folio.value.shape[1] + component)[order]
        self.curve = folio.curve[asset, component][order]
        self.share = share[row][order]
        counts = np.bincount(point, minlength=len(peril.source.head.place))
        self.first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        self.touched = np.zeros(len(peril.source.head.place), dtype=bool)

    def pairs(self, event: int, row: int) -> Pairs:
        """Return what the hazard reaches in an event; `row` is -1 where its set has none."""
        if row < 0:
            return _NONE
        point, intensity = self.peril.source.block(row, row + 1)
        self.touched[point] = True
        here = (self.first[1:] - self.first[:-1])[point]
        within = np.arange(here.sum()) - np.repeat(np.cumsum(here) - here, here)
        at = np.repeat(self.first[:-1][point], here) + within
        x = np.repeat(intensity.astype(np.float64), here)
        events = np.full(at.size, event, dtype=np.int64)
        return events, self.item[at], x, self.curve[at], self.share[at]


def _placed(peril: Peril) -> tuple[I64, I64, F64]:
    """Return asset, point and share of everything that lies at a point."""
    if peril.parts is not None:
        parts = peril.parts
        return parts.asset.astype(np.int64), parts.point.astype(np.int64), parts.share
    asset = np.flatnonzero(peril.portfolio.point >= 0)
    return asset, peril.portfolio.point[asset].astype(np.int64), np.ones(asset.size)


def _shares(x: F64, kind: NDArray[np.int32], curves: Sequence[Curve]) -> F64:
    """Return the share lost at each intensity by its own curve."""
    share = np.full(x.size, np.nan)
    order = np.argsort(kind, kind="stable")
    cuts = np.searchsorted(kind[order], np.arange(len(curves) + 1))
    for row, curve in enumerate(curves):
        mine = order[cuts[row] : cuts[row + 1]]
        if mine.size:
            share[mine] = curve.value(x[mine])
    return share


class _Work:
    """Running sums of a job."""

    def __init__(self, perils: Sequence[Peril], events: int, rule: Rule) -> None:
        folio, hazards = perils[0].portfolio, len(perils)
        self.curves = [peril.curves for peril in perils]
        self.value = folio.value.ravel()
        self.components, self.rule, self.hazards = folio.value.shape[1], rule, hazards
        self.loss, self.unknown = np.zeros(events), np.zeros(events, dtype=np.int64)
        self.by_hazard, self.alone = np.zeros((events, hazards)), np.zeros((events, hazards))
        self.eai = np.zeros((len(folio.id), hazards))
        self.dark = np.zeros(len(folio.id), dtype=np.int64)

    def take(self, waiting: Sequence[Sequence[Pairs]], rate: F64) -> None:
        """Add what was gathered of each hazard."""
        keys, shares, items = [], [], self.value.size
        for queue, curves in zip(waiting, self.curves, strict=True):
            event, item, x, kind, weight = (
                np.concatenate([pairs[k] for pairs in [_NONE, *queue]]) for k in range(5)
            )
            keys.append(event * items + item)
            shares.append(weight * _shares(x, kind.astype(np.int32), curves))
        key, cell = np.unique(np.concatenate(keys), return_inverse=True)
        known, missing = np.zeros((key.size, self.hazards)), np.zeros(key.size, dtype=bool)
        begin = 0
        for hazard, share in enumerate(shares):
            at = cell[begin : begin + share.size]
            known[:, hazard] = np.bincount(at, np.nan_to_num(share), key.size)
            missing[at[np.isnan(share)]] = True
            begin += share.size
        known = np.minimum(known, 1.0)  # rounding of many parts
        total, part = combine(known, self.rule)
        missing &= total < 1.0
        event, item = np.divmod(key, max(items, 1))
        value, asset = self.value[item], item // self.components
        events, assets = self.loss.size, self.dark.size
        self.loss += np.bincount(event, total * value, events)
        self.unknown += np.bincount(event, missing, events).astype(np.int64)
        self.dark += np.bincount(asset, missing, assets).astype(np.int64)
        for hazard in range(self.hazards):
            lost = part[:, hazard] * value
            self.by_hazard[:, hazard] += np.bincount(event, lost, events)
            self.alone[:, hazard] += np.bincount(event, known[:, hazard] * value, events)
            self.eai[:, hazard] += np.bincount(asset, lost * rate[event], assets)


def _judged(perils: Sequence[Peril]) -> NDArray[np.uint8]:
    """Return the worst standing of each asset; outside of one hazard alone is no fault."""
    each = np.stack([judged(peril.portfolio) for peril in perils])
    bad = (each >= Standing.NO_CURVE).any(axis=0)
    return np.asarray(np.where(bad, each.max(axis=0), each.min(axis=0)), dtype=np.uint8)


def _settled(standing: NDArray[np.uint8], sides: Sequence[_Side]) -> NDArray[np.uint8]:
    reached = np.zeros(standing.size, dtype=bool)
    for side in sides:
        asset, point, _ = _placed(side.peril)
        reached[asset[side.touched[point]]] = True
    final = standing.copy()
    final[(standing == Standing.ASSESSED) & ~reached] = Standing.NOT_EXPOSED
    return final


def _same_assets(perils: Sequence[Peril]) -> None:
    if not perils:
        raise _refusal("risk.no_hazard", "no hazard is given", "Give one at least", {})
    one = perils[0].portfolio
    for peril in perils[1:]:
        two = peril.portfolio
        same = one.id == two.id and one.components == two.components
        same = same and (one.currency, one.year) == (two.currency, two.year)
        if not same or not np.array_equal(one.value, two.value, equal_nan=True):
            raise _refusal(
                "risk.other_assets",
                f"{peril.name} has other assets, values or components than {perils[0].name}",
                "Give the same table of assets to every hazard",
                {"one": perils[0].name, "other": peril.name},
            )


def _same_events(perils: Sequence[Peril]) -> tuple[tuple[str, ...], F64, list[list[int]]]:
    """Return all events, their rates, and the row of each in the set of each hazard or -1."""
    sets = [peril.source.head for peril in perils]
    for peril, head in zip(perils, sets, strict=True):
        if len(set(head.names)) < len(head.names):
            twice = [n for n in dict.fromkeys(head.names) if head.names.count(n) > 1][:3]
            raise _refusal(
                "risk.event_twice",
                f"{peril.name}: names of events stand twice: {', '.join(twice)}",
                "Give every event a name of its own",
                {"hazard": peril.name, "first": ", ".join(twice)},
            )
    names = tuple(dict.fromkeys(name for head in sets for name in head.names))
    if len(sets) > 1 and len(names) == sum(len(head.names) for head in sets):
        raise _refusal(
            "risk.no_common_event",
            "no two of the event sets share an event",
            "Give the same name to an event in every set that has it",
            {"first": ", ".join(head.names[0] for head in sets if head.names)},
        )
    where = {name: i for i, name in enumerate(names)}
    rate, rows = np.full(len(names), np.nan), []
    for head in sets:
        row = [-1] * len(names)
        for i, name in enumerate(head.names):
            row[where[name]] = i
        rows.append(row)
        at = np.array([where[name] for name in head.names], dtype=np.int64)
        old = rate[at]
        other = np.isfinite(old) & np.isfinite(head.rate) & ~np.isclose(old, head.rate, rtol=1e-9)
        if other.any():
            first = [head.names[i] for i in np.flatnonzero(other)[:3]]
            raise _refusal(
                "risk.other_rate",
                f"{int(other.sum())} events have another rate in another set: {', '.join(first)}",
                "Give an event the same rate in every set, or leave it out in all but one",
                {"count": int(other.sum()), "first": ", ".join(first)},
            )
        rate[at] = np.where(np.isfinite(old), old, head.rate)
    return names, rate, rows


def _refusal(key: str, problem: str, hint: str, params: dict[str, str | int]) -> InvalidInputError:
    return InvalidInputError(key, problem, hint=hint, params=params)
