"""Values in several currencies and years: refused, or converted by a table that somebody states."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shapely.geometry import Point

from measure_kit import measure, sure
from rencheng import risk
from rencheng.adapters.risk.assets.money import in_money, measures_in, must_be_in, price_file
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.risk_measures import MeasureSet
from rencheng.domain.risk_money import Money, Prices
from rencheng.domain.risk_uncertainty import Study
from rencheng.model.risk.money import price_factor

TABLE = """
schema = "rencheng/prices/1"
source = "made up for a test"
version = "1"
valid_from = "2026-01-01"
jurisdiction = "CN"
status = "assumption"
base = "CNY"
[index.USD]
2015 = 100.0
2024 = 130.0
[index.CNY]
2015 = 100
2024 = 120
[exchange.USD]
2015 = 6.0
2024 = 7.0
[exchange.EUR]
2024 = 7.7
"""
ASSETS = {
    "id": ["a", "b", "c"], "value": ["100", "100", ""], "value_contents": [1, 2, 3],
    "currency": ["USD", "CNY", "CNY"], "price_year": ["2015", "2024", "2015"],
}  # fmt: skip
WATER: Any = {"measure": "water_depth", "unit": "m"}
NOW = Money(currency="CNY", year=2024)


@pytest.fixture
def prices(tmp_path: Path) -> Prices:
    file = tmp_path / "prices.toml"
    file.write_text(TABLE, encoding="utf-8")
    return price_file(file)


def test_prices_rise_first_and_are_exchanged_then(prices: Prices) -> None:
    old = Money(currency="USD", year=2015)
    assert price_factor(prices, old, NOW) == pytest.approx(1.3 * 7.0)
    assert price_factor(prices, NOW, Money(currency="EUR", year=2024)) == pytest.approx(1 / 7.7)
    assert price_factor(prices, NOW, NOW) == 1.0


def test_there_and_back_is_where_it_was(prices: Prices) -> None:
    usd = Money(currency="USD", year=2024)
    both = price_factor(prices, usd, NOW) * price_factor(prices, NOW, usd)
    assert both == pytest.approx(1.0)


def test_no_number_is_guessed(prices: Prices) -> None:
    with pytest.raises(InvalidInputError, match=r"lacks index\.USD\.2020, exchange\.EUR\.2015"):
        price_factor(prices, Money(currency="USD", year=2020), Money(currency="EUR", year=2015))


def test_costs_and_terms_of_insurance_are_money_and_shares_are_not(prices: Prices) -> None:
    table = {
        **ASSETS, "cost": ["10", "", "x"], "deductible_all": [1, 2, 3], "cover": ["", "5", "6"],
        "deductible_share_all": [0.1, 0.1, 0.1],
    }  # fmt: skip
    found = in_money(table, prices, currency="CNY", year=2024)
    assert found["cost"].tolist() == [pytest.approx(91.0), "", "x"]
    assert found["deductible_all"].tolist() == pytest.approx([9.1, 2.0, 3.6])
    assert found["cover"].tolist() == ["", 5.0, pytest.approx(7.2)]
    assert found["deductible_share_all"].tolist() == [0.1, 0.1, 0.1]


def test_areas_stay_areas_and_as_finely_cut(prices: Prices) -> None:
    shapes = np.array([Point(0, 0), None, Point(1, 1)], dtype=object)
    table = risk.ShapeTable(columns={**ASSETS, "geometry": shapes}, step_m=7.0)
    found = in_money(table, prices, currency="CNY", year=2024)
    assert isinstance(found, risk.ShapeTable) and found.step_m == 7.0
    assert found["geometry"][0] == Point(0, 0)


def test_a_table_of_assets_is_brought_to_one_money(prices: Prices) -> None:
    table = in_money(ASSETS, prices, currency="CNY", year=2024)
    assert table["value"][:2].tolist() == pytest.approx([910.0, 100.0])
    assert table["value"][2] != table["value"][2]
    assert table["value_contents"].tolist() == pytest.approx([9.1, 2.0, 3.6])
    must_be_in(table, NOW)


def test_mixed_values_are_refused_with_the_first_ids() -> None:
    with pytest.raises(InvalidInputError, match="2 assets are not valued in CNY 2024: a, c"):
        must_be_in(ASSETS, NOW)


def test_a_table_that_says_nothing_of_money_is_taken_at_its_word() -> None:
    must_be_in({"id": ["a"], "value": [1], "year": [1978]}, NOW)  # of construction


def test_a_year_is_a_number_however_it_is_written() -> None:
    table = {"id": ["a", "b", "c"], "price_year": np.array([2024, "2024.0", 2024.0], dtype=object)}
    must_be_in(table, NOW)


def test_a_component_called_shared_or_share_is_money_as_any_other(prices: Prices) -> None:
    table = {
        **ASSETS, "value_shared": [1, 1, 1], "value_share": [1, 1, 1],
        "deductible_shared": [1, 1, 1], "cover_share": [0.5] * 3, "cover_share_shared": [0.5] * 3,
    }  # fmt: skip
    found = in_money(table, prices, currency="CNY", year=2024)
    for name in ("value_shared", "value_share", "deductible_shared"):
        assert found[name].tolist() == pytest.approx([9.1, 1.0, 1.2]), name
    for name in ("cover_share", "cover_share_shared"):
        assert found[name].tolist() == [0.5] * 3, name


def test_rows_that_do_not_say_their_money_are_named(prices: Prices) -> None:
    unread = {**ASSETS, "price_year": ["lately", 2024, 2015], "currency": ["USD", "CNY", ""]}
    with pytest.raises(InvalidInputError, match="2 assets have no readable .*: a, c"):
        in_money(unread, prices, currency="CNY", year=2024)
    with pytest.raises(InvalidInputError, match="no price_year"):
        in_money({"id": [], "currency": []}, prices, currency="CNY", year=2024)


def test_costs_are_converted_with_every_amount(prices: Prices) -> None:
    one = measure(cost=100.0, upkeep=1.0, deductible=10.0)
    given = MeasureSet(measures=(one,), currency="USD", year=2024, version="1", source="x")
    found = measures_in(given, prices, currency="CNY", year=2024).measures[0]
    assert (found.cost, found.upkeep, found.deductible) == (sure(700.0), sure(7.0), 70.0)


@pytest.mark.parametrize(
    ("currency", "year", "said"),
    [(" ", 24, ["risk.currency", "risk.price_year"]), ("CNY", 20240, ["risk.price_year"])],
)
def test_money_that_is_none_is_refused_at_every_door(
    currency: str, year: int, said: list[str]
) -> None:
    money: Any = {"currency": currency, "year": year}
    house = {"id": ["a"], "lon": [1.0], "lat": [0.0], "value": [1.0]}
    flood = risk.event_table({**house, "event": ["e"], "intensity": [1.0]}, **WATER)
    hazard = risk.hazard_curves({**house, "poe-1": [0.2], "poe-2": [0.1]}, **WATER, years=50.0)
    curves = [risk.curve("jrc.asia.residential")]
    both = risk.Hazard(events=flood, curves=curves)
    doors: list[Callable[[], object]] = [
        lambda: risk.run(house, flood, curves, **money),
        lambda: risk.several(house, {"f": both}, "max", **money),
        lambda: risk.classical_losses(house, hazard, curves, **money),
        lambda: risk.study(house, flood, curves, Study(inputs=()), **money),
        lambda: risk.appraise(house, flood, curves, MeasureSet(
            measures=(), currency=currency, year=year, version="1", source="x"), **money),
    ]  # fmt: skip
    for door in doors:
        with pytest.raises(InvalidInputError) as error:
            door()
        assert [f.key for f in error.value.faults] == said


@pytest.mark.parametrize(
    ("old", "new"),
    [("130.0", "0.0"), ("130.0", '"much"'), ("2015 = 6.0", "lately = 6.0"), ("/1", "/2"),
     ("base", "basis")],
)  # fmt: skip
def test_a_broken_table_of_prices_is_named(tmp_path: Path, old: str, new: str) -> None:
    file = tmp_path / "own.toml"
    file.write_text(TABLE.replace(old, new), encoding="utf-8")
    with pytest.raises(InvalidInputError, match=r"own\.toml is no table of prices"):
        price_file(file)
