"""Which organisation takes a task."""

from __future__ import annotations

from collections.abc import Sequence

from rencheng.domain.errors import NotFoundError
from rencheng.domain.proposal import Action
from rencheng.domain.resource import Organisation, OrganisationKind


def responsible(action: Action, organisations: Sequence[Organisation]) -> Organisation:
    """Find who takes an action.

    Parameters
    ----------
    organisations
        All parties of the city, in the order in which they are asked.

    Returns
    -------
    organisation
        One with the duty and the action's zone in its own territory; failing that, one with the
        duty for the whole city; failing that, the emergency office. An organisation with the duty
        in other zones only is never taken.

    Raises
    ------
    NotFoundError
        When nobody has the duty and the city has no emergency office.
    """
    able = [party for party in organisations if action.duty in party.duties]
    local = [party for party in able if action.zone in party.zones]
    city_wide = [party for party in able if not party.zones]
    office = [party for party in organisations if party.kind is OrganisationKind.EMERGENCY]
    for party in (*local, *city_wide, *office):
        return party
    raise NotFoundError(
        "routing.nobody",
        f"no organisation takes the duty {action.duty}",
        hint="Give an organisation of the city this duty, or add an emergency office",
        params={"duty": action.duty},
    )
