"""Who may see what; what no rule allows is hidden."""

from __future__ import annotations

from rencheng.domain.identity import Actor, Permission


def may_see(actor: Actor, organisation: str) -> bool:
    """Say whether an actor may see an object of an organisation.

    Parameters
    ----------
    organisation
        Whose object it is; empty: everybody's who may read the situation.

    Examples
    --------
    >>> crew = Actor(id="u", name="", organisation="water_utility", roles=frozenset({"utility"}))
    >>> may_see(crew, "water_utility"), may_see(crew, "power_utility"), may_see(crew, "")
    (True, False, True)
    """
    if Permission.SITUATION_READ not in actor.permissions:
        return actor.is_city_wide
    if actor.is_city_wide or not organisation:
        return True
    return bool(actor.organisation) and actor.organisation == organisation


def is_visible(actor: Actor, *organisations: str) -> bool:
    """Say whether an object shared by several organisations may be seen: any of them is enough."""
    return any(may_see(actor, organisation) for organisation in organisations)
