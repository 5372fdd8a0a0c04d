"""The same earthquake in several catalogues: which solutions are one event, and which one counts.

Windows in time and place, and that two entries of one catalogue are two earthquakes, are those of
the index of the USGS's Product Distribution Layer (`DefaultAssociator`: 16 s and 100 km). There one
new entry looks for its event; here the nearest pairs of all entries are joined first, so that the
outcome does not depend on the order in which they were heard. Held against made catalogues of main
shocks with aftershocks (tests); not yet against catalogues of agencies.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations
from math import asin, cos, isnan, radians, sin, sqrt

from rencheng.domain.hazard import Bulletin, BulletinKind

# USGS Product Distribution Layer, gov.usgs.earthquake.indexer.DefaultAssociator.
WINDOW_S = 16.0
WINDOW_KM = 100.0
MAGNITUDES = 1.5
"""Solutions that differ by more are of two earthquakes: a main shock and an aftershock that the
other catalogue has not yet. Our assumption: first magnitudes of great earthquakes were one low."""
# IUGG mean Earth radius R1 (Moritz 2000, Geodetic Reference System 1980).
_EARTH_KM = 6371.0088


def associate(solutions: Sequence[Bulletin]) -> list[tuple[int, ...]]:
    """Return which solutions are of one earthquake, as groups of their rows.

    Parameters
    ----------
    solutions
        One of each entry of a catalogue, with an `own` id that no other has.

    Returns
    -------
    groups
        Every row in exactly one. No group holds two entries of one catalogue, nor two solutions
        that lie apart by more than the windows. The order of the solutions makes no difference.
    """
    fits: dict[tuple[int, int], float] = {}
    for i, j in combinations(range(len(solutions)), 2):
        misfit = _misfit(solutions[i], solutions[j])
        if misfit is not None:
            fits[i, j] = fits[j, i] = misfit

    def nearest(pair: tuple[int, int]) -> tuple[float, list[str]]:
        return fits[pair], sorted(solutions[row].own for row in pair)

    group = [{row} for row in range(len(solutions))]
    for i, j in sorted(fits, key=nearest):
        one, other = group[i], group[j]
        if one is other or any((a, b) not in fits for a in one for b in other):
            continue
        one |= other
        for row in other:
            group[row] = one
    return sorted({tuple(sorted(rows)) for rows in group}, key=min)


def standing(bulletins: Iterable[Bulletin]) -> list[Bulletin]:
    """Return bulletins in order of issue, without earthquakes that were withdrawn after them.

    Those issued at one time stay in the order in which they are given: that of hearing. A catalogue
    withdraws its own entry alone; another one's solution of the event stands.
    """
    every = sorted(bulletins, key=lambda one: one.issued)
    gone = {(one.event, one.own): one.issued for one in every if one.kind is BulletinKind.WITHDRAWN}
    return [
        one
        for one in every
        if one.kind is not BulletinKind.WITHDRAWN
        and (
            one.kind is not BulletinKind.EARTHQUAKE
            or (one.event, one.own) not in gone
            or one.issued > gone[one.event, one.own]
        )
    ]


def solutions_of(bulletins: Iterable[Bulletin]) -> list[Bulletin]:
    """Return the last solution of each catalogue's entry that stands, first entry first.

    Of an entry the last that states a magnitude; entries that state none come after all others.
    """
    entries: dict[str, list[Bulletin]] = {}
    for one in standing(bulletins):
        if one.kind is BulletinKind.EARTHQUAKE:
            entries.setdefault(one.own, []).append(one)

    def last(entry: list[Bulletin]) -> Bulletin:
        return ([one for one in entry if not isnan(one.magnitude)] or entry)[-1]

    found = sorted(entries.values(), key=lambda entry: (entry[0].issued, entry[0].own))
    return sorted((last(entry) for entry in found), key=lambda one: isnan(one.magnitude))


def preferred(bulletins: Iterable[Bulletin]) -> Bulletin | None:
    """Return the solution that counts for an event; None when none stands.

    The catalogue that spoke first keeps the word with its last revision, as long as it stands and
    states a magnitude: the event does not jump to and fro with each catalogue's revisions.
    """
    return next(iter(solutions_of(bulletins)), None)


def distance_km(a: Bulletin, b: Bulletin) -> float:
    """Return the distance between two epicentres on the sphere. [km]"""
    lon1, lat1, lon2, lat2 = map(radians, (a.lon, a.lat, b.lon, b.lat))
    half = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * _EARTH_KM * asin(min(1.0, sqrt(half)))


def _misfit(a: Bulletin, b: Bulletin) -> float | None:
    """Return how far apart two solutions lie, in windows squared; None: of two earthquakes."""
    if a.catalogue == b.catalogue or abs(a.magnitude - b.magnitude) > MAGNITUDES:
        return None
    seconds = abs((a.origin_time - b.origin_time).total_seconds()) / WINDOW_S
    if seconds > 1.0:
        return None
    distance = distance_km(a, b) / WINDOW_KM
    return seconds**2 + distance**2 if distance <= 1.0 else None
