"""Casualties that a hand can check."""

from dataclasses import replace

import numpy as np
import pytest

from rencheng.domain.city import City, DayTime
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.hazard import Shaking
from rencheng.domain.impact import Damage, FragilityTable
from rencheng.domain.risk_people import CasualtyTable
from rencheng.model.damage.state import assess_damage
from rencheng.model.people.consequences import consequences


def fields(pga_g: np.ndarray) -> Shaking:
    pga = np.atleast_2d(np.asarray(pga_g, dtype=float))
    return Shaking(
        pga_g=pga, sa1_g=pga, rupture_km=pga * 0, stations_used=(), model="t", version="1",
        bulletin="b",
    )  # fmt: skip


def all_in(city: City, state: int, collapsed: bool = False) -> Damage:
    """Every building of the city in one state, in one sample."""
    share = np.zeros((60, 5), dtype=np.float32)
    share[:, state] = 1
    zone = np.zeros((1, 6, 5), dtype=np.float32)
    zone[:, :, state] = 10
    return Damage(
        building_state=share,
        zone_buildings=zone,
        collapsed=np.full((1, 6), 10.0 * collapsed, dtype=np.float32),
        link_collapsed=np.zeros((1, city.roads.start.size), dtype=np.uint8),
        lifeline_state=np.zeros((1, 0), dtype=np.int8),
        facility_state=np.zeros((1, 0), dtype=np.int8),
        not_assessed=0,
        curves_version="test",
    )


def only_masonry(city: City) -> City:
    b = city.buildings
    return replace(city, buildings=replace(b, curve=np.full(60, 3, dtype=np.int16)))


def test_masonry_that_all_stands_extensively_damaged(
    tiny_city: City, table: FragilityTable, rates: CasualtyTable
) -> None:
    # HAZUS 6.1, Tables 12-3 to 12-11: URM, extensive, 2 / 0.2 / 0.002 / 0.002 % of those inside.
    city, shaking = only_masonry(tiny_city), fields(np.full((1, 6), 0.4))
    people = consequences(city, all_in(city, 3), shaking, DayTime.NIGHT, table=table, rates=rates)
    inside = people.present
    assert people.injured[0] == pytest.approx(np.outer(inside, [0.02, 0.002, 2e-5, 2e-5]))
    assert people.displaced[0] == pytest.approx(inside)  # at night everyone is at home


def test_masonry_that_all_collapses_kills_one_in_ten(
    tiny_city: City, table: FragilityTable, rates: CasualtyTable
) -> None:
    city, shaking = only_masonry(tiny_city), fields(np.full((1, 6), 2.0))
    people = consequences(
        city, all_in(city, 4, True), shaking, DayTime.DAY, table=table, rates=rates
    )
    assert people.injured[0, :, 3] == pytest.approx(0.10 * people.present)
    assert people.injured[0, :, 0] == pytest.approx(0.40 * people.present)


def test_no_damage_hurts_and_displaces_nobody(
    tiny_city: City, table: FragilityTable, rates: CasualtyTable
) -> None:
    shaking = fields(np.full((1, 6), 0.05))
    people = consequences(
        tiny_city, all_in(tiny_city, 0), shaking, DayTime.NIGHT, table=table, rates=rates
    )
    assert people.injured.sum() == people.displaced.sum() == people.shaken.sum() == 0


def by_hand(
    city: City, damage: Damage, table: FragilityTable, rates: CasualtyTable
) -> tuple[np.ndarray, np.ndarray]:
    """Injured and displaced of the city as HAZUS words it: building by building, expected."""
    b, hurt, out = city.buildings, np.zeros(4), 0.0
    for i, p in enumerate(damage.building_state.astype(float)):
        curve = b.curves[b.curve[i]]
        share, rate = table.collapse[table.row(curve)], rates.indoors[rates.row(curve)]
        chance = [*p[1:4], p[4] * (1 - share), p[4] * share]
        hurt += b.occupants[DayTime.DAY, i] * (np.array(chance) @ rate)
        out += (b.dwellings[i] > 0) * b.occupants[DayTime.NIGHT, i] * (p[3] + p[4])
    return hurt, out


def test_the_mean_over_samples_is_the_sum_over_buildings(
    tiny_city: City, table: FragilityTable, rates: CasualtyTable
) -> None:
    rng = np.random.default_rng(2)
    shaking = fields(np.exp(rng.normal(np.log(0.6), 0.4, (4000, 6))))
    damage = assess_damage(tiny_city, shaking, table, seed=3)
    people = consequences(tiny_city, damage, shaking, DayTime.DAY, table=table, rates=rates)
    hurt, out = by_hand(tiny_city, damage, table, rates)
    assert people.injured.sum(axis=1).mean(axis=0) == pytest.approx(hurt, rel=0.03)
    assert people.displaced.sum(axis=1).mean() == pytest.approx(out, rel=1e-5)
    assert people.injured[:, :, 3].sum(axis=1).std() > 0


