"""What the layers say of themselves: missing, made up, old, thin."""

from __future__ import annotations

from datetime import date

from rencheng.adapters.cities.checks.notes import Notes
from rencheng.domain.city import City
from rencheng.domain.finding import DataFinding, Severity
from rencheng.domain.provenance import Layer, Origin, Text

# Data of a growing city that are older than this mislead. House default, no source. [years]
OLD_YEARS = 5.0
# A layer that is silent in more than this share of the zones is thin. House default, no source.
_THIN = 0.5
# Layers that every zone should have something of; others, such as hospitals, are sparse by nature.
_EVERYWHERE = frozenset(
    {"zones", "population", "age_groups", "roads", "buildings", "building_types", "terrain",
     "power_network", "water_network", "dependencies", "soil"}
)  # fmt: skip


def layers(city: City, notes: Notes, today: date) -> None:
    """Note layers that are old, thin, undated or made up."""
    made = [layer.name for layer in city.layers if layer.origin is Origin.SYNTHETIC]
    notes.ids("", "synthetic", Severity.INFO, made)
    undated = []
    for layer in city.layers:
        if layer.origin is not Origin.OBSERVED:
            continue
        age = age_years(layer, today)
        if age is None:
            undated.append(layer.name)
        elif age > OLD_YEARS:
            notes.fact(
                layer.name, "layer_old", Severity.WARNING, layer.count, as_of=layer.as_of, years=age
            )
        if layer.name in _EVERYWHERE and layer.coverage < _THIN:
            notes.fact(
                layer.name, "layer_thin", Severity.WARNING, max(layer.count, 1),
                share=layer.coverage * 100,
            )  # fmt: skip
    notes.ids("", "layers_undated", Severity.INFO, undated)


def missing(city: City) -> tuple[DataFinding, ...]:
    """Return a finding for each layer that the city lacks, in the layer's own words."""
    return tuple(
        DataFinding(
            key=f"missing_{layer.name}",
            severity=Severity.WARNING,
            layer=layer.name,
            text=layer.notes or Text(f"layer.{layer.name}.note"),
            count=1,
            first=(layer.name,),
            mend=Text(f"layer.{layer.name}.mend"),
        )
        for layer in city.layers
        if layer.origin is Origin.MISSING
    )


def age_years(layer: Layer, today: date) -> float | None:
    """Return how old the data of a layer are, None where nobody says. [years]

    A day may be a whole year or month, which then counts from its end.

    Examples
    --------
    >>> from rencheng.domain.provenance import Layer, Origin
    >>> layer = Layer(name="roads", origin=Origin.OBSERVED, source="", licence="", version="",
    ...     count=1, coverage=1.0, as_of="2014")
    >>> round(age_years(layer, date(2024, 12, 31)))
    10
    """
    parts = layer.as_of.strip()[:10].split("-")
    if not 1 <= len(parts) <= 3 or not all(part.isdigit() for part in parts):
        return None
    last = ("", "12", "28")
    year, month, day = (int(part) for part in (*parts, *last[len(parts) :]))
    try:
        return (today - date(year, month, day)).days / 365.25
    except ValueError:
        return None
