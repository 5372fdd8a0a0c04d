"""Losses and damage of a job, computed by the risk engine and kept by event and asset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.risk.openquake.exposure import OCCUPANTS
from rencheng.adapters.risk.openquake.faults import Found
from rencheng.adapters.risk.openquake.files import read_bytes, table
from rencheng.adapters.risk.openquake.model import Model
from rencheng.domain.curve import Curve
from rencheng.domain.risk import Events
from rencheng.model.risk.blocks import BUDGET_MB
from rencheng.model.risk.impact import impact
from rencheng.model.risk.insurance import insured
from rencheng.model.risk.periods import amplified
from rencheng.model.risk.states.matrix import state_matrix

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
# Of whom or what a consequence takes a share; others take one of the value. The engine's manual,
# "Consequence models".
_OF = {
    "fatalities": OCCUPANTS,
    "injured": OCCUPANTS,
    "homeless": "residents",
    "collapsed": "number",
    "non_operational": "number",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """Amounts of each event at each asset that it reaches, sparse; event and asset rise."""

    name: str
    """Such as `structural`, `moderate`, `fatalities`."""
    event: I64
    asset: I64
    amount: F64
    """(stored,)"""
    events: int
    assets: int
    exposed: F64
    """What stands to be lost, or the buildings. (assets,)"""
    is_sure: bool = True
    """Whether the curves give a share without scatter, so that no sample could differ."""

    @property
    def by_event(self) -> F64:
        """Return the sums of events. (events,)"""
        return np.bincount(self.event, self.amount, self.events).astype(np.float64)

    @property
    def by_asset(self) -> F64:
        """Return the sums over all events. (assets,)"""
        return np.bincount(self.asset, self.amount, self.assets).astype(np.float64)

    def of(self, rows: NDArray[np.bool_]) -> Amounts:
        """Return those of some assets alone."""
        mine = rows[self.asset]
        return self._with(np.where(mine, self.amount, 0.0), np.where(rows, self.exposed, 0.0))

    def _with(self, amount: F64, exposed: F64, name: str = "") -> Amounts:
        from dataclasses import replace

        return replace(self, amount=amount, exposed=exposed, name=name or self.name)


def losses(model: Model, loss_type: str, *, budget_mb: float = BUDGET_MB) -> Amounts:
    """Return the expected loss of each event at each asset.

    Parameters
    ----------
    model
        With the vulnerability of this kind of loss.
    loss_type
        Such as `structural`, `occupants`.
    budget_mb
        Memory for the computation of each measure. [MB]

    Raises
    ------
    InvalidInputError
        When an asset has no curve, or nobody knows what stands to be lost.

    Notes
    -----
    Each measure of the curves is a run of `rencheng.model.risk.impact.impact` over the assets that
    ask for it; an asset whose taxonomy is mapped to several risk ids is their weighted sum. Losses
    below the job's `minimum_asset_loss` are none.
    """
    curves = model.vulnerability[loss_type].curves
    amount = model.amount(loss_type)
    asset, names, weight = model.items(curves)
    parts: list[tuple[I64, I64, F64]] = []
    is_sure = True
    for measure, rows in _by_measure(names, curves).items():
        used = list(dict.fromkeys(names[i] for i in rows))
        folio = model.portfolio(
            asset[rows], amount[asset[rows]] * weight[rows], [used.index(names[i]) for i in rows]
        )
        source = model.motion.of(measure, rate=1.0 / model.years)
        found = impact(
            source,
            folio,
            [curves[n].in_unit(source.head.unit) for n in used],
            budget_mb=budget_mb,
            with_matrix=True,
        )
        matrix = found.matrix
        assert matrix is not None  # noqa: S101 - asked for above
        is_sure &= found.spread is None or not np.nan_to_num(found.spread.together).any()
        event = np.repeat(np.arange(matrix.start.size - 1), np.diff(matrix.start))
        parts.append((event, asset[rows][matrix.asset], matrix.loss.astype(np.float64)))
    made = _summed(loss_type, parts, model.motion.events, amount, is_sure=is_sure)
    floor = model.job.by_kind("minimum_asset_loss", loss_type, 0.0)
    return made._with(np.where(made.amount < floor, 0.0, made.amount), amount)


def paid(model: Model, loss: Amounts) -> Amounts | None:
    """Return what insurers pay of losses; None when the exposure names no deductibles for them.

    Of each event and asset: min(max(loss, deductible), limit) - deductible, absolute.
    """
    kind = loss.name
    if kind not in model.exposure.deductible and kind not in model.exposure.limit:
        return None
    none = np.full(loss.assets, np.nan)
    low = np.nan_to_num(model.exposure.deductible.get(kind, none))
    high = np.nan_to_num(model.exposure.limit.get(kind, none), nan=np.inf)
    covered = insured(loss.amount, low[loss.asset], np.maximum(high, low)[loss.asset])
    return loss._with(covered, loss.exposed, f"{kind}_ins")


def dearer(model: Model, loss: Amounts) -> Amounts | None:
    """Return losses raised by the job's post-loss amplification; None when it has none.

    The factor of an event follows from the return period of the portfolio's loss in it.
    """
    file = model.job.file("post_loss_amplification_file")
    if file is None:
        return None
    found = Found()
    names = ("return_period", "pla_factor")
    read = table(read_bytes(file, found), file.name, found, names)
    found.refuse()
    period, factor = (read.numbers(name, found) for name in names)
    found.add("level", file.name, [str(i) for i in np.flatnonzero(np.diff(period) <= 0) + 1])
    found.add("negative", file.name, [str(i) for i in np.flatnonzero(~(factor >= 0))])
    found.refuse()
    whole = loss.by_event
    raised = amplified(whole, model.years, period, factor)
    by = np.divide(raised, whole, out=np.ones_like(whole), where=whole > 0)
    return loss._with(loss.amount * by[loss.event], loss.exposed, f"{loss.name}_pla")


def damages(
    model: Model, loss_type: str = "structural", *, chance: str = "", budget_mb: float = BUDGET_MB
) -> dict[str, Amounts]:
    """Return the expected number of buildings in each state of damage beyond none, by its name.

    Parameters
    ----------
    model
        With the fragility of this kind of loss.
    loss_type
        Such as `structural`.
    chance
        How probable the peril is at a site, such as `LiqProb`; blank: it is certain.
    budget_mb
        Memory for the computation of each measure. [MB]

    Raises
    ------
    InvalidInputError
        When an asset has no curve.
    """
    curves = model.fragility[loss_type].curves
    asset, names, weight = model.items(curves)
    states = next(iter(curves.values())).states
    parts: dict[str, list[tuple[I64, I64, F64]]] = {state: [] for state in states}
    for measure, rows in _by_measure(names, curves).items():
        used = list(dict.fromkeys(names[i] for i in rows))
        chosen = asset[rows]
        folio = model.portfolio(chosen, np.ones(len(rows)), [used.index(names[i]) for i in rows])
        source: Events = model.motion.of(measure)
        matrix = state_matrix(
            source,
            folio,
            [curves[n].in_unit(source.head.unit) for n in used],
            budget_mb=budget_mb,
        )
        times = (model.exposure.number[chosen] * weight[rows])[matrix.asset]
        times *= _chance(model, chance, matrix.event, model.point[chosen[matrix.asset]])
        for k, state in enumerate(states):
            parts[state].append((matrix.event, chosen[matrix.asset], matrix.share[:, k] * times))
    is_sure = not model.job.is_set("discrete_damage_distribution")
    return {
        state: _summed(state, found, model.motion.events, model.exposure.number, is_sure=is_sure)
        for state, found in parts.items()
    }


def _chance(model: Model, name: str, event: I64, site: NDArray[np.int32]) -> F64:
    """Return how probable a secondary peril is, pair by pair; one without a name. (pairs,)"""
    if not name:
        return np.ones(event.size)
    found = Found()
    found.add("no_measure", model.motion.source, [] if name in model.motion.chance else [name])
    found.refuse()
    table = np.full((model.motion.events, model.motion.sites.id.size), np.nan)
    table[model.motion.event, model.motion.site] = model.motion.chance[name]
    return table[event, site]


def consequences(
    model: Model, damage: dict[str, Amounts], loss_type: str = "structural"
) -> dict[str, Amounts]:
    """Return what states of damage lead to: losses, fatalities, homeless …, by name.

    Raises
    ------
    InvalidInputError
        When the consequence model lacks a state or an asset, or nobody knows of what the
        share is taken.
    """
    given = model.consequences
    if given is None:
        return {}
    found = Found()
    found.add("states", "consequences", sorted(set(damage) - set(given.states)))
    found.refuse()
    column = {state: given.states.index(state) for state in damage}
    made = {}
    for name, share in given.share.items():
        exposed = model.amount(_OF.get(name, loss_type))
        asset, names, weight = model.items(share)
        total = np.zeros((model.exposure.id.size, len(given.states)))
        np.add.at(total, asset, np.array([share[n] for n in names]) * weight[:, None])
        first = next(iter(damage.values()))
        number = model.exposure.number
        each = np.divide(exposed, number, out=np.zeros_like(number), where=number > 0)[first.asset]
        amount = sum(
            (one.amount * total[first.asset, column[s]] for s, one in damage.items()),
            start=np.zeros(first.amount.size),
        )
        made[name] = first._with(amount * each, exposed, name)
    return made


def _by_measure(names: Sequence[str], curves: Mapping[str, Curve]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for i, name in enumerate(names):
        found.setdefault(curves[name].intensity, []).append(i)
    return found


def _summed(
    name: str, parts: list[tuple[I64, I64, F64]], events: int, exposed: F64, *, is_sure: bool
) -> Amounts:
    """Return amounts with one entry for each event and asset."""
    event = np.concatenate([np.zeros(0, np.int64), *(p[0] for p in parts)])
    asset = np.concatenate([np.zeros(0, np.int64), *(p[1] for p in parts)])
    amount = np.concatenate([np.zeros(0), *(p[2] for p in parts)])
    assets = exposed.size
    key, which = np.unique(event * max(assets, 1) + asset, return_inverse=True)
    return Amounts(
        name=name,
        event=key // max(assets, 1),
        asset=key % max(assets, 1),
        amount=np.bincount(which, amount, key.size).astype(np.float64),
        events=events,
        assets=assets,
        exposed=exposed,
        is_sure=is_sure,
    )
