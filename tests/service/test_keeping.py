"""What the house finds is kept as it was issued, and comes back as it was."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from ops_kit import T0, Kit
from rencheng.domain.city import City
from rencheng.domain.readings import to_us
from rencheng.service.house import context
from rencheng.service.keeping import Issues, Keeper, beside, keep_forecast, kept_forecasts

US = 1_000_000
NOW = to_us(T0)
ZONES = 4


def city_of(*zones: int, version: str = "1") -> City:
    """Return as much of a city as a forecast needs."""
    return SimpleNamespace(version=version, zones=SimpleNamespace(id=np.array(zones)))  # type: ignore[return-value]


CITY = city_of(11, 12, 13, 14)


def minute(number: float) -> int:
    return NOW + int(number * 60 * US)


def keep(kit: Kit, keeper: Keeper, at: int, city: City = CITY, **figures: np.ndarray) -> int:
    def do(work: object) -> int:
        ctx = context(kit.house, work, "live")  # type: ignore[arg-type]
        return keep_forecast(work, ctx, keeper, city, figures, at)  # type: ignore[arg-type]

    kept: int = kit.keep(do)
    return kept


def issues(
    kit: Kit, *names: str, start: int = NOW, end: int = minute(600), city: City = CITY
) -> Issues:
    zones = city.zones.id.tolist()
    found: Issues = kit.see(lambda work: kept_forecasts(work, "live", zones, names, start, end))
    return found


def test_a_forecast_comes_back_with_its_quantiles_and_its_time(kit: Kit) -> None:
    samples = np.random.default_rng(1).normal(10.0, 2.0, (400, ZONES))
    samples[:, 2] = np.nan
    keep(kit, Keeper(), NOW, dead=samples)
    found = issues(kit, "dead").figures(minute(1))["dead"]
    for share in (0.05, 0.5, 0.95):
        known = [0, 1, 3]
        assert np.quantile(found[:, known], share, axis=0) == pytest.approx(
            np.quantile(samples[:, known], share, axis=0), rel=1e-5
        )
    assert np.isnan(found[:, 2]).all()
    assert issues(kit, "dead").figures(NOW - 1) == {}


def test_a_way_that_may_be_cut_off_comes_back_no_worse_than_it_was(kit: Kit) -> None:
    minutes = np.tile(np.linspace(5.0, 65.0, 100)[:, None], (1, ZONES))
    minutes[90:] = np.inf
    keep(kit, Keeper(), NOW, hospital_minutes=minutes)
    found = issues(kit, "hospital_minutes").figures(minute(1))["hospital_minutes"]
    assert not np.isnan(found).any()
    assert found[50].tolist() == pytest.approx([35.0] * ZONES, rel=0.02)
    assert np.isinf(found[95]).all()


def test_only_what_changed_is_written_and_an_issue_knows_all(kit: Kit) -> None:
    keeper = Keeper()
    dead, power = np.full((1, ZONES), 3.0), np.full((1, ZONES), 0.5)
    assert keep(kit, keeper, NOW, dead=dead, power_24h=power) == 2 * 5 * ZONES + 1
    assert keep(kit, keeper, minute(1), dead=dead, power_24h=power) == 0, "too soon"
    power = power.copy()
    power[:, 0] = 0.1
    assert keep(kit, keeper, minute(10), dead=dead, power_24h=power) == 5 + 1
    power[:, 0] = np.nan
    keep(kit, keeper, minute(20), dead=dead, power_24h=power)
    found = issues(kit, "dead", "power_24h")
    assert [int((at - NOW) / US / 60) for at in found.at] == [0, 10, 20]
    at_ten = found.figures(minute(15))
    assert at_ten["dead"][0].tolist() == [3.0] * 4
    assert at_ten["power_24h"][50].tolist() == pytest.approx([0.1, 0.5, 0.5, 0.5])
    assert np.isnan(found.figures(minute(25))["power_24h"][:, 0]).all()


def test_after_a_start_a_forecast_is_written_whole_again(kit: Kit) -> None:
    dead = np.full((1, ZONES), 3.0)
    keep(kit, Keeper(), NOW, dead=dead)
    assert keep(kit, Keeper(), minute(10), dead=dead) == 5 * ZONES + 1
    (later,) = issues(kit, "dead", start=minute(200), end=minute(300)).at.tolist() or (0,)
    assert later == 0


def test_a_forecast_older_than_an_hour_stands_no_more(kit: Kit) -> None:
    keep(kit, Keeper(), NOW, dead=np.full((1, ZONES), 3.0))
    assert issues(kit, "dead").figures(minute(61)) == {}


def test_what_the_house_found_is_no_observation_of_the_run(kit: Kit) -> None:
    keep(kit, Keeper(), NOW, dead=np.full((1, ZONES), 3.0))
    assert kit.see(lambda work: work.observations.counts("live")) == {}
    assert kit.see(lambda work: work.observations.counts(beside("live")))


def test_after_a_city_is_rebuilt_a_forecast_stays_with_the_zone_it_was_of(kit: Kit) -> None:
    keeper = Keeper()
    keep(kit, keeper, NOW, dead=np.array([[1.0, 2.0, 3.0, 4.0]]))
    rebuilt = city_of(14, 15, version="2")
    assert keep(kit, keeper, minute(10), rebuilt, dead=np.array([[4.0, 5.0]])) == 2 * 5 + 1, "whole"
    before, after = (
        issues(kit, "dead", city=rebuilt).figures(minute(at))["dead"][50] for at in (5, 15)
    )
    assert before[0] == 4.0
    assert np.isnan(before[1]), "there was no such zone then"
    assert after.tolist() == [4.0, 5.0]
