"""Sampled states of damage under an event set, or from probabilities that are given."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.curve import Curve
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.risk import EventHead, Events, EventSource, Portfolio, Standing
from rencheng.domain.risk_sample import SampledStates
from rencheng.model.risk.blocks import BUDGET_MB, blocks, must_fit
from rencheng.model.risk.draws import (
    common,
    is_seed,
    normal_table,
    normals,
    starts,
    turns,
)
from rencheng.model.risk.states.expected import of_component, same_states
from rencheng.model.risk.states.fragility import Fragility, constants, tables_of
from rencheng.model.risk.states.fragility import normal_table as phi_table
from rencheng.model.risk.stock import Stock, counted, met, stock

F64 = NDArray[np.float64]
I8 = NDArray[np.int8]
I32 = NDArray[np.int32]
Progress = Callable[[int, int], None]
"""Called with events done and all events."""

MODEL, VERSION = "sampled-states", "2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How states are drawn and what is kept of them."""

    seed: int
    draws: int = 1
    """Realisations of each event."""
    correlation: float = 0.0
    """Of the standard normal numbers behind the states of any two assets: 0 each on its own, 1 all
    together, between them one factor that all share."""
    group: Sequence[str] | None = None
    """What to count each asset by, such as its zone. (assets,)"""
    keeps_states: bool = False
    """Also the state of each asset in each realisation."""
    component: int = 0
    """Column of `Portfolio.curve` that is asked."""
    budget_mb: float = BUDGET_MB
    """Memory that the job may take beyond its inputs and the tables of its curves, which are at
    most 32 MB for each four states, three times that while they are made. [MB]"""


def sample_states(
    source: EventSource,
    portfolio: Portfolio,
    curves: Sequence[Curve],
    plan: Sampling,
    *,
    progress: Progress | None = None,
    versions: Mapping[str, str] | None = None,
) -> SampledStates:
    """Return drawn states of damage of every asset in every realisation, counted.

    Parameters
    ----------
    source
        Sparse intensities; the points of an event rise strictly. An event of a set of ground-motion
        fields is a realisation of its own; a single field is drawn `plan.draws` times.
    portfolio
        Assets; what they are worth plays no part. Ids are what their random numbers hang on.
    curves
        Fragility, in the unit of the event set, all with the same states.
    plan
        Seed, realisations, correlation, groups, memory.
    progress
        Called between blocks.
    versions
        What the inputs are, for the record.

    Raises
    ------
    InvalidInputError
        When curves have different states; when ids of assets or events stand twice; when the plan
        is impossible.
    TooMuchError
        When what must stay in memory does not fit the budget.

    Notes
    -----
    A state is reached where a uniform number lies below its probability; it is drawn by SplitMix64
    from seed, id of the asset, id of the event and number of the draw alone [1]_, so blocks,
    threads and orders change no bit. Probabilities are within 3e-7 for every curve (tested over its
    whole range, β from 1e-4 to 20). With a correlation ρ the number is Φ(√ρ Z + √(1 - ρ) ε), Z the
    same for all assets of a realisation (Gaussian copula of one factor), ε by a table that is
    within 5e-6 in probability. Judged against `expected_states`, the NumPy twin, and tests of
    distribution and correlation. Leaves out: any correlation between realisations, between
    components of an asset, or that fades with distance. Cost: `benchmarks/states.py` measures it.

    References
    ----------
    .. [1] Steele, Lea, Flood (2014), doi:10.1145/2660193.2660195.
    """
    names = same_states(curves)
    job = _Job(source, of_component(portfolio, plan.component), names)
    used = np.unique(job.portfolio.curve[job.portfolio.curve >= 0])
    return _draw(job, tables_of(curves, len(names), used), plan, progress, versions or {})


