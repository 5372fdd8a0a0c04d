"""What goes with the use of a building: costs and depth-damage curves, the office's before ours."""

from __future__ import annotations

from math import isnan
from pathlib import Path

import pytest

from rencheng.adapters.risk.city.use_tables import curve_of, read_costs, read_use_curves
from rencheng.domain.errors import InvalidInputError

OWN = """\
schema = "rencheng/replacement-cost/1"
currency = "CNY"
year = 2024
status = "official"
source = "index"
[[cost]]
uses = ["RES"]
per_m2 = 3200
[[cost]]
uses = ["RES3"]
per_m2 = 4000
"""


def office(state: Path, text: str) -> Path:
    (state / "risk").mkdir()
    (state / "risk" / "replacement_cost.toml").write_text(text)
    return state


def test_the_formula_gives_the_reports_own_numbers() -> None:
    # 615 and 680 €/m² at 4,500 US$: worked out by hand from the coefficients of the report.
    costs = read_costs(None, "Asia/Shanghai")
    assert costs.per_m2("RES1") == pytest.approx(615, abs=1)
    assert costs.per_m2("COM4") == pytest.approx(680, abs=1)


def test_the_table_of_the_office_goes_first_and_its_nearest_row(tmp_path: Path) -> None:
    costs = read_costs(office(tmp_path, OWN), "Asia/Shanghai")
    assert (costs.currency, costs.per_m2("RES1"), costs.per_m2("RES3")) == ("CNY", 3200, 4000)
    assert isnan(costs.per_m2("COM1"))


def test_a_row_that_cannot_be_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError) as told:
        read_costs(office(tmp_path, OWN.replace("3200", "-1")), "Asia/Shanghai")
    assert [fault.key for fault in told.value.faults] == ["risk.cost_row"]


def test_floods_take_the_curve_of_the_continent() -> None:
    assert (
        curve_of("RES3", read_use_curves(None, "flood", "Asia/Shanghai")) == "jrc.asia.residential"
    )
    south = read_use_curves(None, "flood", "America/Santiago")
    assert curve_of("EDU1", south) == "jrc.south_america.commercial"
    assert curve_of("XYZ", south) == ""
    assert read_use_curves(None, "flood", "Nowhere/Else") == {}


def test_wind_has_one_curve_for_every_use_and_tsunamis_none() -> None:
    wind = read_use_curves(None, "wind", "America/Santiago")
    assert curve_of("RES3", wind) == curve_of("IND2", wind) == "emanuel.any.default"
    assert read_use_curves(None, "tsunami", "America/Santiago") == {}


def test_another_region_can_be_asked_for() -> None:
    europe = read_use_curves(None, "flood", "Asia/Shanghai", "europe")
    assert curve_of("RES3", europe) == "jrc.europe.residential"
