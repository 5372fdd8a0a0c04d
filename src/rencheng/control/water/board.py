"""Board of the water supply: pressure seen, water forecast, tankers and repairs."""

from __future__ import annotations

import numpy as np

from rencheng.control.view import View, exactly, judge, outlook, repairs, watched, zone_name
from rencheng.domain.city import Sector
from rencheng.domain.control import Measure, SectorBoard
from rencheng.domain.provenance import Figure, Text


def board(view: View) -> SectorBoard:
    """Return the water board."""
    share, coverage = watched(view, view.state.zone_water)
    light, headline = judge(view, "water", share, coverage)
    seen = view.observed(("sensors", "water_network"), view.youngest("water"))
    ahead = view.forecast(
        "water_network", "dependencies", "population", missing=("hydraulics", "soil")
    )
    return SectorBoard(
        sector=Sector.WATER,
        light=light,
        headline=headline,
        state=(
            Figure(
                key="water_pressure", band=exactly(share), unit="1", why=seen,
                base=view.residents * coverage, base_unit="{person}",
            ),
            Figure(key="water_watched", band=exactly(coverage), unit="1", why=seen,
                   base=view.residents, base_unit="{person}"),
        ),
        forecast=outlook(view, "water", ahead),
        measures=(*_tankers(view), *repairs(view, "water")),
        why=ahead if view.impact else seen,
    )  # fmt: skip


def _tankers(view: View) -> tuple[Measure, ...]:
    """Suggest water by tanker where most residents are likely to have none tomorrow."""
    if view.impact is None or "water" not in view.impact.services.names:
        return ()
    services = view.impact.services
    level = services.zone_level[services.names.index("water"), :, view.step(24.0)]
    people = np.nan_to_num(view.city.zones.population) * (level < 0.5)
    if not people.any():
        return ()
    first = int(np.argmax(people))
    told = {"zones": int((people > 0).sum()), "people": float(people.sum())}
    return (
        Measure(
            text=Text("control.measure.tankers", {"place": zone_name(view.city, first)}),
            reason=Text("control.reason.dry_tomorrow", told),
            place=f"zone:{view.city.zones.id[first]}",
        ),
    )
