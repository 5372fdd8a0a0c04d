"""The definition of `/ogc` in OpenAPI 3.0: every path, every parameter, every answer."""

from __future__ import annotations

from typing import Any

from rencheng import __version__
from rencheng.adapters.exports.contents import MAP_LAYERS
from rencheng.adapters.exports.tables import Table
from rencheng.api.ogc.parameters import CRS84, LIMIT, MAX_LIMIT, queryables
from rencheng.api.ogc.resources import GEOJSON, JSON
from rencheng.api.problems import MEDIA_TYPE

Document = dict[str, Any]


def definition(base: str) -> Document:
    """Return the API definition of the service at an address."""
    paths: Document = {
        "/": _get("landing", "Landing page", JSON),
        "/api": _get("definition", "This definition", JSON),
        "/conformance": _get("conformance", "Conformance classes", JSON),
        "/collections": _get("collections", "The layers of the city", JSON),
    }
    for table in MAP_LAYERS.values():
        path = f"/collections/{table.name}"
        paths[path] = _get(f"{table.name}_collection", f"The layer {table.name}", JSON)
        paths[f"{path}/items"] = _get(
            f"{table.name}_items",
            f"Features of {table.name}",
            GEOJSON,
            [*_ITEMS, *(_filter(table, name) for name in queryables(table))],
        )
        paths[f"{path}/items/{{featureId}}"] = _get(
            f"{table.name}_item",
            f"One feature of {table.name}",
            GEOJSON,
            [_ref("featureId"), _ref("crs")],
        )
    return {
        "openapi": "3.0.3",
        "info": {
            "title": "韧城 Rencheng: OGC API Features",
            "version": __version__,
            "description": "Layers of the served city, read only. Sign in with a bearer token, or "
            "by HTTP Basic with the account's name and a token as the password.",
        },
        "servers": [{"url": base}],
        "security": [{"bearer": []}, {"basic": []}, {"session": []}],
        "paths": paths,
        "components": _COMPONENTS,
    }


def _get(name: str, summary: str, media_type: str, more: list[Document] | None = None) -> Document:
    refusals = {str(status): _ref_answer("Problem") for status in (400, 401, 403, 404, 429, 500)}
    answer = {"description": summary, "content": {media_type: {"schema": {"type": "object"}}}}
    return {
        "get": {
            "operationId": name,
            "summary": summary,
            "parameters": [_ref("f"), *(more or [])],
            "responses": {"200": answer, **refusals},
        }
    }


def _ref(name: str) -> Document:
    return {"$ref": f"#/components/parameters/{name}"}


def _ref_answer(name: str) -> Document:
    return {"$ref": f"#/components/responses/{name}"}


def _filter(table: Table, name: str) -> Document:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": f"Only features of {table.name} whose {name} is this, written as text.",
        "schema": {"type": "string"},
        "style": "form",
        "explode": False,
    }


def _query(name: str, description: str, schema: Document) -> Document:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "schema": schema,
        "style": "form",
        "explode": False,
    }


_ITEMS = [_ref(name) for name in ("limit", "offset", "bbox", "bbox-crs", "crs", "datetime")]
_NUMBERS = {"type": "array", "items": {"type": "number"}}
_COMPONENTS: Document = {
    "parameters": {
        "f": _query("f", "Only `json` is spoken.", {"type": "string", "enum": ["json"]}),
        "limit": _query(
            "limit",
            "Features of a page; more than the maximum is the maximum.",
            {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": LIMIT},
        ),
        "offset": _query(
            "offset",
            "Features before the page; follow the links `next` and `prev`.",
            {"type": "integer", "minimum": 0, "default": 0},
        ),
        "bbox": _query(
            "bbox",
            "West, south, east, north in CRS84, or with heights west, south, lowest, east, north, "
            "highest. West greater than east crosses the 180th meridian.",
            {
                **_NUMBERS,
                "oneOf": [{"minItems": 4, "maxItems": 4}, {"minItems": 6, "maxItems": 6}],
            },
        ),
        **{
            name: _query(
                name,
                "The coordinate system; only CRS84 is spoken.",
                {"type": "string", "enum": [CRS84], "default": CRS84},
            )
            for name in ("crs", "bbox-crs")
        },
        "datetime": _query(
            "datetime",
            "A time or an interval (RFC 3339). No layer has times: every feature is selected.",
            {"type": "string"},
        ),
        "featureId": {
            "name": "featureId",
            "in": "path",
            "required": True,
            "description": "Permanent id of the feature.",
            "schema": {"type": "string"},
        },
    },
    "responses": {
        "Problem": {
            "description": "What is wrong and what to do, in Chinese and English (RFC 9457).",
            "content": {MEDIA_TYPE: {"schema": {"type": "object"}}},
        }
    },
    "securitySchemes": {
        "bearer": {"type": "http", "scheme": "bearer"},
        "basic": {
            "type": "http",
            "scheme": "basic",
            "description": "Name of the account and a token of it as the password.",
        },
        "session": {"type": "apiKey", "in": "cookie", "name": "rencheng_session"},
    },
}
