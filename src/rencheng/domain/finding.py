"""What a city's data lack or contradict, said beside every figure that feels it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from rencheng.domain.provenance import Text

Place = tuple[float, float]


class Severity(StrEnum):
    """How bad a finding is."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFinding:
    """A gap or a weakness of the city's data."""

    key: str
    """What was found, such as `roads_apart`; sentences under `check.<key>`."""
    severity: Severity
    layer: str
    """Name of the layer that it concerns, such as `roads`."""
    text: Text
    count: int
    first: tuple[str, ...] = ()
    """Ids of the first few things concerned."""
    places: tuple[Place, ...] = ()
    """Where the first of them lie: lon, lat. [deg] Empty where no place can be named."""
    mend: Text


# What a figure names, and the layers that it then rests on besides.
_RESTS_ON = {"buildings": ("building_types", "grid"), "health_sites": ("beds",)}


def weak_layers(findings: Iterable[DataFinding]) -> frozenset[str]:
    """Return the layers about which a check found a warning or an error.

    A layer is weak too where one that it rests on is: buildings with their types.
    """
    bad = (Severity.WARNING, Severity.ERROR)
    found = {one.layer for one in findings if one.severity in bad and one.layer}
    resting = {name for name, under in _RESTS_ON.items() if found.intersection(under)}
    return frozenset(found | resting)
