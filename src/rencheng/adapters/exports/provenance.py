"""What goes with every exported table: which city, whose data, under which licence, how real."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rencheng import __version__
from rencheng.adapters.exports.tables import Table
from rencheng.adapters.words import both
from rencheng.domain.city import City
from rencheng.domain.provenance import Origin

LAYERS_TABLE = "layers"
"""Name of the table that says where the others come from."""
MADE_BY = f"rencheng {__version__}"


def manifest(city: City, tables: Sequence[Table]) -> dict[str, Any]:
    """Return what somebody who finds the file must know before trusting it."""
    return {
        "city": city.id,
        "name": dict(city.name),
        "city_version": city.version,
        "made_by": MADE_BY,
        "crs": "OGC:CRS84",
        "tables": {table.name: table.count(city) for table in tables},
        "layers": layer_rows(city, tables),
    }


def layer_rows(city: City, tables: Sequence[Table]) -> list[dict[str, Any]]:
    """Return one row for each table and city layer that it rests on."""
    rows = []
    for table in tables:
        for layer in table.provenance(city):
            zh, en = both(layer.notes) if layer.notes else ("", "")
            rows.append(
                {
                    "table": table.name,
                    "layer": layer.name,
                    "origin": layer.origin.value,
                    "is_synthetic": layer.origin is Origin.SYNTHETIC,
                    "source": layer.source,
                    "licence": layer.licence,
                    "source_version": layer.version,
                    "as_of": layer.as_of,
                    "source_crs": layer.crs,
                    "count": layer.count,
                    "coverage": layer.coverage,
                    "note_zh": zh,
                    "note_en": en,
                    "city": city.id,
                    "city_version": city.version,
                }
            )
    return rows


def labels(city: City, table: Table) -> dict[str, str]:
    """Return the same for one table as short texts, for formats that know only these."""
    layers = table.provenance(city)
    return {
        "city": city.id,
        "city_version": city.version,
        "made_by": MADE_BY,
        "layers": ", ".join(layer.name for layer in layers),
        "origin": ", ".join(sorted({layer.origin.value for layer in layers})),
        "source": "; ".join(dict.fromkeys(layer.source for layer in layers)),
        "licence": "; ".join(dict.fromkeys(layer.licence for layer in layers)),
    }
