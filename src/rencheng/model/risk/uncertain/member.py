"""One event set with the portfolio at its points, run over samples.

The set is read event by event and worked on point by point. What of it the memory holds, the hits
of some points in all events, is turned around at a time; the set is read again for the next points.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.risk import EventSource, Portfolio
from rencheng.domain.risk_parts import Parts
from rencheng.model.risk.draws import keys
from rencheng.model.risk.parts import spread_out
from rencheng.model.risk.stock import settled, stock, stood
from rencheng.model.risk.uncertain.curves import Curves
from rencheng.model.risk.uncertain.design import place_keys
from rencheng.model.risk.uncertain.lanes import Lanes
from rencheng.model.risk.uncertain.memory import LANES, Carry, Room, small

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
U64 = NDArray[np.uint64]
Hits = tuple[I64, I32, F32, F64]
Range = tuple[int, int]
"""The first, and the one after the last."""
_BLOCK = 50_000_000
"""Losses of a block, hits x samples; a stop waits for one block: some tenths of a second. Ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Annual losses of some assets in the samples of a pass."""

    asset: I64
    """Rows of the portfolio; one stands several times where parts of it stand together."""
    eai: F64
    """None when they are not carried. [currency/yr] (assets, samples)"""
    dark: I64
    """Most events unknown in a sample. (assets,)"""


class Pass:
    """Sums over all assets, for some samples."""

    def __init__(self, drawn: Lanes, events: int, groups: int, carry: Carry) -> None:
        many = drawn.often.size
        self.lanes = drawn
        self.with_losses = with_losses = carry.losses
        self.with_assets = carry.assets or carry.asset_samples
        shape = (events, many) if with_losses else (0, many)
        cuts = [(a, min(a + LANES, many)) for a in range(0, many, LANES)]
        self.cuts = cuts
        self.stop = np.zeros(1, dtype=np.uint8)
        """Set when the job ends, however it ends: what still runs gives up at its next asset."""
        self.loss = [np.zeros((shape[0], b - a)) for a, b in cuts]
        self.unknown = [np.zeros((shape[0], b - a), dtype=np.int32) for a, b in cuts]
        self.aal = [np.zeros(b - a) for a, b in cuts]
        self.missing = [np.zeros(b - a, dtype=np.int64) for a, b in cuts]
        self.group = [np.zeros((groups, b - a)) for a, b in cuts]


class Member:
    """An event set and its assets."""

    def __init__(
        self,
        source: EventSource,
        folio: Portfolio,
        parts: Parts | None,
        curves: Curves,
        named: tuple[I32, U64],
    ) -> None:
        """Bring assets, and their parts, to the points; `named` are their groups and keys."""
        self.head, self.curves = source.head, curves
        self._source, self._begin = source, np.zeros(0, dtype=np.int64)
        pieces, of = (folio, None) if parts is None else spread_out(folio, parts)
        self._point, self._of, self._assets = pieces.point, of, len(folio.id)
        self.things = stock(pieces, len(source.head.place))
        things = self.things
        whose = things.asset if of is None else of[things.asset]
        change = np.r_[True, things.asset[1:] != things.asset[:-1]][: things.asset.size]
        self.slot = (np.cumsum(change) - 1).astype(np.int32)
        self.asset = whose[change].astype(np.int64)
        self.items = (
            things.first, things.curve, things.value, self.slot, named[0][whose],
            named[1][whose], place_keys(source.head.place),
        )  # fmt: skip
        self.event_key = keys(source.head.names)
        self.hits: Hits
        self.yearly: tuple[I64, F64, I64]
        self._held: Range | None = None

    @property
    def standing(self) -> NDArray[np.uint8]:
        """Return how each asset ended, once the set was read. (assets,)"""
        reached = (np.diff(self._begin) > 0).astype(np.uint8)
        final = settled(self.things.standing, self._point, reached)
        return final if self._of is None else stood(final, self._of, self._assets)

    def read(self, cut: Room) -> None:
        """Go through the set once and see which points it reaches how often."""
        from rencheng.model.risk.uncertain import kernel

        self._begin = np.zeros(len(self.head.place) + 1, dtype=np.int64)
        for first, last in self._pieces(cut.read):
            kernel.counted(self._source.block(first, last)[0], self._begin)
        np.cumsum(self._begin, out=self._begin)

    def blocks(self, cut: Room) -> list[list[Range]]:
        """Return ranges of points that hold at most so many assets, or one point.

        Those whose hits are in memory together stand together. Where assets have many hits, a range
        holds fewer: a stop is heard, and progress told, after each.
        """
        first = self.things.first
        busy = np.r_[0, np.cumsum(np.diff(first) * np.diff(self._begin))]
        most = max(1, _BLOCK // max(1, cut.lanes))
        upto = np.r_[self.slot, self.asset.size][first]  # assets before each point
        loads = _ranges(self._begin, (0, first.size - 1), cut.load)
        return [
            [one for few in _ranges(upto, load, cut.slots) for one in _ranges(busy, few, most)]
            for load in loads
        ]

    def run(self, work: Pass, cut: Room, threads: int) -> Iterator[Block]:
        """Yield block after block of assets, adding up events and totals as it goes."""
        calls = [_Call(self, work, c) for c in range(len(work.cuts))]
        upto = np.r_[self.slot, self.asset.size]
        known = self._none_known(calls[0]) if calls and calls[0].is_by_kind else None
        with ThreadPoolExecutor(max_workers=threads) as pool:
            try:
                for blocks in self.blocks(cut):
                    part = blocks[0][0], blocks[-1][1]
                    self._load(part, cut)
                    if any(call.is_straight for call in calls):
                        self._of_a_year(part, calls[0])
                    for p, q in blocks:
                        here = slice(*upto[self.things.first[[p, q]]])
                        size = here.stop - here.start
                        add = partial(_Call.add, p=p, q=q, slot=here.start, size=size)
                        done = list(pool.map(add, calls))
                        yield Block(
                            asset=self.asset[here],
                            eai=np.concatenate([eai for eai, _ in done], axis=1),
                            dark=np.maximum.reduce([dark for _, dark in done]),
                        )
                    if known:
                        self._kinds(part, calls[0], known)
                if known:
                    list(pool.map(partial(_Call.finish, known=known), calls))
            finally:
                work.stop[:] = 1

    def rest(self) -> None:
        """Let go of what of the set is in memory."""
        self._held = None
        self.hits = (self._begin, np.zeros(0, np.int32), np.zeros(0, np.float32), self.head.rate)

    def _pieces(self, most: int) -> list[Range]:
        """Return ranges of events that store at most so much, or one event."""
        start = np.asarray(self._source.start, dtype=np.int64)
        return _ranges(start, (0, start.size - 1), most)

    def _load(self, part: Range, cut: Room) -> None:
        """Bring the hits of some points to memory, events rising at each, unless they are there."""
        from rencheng.model.risk.uncertain import kernel

        if self._held == part:
            return
        self.rest()
        begin = self._begin - self._begin[part[0]]
        many = int(begin[part[1]])
        event, x = np.empty(many, dtype=np.int32), np.empty(many, dtype=np.float32)
        at = begin[part[0] : part[1]].copy()
        for first, last in self._pieces(cut.read):
            start = np.asarray(self._source.start[first : last + 1], dtype=np.int64)
            stored = (start - start[0], *self._source.block(first, last))
            kernel.by_point(stored, first, part, at, (event, x))
        self.hits = (begin, event, x, np.asarray(self.head.rate, dtype=np.float64))
        self._held = part

    def _of_a_year(self, part: Range, call: _Call) -> None:
        """Work out annual share and unknown events of items by each curve they may have."""
        from rencheng.model.risk.uncertain import kernel

        at = np.r_[0, np.cumsum(np.diff(call.kinds[0]).astype(np.int64)[self.things.curve])]
        self.yearly = (at, np.zeros(int(at[-1])), np.zeros(int(at[-1]), dtype=np.int64))
        kernel.yearly(part, self.hits, self.items, self.curves.table, call.kinds, self.yearly)

    def _none_known(self, call: _Call) -> tuple[F64, I64]:
        size = (len(self.head.names), call.kinds[1].size)
        return np.zeros(size), np.zeros(size, dtype=np.int64)

    def _kinds(self, part: Range, call: _Call, known: tuple[F64, I64]) -> None:
        """Add loss and unknown of each event by class and alternative."""
        from rencheng.model.risk.uncertain import kernel

        kernel.by_kind(part, self.hits, self.items, self.curves.table, call.kinds, known)


class _Call:
    """The compiled loops for the samples of one cut."""

    def __init__(self, member: Member, work: Pass, cut: int) -> None:
        a, b = work.cuts[cut]
        self.member, self.work, self.cut = member, work, cut
        one = work.lanes.at(np.arange(a, b))
        self.kinds = (one.start, one.row, one.choice)
        self.worth = (one.worth, one.total, one.often, *one.own)
        self.is_straight = one.is_straight
        self.is_by_kind = (
            work.with_losses and one.is_straight and not one.own[0].size
            and small(len(member.head.names), one.row.size)
        )  # fmt: skip
        on_event = one.on_event(member.head)
        axis = (
            one.axis, on_event, on_event.max(axis=1, initial=0.0), *one.axis_own,
            one.within[0].ravel(), one.within[1], member.event_key,
        )  # fmt: skip
        self.more = (axis, (one.score, one.correlation, one.score_of, one.score_key))

    def add(self, p: int, q: int, slot: int, size: int) -> tuple[F64, I64]:
        """Add the points `p` to `q` - 1; return annual losses and what is unknown by asset."""
        from rencheng.model.risk.uncertain import kernel

        work, cut, member = self.work, self.cut, self.member
        eai = np.zeros((size if work.with_assets else 0, self.worth[2].size))
        dark = np.zeros(size, dtype=np.int64)
        loss, unknown = work.loss[cut], work.unknown[cut]
        if self.is_by_kind:
            loss, unknown = loss[:0], unknown[:0]
        out = (loss, unknown, eai, work.aal[cut], work.missing[cut], work.group[cut], dark)
        given = ((p, q, slot, work.stop), member.hits, member.items)
        if self.is_straight:
            kernel.straight(
                *given, (member.curves.table, *member.yearly), self.kinds, self.worth, out
            )
        else:
            from rencheng.model.risk.uncertain import bent_kernel

            bent_kernel.bent(*given, member.curves.knots, self.kinds, self.worth, self.more, out)
        return eai, dark

    def finish(self, known: tuple[F64, I64]) -> None:
        """Add events up class by class."""
        from rencheng.model.risk.uncertain import kernel

        by_class, on_total = self.worth[0], self.worth[1]
        out = (self.work.loss[self.cut], self.work.unknown[self.cut])
        kernel.of_kinds(known, self.kinds, by_class, on_total, out)


def _ranges(upto: NDArray[np.integer[Any]], whole: Range, most: int) -> list[Range]:
    """Return ranges of which each holds at most so much, or is one thing alone.

    `upto` is what stands before each thing. (things + 1,)
    """
    cuts, p = [], whole[0]
    while p < whole[1]:
        q = int(np.searchsorted(upto, upto[p] + most, side="right")) - 1
        q = min(max(q, p + 1), whole[1])
        cuts.append((p, q))
        p = q
    return cuts