def test_moderate_damage_hurts_fewer_in_reinforced_masonry_than_in_concrete(
    tiny_city: City, table: FragilityTable, rates: CasualtyTable
) -> None:
    # Severity 1 and 2, same tables: RM1L 0.20 and 0.025 %, C1L 0.25 and 0.03 %.
    shaking = fields(np.full((1, 6), 0.3))
    for curve, share in (("LF.RM1.L.MC", [2e-3, 2.5e-4]), ("LF.C1.L.MC", [2.5e-3, 3e-4])):
        city = replace(tiny_city, buildings=replace(tiny_city.buildings, curves=(curve,) * 5))
        people = consequences(city, all_in(city, 2), shaking, DayTime.DAY, table=table, rates=rates)
        assert people.injured[0, :, :2] == pytest.approx(np.outer(people.present, share))


def test_a_type_without_rates_leaves_the_injured_of_its_zones_unknown(
    tiny_city: City, table: FragilityTable, rates: CasualtyTable
) -> None:
    b = tiny_city.buildings
    other = replace(table, id=("LF.OWN.MC", *table.id[1:]))
    curves = replace(
        b, curves=(*b.curves, "LF.OWN.MC"), curve=np.where(b.zone == 2, len(b.curves), 1)
    )
    city, shaking = replace(tiny_city, buildings=curves), fields(np.full((1, 6), 0.3))
    people = consequences(city, all_in(city, 3), shaking, DayTime.DAY, table=other, rates=rates)
    assert np.isnan(people.injured[0]).all(axis=1).tolist() == [z == 2 for z in range(6)]
    assert np.isfinite(people.displaced).all()


def test_a_building_outside_every_zone_blinds_no_zone(
    tiny_city: City, table: FragilityTable, rates: CasualtyTable
) -> None:
    zone = tiny_city.buildings.zone.copy()
    zone[0] = -1
    city = replace(tiny_city, buildings=replace(tiny_city.buildings, zone=zone))
    shaking = fields(np.full((3, 6), 0.4))
    damage = assess_damage(city, shaking, table, seed=1)
    people = consequences(city, damage, shaking, DayTime.DAY, table=table, rates=rates)
    assert np.isfinite(people.injured).all() and np.isfinite(people.displaced).all()


def test_shaken_counts_residents_of_zones_above_a_tenth_of_g(
    tiny_city: City, table: FragilityTable, rates: CasualtyTable
) -> None:
    shaking = fields(np.array([[0.05, 0.1, 0.2, 0.0, 0.099, 0.3]]))
    people = consequences(
        tiny_city, all_in(tiny_city, 0), shaking, DayTime.NIGHT, table=table, rates=rates
    )
    assert people.shaken.tolist() == [300.0]


def test_present_adds_up_the_people_inside(
    tiny_city: City, table: FragilityTable, rates: CasualtyTable
) -> None:
    shaking = fields(np.full((1, 6), 0.2))
    for when in DayTime:
        people = consequences(
            tiny_city, all_in(tiny_city, 1), shaking, when, table=table, rates=rates
        )
        assert people.present.sum() == pytest.approx(tiny_city.buildings.occupants[when].sum())


def test_unknown_shaking_leaves_the_people_unknown(
    tiny_city: City, table: FragilityTable, rates: CasualtyTable
) -> None:
    pga = np.full((5, 6), 0.4)
    pga[2, 1] = np.nan
    damage = assess_damage(tiny_city, fields(pga), table, seed=1)
    people = consequences(tiny_city, damage, fields(pga), DayTime.DAY, table=table, rates=rates)
    assert np.isnan(people.injured[:, 1]).all() and np.isnan(people.displaced[:, 1]).all()
    assert np.isnan(people.shaken[2])
    assert np.isfinite(people.injured[[0, 1, 3, 4]][:, [0, 2, 3, 4, 5]]).all()


def test_another_citys_damage_is_refused(
    tiny_city: City, table: FragilityTable, rates: CasualtyTable
) -> None:
    damage = replace(all_in(tiny_city, 1), building_state=np.zeros((3, 5), dtype=np.float32))
    shaking = fields(np.full((1, 6), 0.2))
    with pytest.raises(InvalidInputError):
        consequences(tiny_city, damage, shaking, DayTime.DAY, table=table, rates=rates)
