from dataclasses import replace

import numpy as np

from rencheng.adapters.rules import load_rules
from rencheng.decide.during.medical import medical
from tiny_impact import make_impact, make_state

RULES = load_rules()


def effect(draft, key):
    return next(figure.band for figure in draft.effect_with if figure.key == key)


def test_without_a_forecast_nothing_is_proposed(tiny_city):
    assert medical(tiny_city, make_state(), None, RULES) is None
    assert medical(tiny_city, make_state(), make_impact(), RULES) is None


def test_free_beds_are_respected_and_unmet_patients_reported(tiny_city):
    draft = medical(tiny_city, make_state(), make_impact(hurt=30), RULES)
    sent = {}
    for action in draft.actions:
        sent[action.destination] = sent.get(action.destination, 0) + action.amount
    assert sent == {"H-1": 5, "H-2": 10}
    assert effect(draft, "patients_without_bed").p50 == 15


def test_a_hospital_that_does_not_work_gets_nobody(tiny_city):
    impact = make_impact(hurt=6)
    impact.access.hospital_works[0] = 0.2
    draft = medical(tiny_city, make_state(), impact, RULES)
    assert {action.destination for action in draft.actions} == {"H-2"}


def test_unknown_beds_stay_unknown_and_are_asked_for(tiny_city):
    beds = np.full(9, np.nan)
    beds[0] = 5.0
    draft = medical(tiny_city, make_state(free_beds=beds), make_impact(hurt=30), RULES)
    assert effect(draft, "patients_without_bed").p50 == 25
    assert [a.place for a in draft.actions if a.kind == "inform"] == ["H-2"]
    assert "free_beds:H-2" in draft.why.missing


def test_a_zone_that_is_cut_off_is_unmet_not_forgotten(tiny_city):
    impact = make_impact(hurt=6)
    access = replace(impact.access, blocked_share=np.ones(31))
    draft = medical(tiny_city, make_state(), replace(impact, access=access), RULES)
    placed = sum(action.amount for action in draft.actions if action.kind == "ambulance")
    assert placed + effect(draft, "patients_without_bed").p50 == 6


def test_every_trip_has_an_ambulance_and_more_ambulances_are_quicker(tiny_city):
    draft = medical(tiny_city, make_state(), make_impact(hurt=12), RULES)
    assert {a.team for a in draft.actions if a.kind == "ambulance"} == {"amb-1", "amb-2"}
    one = replace(tiny_city, teams=tiny_city.teams[:1])
    slower = medical(one, make_state(), make_impact(hurt=12), RULES)
    assert effect(slower, "patients_clear_h").p50 > effect(draft, "patients_clear_h").p50


def test_without_ambulances_it_says_so(tiny_city):
    none = replace(tiny_city, teams=())
    draft = medical(none, make_state(), make_impact(hurt=12), RULES)
    assert "decide.medical.no_ambulance" in {text.key for text in draft.reasons}
    assert not effect(draft, "patients_clear_h").is_known


def test_zones_add_up_to_the_city_although_their_medians_do_not(tiny_city):
    impact = make_impact(hurt=1)
    for sample in range(20):
        impact.people.injured[sample, :, 1] = 0
        impact.people.injured[sample, sample % 6, 1] = 9
    draft = medical(tiny_city, make_state(), impact, RULES)
    assert sum(a.amount for a in draft.actions if a.kind == "ambulance") == 9