def sample_shares(
    share: F64, ids: Sequence[str], states: Sequence[str], plan: Sampling
) -> SampledStates:
    """Return drawn states of assets whose probabilities are given, in `plan.draws` realisations.

    Parameters
    ----------
    share
        P[state] of each asset, none first; a row with a NaN is unknown. [1] (assets, states)
    ids
        Of the assets; their random numbers hang on them.
    states
        Names, none first.
    plan
        Seed, realisations, correlation, groups, memory.

    Raises
    ------
    InvalidInputError
        When a row is negative or does not sum to one, or ids stand twice.

    Notes
    -----
    Method, judges and cost as `sample_states`; a state is reached where a draw of 32 bits is below
    its probability, so probabilities are within 1e-7.
    """
    share = np.asarray(share, dtype=np.float64)
    off = np.abs(share.sum(axis=1) - 1.0) > 1e-6
    bad = np.flatnonzero(off | (share < 0).any(axis=1))
    if bad.size or share.shape != (len(ids), len(states)):
        first = ", ".join(ids[i] for i in bad[:3]) if bad.size else f"shape {share.shape}"
        raise InvalidInputError(
            "risk.shares",
            f"{bad.size} assets have probabilities that do not sum to one: {first}",
            hint="Give each state a probability, one row for each asset; nan is unknown",
            params={"count": int(bad.size), "first": first},
        )
    assets = len(ids)
    reached = np.minimum(np.cumsum(share[:, :0:-1], axis=1)[:, ::-1], 1.0)
    every = np.arange(assets, dtype=np.int32)
    head = EventHead(
        place=np.zeros((assets, 2)), rate=np.full(1, np.nan), names=("",), measure="", unit="",
        source="",
    )  # fmt: skip
    field = Events(
        head=head, start=np.array([0, assets]), point=every, intensity=np.ones(assets, np.float32)
    )
    folio = Portfolio(
        id=tuple(ids), point=every, curve=every[:, None], value=np.ones((assets, 1)),
        components=("whole",), currency="", year=0,
    )  # fmt: skip
    job = _Job(field, folio, tuple(states[1:]))
    return _draw(job, constants(reached), plan, None, {})


@dataclass(frozen=True, slots=True)
class _Job:
    source: EventSource
    portfolio: Portfolio
    states: tuple[str, ...]
    """Beyond none."""


