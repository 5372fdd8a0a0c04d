"""Board of the streets: nothing is watched here, so everything is estimated and says so."""

from __future__ import annotations

import numpy as np

from rencheng.control.view import MEASURES, View, estimate, outlook
from rencheng.domain.city import Sector
from rencheng.domain.control import Light, Measure, SectorBoard
from rencheng.domain.provenance import UNKNOWN, Band, Figure, Text

# No source: house default. A street blocked in this share of the samples is worth a look.
PROBABLY_BLOCKED = 0.5
_MISSING = ("traffic", "bridges", "road_sensors")


def board(view: View) -> SectorBoard:
    """Return the transport board."""
    ahead = view.forecast("roads", "buildings", missing=_MISSING)
    onset = view.forecast(
        "roads", "buildings", missing=_MISSING, notes=(Text("control.note.at_onset"),)
    )
    light, headline = _judge(view)
    return SectorBoard(
        sector=Sector.TRANSPORT,
        light=light,
        headline=headline,
        state=(
            Figure(
                key="residents_cut_off", band=_cut_off(view), unit="{person}", why=onset,
                base=view.residents, base_unit="{person}",
            ),
            Figure(key="streets_blocked", band=_blocked(view), unit="km", why=onset),
        ),
        forecast=outlook(view, "access", ahead),
        measures=_clearing(view),
        why=ahead,
    )  # fmt: skip


def _judge(view: View) -> tuple[Light, Text]:
    light, told = estimate(view, "access")
    if light is Light.UNKNOWN:
        return light, Text("control.access.unknown")
    return light, Text("control.access.estimated", told)


def _cut_off(view: View) -> Band:
    """Return residents without a way to a working hospital just after the onset."""
    if view.impact is None:
        return UNKNOWN
    people = np.nan_to_num(view.city.zones.population)
    after = view.impact.access.after_s
    known = ~np.isnan(after).all(axis=0)
    if not known.any():
        return UNKNOWN
    return Band.of(np.isinf(after[:, known]) @ people[known])


def _blocked(view: View) -> Band:
    """Return the expected length of blocked streets; its spread is not known here. [km]"""
    if view.impact is None:
        return UNKNOWN
    share = view.impact.access.blocked_share
    length = float(share @ view.city.roads.length_m) / 1000.0
    return Band(float("nan"), length, float("nan"))


def _clearing(view: View) -> tuple[Measure, ...]:
    if view.impact is None:
        return ()
    share, roads = view.impact.access.blocked_share, view.city.roads
    rows = np.flatnonzero(share >= PROBABLY_BLOCKED)
    rows = rows[np.argsort(-(share * roads.speed_m_s)[rows], kind="stable")][:MEASURES]
    return tuple(
        Measure(
            text=Text("control.measure.clear", {"place": roads.name[row] or f"#{row}"}),
            reason=Text("control.reason.blocked", {"chance": float(share[row])}),
            place=f"link:{row}",
        )
        for row in rows
    )
