"""Board of public services: telecom and shelters, estimated since no sensor watches them."""

from __future__ import annotations

import math

import numpy as np

from rencheng.control.view import MEASURES, View, estimate, exactly, outlook
from rencheng.domain.city import Sector
from rencheng.domain.control import Light, Measure, SectorBoard
from rencheng.domain.impact import DamageState
from rencheng.domain.provenance import UNKNOWN, Band, Figure, Text

# No source: house defaults. Shelter places in use from which the lamp is strained, and the chance
# that a shelter still stands from which it is proposed.
CROWDED_FROM = 0.5
STANDS_FROM = 0.5


def board(view: View) -> SectorBoard:
    """Return the public services board."""
    displaced, places = _displaced(view), _places(view)
    light, headline = _judge(view, displaced, float(np.nansum(places)))
    seen = view.observed(("shelters",), view.state.at, missing=("telecom_sensors",))
    ahead = view.forecast("buildings", "telecom_network", "dependencies", "population",
                          missing=("telecom_sensors",))  # fmt: skip
    total = float(np.nansum(places)) if np.isfinite(places).any() else float("nan")
    return SectorBoard(
        sector=Sector.SERVICES,
        light=light,
        headline=headline,
        state=(Figure(key="shelter_places", band=exactly(total), unit="{place}", why=seen),),
        forecast=(
            Figure(
                key="displaced_24h", band=displaced, unit="{person}", why=ahead,
                base=view.residents, base_unit="{person}",
            ),
            *outlook(view, "telecom", ahead),
        ),
        measures=_shelters(view, displaced, places),
        why=ahead if view.impact else seen,
    )  # fmt: skip


def _places(view: View) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return places of shelters that probably stand; NaN where not a shelter. (facilities,)"""
    places = view.city.facilities.shelter_places
    if view.impact is None:
        return places
    stands = (view.impact.damage.facility_state <= DamageState.SLIGHT).mean(axis=0)
    return np.where(stands >= STANDS_FROM, places, np.nan)


def _displaced(view: View) -> Band:
    if view.impact is None:
        return UNKNOWN
    return Band.of(view.impact.people.displaced.sum(axis=1))


def _judge(view: View, displaced: Band, places: float) -> tuple[Light, Text]:
    light, share = estimate(view, "telecom")
    if not displaced.is_known or light is Light.UNKNOWN:
        return Light.UNKNOWN, Text("control.services.unknown")
    if displaced.p50 > places:
        light = Light.FAILING
    elif displaced.p95 > CROWDED_FROM * places and light is Light.NORMAL:
        light = Light.STRAINED
    told = {**share, "displaced": displaced.p50, "most": displaced.p95, "places": places}
    return light, Text("control.services.estimated", told)


def _shelters(
    view: View, displaced: Band, places: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> tuple[Measure, ...]:
    """Suggest the largest shelters until the likely number of displaced people has room."""
    if not displaced.is_known or math.ceil(displaced.p50) < 1:
        return ()
    order = np.argsort(-np.nan_to_num(places), kind="stable")
    room, found = 0.0, []
    for row in order[:MEASURES]:
        if room >= displaced.p50 or not places[row] > 0:
            break
        room += float(places[row])
        told = {"people": displaced.p50, "most": displaced.p95, "places": float(places[row])}
        found.append(
            Measure(
                text=Text("control.measure.shelter", {"place": view.city.facilities.name[row]}),
                reason=Text("control.reason.displaced", told),
                place=view.city.facilities.id[row],
            )
        )
    return tuple(found)
