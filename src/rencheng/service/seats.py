"""Which of a city's organisations a demo account belongs to, whatever its offices are called."""

from __future__ import annotations

from collections.abc import Sequence

from rencheng.domain.resource import Organisation, OrganisationKind

# Duty that says who an office is when it goes by another name.
_DUTY = {
    "emergency": "command",
    "power_utility": "repair_power",
    "water_utility": "repair_water",
    "health_service": "hospital",
    "ambulance_service": "ambulance",
}
_COMMUNITY = "community"


def seat(wanted: str, organisations: Sequence[Organisation]) -> str:
    """Return the organisation that is meant by a usual name.

    That of this name; else, for a community, the first community; else the first with the duty;
    else the emergency office, or the first of all. A city without any keeps the name.

    Examples
    --------
    >>> office = Organisation(id="sos", name_zh="应急局", name_en="SOS", zones=(),
    ...     kind=OrganisationKind.EMERGENCY, duties=("command",))
    >>> seat("emergency", [office]), seat("community_la_serena", [])
    ('sos', 'community_la_serena')
    """
    names = [one.id for one in organisations]
    if wanted in names:
        return wanted
    found: list[str] = []
    if wanted.startswith(_COMMUNITY):
        found += [one.id for one in organisations if one.kind is OrganisationKind.COMMUNITY]
    duty = _DUTY.get(wanted)
    found += [one.id for one in organisations if duty in one.duties]
    found += [one.id for one in organisations if one.kind is OrganisationKind.EMERGENCY]
    return next(iter((*found, *names)), wanted)
