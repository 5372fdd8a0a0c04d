"""The city as a data set in the Risk Data Library Standard 0.3 (RDLS): what it holds, of whom.

Only the exposure part is written: the city says what is there and how many. What a hazard does to
it is computed for an event and is not part of the data set.

References
----------
.. [1] Global Facility for Disaster Reduction and Recovery, Risk Data Library Standard 0.3,
   https://docs.riskdatalibrary.org/en/0__3__0/, `schema/rdls_schema.json`.
"""

from __future__ import annotations

from typing import Any

from rencheng.adapters.exports.contents import TABLES
from rencheng.adapters.exports.provenance import MADE_BY
from rencheng.adapters.exports.tables import Table
from rencheng.domain.city import City
from rencheng.domain.provenance import Layer, Origin

Document = dict[str, Any]
SCHEMA = "https://docs.riskdatalibrary.org/en/0__3__0/rdls_schema.json"
# Codelist data_formats.csv and access_modality.csv of the standard.
FORMATS = (
    ("gpkg", "GeoPackage (gpkg)", "One table for each layer and one of provenance"),
    ("geoparquet", "Parquet (parquet)", "A zip with one GeoParquet 1.1 file for each layer"),
    ("csv", "CSV (csv)", "A zip with one table for each layer"),
    ("geojson", "GeoJSON (geojson)", "A zip with one feature collection for each layer"),
)
# Codelists exposure_category.csv, classification_scheme.csv, metric_dimension.csv and, open,
# quantity_kind.csv. `None`: no taxonomy of the list is used.
EXPOSURE: tuple[tuple[str, str, str | None, tuple[tuple[str, str, str], ...]], ...] = (
    ("buildings", "buildings", "HAZUS", (
        ("count", "structure", "count"), ("floor_area_m2", "structure", "area"),
        ("dwellings", "structure", "count"), ("occupants", "population", "count"),
    )),
    ("roads", "infrastructure", None, (("length_m", "structure", "length"),)),
    ("lifelines", "infrastructure", "HAZUS", (
        ("count", "structure", "count"), ("serves", "population", "count"),
    )),
    ("mains", "infrastructure", None, (("length_m", "structure", "length"),)),
    ("facilities", "buildings", "HAZUS", (
        ("count", "structure", "count"), ("beds", "disruption", "count"),
    )),
    ("zones", "population", None, (("population", "population", "count"),)),
)  # fmt: skip
# Codelist license.csv by the names that licences go by here.
LICENCES = {
    "CC0 1.0": "CC0-1.0", "CC0": "CC0-1.0", "CC BY 4.0": "CC-BY-4.0", "CC-BY 4.0": "CC-BY-4.0",
    "CC BY-SA 4.0": "CC-BY-SA-4.0", "ODbL 1.0": "ODbL-1.0", "ODbL": "ODbL-1.0",
}  # fmt: skip


def rdls(city: City, address: str, *, publisher: str = "") -> Document:
    """Return the metadata of a city.

    Parameters
    ----------
    city
        The city.
    address
        Where the data can be had: the server's address, such as `http://127.0.0.1:8000`, or a
        folder's `file:` address. The standard asks for a page or an e-mail of whoever publishes,
        made, and answers for the data set; without a better one it is this.
    publisher
        Who publishes it; empty: the city's first organisation.

    Returns
    -------
    document
        A package with one data set. Layers that are missing are not in it; what was generated says
        so in `details` and in the lineage of its source.
    """
    tables = [TABLES[name] for name, *_ in EXPOSURE if TABLES[name].count(city)]
    layers = {layer.name: layer for table in tables for layer in table.provenance(city)}
    real = [one for one in layers.values() if one.origin is not Origin.MISSING]
    name = publisher or next((one.name_en for one in city.organisations), city.id)
    entity = {"name": name, "url": address}
    dataset: Document = {
        "id": f"urn:rencheng:city:{city.id}:{city.version}",
        "title": f"{city.name.get('en', city.id)}: exposure of the city",
        "description": _description(city, tables),
        "risk_data_type": ["exposure"],
        "version": city.version,
        "purpose": "Estimates of damage, loss of service and needs, before and after a disaster.",
        "details": _details(real),
        "spatial": {"scale": "urban", "bbox": list(city.bbox), "centroid": _centre(city)},
        "license": _licence(real),
        "attributions": [
            {"id": f"attribution_{role}", "entity": entity, "role": role}
            for role in ("publisher", "creator", "contact_point")
        ],
        "sources": [_source(layer) for layer in real],
        "resources": _resources(city, address),
        "exposure": [_exposure(*row) for row in EXPOSURE if TABLES[row[0]].count(city)],
        "links": [{"href": SCHEMA, "rel": "describedby"}],
    }
    empty = [key for key in ("sources", "exposure") if not dataset[key]]
    return {"datasets": [{key: value for key, value in dataset.items() if key not in empty}]}


