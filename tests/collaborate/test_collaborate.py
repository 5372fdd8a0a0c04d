from dataclasses import replace

import pytest

from rencheng.collaborate import is_visible, may_see, responsible
from rencheng.domain.errors import NotFoundError
from rencheng.domain.identity import Actor
from rencheng.domain.proposal import Action
from rencheng.domain.provenance import Text


def action(duty, zone=-1):
    return Action(
        kind=duty, duty=duty, text=Text("x"), place="", xy=(0.0, 0.0), zone=zone, due_h=1.0
    )


def actor(role, organisation=""):
    return Actor(id="u", name="", organisation=organisation, roles=frozenset({role}))


@pytest.mark.parametrize(
    ("duty", "zone", "expected"),
    [
        ("evacuate", 0, "community_coquimbo"),
        ("evacuate", 4, "community_la_serena"),
        ("evacuate", -1, "emergency"),
        ("repair_power", 3, "power_utility"),
        ("inspect", -1, "emergency"),
        ("unheard_of", 0, "emergency"),
    ],
)
def test_the_nearest_organisation_with_the_duty_takes_it(tiny_city, duty, zone, expected):
    assert responsible(action(duty, zone), tiny_city.organisations).id == expected


def test_a_city_without_an_emergency_office_is_told(tiny_city):
    others = [party for party in tiny_city.organisations if party.id != "emergency"]
    with pytest.raises(NotFoundError):
        responsible(action("unheard_of"), others)


@pytest.mark.parametrize(
    ("role", "own", "other", "sees"),
    [
        ("commander", "emergency", "power_utility", True),
        ("auditor", "", "power_utility", True),
        ("utility", "power_utility", "power_utility", True),
        ("utility", "power_utility", "water_utility", False),
        ("utility", "", "water_utility", False),
        ("field", "community_la_serena", "", True),
        ("device", "power_utility", "power_utility", False),
        ("made_up", "power_utility", "power_utility", False),
    ],
)
def test_only_the_own_organisation_is_seen(role, own, other, sees):
    assert may_see(actor(role, own), other) == sees


def test_a_shared_object_is_seen_by_each_party():
    assert is_visible(actor("utility", "power_utility"), "emergency", "power_utility")
    assert not is_visible(actor("utility", "water_utility"), "emergency", "power_utility")


def test_an_organisation_with_other_zones_only_is_never_taken(tiny_city):
    parties = [replace(p, zones=(5,)) for p in tiny_city.organisations if p.id != "emergency"]
    with pytest.raises(NotFoundError):
        responsible(action("repair_power", 0), parties)
