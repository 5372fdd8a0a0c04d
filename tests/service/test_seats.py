"""Demo accounts find their office in any city."""

from __future__ import annotations

from rencheng.domain.resource import Organisation, OrganisationKind
from rencheng.service.seats import seat


def office(ident: str, kind: OrganisationKind, *duties: str) -> Organisation:
    return Organisation(id=ident, name_zh="某", name_en="A", kind=kind, duties=duties, zones=())


CITY = (
    office("grid_co", OrganisationKind.UTILITY, "repair_power"),
    office("office", OrganisationKind.EMERGENCY, "command"),
    office("north", OrganisationKind.COMMUNITY, "evacuate"),
    office("south", OrganisationKind.COMMUNITY, "evacuate"),
)


def test_the_community_account_takes_the_first_community() -> None:
    assert seat("community_la_serena", CITY) == "north"


def test_an_office_of_another_name_is_found_by_its_duty() -> None:
    assert seat("power_utility", CITY) == "grid_co"


def test_who_is_not_there_is_the_emergency_office() -> None:
    assert seat("ambulance_service", CITY) == "office"


def test_the_usual_name_goes_first() -> None:
    assert seat("south", CITY) == "south"
