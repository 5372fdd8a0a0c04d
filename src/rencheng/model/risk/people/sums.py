"""Running sums of a job over people: who is counted, in what blocks, and what comes out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.provenance import Text
from rencheng.domain.risk import EventSource, Portfolio, Standing
from rencheng.domain.risk_people import Crowd, Fate, PeopleEstimate, Spanning
from rencheng.model.risk.blocks import cut, must_be_budget
from rencheng.model.risk.stock import Stock, settled, stock, stood

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
U8 = NDArray[np.uint8]

# What one stored intensity takes while its block is worked on, and each number that is worked out
# of it before the loop; as measured.
_STORED_BYTES, _WORKED_BYTES, _RESPONSE_BYTES = 40, 120, 24


class Base(IntEnum):
    """Which people a share is of."""

    INDOORS = 0
    OUTDOORS = 1
    PRESENT = 2
    AT_RISK = 3
    """Present, neither evacuated nor upstairs."""
    RESIDENTS = 4
    PUBLIC_LOW = 5
    PUBLIC = 6
    PUBLIC_HIGH = 7
    """Residents who would ask for a public shelter if displaced."""


HOME = np.array([base >= Base.RESIDENTS for base in Base], dtype=np.uint8)
"""Where the share of groups among residents holds, and not that among the people present."""
Term = tuple[Base, int]
"""Which people, and the column that they are added to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """What stands at the points of an event set, in the order that the loops walk it."""

    things: Stock
    people: tuple[F64, F64]
    groups: int
    point: NDArray[np.int32]
    """(rows,)"""
    owner: NDArray[np.int32]
    """Of pieces of areas and lines, the asset of each; empty where every row is one. (rows,)"""

    @property
    def assets(self) -> int:
        """Return how many assets have pieces."""
        return int(self.owner.max(initial=-1)) + 1

    @property
    def items(self) -> int:
        """Return how many assets can be reached."""
        return int(self.things.asset.size)


def reached(portfolio: Portfolio, crowd: Crowd, points: int) -> Reached:
    """Return the assets whose people are known, point by point.

    An asset whose people present are unknown is bad data. Of areas and lines the rows are pieces.
    """
    value = np.where(np.isfinite(crowd.present), 1.0, np.nan)[:, None]
    things = stock(replace(portfolio, value=value, curve=portfolio.curve[:, :1]), points)
    row = things.asset
    share = np.stack([crowd.share, crowd.share_home])[:, :, row].transpose(2, 0, 1)
    blank = np.isnan(share)
    parts = np.nan_to_num(share)
    if blank.any():
        parts = np.concatenate([parts, blank.astype(np.float64)], axis=2)
    amount = np.column_stack(
        [
            crowd.indoors, crowd.outdoors, crowd.present, crowd.present * crowd.exposed,
            crowd.residents, *(crowd.residents * crowd.public),
        ]
    )[row]  # fmt: skip
    return Reached(
        things=things,
        people=(np.ascontiguousarray(amount), np.ascontiguousarray(parts)),
        groups=len(crowd.group),
        point=portfolio.point,
        owner=np.zeros(0, dtype=np.int32) if crowd.asset is None else crowd.asset,
    )


def portions(
    source: EventSource, here: Reached, columns: int, responses: int, budget_mb: float
) -> Iterator[tuple[int, int]]:
    """Yield first and last event of blocks that fit the budget, one after another.

    Parameters
    ----------
    columns
        Of what is counted.
    responses
        Numbers that are worked out for each stored intensity.

    Raises
    ------
    InvalidInputError
        When the budget is no number above zero.
    TooMuchError
        When what must stay in memory, or the largest event, does not fit.
    """
    must_be_budget(budget_mb)
    start = np.asarray(source.start)
    parts = here.people[1].shape[2]
    each = _STORED_BYTES + (_WORKED_BYTES + _RESPONSE_BYTES * responses if responses else 0)
    fixed = sum(part.nbytes for part in here.people) + 32 * here.items
    fixed += 8 * columns * (here.items + here.assets + (start.size - 1) * (3 + parts))
    yield from cut(start, fixed, each, budget_mb)


