"""What a result or a set of assets is, in the Risk Data Library Standard 0.3 (RDLS).

References
----------
.. [1] Global Facility for Disaster Reduction and Recovery, Risk Data Library Standard 0.3,
   https://docs.riskdatalibrary.org/en/0__3__0/, `schema/rdls_schema.json`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.exports.rdls import LICENCES, SCHEMA
from rencheng.domain.curve import Curve
from rencheng.domain.risk import EventHead, EventImpact

Document = dict[str, Any]
FILE = "rdls.json"
# Codelist hazard_type.csv by the names that curves use for hazards.
HAZARDS = {
    "earthquake": "earthquake", "flood": "flood", "wind": "strong_wind", "hurricane": "strong_wind",
    "typhoon": "strong_wind", "tsunami": "tsunami", "volcano": "volcanic", "ash": "volcanic",
    "landslide": "landslide", "wildfire": "wildfire", "surge": "coastal_flood",
}  # fmt: skip
# Codelist metric_dimension.csv by the names of components.
DIMENSIONS = {
    "contents": "content", "interruption": "disruption", "downtime": "disruption",
    "people": "population",
}  # fmt: skip
# Codelist data_formats.csv by the endings of files.
FORMATS = {
    ".csv": "CSV (csv)", ".json": "JSON (json)", ".gpkg": "GeoPackage (gpkg)",
    ".geojson": "GeoJSON (geojson)", ".parquet": "Parquet (parquet)", ".nc": "NetCDF (nc)",
    ".zarr": "Zarr (zarr)", ".h5": "HDF5 (hdf5)", ".hdf5": "HDF5 (hdf5)", ".tif": "GeoTIFF (tif)",
    ".tiff": "GeoTIFF (tif)", ".xml": "XML (xml)",
}  # fmt: skip
# Codelist IMT.csv by measure and unit, where it has them.
MEASURES = {
    ("PGA", "g"): "PGA:g", ("PGA", "cm/s2"): "PGA:gal", ("PGA", "m/s2"): "PGA:m/s2",
    ("PGV", "m/s"): "PGV:m/s", ("PGV", "cm/s"): "PGV:cm/s", ("MMI", "1"): "MMI:-",
    ("water_depth", "m"): "wd:m", ("water_depth", "cm"): "wd:cm", ("flow_speed", "m/s"): "wv:m/s",
    ("depth_above_floor", "m"): "wd_f:m", ("depth_above_floor", "cm"): "wd_f:cm",
    ("gust_3s", "km/h"): "v_ect(3s):km/h", ("ash_thickness", "mm"): "h_vaf:mm",
}  # fmt: skip
PROCESSES = {"earthquake": "ground_motion", "tsunami": "tsunami"}
"""Where a hazard of `HAZARDS` has one process that is meant; for others it must be named."""


def rdls_loss(
    result: EventImpact,
    curves: Sequence[Curve],
    files: Sequence[Path],
    *,
    about: Mapping[str, str],
    place: NDArray[np.float64],
    components: Sequence[str] = ("whole",),
) -> Document:
    """Return the metadata of losses.

    Parameters
    ----------
    result
        What was computed.
    curves
        That it rests on.
    files
        That hold it.
    about
        `publisher` (a name) and `contact` (an address or e-mail) of whoever answers for it, and, if
        known, `licence`, `title` and `id`.
    place
        Of the assets: lon, lat; NaN unknown. [deg] (assets, 2)
    components
        Of the assets.

    Returns
    -------
    document
        A package with one data set. What nobody states is left out or said to be not stated.
    """
    kinds = list(dict.fromkeys(HAZARDS.get(one.hazard, one.hazard) for one in curves))
    known = [kind for kind in kinds if kind in set(HAZARDS.values())]
    metrics = ["economic_loss_value"]
    if result.known_aal == result.known_aal:
        metrics += ["loss_annual_average_value", "loss_probable_maximum_value"]
    losses = [
        {
            "id": f"loss_{hazard}_{part}_{metric}",
            "hazard_type": hazard,
            "asset_category": "buildings",
            "asset_dimension": DIMENSIONS.get(part, "structure"),
            "impact_and_losses": {
                "impact_type": "direct",
                "impact_modelling": "simulated",
                "impact_metric": metric,
                "quantity_kind": "currency",
                "currency": result.currency,
                "loss_type": "ground_up",
                "loss_approach": "empirical",
                "loss_frequency_type": "probabilistic" if len(metrics) > 1 else "deterministic",
            },
            "description": f"All components together: {', '.join(components)}",
        }
        for hazard in known
        for part in dict.fromkeys(DIMENSIONS.get(c, "structure") for c in components)
        for metric in metrics
    ]
    counts = ", ".join(f"{n} {one.name.lower()}" for one, n in result.counts.items())
    partial = "; parts are unknown: totals are at least so much" if result.is_partial else ""
    document = _dataset("loss", files, about, place) | {
        "description": f"Losses to {len(result.names)} events in {result.currency}, prices of "
        f"{result.year}. Assets: {counts}{partial}.",
        "details": "; ".join(f"{name} {version}" for name, version in result.versions.items()),
        "sources": [_source(one) for one in {c.id: c for c in curves}.values()],
        "loss": {"losses": losses},
    }
    return _package(document, ["sources"] if not curves else [])


def rdls_exposure(
    assets: Mapping[str, Any],
    files: Sequence[Path],
    *,
    about: Mapping[str, str],
    place: NDArray[np.float64],
    category: str = "buildings",
    taxonomy: str = "",
) -> Document:
    """Return the metadata of assets; parameters as `rdls_loss`, codes of the standard's lists."""
    values = [str(n) for n in assets if str(n) == "value" or str(n).startswith("value_")]
    item: Document = {
        "id": "exposure_assets",
        "category": category,
        "metrics": [
            {
                "id": f"metric_{name}",
                "dimension": DIMENSIONS.get(name.partition("_")[2], "structure"),
                "quantity_kind": "currency",
            }
            for name in values
        ],
    }
    if taxonomy:
        item["taxonomy"] = taxonomy
    document = _dataset("exposure", files, about, place) | {
        "description": f"{len(place)} assets with their values.",
        "exposure": [item],
    }
    return _package(document)


