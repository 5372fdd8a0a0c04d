"""What a city's data lack or contradict, how much of it, where, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from threading import Lock

from rencheng.adapters.cities.checks.buildings import buildings
from rencheng.adapters.cities.checks.facilities import facilities
from rencheng.adapters.cities.checks.ground import coordinates, terrain, zones
from rencheng.adapters.cities.checks.layers import layers, missing
from rencheng.adapters.cities.checks.needs import needs
from rencheng.adapters.cities.checks.networks import networks
from rencheng.adapters.cities.checks.notes import Notes
from rencheng.adapters.cities.checks.roads import roads
from rencheng.adapters.cities.checks.sensing import sensors
from rencheng.domain.city import City
from rencheng.domain.finding import DataFinding, Severity

__all__ = ["Checked", "DataFinding", "Severity", "check_city", "worst_first"]


def check_city(city: City, today: date | None = None) -> list[DataFinding]:
    """Return what is wrong or missing in a city, errors first.

    Parameters
    ----------
    today
        Day from which the age of layers counts; by default the computer's.

    Notes
    -----
    An error is data that contradict themselves and would mislead a stage; a warning is a gap that
    weakens results; an info is a limit that a reader must know.
    """
    notes = Notes()
    for look in (
        coordinates, zones, roads, buildings, facilities, networks, needs, sensors, terrain,
    ):  # fmt: skip
        look(city, notes)
    layers(city, notes, today or date.today())
    gaps = missing(city)
    absent = {one.layer for one in gaps}
    # That a layer is missing says all there is to say of it, but for what contradicts that.
    found = (
        one for one in notes.findings if one.severity is Severity.ERROR or one.layer not in absent
    )
    return worst_first((*found, *gaps))


def worst_first(findings: Iterable[DataFinding]) -> list[DataFinding]:
    """Return findings with errors first, else in their order."""
    rank = [Severity.ERROR, Severity.WARNING, Severity.INFO]
    return sorted(findings, key=lambda one: rank.index(one.severity))


class Checked:
    """What is missing or weak in a city's data, worked out once for each version.

    Parameters
    ----------
    state
        State folder, where a build keeps what was wrong in the sources; None: nowhere.
    """

    def __init__(self, state: Path | None = None) -> None:
        self._state = state
        self._known: tuple[str, str, tuple[DataFinding, ...]] = ("", "", ())
        self._lock = Lock()

    def __call__(self, city: City) -> tuple[DataFinding, ...]:
        """Return the findings of a city and of its sources, errors first."""
        with self._lock:
            if self._known[:2] != (city.id, city.version):
                self._known = (city.id, city.version, self._look(city))
            return self._known[2]

    def _look(self, city: City) -> tuple[DataFinding, ...]:
        from rencheng.adapters.cities.making import source_findings

        found = check_city(city)
        seen = {one.key for one in found}
        said = source_findings(self._state, city) if self._state else ()
        # What the finished city still shows is said once, as it is now.
        return tuple(worst_first((*found, *(one for one in said if one.key not in seen))))
