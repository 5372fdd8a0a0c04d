"""The published map of shaking in use as lines: where it reaches, and where it shakes how much."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache, partial
from typing import Any

import numpy as np

from rencheng.domain.city import City
from rencheng.domain.hazard import ShakingMap
from rencheng.domain.rules import Rules
from rencheng.model.hazards.earthquake.contours import F64, contours
from rencheng.service.cycle import CURRENT, last_word
from rencheng.service.foreign import map_of
from rencheng.service.incidents import is_within_reach
from rencheng.service.ports import UnitOfWork

# Instrumental intensity IV to X by PGA as ShakeMap's legend has it: Worden et al. 2012
# (doi:10.1785/0120110156), rounded as the console's zones are. [g]
LEVELS = (0.03, 0.06, 0.12, 0.22, 0.4, 0.75, 1.4)
Line = tuple[dict[str, Any], dict[str, Any]]
MOST_MAPS = 10
"""Maps that are looked through where no event is current, those kept last; each has some
megabytes. Chosen."""
_DIGITS = 4
"""Decimal places of a degree: about 10 m."""


def drawn_map(
    work: UnitOfWork, run: str, city: City, rules: Rules | None, at: datetime
) -> ShakingMap | None:
    """Return the map of the event that the loop works with; None when there is none.

    Where no bulletin speaks of an event yet, the map that came out last of those of events that
    nobody has withdrawn.
    """
    bulletins = work.bulletins.list(run)[::-1]
    word = last_word(bulletins, at, partial(is_within_reach, city, rules))
    if word is not None:
        return map_of(work, run, word, at)
    spoken_of = {name for one in bulletins for name in (one.event, one.own)}
    found = work.shaking_maps.list(run, limit=MOST_MAPS)
    out = [one for one in found if at - CURRENT <= one.issued <= at and one.event not in spoken_of]
    newest = max(out, key=lambda one: one.issued, default=None)
    if newest is None:
        return None
    alike = [one for one in out if (one.event, one.issuer) == (newest.event, newest.issuer)]
    return max(alike, key=lambda one: (one.revision, one.issued))


@lru_cache(maxsize=2)
def lines_of(given: ShakingMap) -> tuple[Line, ...]:
    """Return geometry and properties: the footprint first, then each level that is reached."""
    return tuple(_lines(given))


def _lines(given: ShakingMap) -> Iterator[Line]:
    said = {
        "map": given.id,
        "event": given.event,
        "revision": given.revision,
        "issuer": given.issuer,
        "issued": given.issued.isoformat(),
        "source": given.source,
        "mode": given.mode.value,
    }
    largest = float(np.nanmax(given.layers()[0]))
    east = given.west + given.step_lon * (given.columns - 1)
    south = given.north - given.step_lat * (given.rows - 1)
    ring = [(given.west, south), (east, south), (east, given.north), (given.west, given.north)]
    outline = _line(np.array([*ring, ring[0]]))
    yield (
        {"type": "LineString", "coordinates": outline},
        said | {"kind": "footprint", "pga_g": None, "largest_pga_g": round(largest, _DIGITS)},
    )
    for level in LEVELS:
        if found := contours(given, level):
            found.sort(key=len, reverse=True)
            shape = {"type": "MultiLineString", "coordinates": [_line(one) for one in found]}
            yield shape, said | {"kind": "contour", "pga_g": level, "largest_pga_g": None}


def _line(xy: F64) -> list[list[float]]:
    found: list[list[float]] = np.round(xy, _DIGITS).tolist()
    return found