def rdls_hazard(
    head: EventHead,
    files: Sequence[Path],
    *,
    about: Mapping[str, str],
    hazard: str,
    process: str = "",
) -> Document:
    """Return the metadata of an event set.

    Parameters
    ----------
    head
        Of the set.
    files, about
        As `rdls_loss`.
    hazard
        A name of `HAZARDS` or of the standard's list.
    process
        Code of the list process_type.csv; may be empty for those of `PROCESSES`.

    Raises
    ------
    KeyError
        When the process is neither given nor the only one.
    """
    kind = HAZARDS.get(hazard, hazard)
    is_often = bool(np.isfinite(head.rate).all())
    one: Document = {
        "id": "hazard_1",
        "type": kind,
        "hazard_process": process or PROCESSES[kind],
    }
    code = MEASURES.get((head.measure, head.unit))
    if code:
        one["intensity_measure"] = code
    events: Document = {
        "id": "event_set_1",
        "hazards": [one],
        "analysis_type": "probabilistic" if is_often else "deterministic",
        "calculation_method": "simulated",
        "event_count": len(head.names),
    }
    if is_often:
        events["frequency_distribution"] = "poisson"
    document = _dataset("hazard", files, about, head.place) | {
        "description": f"{len(head.names)} events at {len(head.place)} points: {head.measure} in "
        f"{head.unit}. {head.source}".strip(),
        "hazard": {"event_sets": [events]},
    }
    return _package(document)


def _dataset(
    kind: str, files: Sequence[Path], about: Mapping[str, str], place: NDArray[np.float64]
) -> Document:
    folder = files[0].parent.resolve()
    name = about.get("publisher") or "not stated"
    contact = about.get("contact") or folder.as_uri()
    entity = {"name": name, "email" if "@" in contact else "url": contact}
    known = place[~np.isnan(place).any(axis=1)]
    spatial: Document = {"scale": "urban"}
    if len(known):
        low, high = known.min(axis=0), known.max(axis=0)
        spatial["bbox"] = [float(x) for x in (*low, *high)]
        spatial["centroid"] = [float(x) for x in (low + high) / 2]
    licence = about.get("licence") or ""
    return {
        "id": about.get("id") or f"urn:rencheng:{kind}:{folder.name}",
        "title": about.get("title") or f"{folder.name}: {kind}",
        "risk_data_type": [kind],
        "spatial": spatial,
        "license": LICENCES.get(licence, licence or "Custom"),
        "attributions": [
            {"id": f"attribution_{role}", "entity": entity, "role": role}
            for role in ("publisher", "creator", "contact_point")
        ],
        "resources": [_resource(file) for file in files],
        "links": [{"href": SCHEMA, "rel": "describedby"}],
    }


def _resource(file: Path) -> Document:
    return {
        "id": f"resource_{file.stem}_{file.suffix[1:]}",
        "title": file.name,
        "description": f"File {file.name}",
        "data_format": FORMATS.get(file.suffix.lower(), f"{file.suffix[1:]}"),
        "access_modality": "file_download",
        "coordinate_system": "EPSG:4326",
        "download_url": file.resolve().as_uri(),
    }


def _source(curve: Curve) -> Document:
    return {
        "id": f"source_{curve.id}",
        "name": f"Curve {curve.id}, version {curve.version}",
        "description": curve.source,
        "lineage": f"status {curve.status.value}",
        "type": "dataset",
        "component": "vulnerability",
        "license": LICENCES.get(curve.licence, curve.licence),
    }


def _package(dataset: Document, empty: Sequence[str] = ()) -> Document:
    return {"datasets": [{key: value for key, value in dataset.items() if key not in empty}]}


def write_rdls(document: Document, folder: Path, name: str = FILE) -> Path:
    """Write a document into a folder and return its file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
    file.write_text(text + "\n", encoding="utf-8")
    return file
