"""Says beside every figure which of the layers that it names are weak."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from rencheng.domain.assessment import Assessment
from rencheng.domain.control import SectorBoard
from rencheng.domain.provenance import Figure


def weighed_figures(figures: Iterable[Figure], weak: frozenset[str]) -> tuple[Figure, ...]:
    """Return figures whose reasons say which of their layers are weak."""
    return tuple(replace(one, why=one.why.weighed(weak)) for one in figures)


def weighed_boards(boards: Iterable[SectorBoard], weak: frozenset[str]) -> tuple[SectorBoard, ...]:
    """Return boards whose figures and lights say which of their layers are weak."""
    return tuple(
        replace(
            one,
            state=weighed_figures(one.state, weak),
            forecast=weighed_figures(one.forecast, weak),
            why=one.why.weighed(weak),
        )
        for one in boards
    )


def weighed_assessment(found: Assessment, weak: frozenset[str]) -> Assessment:
    """Return an assessment whose curves and indicators say which of their layers are weak."""
    return replace(
        found,
        curves=tuple(replace(one, why=one.why.weighed(weak)) for one in found.curves),
        indicators=tuple(replace(one, why=one.why.weighed(weak)) for one in found.indicators),
        delays=weighed_figures(found.delays, weak),
    )
