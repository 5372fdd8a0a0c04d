import numpy as np
import pytest

from rencheng.adapters.rules import load_rules
from rencheng.decide.during.evacuation import evacuation
from rencheng.decide.during.response import response_level
from tiny_impact import ORIGIN, make_bulletin, make_state


@pytest.mark.slow
def test_the_whole_shore_is_sent_somewhere_and_who_has_no_place_is_said(city):
    present = city.zones.population
    state = make_state(zone_present=present, free_beds=np.full(len(city.facilities.id), np.nan))
    draft = evacuation(city, state, None, make_bulletin(), load_rules(), at=ORIGIN)
    shore = np.ceil(present[city.zones.is_coastal]).sum()
    asked = sum(action.amount for action in draft.actions)
    left = draft.effect_with[0].band.p50
    assert asked == shore
    room = city.facilities.shelter_places[~city.zones.is_coastal[city.facilities.zone]]
    assert asked - left <= np.nansum(room)


@pytest.mark.slow
def test_the_illapel_earthquake_is_judged_level_one_at_first(city):
    draft = response_level(city, None, make_bulletin(), load_rules(), at=ORIGIN)
    assert draft.details["level"] == 1
