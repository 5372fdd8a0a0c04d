"""A number that rests on a weak layer says so."""

from __future__ import annotations

from datetime import UTC, datetime

from rencheng.api.telling import figure_out
from rencheng.domain.provenance import Band, Figure, Why
from rencheng.service.weighing import weighed_figures


def test_a_figure_names_the_weak_layers_among_its_data() -> None:
    why = Why(data=("roads", "sensors"), model="access", version="1", as_of=datetime.now(UTC))
    figure = Figure(key="dead", band=Band(1.0, 2.0, 3.0), unit="{person}", why=why)
    (found,) = weighed_figures((figure,), frozenset({"roads", "terrain"}))
    assert found.why.weak == ("roads",)
    assert figure_out(found).why.weak == ["roads"]
    (sound,) = weighed_figures((figure,), frozenset())
    assert sound == figure