def _description(city: City, tables: list[Table]) -> str:
    said = ", ".join(f"{table.count(city):,} {table.name}" for table in tables)
    return f"One version of the city {city.id} as {MADE_BY} holds it: {said}. WGS 84."


def _details(layers: list[Layer]) -> str:
    parts = []
    for origin in (Origin.OBSERVED, Origin.DERIVED, Origin.SYNTHETIC):
        names = [layer.name for layer in layers if layer.origin is origin]
        if names:
            parts.append(f"{origin.value}: {', '.join(names)}")
    return f"How layers came to be. {'; '.join(parts) or 'unknown'}. " + (
        "Synthetic layers were generated from a seed and describe no real object."
    )


def _licence(layers: list[Layer]) -> str:
    """Return the one licence of all layers; several together are `Custom`, told by the sources."""
    found = {LICENCES.get(layer.licence, "Custom") for layer in layers}
    return found.pop() if len(found) == 1 else "Custom"


def _source(layer: Layer) -> Document:
    made = "generated from a seed" if layer.origin is Origin.SYNTHETIC else layer.origin.value
    return {
        "id": f"source_{layer.name}",
        "name": layer.source or layer.name,
        "description": f"Layer {layer.name}, version {layer.version or 'unknown'}",
        "lineage": f"{made}; says something in {layer.coverage:.0%} of the zones",
        "type": "model" if layer.origin is Origin.SYNTHETIC else "dataset",
        "component": "exposure",
        "license": LICENCES.get(layer.licence, layer.licence or "Custom"),
    }


def _resources(city: City, address: str) -> list[Document]:
    base = address.rstrip("/")
    files = [
        {
            "id": f"resource_{form}",
            "title": f"{city.id} {city.version}, {title}",
            "description": description,
            "data_format": title,
            "access_modality": "file_download",
            "coordinate_system": "EPSG:4326",
            "download_url": f"{base}/api/v1/city/export?format={form}",
        }
        for form, title, description in FORMATS
    ]
    service = {
        "id": "resource_ogc",
        "title": f"{city.id}, OGC API Features",
        "description": "Every layer as features, read only, after sign-in",
        "data_format": "GeoJSON (geojson)",
        "access_modality": "OGC_API",
        "coordinate_system": "EPSG:4326",
        "access_url": f"{base}/ogc",
    }
    return [*files, service]


def _exposure(
    name: str, category: str, taxonomy: str | None, metrics: tuple[tuple[str, str, str], ...]
) -> Document:
    item: Document = {"id": f"exposure_{name}", "category": category}
    if taxonomy:
        item["taxonomy"] = taxonomy
    item["metrics"] = [
        {"id": f"{name}_{metric}", "dimension": dimension, "quantity_kind": kind}
        for metric, dimension, kind in metrics
    ]
    return item


def _centre(city: City) -> list[float]:
    west, south, east, north = city.bbox
    return [round((west + east) / 2, 6), round((south + north) / 2, 6)]
