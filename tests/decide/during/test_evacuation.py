from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from rencheng.adapters.rules import load_rules
from rencheng.decide.during.evacuation import evacuation
from rencheng.domain.hazard import BulletinKind
from rencheng.domain.provenance import Band
from tiny_impact import ORIGIN, make_bulletin, make_impact, make_state

RULES = load_rules()


def propose(city, state=None, impact=None, bulletin=None, at=ORIGIN):
    return evacuation(city, state or make_state(), impact, bulletin, RULES, at=at)


def effect(draft, key):
    return next(figure.band for figure in draft.effect_with if figure.key == key)


@pytest.mark.parametrize(
    ("kind", "magnitude", "proposed"),
    [
        (BulletinKind.EARTHQUAKE, 6.9, False),
        (BulletinKind.EARTHQUAKE, 7.0, True),
        (BulletinKind.TSUNAMI_ALERT, float("nan"), True),
        (BulletinKind.EVACUATION_ORDER, float("nan"), True),
        (BulletinKind.TSUNAMI_CANCEL, 8.3, False),
    ],
)
def test_what_the_last_bulletin_says_decides(tiny_city, kind, magnitude, proposed):
    draft = propose(tiny_city, bulletin=make_bulletin(magnitude, kind=kind))
    assert (draft is not None) == proposed


def test_everybody_on_the_shore_goes_to_a_shelter_outside_the_band(tiny_city):
    draft = propose(tiny_city, bulletin=make_bulletin())
    assert {action.place for action in draft.actions} == {"zone:101", "zone:104"}
    assert sum(action.amount for action in draft.actions) == 100
    assert {action.destination for action in draft.actions} <= {"S-2", "S-3"}
    assert effect(draft, "coastal_people").p50 == 0


def test_shelters_are_never_overfilled_and_who_has_no_place_is_said(tiny_city):
    draft = propose(tiny_city, make_state(zone_present=np.full(6, 300.0)), bulletin=make_bulletin())
    assert effect(draft, "coastal_people").p50 == 600 - 150 - 200
    assert "decide.evacuation.no_room" in {text.key for text in draft.reasons}
    assert sum(action.amount for action in draft.actions) == 600


def test_a_likely_damaged_shelter_is_not_used(tiny_city):
    impact = make_impact()
    impact.damage.facility_state[:, 4] = 4
    draft = propose(tiny_city, impact=replace(impact), bulletin=make_bulletin(
        kind=BulletinKind.TSUNAMI_ALERT
    ))  # fmt: skip
    assert {action.destination for action in draft.actions} == {"S-3"}


def test_an_unknown_number_of_people_is_cleared_and_not_counted_as_none(tiny_city):
    present = np.array([np.nan, 50, 50, 50, 50, 50])
    draft = propose(tiny_city, make_state(zone_present=present), bulletin=make_bulletin())
    unknown = next(action for action in draft.actions if action.place == "zone:101")
    assert np.isnan(unknown.amount)
    assert "decide.evacuation.unknown" in {text.key for text in draft.reasons}


def test_casualties_stay_unknown_without_terrain(tiny_city):
    draft = propose(tiny_city, bulletin=make_bulletin())
    for effects in (draft.effect_with, draft.effect_without):
        assert not next(f for f in effects if f.key == "tsunami_casualties").band.is_known
    assert {"terrain", "bathymetry"} <= set(draft.why.missing)


def test_a_nearer_wave_leaves_more_people_on_their_way(tiny_city):
    impact = make_impact()
    tsunami = replace(impact.tsunami, is_possible=True, arrival_s=Band(60.0, 1800.0, 2400.0))
    draft = propose(tiny_city, impact=replace(impact, tsunami=tsunami), bulletin=make_bulletin())
    late = effect(draft, "not_in_shelter_at_arrival")
    assert (late.p05, late.p95) == (0, 100)
    later = propose(
        tiny_city, impact=replace(impact, tsunami=tsunami), bulletin=make_bulletin(),
        at=ORIGIN + timedelta(minutes=35),
    )  # fmt: skip
    assert effect(later, "not_in_shelter_at_arrival").p50 == 100
