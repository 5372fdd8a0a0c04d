"""Everything that is proposed in one turn of the loop."""

from __future__ import annotations

from datetime import datetime

from rencheng.decide.after.repair import repair
from rencheng.decide.after.supplies import supplies
from rencheng.decide.during.evacuation import evacuation
from rencheng.decide.during.medical import medical
from rencheng.decide.during.response import response_level
from rencheng.decide.travel import open_streets
from rencheng.domain.city import F64, City
from rencheng.domain.hazard import Bulletin
from rencheng.domain.impact import CityState, Impact
from rencheng.domain.recovery import Decisions
from rencheng.domain.rules import Rules


def decide(
    city: City,
    state: CityState,
    impact: Impact | None,
    bulletin: Bulletin | None,
    rules: Rules,
    *,
    at: datetime,
    verified_deaths: float = float("nan"),
    walk_s: F64 | None = None,
) -> Decisions:
    """Propose a response level, evacuation, patients, repairs and supplies.

    Parameters
    ----------
    impact
        Forecast of consequences; None before there is one.
    bulletin
        The last official message of the event; None on an ordinary day.
    verified_deaths
        Dead and missing that people have counted; NaN: not counted yet.
    walk_s
        `walking_times` of this city, where they were found before. [s] (zones, facilities)

    Returns
    -------
    decisions
        Drafts only: a person accepts or refuses them, two persons an evacuation. A draft's
        `details["content"]` stays the same while nothing in it has changed materially.
    """
    level = response_level(city, impact, bulletin, rules, at=at, verified_deaths=verified_deaths)
    leave = evacuation(city, state, impact, bulletin, rules, at=at, walk_s=walk_s)
    graph = open_streets(city, impact, rules.operations) if impact is not None else None
    patients = medical(city, state, impact, rules, graph, bulletin)
    jobs, repairs = repair(city, state, impact, rules, graph, bulletin)
    needs, bring = supplies(city, state, impact, rules, at=at, bulletin=bulletin)
    drafts = (level, leave, patients, repairs, bring)
    return Decisions(
        drafts=tuple(draft for draft in drafts if draft is not None), repairs=jobs, needs=needs
    )