@dataclass(slots=True)
class Sums:
    """Totals of a job, and the points that its events reach."""

    here: Reached
    points: int
    events: int
    terms: Sequence[Term]
    columns: int
    grouped: int
    """The first columns, which are told apart by group."""
    out: F64 = field(init=False)
    """People, items of whom nothing is known, people there. (events, columns, 3)"""
    parts: F64 = field(init=False)
    """People by group, and of whom it is not known. (events, grouped, parts)"""
    by_item: F64 = field(init=False)
    seen: I64 = field(init=False)
    """The event in which an asset was last found unknown, so that it counts once. (assets, columns)
    """
    touched: U8 = field(init=False)

    def __post_init__(self) -> None:
        self.out = np.zeros((self.events, self.columns, 3))
        self.parts = np.zeros((self.events, self.grouped, self.here.people[1].shape[2]))
        self.by_item = np.zeros((self.here.items, self.columns))
        self.seen = np.full((self.here.assets, self.columns), -1, dtype=np.int64)
        self.touched = np.zeros(self.points, dtype=np.uint8)

    def part(self, first: int, last: int) -> tuple[F64, F64, F64, I32, I64]:
        """Return the totals of the events `first` to `last` - 1, as the loops take them."""
        owner = self.here.owner
        owner = owner[self.here.things.asset] if owner.size else owner
        self.seen.fill(-1)
        return self.out[first:last], self.parts[first:last], self.by_item, owner, self.seen

    @property
    def by_event(self) -> F64:
        """Return the people of each column. (events, columns)"""
        return self.out[:, :, 0]

    @property
    def coded(self) -> tuple[I64, I64, U8]:
        """Return the terms as the loops take them."""
        base = np.array([int(one) for one, _ in self.terms], dtype=np.int64)
        return base, np.array([to for _, to in self.terms], dtype=np.int64), HOME

    def estimate(
        self,
        model: str,
        fate: Sequence[Fate],
        column: Sequence[int],
        *,
        bounds: tuple[F64, F64] | None = None,
        spanning: Spanning = Spanning.NONE,
        notes: Sequence[Text] = (),
        without: U8 | None = None,
    ) -> PeopleEstimate:
        """Return what the sums say as a model's estimate.

        Parameters
        ----------
        model, fate
            Its name, and the fates that it speaks of.
        column
            Of the sums, for each fate.
        bounds
            Low and high; None where the model states no spread. (events, fates) each
        without
            Standing of rows that this model cannot assess; 0 elsewhere. (rows,)
        """
        at = list(column)
        many, things = self.here.point.size, self.here.things
        standing = settled(things.standing, self.here.point, self.touched)
        if without is not None:
            standing = np.maximum(standing, without)
        yearly = np.full((many, len(at)), np.nan)
        yearly[things.asset] = self.by_item[:, at]
        yearly[standing == Standing.NOT_EXPOSED] = 0.0
        yearly[standing > Standing.NOT_EXPOSED] = np.nan
        standing, yearly = self._whole(standing, yearly)
        bare = np.full((self.events, len(at)), np.nan)
        groups = self.here.groups
        # Where no asset could be assessed, nothing is known: not even that it is nobody.
        gone = np.nan if standing.size and (standing > Standing.NOT_EXPOSED).all() else 0.0
        told = self.parts[:, at] + gone
        unsure = told[:, :, groups:] if told.shape[2] > groups else np.zeros_like(told) + gone
        low, high = bounds if bounds is not None else (bare, bare)
        return PeopleEstimate(
            model=model,
            fate=tuple(fate),
            low=low + gone,
            central=self.by_event[:, at] + gone,
            high=high + gone,
            spanning=spanning,
            group=told[:, :, :groups],
            group_unknown=unsure,
            yearly=yearly,
            unknown=self.out[:, at, 1].max(axis=1, initial=0.0).astype(np.int64),
            unknown_people=self.out[:, at, 2].max(axis=1, initial=0.0),
            standing=standing,
            notes=tuple(notes),
        )

    def _whole(self, standing: U8, yearly: F64) -> tuple[U8, F64]:
        """Return standing and yearly numbers of assets by those of their pieces."""
        owner, many = self.here.owner, self.here.assets
        if not owner.size:
            return standing, yearly
        summed = np.zeros((many, yearly.shape[1]))
        np.add.at(summed, owner, yearly)
        return stood(standing, owner, many), summed
