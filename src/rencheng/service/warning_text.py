"""What a warning says when nobody has written it yet: it names place and time by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isnan

import numpy as np

from rencheng.domain.alarm import Level
from rencheng.domain.alert import Alert, AlertInfo
from rencheng.domain.city import City
from rencheng.domain.hazard import Bulletin
from rencheng.domain.provenance import Text
from rencheng.service import bulletins
from rencheng.service.cap import marked
from rencheng.service.house import Context, House, context
from rencheng.service.local_time import local_time

HOURS = {"tsunami": 12.0, "earthquake": 24.0}
"""How long a suggested warning is valid. Chosen; no source. [h]"""
_MOST = 139
"""Characters of a headline; the domain allows fewer than 140."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertContent:
    """What a person writes of a warning."""

    event: str
    """`earthquake` or `tsunami`."""
    level: Level
    urgency: str
    certainty: str
    onset: datetime
    expires: datetime
    infos: tuple[AlertInfo, ...]
    zones: tuple[int, ...]


def suggestion(house: House, run: str, event: str) -> AlertContent:
    """Return a draft to start from, in every language of the office.

    Notes
    -----
    A tsunami concerns the coastal zones, an earthquake all of them. Where the city does not know
    its coast, the area stays empty and the draft cannot be approved until a person has chosen one.
    """
    city = house.cities.current()
    with house.work() as work:
        ctx = context(house, work, run)
        bulletin = bulletins.latest(work, run)
    is_sea = event == "tsunami"
    chosen = city.zones.is_coastal if is_sea else np.ones(len(city.zones.id), dtype=bool)
    hours = min(HOURS.get(event, 24.0), house.settings.warning_hours)
    return AlertContent(
        event=event,
        level=Level.RED if is_sea else _level(house, bulletin),
        urgency="Immediate",
        certainty="Likely" if is_sea or bulletin is None else "Observed",
        onset=ctx.at.replace(microsecond=0),
        expires=ctx.at.replace(microsecond=0) + timedelta(hours=hours),
        infos=tuple(
            _written(house, ctx, event, bulletin, language) for language in house.settings.languages
        ),
        zones=tuple(int(zone) for zone in city.zones.id[chosen]),
    )


def cancel_infos(house: House, ctx: Context, alert: Alert, reason: str) -> tuple[AlertInfo, ...]:
    """Return the text of the message that cancels `alert`, in the languages of `alert`."""
    city = house.cities.current()
    params = {
        "city": "",
        "sent": local_time(city, alert.sent or alert.drafted),
        "time": local_time(city, ctx.at),
        "reason": reason,
    }
    infos = []
    for info in alert.infos:
        words = {**params, "city": _name(city, info.language), "headline": info.headline}
        part = {
            name: house.words(Text(f"alert.cancel.{name}", words), info.language)
            for name in ("headline", "description", "instruction")
        }
        infos.append(
            AlertInfo(
                language=info.language,
                headline=part["headline"][:_MOST],
                description=part["description"],
                instruction=part["instruction"],
            )
        )
    return tuple(infos)


def _written(
    house: House, ctx: Context, event: str, bulletin: Bulletin | None, language: str
) -> AlertInfo:
    city = house.cities.current()
    time = bulletin.origin_time if bulletin else ctx.at
    is_known = bulletin is not None and not isnan(bulletin.magnitude)
    params: dict[str, str | int | float] = {
        "city": _name(city, language),
        "time": local_time(city, time),
        "now": local_time(city, ctx.at),
        "magnitude": bulletin.magnitude if bulletin else float("nan"),
        "issuer": bulletin.issuer if bulletin else "",
    }
    cause = "known" if is_known else "unknown"
    headline = house.words(Text(f"alert.suggest.{event}.headline", params), language)
    return AlertInfo(
        language=language,
        headline=marked(ctx.mode, headline, house.words, language)[:_MOST],
        description=house.words(Text(f"alert.suggest.{event}.{cause}", params), language),
        instruction=house.words(Text(f"alert.suggest.{event}.instruction", params), language),
    )


def _level(house: House, bulletin: Bulletin | None) -> Level:
    """Return the level of an earthquake warning; an unknown magnitude does not lower it."""
    if bulletin is None or isnan(bulletin.magnitude):
        return Level.ORANGE
    steps = house.settings.magnitude_levels
    reached = [level for least, level in steps if bulletin.magnitude >= least]
    return min(reached, default=Level.BLUE)


def _name(city: City, language: str) -> str:
    return city.name.get(language) or city.name.get("en", city.id)
