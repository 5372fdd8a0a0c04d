"""The documents of OGC API Features: landing page, conformance, collections, pages of features."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

import numpy as np
from starlette.requests import Request

from rencheng.adapters.exports.contents import MAP_LAYERS, SENSORS
from rencheng.adapters.exports.features import features
from rencheng.adapters.exports.provenance import layer_rows
from rencheng.adapters.exports.tables import Rows, Table
from rencheng.adapters.words import both
from rencheng.api.ogc.index import IndexCache, LayerIndex
from rencheng.api.ogc.parameters import CRS84, Asked
from rencheng.domain.city import City
from rencheng.domain.errors import NotFoundError
from rencheng.domain.identity import Actor
from rencheng.domain.provenance import Text
from rencheng.service.ownership import assets_hidden

PREFIX = "/ogc"
JSON, GEOJSON = "application/json", "application/geo+json"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
CONFORMS_TO = tuple(
    f"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/{name}"
    for name in ("core", "geojson", "oas30")
)
Document = dict[str, Any]
INDEXES = IndexCache()


def base_of(request: Request) -> str:
    """Return the address of the service as the client sees it."""
    return f"{str(request.base_url).rstrip('/')}{PREFIX}"


def table_of(collection: str) -> Table:
    """Return the layer that a collection is."""
    if collection not in MAP_LAYERS:
        raise NotFoundError(
            "ogc.no_collection",
            f"no collection {collection!r}",
            hint="Look at /ogc/collections",
            params={"collection": collection[:80]},
        )
    return MAP_LAYERS[collection]


def index_of(table: Table, city: City, actor: Actor) -> LayerIndex:
    """Return the index of what the actor may see of a layer; only sensors depend on it."""
    if table.name != SENSORS.name:
        return INDEXES.get(table, city)
    hidden = assets_hidden(actor, city)
    seen = tuple(one for one in city.datastreams if one.id not in hidden)
    return LayerIndex.of(table, replace(city, datastreams=seen))


def landing(base: str, city: City) -> Document:
    """Return the landing page."""
    return {
        "title": f"{city.name.get('zh-CN', city.id)} {city.name.get('en', city.id)}",
        "description": _both("ogc.landing"),
        "links": [
            _link(f"{base}/", "self", JSON, "this document"),
            _link(f"{base}/api", "service-desc", OPENAPI, "the API definition"),
            _link(f"{base}/conformance", "conformance", JSON, "what the service conforms to"),
            _link(f"{base}/collections", "data", JSON, "the layers"),
        ],
    }


def conformance() -> Document:
    """Return the conformance classes."""
    return {"conformsTo": list(CONFORMS_TO)}


def collections(base: str, city: City, actor: Actor) -> Document:
    """Return every layer."""
    return {
        "links": [_link(f"{base}/collections", "self", JSON, "this document")],
        "collections": [
            collection(base, index_of(table, city, actor)) for table in MAP_LAYERS.values()
        ],
    }


def collection(base: str, index: LayerIndex) -> Document:
    """Return what a layer is, and where its data come from."""
    name, city = index.table.name, index.city
    address = f"{base}/collections/{name}"
    document: Document = {
        "id": name,
        "title": _both(f"ogc.collection.{name}"),
        "description": _described(index),
        "itemType": "feature",
        "crs": [CRS84],
        "storageCrs": CRS84,
        "links": [
            _link(address, "self", JSON, "this document"),
            _link(f"{address}/items", "items", GEOJSON, "the features"),
        ],
        "cityVersion": city.version,
        "provenance": layer_rows(city, [index.table]),
    }
    if index.extent:
        document["extent"] = {"spatial": {"bbox": [list(index.extent)], "crs": CRS84}}
    return document


def matching(index: LayerIndex, asked: Asked) -> Rows:
    """Return the rows that are asked for, in the layer's order."""
    rows = index.within(asked.box) if asked.box else index.table.all_rows(index.city)
    for name, wanted in asked.filters.items():
        column = index.table.column(name)
        if column is not None:
            rows = column.matching(index.city, rows, wanted)
    return rows


def page(base: str, index: LayerIndex, asked: Asked, query: list[tuple[str, str]]) -> Document:
    """Return one page of features.

    Parameters
    ----------
    query
        The request's parameters, which the links repeat.
    """
    rows = matching(index, asked)
    part = rows[asked.offset : asked.offset + asked.limit]
    address = f"{base}/collections/{index.table.name}"
    rest = [(name, value) for name, value in query if name != "offset"]

    def at(offset: int, relation: str) -> Document:
        parameters = [*rest, ("offset", str(offset))] if offset else rest
        text = f"?{urlencode(parameters)}" if parameters else ""
        return _link(f"{address}/items{text}", relation, GEOJSON, relation)

    links = [at(asked.offset, "self"), _link(address, "collection", JSON, "the layer")]
    if asked.offset + part.size < rows.size and part.size:
        links.append(at(asked.offset + asked.limit, "next"))
    if asked.offset:
        links.append(at(max(0, min(asked.offset, rows.size) - asked.limit), "prev"))
    return {
        "type": "FeatureCollection",
        "timeStamp": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "numberMatched": int(rows.size),
        "numberReturned": int(part.size),
        "links": links,
        "features": features(index.table, index.city, part, index.ids.names(part), index.kind),
    }


def single(base: str, index: LayerIndex, feature: str) -> Document:
    """Return one feature.

    Raises
    ------
    NotFoundError
        When the layer has none of this id.
    """
    row = index.ids.row(feature)
    if row is None:
        raise NotFoundError(
            "ogc.no_feature",
            f"the collection {index.table.name} has no feature {feature!r}",
            hint="Look at the collection's items",
            params={"collection": index.table.name, "feature": feature[:80]},
        )
    rows = np.array([row], dtype=np.int64)
    address = f"{base}/collections/{index.table.name}"
    (document,) = features(index.table, index.city, rows, index.ids.names(rows), index.kind)
    document["links"] = [
        _link(f"{address}/items/{quote(feature, safe='')}", "self", GEOJSON, "this feature"),
        _link(address, "collection", JSON, "the layer"),
    ]
    return document


def _described(index: LayerIndex) -> str:
    layers = index.table.provenance(index.city)
    origins = dict.fromkeys(both(Text(f"cli.city.origin.{one.origin.value}")) for one in layers)
    sources = "; ".join(dict.fromkeys(f"{one.source} ({one.licence})" for one in layers))
    said = ", ".join(f"{zh} {en}" for zh, en in origins)
    return f"{said}. {sources}" if layers else ""


def _both(key: str) -> str:
    zh, en = both(Text(key))
    return f"{zh} {en}"


def _link(href: str, relation: str, media_type: str, title: str) -> Document:
    return {"href": href, "rel": relation, "type": media_type, "title": title}
