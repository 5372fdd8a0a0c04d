"""Deaths, damage and displaced people of our models against what was observed after real events.

Nothing is fetched; the observed numbers are typed in, each with its source.

* **PAGER.** `observed_earthquakes.csv`: people exposed at each intensity and deaths by shaking, of
  EXPO-CAT 2007-12 (Allen et al. 2009, Bull. Earthq. Eng. 7, 701-718; USGS, public domain; as
  expocat.xlsx of usgs/pager 081a55f). In it are all events since 1973 whose shaking deaths are
  known and for whose country there is a rate, with 200,000 people or more at VIII and above, or in
  Chile, the country of the default city. They are chosen by exposure and place, never by outcome.
  Two entries of one earthquake that are the same count once. PAGER was fitted to this catalogue:
  that the model describes other earthquakes as well is not shown here.
* **Illapel 2015.** The default city under the bulletin of the earthquake alone, against the counts
  of the whole country or region, which the city's own cannot exceed.

Tolerance: for PAGER a factor of ten, which is what its authors say that it is good for ("factor of
ten", USGS, PAGER frequently asked questions), for most of the events, which is ours. For the
city its own band of 5 to 95 %.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from rencheng.adapters.risk.people.tables import casualty_table, rapid_model
from rencheng.domain.errors import SourceUnavailableError
from rencheng.model.risk.people.shaking import rapid_rate

NEEDS = ()
TABLE = Path(__file__).with_name("observed_earthquakes.csv")
DEGREES = np.arange(5.0, 10.0)
FACTOR = 10.0
MANY = 200_000
# By the undersecretary of the Interior (Aleuy) on 19 September 2015, whole country, most of it in
# the region of Coquimbo: 3,494 people made homeless, 262 dwellings destroyed, 418 not habitable;
# over 9,000 homeless by 21 September. 15 dead in all, tsunami and heart attacks included (press).
DEAD, HOMELESS, LOST = 15.0, (3_494.0, 9_000.0), 262.0 + 418.0


@dataclass(frozen=True)
class Event:
    """An earthquake: who was shaken how much, and how many died of it."""

    name: str
    country: str
    exposed: np.ndarray
    """At V to IX. (5,)"""
    dead: float

    @property
    def expected(self) -> float:
        """Return the deaths that the country's model expects."""
        return float(self.exposed @ rapid_rate(rapid_model(self.country), DEGREES))

    @property
    def factor(self) -> float:
        """Return observed over expected deaths, each at least one."""
        return max(self.dead, 1.0) / max(self.expected, 1.0)

    @property
    def surprise(self) -> float:
        """Return how many of the model's own standard deviations lie between both."""
        return float(np.log(self.factor)) / rapid_model(self.country).zeta


def events() -> list[Event]:
    """Return the events of the table."""
    with TABLE.open(encoding="utf-8", newline="") as lines:
        return [
            Event(
                name=f"{row['date'][:4]} {row['name'] or row['country']}",
                country=row["country"],
                exposed=np.array([float(row[f"mmi{k}"]) for k in range(5, 10)]),
                dead=float(row["dead"]),
            )
            for row in csv.DictReader(lines)
        ]


def judge(folder: Path) -> str:
    """Return what was compared; raise AssertionError where the authors' own claim does not hold."""
    every = events()
    many = [one for one in every if one.exposed[3:].sum() >= MANY]
    chile = [one for one in every if one.country == "CL"]
    for group in (many, chile):
        assert _share(group) > 0.5, _said(group)
    worst = sorted(every, key=lambda one: abs(np.log(one.factor)))[-3:]
    return (
        f"{_said(many)}\n    Chile: {_said(chile)}\n    farthest off: "
        + ", ".join(
            f"{one.name} {one.dead:,.0f} died, {one.expected:,.0f} expected" for one in worst
        )
        + f"\n    {illapel(folder / 'state')}"
    )


def _share(group: list[Event]) -> float:
    return float(np.mean([abs(np.log(one.factor)) <= np.log(FACTOR) for one in group]))


def _said(group: list[Event]) -> str:
    held = round(_share(group) * len(group))
    inside = sum(abs(one.surprise) <= 1.645 for one in group)
    middle = np.exp(np.median([np.log(one.factor) for one in group]))
    return (
        f"PAGER: {held} of {len(group)} earthquakes within a factor of ten; {inside} in the "
        f"model's own band of 90 %, which so is too narrow; observed over expected in the middle "
        f"{middle:.2f}"
    )


def illapel(state: Path) -> str:
    """Return what the default city came to; raise AssertionError where its band lies beyond."""
    from rencheng.adapters.cities.making import make_or_load
    from rencheng.adapters.cities.packages import fetch
    from rencheng.adapters.cities.recipe import load_recipe
    from rencheng.adapters.curves import read_curves
    from rencheng.domain.hazard import Bulletin, BulletinKind
    from rencheng.domain.impact import DamageState
    from rencheng.domain.provenance import Mode
    from rencheng.model.damage.state import assess_damage
    from rencheng.model.hazards.earthquake.shaking import shake
    from rencheng.model.people.consequences import consequences
    from rencheng.perceive.presence import day_time

    try:
        fetch(state, load_recipe("coquimbo").packages)
        city = make_or_load("coquimbo", state)
    except SourceUnavailableError as error:
        return f"Illapel 2015: not compared, the default city's data cannot be had ({error})"
    origin = datetime(2015, 9, 16, 22, 54, 33, tzinfo=UTC)
    bulletin = Bulletin(
        id="illapel", event="illapel-2015", kind=BulletinKind.EARTHQUAKE, issuer="USGS",
        issued=origin, origin_time=origin, lon=-71.674, lat=-31.573, depth_km=22.4, magnitude=8.3,
        magnitude_sd=0.1, text="", source="USGS event us20003k7a", mode=Mode.REPLAY, run="verify",
    )  # fmt: skip
    table = read_curves(state)
    shaking = shake(bulletin, city.zones.centre, [], samples=400, seed=1)
    damage = assess_damage(city, shaking, table, seed=1)
    people = consequences(
        city, damage, shaking, day_time(19.9), table=table, rates=casualty_table()
    )
    found = {
        "dead": (np.nansum(people.injured[:, :, 3], axis=1), (DEAD, DEAD)),
        "displaced": (np.nansum(people.displaced, axis=1), HOMELESS),
        "buildings lost": (
            damage.zone_buildings[:, :, DamageState.COMPLETE].sum(axis=1), (LOST, LOST)
        ),
    }  # fmt: skip
    said = []
    for name, (drawn, (least, most)) in found.items():
        low, middle, high = np.quantile(drawn, (0.05, 0.5, 0.95))
        assert low <= most, f"Illapel 2015, {name}: at least {low:,.0f}, observed {most:,.0f}"
        span = f"{least:,.0f}" if least == most else f"{least:,.0f} to {most:,.0f}"
        said.append(
            f"{name} {middle:,.0f} ({low:,.0f} to {high:,.0f}), observed {span} in country or "
            f"region: {middle / most:.1f} times as many"
        )
    return "Illapel 2015, bulletin alone: " + "; ".join(said)
