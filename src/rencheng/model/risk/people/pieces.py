"""People of areas and lines: shared out over the places that these cover."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.risk import Portfolio
from rencheng.domain.risk_parts import Parts
from rencheng.domain.risk_people import Crowd
from rencheng.model.risk.parts import shares_of, spread_out

F64 = NDArray[np.float64]


def in_pieces(portfolio: Portfolio, crowd: Crowd, parts: Parts | None) -> tuple[Portfolio, Crowd]:
    """Return portfolio and crowd by the pieces of areas and lines; as they are where all is points.

    Parameters
    ----------
    portfolio, crowd
        By asset.
    parts
        Where each asset lies.

    Notes
    -----
    People are spread evenly over an area or a length, and so are those of each group: the people of
    the pieces of an asset sum to its own. What is a share (groups, evacuated, public shelter) holds
    in every piece. All models of people are proportional to people, so an asset's number is the sum
    over its pieces, and `Sums` tells it by asset.
    """
    if parts is None:
        return portfolio, crowd
    pieces, asset = spread_out(portfolio, parts)
    part = shares_of(parts)

    def people(one: F64) -> F64:
        return np.asarray(one[asset] * part, dtype=np.float64)

    return pieces, replace(
        crowd,
        id=pieces.id,
        indoors=people(crowd.indoors),
        outdoors=people(crowd.outdoors),
        residents=people(crowd.residents),
        share=crowd.share[:, asset],
        share_home=crowd.share_home[:, asset],
        dwelling=crowd.dwelling[asset],
        public=crowd.public[:, asset],
        exposed=crowd.exposed[asset],
        rise_m_h=crowd.rise_m_h[asset],
        asset=asset,
    )
