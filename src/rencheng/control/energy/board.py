"""Board of the electric supply: feeders seen, power forecast, repairs."""

from __future__ import annotations

import numpy as np

from rencheng.control.view import View, exactly, judge, outlook, repairs, watched
from rencheng.domain.city import Sector
from rencheng.domain.control import SectorBoard
from rencheng.domain.provenance import Figure


def board(view: View) -> SectorBoard:
    """Return the energy board."""
    share, coverage = watched(view, view.state.zone_power)
    light, headline = judge(view, "power", share, coverage)
    seen = view.observed(("sensors", "power_network"), view.youngest("power"))
    ahead = view.forecast("power_network", "dependencies", "population")
    return SectorBoard(
        sector=Sector.ENERGY,
        light=light,
        headline=headline,
        state=(
            Figure(
                key="power_live", band=exactly(share), unit="1", why=seen,
                base=view.residents * coverage, base_unit="{person}",
            ),
            Figure(key="power_watched", band=exactly(coverage), unit="1", why=seen,
                   base=view.residents, base_unit="{person}"),
            Figure(key="feeders_down", band=exactly(_feeders_down(view)), unit="{feeder}",
                   why=seen),
        ),
        forecast=outlook(view, "power", ahead),
        measures=repairs(view, "power"),
        why=ahead if view.impact else seen,
    )  # fmt: skip


def _feeders_down(view: View) -> float:
    """Return how many feeders are seen without voltage; NaN when none is watched."""
    lifelines = view.city.lifelines
    feeders = {
        asset for asset, kind in zip(lifelines.id, lifelines.kind, strict=True) if kind == "feeder"
    }
    up = np.array(
        [u for node, u in zip(view.state.node, view.state.up, strict=True) if node in feeders]
    )
    known = up[~np.isnan(up)]
    return float((known < 0.5).sum()) if known.size else float("nan")
