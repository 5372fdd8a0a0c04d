"""What the compiled loops over samples do, said again in NumPy: slow, and the oracle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.curve import Beyond, Curve
from rencheng.domain.risk import EventSource, Portfolio
from rencheng.model.risk.draws import keys
from rencheng.model.risk.stock import stock
from rencheng.model.risk.twin import spread_out
from rencheng.model.risk.uncertain.design import normals, place_keys
from rencheng.model.risk.uncertain.lanes import Lanes

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
U64 = NDArray[np.uint64]
Rows = NDArray[np.signedinteger[Any]]


def losses(
    source: EventSource, folio: Portfolio, curves: Sequence[Curve], drawn: Lanes
) -> tuple[F64, I64, F64]:
    """Return loss and unknown of each event, and annual loss of each asset, in each sample.

    Losses (events, samples) with what is missing from the table, [currency]; unknown (events,
    samples); annual losses (assets, samples) without, [currency/yr].
    """
    head, many = source.head, source.head.rate.size
    things = stock(folio, len(head.place))
    point, x = source.block(0, many)
    event, item, x0 = spread_out((source.start, point, x, head.rate), things.first)
    where = np.searchsorted(things.first, item, side="right") - 1
    kind, asset = things.curve[item], things.asset[item]
    thing = keys(folio.id)[asset]
    on_event = drawn.on_event(head)
    spot = keys(head.names)[event] + place_keys(head.place)[where]
    loss = np.zeros((many, drawn.often.size))
    unknown = np.zeros(loss.shape, dtype=np.int64)
    eai = np.zeros((len(folio.id), drawn.often.size))
    for s in range(drawn.often.size):
        one = drawn.at(np.array([s]))
        z = x0 * one.axis[kind, 0] * _own(one.axis_own, kind, thing)
        z *= on_event[event, s] if on_event.size else 1.0
        z *= _own(one.within, np.zeros(kind.size, dtype=np.intp), spot)
        row = one.row[one.start[kind] + one.choice[kind, 0]]
        share = _shares(curves, row, z, _score(one, kind, thing))
        worth = things.value[item] * one.worth[kind, 0] * _own(one.own, kind, thing)
        known = np.nan_to_num(share) * worth
        loss[:, s] = np.bincount(event, known * one.total[kind, 0], many)
        unknown[:, s] = np.bincount(event, np.isnan(share), many)
        eai[:, s] = np.bincount(asset, known * head.rate[event], len(folio.id)) * one.often[0]
    return loss, unknown, eai


def _own(own: tuple[F64, U64], kind: Rows, thing: U64) -> F64:
    log = np.zeros(kind.size)
    for sd, key in zip(*own, strict=True):
        log += np.broadcast_to(sd, max(sd.size, kind.max(initial=0) + 1))[kind] * normals(
            key, thing
        )[:, 0]  # fmt: skip
    return np.exp(log)


def _score(one: Lanes, kind: Rows, thing: U64) -> F64:
    """Return the normal score of the share lost; NaN where the curve's mean holds."""
    rho, of = one.correlation[kind], one.score_of[kind]
    score = np.full(kind.size, np.nan)
    for row in range(len(one.score_key)):
        mine = of == row
        own = normals(one.score_key[row], thing[mine])[:, 0]
        r = rho[mine]
        score[mine] = np.sqrt(r) * one.score[kind[mine], 0] + np.sqrt(1.0 - r) * own
    return score


def _shares(curves: Sequence[Curve], row: Rows, x: F64, score: F64) -> F64:
    """Return the share lost: the curve's own, or its quantile straight between the knots."""
    from scipy.stats import beta, norm

    share = np.full(x.size, np.nan)
    for i, curve in enumerate(curves):
        mine = row == i
        share[mine] = curve.value(x[mine])
        if curve.sd is None:
            continue
        inside = np.unique(np.r_[curve.low, curve.x, min(curve.high, curve.x[-1])])
        knots = inside[(inside >= curve.low) & (inside <= curve.high)]
        mean, sd = np.interp(knots, curve.x, curve.mean), np.interp(knots, curve.x, curve.sd)
        with np.errstate(divide="ignore", invalid="ignore"):
            size = mean * (1.0 - mean) / sd**2 - 1.0
        for t in np.flatnonzero(mine & ~np.isnan(score)):
            if (
                np.isnan(x[t])
                or share[t] != share[t]
                or (x[t] < curve.span[0] and curve.below is Beyond.ZERO)
            ):
                continue
            u = norm.cdf(score[t])
            y = np.where(sd > 0.0, beta.ppf(u, mean * size, (1.0 - mean) * size), mean)
            share[t] = np.interp(x[t], knots, y)
    return share
