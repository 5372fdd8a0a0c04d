"""Tables of people: HAZUS' and PAGER's numbers, and assets read as a crowd."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rencheng.adapters.risk.people.assets import Tables, read_crowd, read_types
from rencheng.adapters.risk.people.tables import (
    casualty_table,
    presence_table,
    rapid_model,
    shelter_table,
)
from rencheng.domain.errors import InvalidInputError, NotFoundError
from rencheng.domain.risk_people import Circumstances, Crowd, Dwelling
from risk_kit import fragility

TABLES = Tables(presence=presence_table(), casualties=casualty_table(), shelter=shelter_table())
AFTERNOON = Circumstances(hour=14.0, is_weekend=False)
NIGHT = Circumstances(hour=2.0, is_weekend=False)


def read(
    table: dict[str, Any], when: Circumstances = AFTERNOON
) -> tuple[Crowd, dict[str, tuple[str, ...]]]:
    many = len(next(iter(table.values())))
    ids = np.array([f"a{i}" for i in range(many)], dtype=object)
    crowd, faults = read_crowd(table, ids, TABLES, when)
    return crowd, {f.key.removeprefix("risk.people."): f.first for f in faults}


def test_hazus_rates_of_a_frame_of_concrete() -> None:
    # HAZUS 6.1, Tables 12-3 to 12-11, C1M: percent.
    table = TABLES.casualties
    row = table.type.index("C1M")
    expected = [
        [0.05, 0, 0, 0], [0.25, 0.03, 0, 0], [1, 0.1, 0.001, 0.001], [5, 1, 0.01, 0.01],
        [40, 20, 5, 10],
    ]  # fmt: skip
    np.testing.assert_allclose(table.indoors[row] * 100, expected)
    np.testing.assert_allclose(table.outdoors[row, 3] * 100, [2.2, 0.7, 0.2, 0.2])
    assert table.collapse[row] == pytest.approx(0.10)
    assert len(table.type) == 38


def test_a_curve_takes_the_rates_of_its_structural_type() -> None:
    table = TABLES.casualties
    curves = ("LF.C1.M.HC", "LF.W1.PC", "LF.URM.L.LC", "LF.MH.MC", "EP.S.M.A", "W1", "LF.RM1.H.HC")
    found = [table.row(curve) for curve in curves]
    assert [table.type[row] for row in found[:4]] == ["C1M", "W1", "URML", "MH"]
    assert found[4:] == [-1, -1, -1]


def test_worse_states_kill_no_fewer_and_hurt_no_more_than_are_there() -> None:
    table = TABLES.casualties
    for part in (table.indoors, table.outdoors):
        assert (np.diff(part[:, :, 3], axis=1) >= 0.0).all()
        assert (part.sum(axis=2) <= 1.0).all()


def test_shelter_weights_are_those_of_hazus() -> None:
    np.testing.assert_allclose(TABLES.shelter.uninhabitable, [[0, 0, 0, 1], [0, 0, 0.9, 1]])
    assert TABLES.shelter.income.tolist() == [0.62, 0.42, 0.29, 0.22, 0.13]


def test_every_country_of_pager_has_a_model_and_others_have_none() -> None:
    model = rapid_model("cn")
    assert (model.theta, model.beta, model.zeta, model.is_own) == (
        10.328811, 0.100058, 1.526472, True
    )  # fmt: skip
    assert not rapid_model("FR").is_own
    with pytest.raises(NotFoundError, match="no rapid model for 'XX'"):
        rapid_model("XX")


def test_people_come_and_go_by_what_they_do_there() -> None:
    table = {"use": ["RES3", "学校", "factory", "COM4"], "residents": [100, 0, 0, 0],
             "pupils": [0, 100, 0, 0], "workers": [0, 0, 100, 100]}  # fmt: skip
    crowd, faults = read(table)
    np.testing.assert_allclose(crowd.present, [75.0, 80.0, 80.0, 98.0])
    np.testing.assert_allclose(crowd.indoors, [52.5, 72.0, 72.0, 97.02])
    assert faults == {}
    np.testing.assert_allclose(read(table, NIGHT)[0].present, [99.0, 0.0, 10.0, 2.0])


def test_stated_occupants_go_first_and_missing_ones_fall_back() -> None:
    table = {"use": ["home", "home"], "residents": [100, 100], "children": [20, 20],
             "occupants_night": [90, ""], "occupants_day": [30, ""],
             "occupants_transit": [40, ""]}  # fmt: skip
    crowd, _ = read(table)
    np.testing.assert_allclose(crowd.present, [30.0, 75.0])
    np.testing.assert_allclose(crowd.share[0], [0.2, 0.2])


def test_what_is_stated_for_another_hour_alone_is_unknown_and_not_nobody() -> None:
    crowd, faults = read({"occupants_night": [90, 50]}, Circumstances())
    assert np.isnan(crowd.present).all()
    assert faults["unknown"] == ("a0", "a1")
    np.testing.assert_allclose(read({"occupants_night": [90, ""]}, NIGHT)[0].present, [90, np.nan])


def test_a_blank_is_unknown_and_zero_is_nobody() -> None:
    crowd, faults = read({"residents": ["", "0", "7"]})
    np.testing.assert_allclose(crowd.present, [np.nan, 0.0, 5.25])
    assert faults["unknown"] == ("a0",)


def test_workers_without_a_use_are_unknown() -> None:
    crowd, faults = read({"workers": [5, 0], "residents": [0, 5]})
    np.testing.assert_allclose(np.isnan(crowd.present), [True, False])
    assert faults["unknown"] == ("a0",)


def test_groups_are_shares_and_unknown_where_not_given() -> None:
    table = {"residents": [100, 100, 0], "elderly_65": [20, "", 0], "pupils": [0, 25, 80]}
    crowd, _ = read(table)
    assert crowd.group == ("elderly_65", "pupils")
    np.testing.assert_allclose(crowd.share_home, [[0.2, np.nan, 0.0], [0.0] * 3])
    np.testing.assert_allclose(crowd.share[1], [0.0, 20.0 / 95.0, 1.0])
    np.testing.assert_allclose(crowd.share[0], [0.2, np.nan, 0.0])


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"residents": ["many", 5]}, "unread"),
        ({"residents": [-3, 5]}, "negative"),
        ({"residents": [4e6, 5]}, "many"),
        ({"evacuated": [40, 0.4]}, "share"),
        ({"elderly_65": [9, 1]}, "group"),
        ({"children": [3, 0], "elderly": [4, 1]}, "sum"),
        ({"use": ["castle", "home"], "workers": [1, 1]}, "use"),
        ({"dwelling": ["castle", "multi"]}, "dwelling"),
        ({"income": ["rich", "2"]}, "income"),
        ({"rise_m_h": [-1, 1]}, "negative"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, Any], key: str) -> None:
    _, faults = read({"residents": [5, 5], **change})
    assert faults[key][0].startswith("a0")


def test_a_table_without_people_is_refused() -> None:
    with pytest.raises(InvalidInputError) as error:
        read({"use": ["home"]})
    assert error.value.faults[0].first == ("residents", "occupants_night")


def test_kinds_of_dwelling_as_said_by_use_or_by_number() -> None:
    table = {"residents": [1] * 5, "use": ["RES1", "RES3B", "home", "home", "RES3"],
             "dwelling": ["", "", "", "", "单"], "dwellings": ["", "", 12, "", ""]}  # fmt: skip
    table["dwelling"][4] = "single"
    crowd, _ = read(table)
    assert crowd.dwelling.tolist() == [
        Dwelling.SINGLE, Dwelling.MULTI, Dwelling.MULTI, Dwelling.UNKNOWN, Dwelling.SINGLE
    ]  # fmt: skip


def test_income_narrows_who_asks_for_shelter_and_the_evacuated_are_not_exposed() -> None:
    table = {"residents": [1, 1], "income": ["1", ""], "evacuated": [0.5, ""]}
    crowd, _ = read(table, Circumstances(evacuated=0.2, upstairs=0.5))
    np.testing.assert_allclose(crowd.public, [[0.62, 0.13], [0.62, 0.40], [0.62, 0.62]])
    np.testing.assert_allclose(crowd.exposed, [0.25, 0.4])


def test_types_as_said_or_of_the_curve() -> None:
    curves = {"a": fragility([0.1] * 4, [0.5] * 4, id="hazus.earthquake/LF.URM.L.PC")}
    ids = np.array(["x", "y", "z"], dtype=object)
    rows, faults = read_types(
        {"type": ["c1.m", "", "straw"]}, ids, np.array(["a"] * 3), curves, TABLES.casualties
    )
    assert [TABLES.casualties.type[row] for row in rows[:2]] == ["C1M", "URML"]
    assert (rows[2], faults[0].first) == (-1, ("z (STRAW)",))


@pytest.mark.parametrize("share", [-0.1, 20.0, float("nan")])
def test_shares_outside_their_range_are_refused(share: float) -> None:
    with pytest.raises(InvalidInputError, match="between 0 and 1"):
        Circumstances(evacuated=share)