def _draw(
    job: _Job,
    fragility: Fragility,
    plan: Sampling,
    progress: Progress | None,
    versions: Mapping[str, str],
) -> SampledStates:
    """Draw block by block."""
    from rencheng.model.risk.states import sampling_kernel

    source, head, many = job.source, job.source.head, job.source.head.rate.size
    _check(plan, job.portfolio, head.names)
    things = stock(job.portfolio, len(head.place))
    tally = _Tally.of(plan, job.portfolio, things, (many, len(job.states)))
    key = starts(plan.seed, job.portfolio.id)[things.asset]
    turn = turns(head.names, plan.draws)
    shared = normals(common(plan.seed), turn).reshape(turn.shape)
    shared *= np.float32(math.sqrt(plan.correlation))
    chance = (math.sqrt(1.0 - plan.correlation), (normal_table(), phi_table()))
    items = (things.curve, key, tally.group[things.asset], things.asset)
    for first, last in blocks(source, things, plan.budget_mb, more_bytes=tally.bytes):
        point, intensity = source.block(first, last)
        start = np.asarray(source.start[first : last + 1], dtype=np.int64)
        rows = slice(first * plan.draws, last * plan.draws)
        sampling_kernel.sample(
            (start - start[0], point, intensity),
            (turn[first:last], shared[first:last]),
            (things.first, items),
            fragility,
            chance,
            (tally.by_group[rows], tally.by_item, tally.state[rows]),
        )
        if progress:
            progress(last, many)
    standing = met(things, job.portfolio.point, np.asarray(tally.by_item.any(axis=1)))
    said = ("none", *job.states), head.names, {MODEL: VERSION, **versions}
    return tally.result(plan, standing, things, said)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tally:
    """What the compiled loop counts into; the last column counts what is unknown."""

    by_group: I32
    by_item: I32
    state: I8
    group: I32
    groups: tuple[str, ...]
    bytes: int

    @classmethod
    def of(
        cls, plan: Sampling, portfolio: Portfolio, things: Stock, size: tuple[int, int]
    ) -> _Tally:
        events, states = size
        assets, items = portfolio.point.size, things.asset.size
        groups, group = _groups(plan.group, assets)
        shape = (events * plan.draws, len(groups), states + 2)
        # Counts, their copy in the result, and beside each item its start, group and row.
        need = 8 * math.prod(shape) + 12 * events * plan.draws
        need += items * (4 * (states + 2) + 16) + assets * (8 * (states + 2) + 24)
        need += plan.keeps_states * shape[0] * assets
        must_fit(need / 1e6, plan.budget_mb)
        return cls(
            by_group=np.zeros(shape, dtype=np.int32),
            by_item=np.zeros((items, states + 2), dtype=np.int32),
            state=np.zeros((shape[0], assets) if plan.keeps_states else (shape[0], 0), np.int8),
            group=group,
            groups=groups,
            bytes=need,
        )

    def result(
        self,
        plan: Sampling,
        standing: NDArray[np.uint8],
        things: Stock,
        said: tuple[tuple[str, ...], tuple[str, ...], Mapping[str, str]],
    ) -> SampledStates:
        """Return the counts, with what no event reached in the state *none*."""
        can = standing <= Standing.NOT_EXPOSED
        here = np.bincount(self.group[can], minlength=len(self.groups)).astype(np.int32)
        self.by_group[:, :, 0] += here - self.by_group.sum(axis=2, dtype=np.int32)
        by_asset = np.zeros((standing.size, self.by_item.shape[1]), dtype=np.int32)
        by_asset[things.asset] = self.by_item
        realisations = self.by_group.shape[0]
        by_asset[can, 0] += realisations - by_asset[can].sum(axis=1, dtype=np.int32)
        if plan.keeps_states:
            self.state[:, ~can] = -1
        return SampledStates(
            states=said[0],
            names=said[1],
            draws=plan.draws,
            groups=self.groups,
            by_group=self.by_group[:, :, :-1],
            unknown=self.by_group[:, :, -1],
            by_asset=by_asset[:, :-1],
            dark=by_asset[:, -1],
            state=self.state if plan.keeps_states else None,
            standing=standing,
            counts=counted(standing),
            seed=plan.seed,
            correlation=plan.correlation,
            versions=said[2],
        )


def _groups(names: Sequence[str] | None, assets: int) -> tuple[tuple[str, ...], I32]:
    if names is None:
        return ("",), np.zeros(assets, dtype=np.int32)
    groups, group = np.unique(np.asarray(names, dtype=str), return_inverse=True)
    return tuple(map(str, groups)), group.ravel().astype(np.int32)


def _check(plan: Sampling, portfolio: Portfolio, events: Sequence[str]) -> None:
    whole = isinstance(plan.draws, int | np.integer) and not isinstance(plan.draws, bool)
    wrong = [] if whole and plan.draws >= 1 else [f"draws = {plan.draws}"]
    wrong += [] if is_seed(plan.seed) else [f"seed = {plan.seed}"]
    if not 0.0 <= plan.correlation <= 1.0:
        wrong.append(f"correlation = {plan.correlation:g}")
    if plan.group is not None and len(plan.group) != portfolio.point.size:
        wrong.append(f"groups of {len(plan.group)} assets, not {portfolio.point.size}")
    for what, names in (("assets", portfolio.id), ("events", events)):
        if len(set(names)) < len(names):
            wrong.append(f"ids of {what} that stand twice")
    if wrong:
        raise InvalidInputError(
            "risk.sample",
            f"states cannot be drawn: {'; '.join(wrong)}",
            hint="One draw or more, a seed from 0 to 2^63-1, a correlation from 0 to 1, a group "
            "and an id of its own for every asset, an id of its own for every event",
            params={"what": "; ".join(wrong)},
        )
