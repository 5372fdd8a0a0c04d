"""Areas and lines: each part meets its own intensity, an asset sums up its parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.curve import Curve
from rencheng.domain.risk import (
    NO_PLACE,
    OUTSIDE,
    EventImpact,
    EventSource,
    LossMatrix,
    Portfolio,
)
from rencheng.domain.risk_parts import Parts
from rencheng.model.risk.blocks import BUDGET_MB
from rencheng.model.risk.impact import impact
from rencheng.model.risk.stock import counted, stood

I32 = NDArray[np.int32]


def impact_of_parts(
    source: EventSource,
    portfolio: Portfolio,
    parts: Parts | None,
    curves: Sequence[Curve],
    *,
    budget_mb: float = BUDGET_MB,
    with_matrix: bool = False,
    progress: Callable[[int, int], None] | None = None,
    versions: Mapping[str, str] | None = None,
) -> EventImpact:
    """Return what events do to assets of which each stands at several points.

    Parameters
    ----------
    source, curves, budget_mb, with_matrix, progress, versions
        See `rencheng.model.risk.impact.impact`.
    portfolio
        Assets; their `point` plays no part.
    parts
        Where each asset lies; None: each stands at its point, and this is `impact`.

    Returns
    -------
    result
        By asset. `unknown` and `dark` count components and parts. An asset is assessed when an
        event reaches one of its parts; what lies outside is a loss of zero, as for a point.

    Raises
    ------
    TooMuchError
        When one event, or the matrix, does not fit the budget.

    Notes
    -----
    Loss of an asset = Σ share x value x mean ratio at the part's point: its worth is spread evenly
    over its area or length. Parts are items of their own in the same compiled loop, so exactness,
    blocks and budget are those of `impact`. Of the spread only `together` is told: the parts of one
    asset do not err independently.
    """
    pieces, asset = (portfolio, None) if parts is None else spread_out(portfolio, parts)
    result = impact(
        source,
        pieces,
        curves,
        budget_mb=budget_mb,
        with_matrix=with_matrix,
        progress=progress,
        versions=versions,
    )
    return result if asset is None else joined(result, asset, len(portfolio.id))


def spread_out(portfolio: Portfolio, parts: Parts) -> tuple[Portfolio, I32]:
    """Return the pieces of areas and lines as assets of their own, and the asset of each.

    Values are shared out by the parts; ids are those of the assets, so that what is drawn by id is
    drawn once an asset. One that lies nowhere keeps a row of its own. (pieces,)
    """
    asset, point, share = _whole(parts)
    return replace(
        portfolio,
        id=tuple(portfolio.id[k] for k in asset.tolist()),
        point=point,
        curve=portfolio.curve[asset],
        value=portfolio.value[asset] * share[:, None],
    ), asset


def joined(result: EventImpact, asset: I32, many: int) -> EventImpact:
    """Return a result of pieces as one of the assets that they belong to.

    Parameters
    ----------
    result
        Of the pieces of `spread_out`.
    asset
        Row of the asset of each. (pieces,)
    many
        Assets.
    """
    standing = stood(result.standing, asset, many)
    spread = result.spread
    if spread is not None:
        spread = replace(spread, independent=np.full(spread.together.size, np.nan))
    return replace(
        result,
        known_eai=np.bincount(asset, result.known_eai, many).astype(np.float64),
        dark=np.bincount(asset, result.dark, many).astype(np.int64),
        lit=None if result.lit is None else np.bincount(asset, result.lit, many) > 0,
        standing=standing,
        counts=counted(standing),
        spread=spread,
        matrix=None if result.matrix is None else _joined(result.matrix, asset, many),
    )


def shares_of(parts: Parts) -> NDArray[np.float64]:
    """Return the share of its asset that each piece of `spread_out` is. [1] (pieces,)

    1 for the row of an asset that lies nowhere.
    """
    return _whole(parts)[2]


def _whole(parts: Parts) -> tuple[I32, I32, NDArray[np.float64]]:
    """Return the parts, and one row of every asset that has none."""
    bare = np.ones(parts.outside.size, dtype=bool)
    bare[parts.asset] = False
    rows = np.flatnonzero(bare).astype(np.int32)
    nowhere = np.where(np.isnan(parts.outside[rows]), NO_PLACE, OUTSIDE).astype(np.int32)
    return (
        np.concatenate([parts.asset, rows]),
        np.concatenate([parts.point, nowhere]),
        np.concatenate([parts.share, np.ones(rows.size)]),
    )


def _joined(matrix: LossMatrix, asset: I32, many: int) -> LossMatrix:
    """Return the matrix with the parts of an asset added up; unknown where one of them is."""
    events = matrix.start.size - 1
    event = np.repeat(np.arange(events), np.diff(matrix.start))
    key, which = np.unique(event * many + asset[matrix.asset], return_inverse=True)
    loss = np.bincount(which, matrix.loss, key.size)
    start = np.searchsorted(key, np.arange(events + 1) * many)
    return LossMatrix(
        start=start.astype(np.int64),
        asset=(key % max(many, 1)).astype(np.int32),
        loss=loss.astype(np.float32),
    )
