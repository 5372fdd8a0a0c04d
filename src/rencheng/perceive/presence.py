"""How many people are where, by time of day."""

from __future__ import annotations

import numpy as np

from rencheng.domain.city import F64, City, DayTime
from rencheng.domain.errors import InvalidInputError

# Hours of commuting, each from and until. HAZUS 6.1 Earthquake Technical Manual, chapter 12,
# knows 2 am, 2 pm and 5 pm and no boundaries between them; the boundaries here are ours.
COMMUTES_H = ((7.0, 9.0), (17.0, 20.0))
# Hours of the working day, from and until; ours, for the same reason.
WORKDAY_H = (9.0, 17.0)


def day_time(local_hour: float) -> DayTime:
    """Return which of the three times of day an hour belongs to.

    Parameters
    ----------
    local_hour
        Hour of the local clock, 0 up to 24. [h]

    Raises
    ------
    InvalidInputError
        When the hour is not on the clock.

    Examples
    --------
    >>> day_time(2.0).name, day_time(14.0).name, day_time(19.9).name
    ('NIGHT', 'DAY', 'COMMUTE')
    """
    if not 0.0 <= local_hour < 24.0:
        raise InvalidInputError(
            "presence.hour",
            f"hour {local_hour} is not on the clock",
            hint="Give the local hour, from 0 up to 24",
            params={"hour": local_hour},
        )
    if any(start <= local_hour < end for start, end in COMMUTES_H):
        return DayTime.COMMUTE
    return DayTime.DAY if WORKDAY_H[0] <= local_hour < WORKDAY_H[1] else DayTime.NIGHT


def people_present(city: City, when: DayTime) -> F64:
    """Count the people inside the buildings of each zone at a time of day.

    Returns
    -------
    present
        People. A zone with residents and not one building is counted by its residents at night
        and unknown (NaN) at other times. (zones,)

    Notes
    -----
    People outdoors, in vehicles and visitors who sleep in no counted building are left out.
    The count of buildings and occupants is as good as its layer, which is synthetic in the
    default city.
    """
    zones = city.zones.population.size
    inside = np.bincount(
        city.buildings.zone, weights=city.buildings.occupants[int(when)], minlength=zones
    )[:zones]
    is_empty = np.bincount(city.buildings.zone, minlength=zones)[:zones] == 0
    residents = city.zones.population if when is DayTime.NIGHT else np.nan
    unseen = is_empty & (city.zones.population > 0)
    return np.where(unseen, residents, inside)
