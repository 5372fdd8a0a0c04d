"""The paths of `/ogc`. They describe themselves at `/ogc/api`, not in the console's schema."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import APIRouter, Response
from starlette.requests import Request

from rencheng.api.ogc import resources
from rencheng.api.ogc.definition import definition
from rencheng.api.ogc.parameters import CRS84, asked, nothing_but_format, nothing_but_how
from rencheng.api.ogc.resources import GEOJSON, JSON, OPENAPI, PREFIX, base_of, index_of, table_of
from rencheng.api.security import ActorDep, BrainDep, needs
from rencheng.domain.errors import NotFoundError
from rencheng.domain.identity import Permission

router = APIRouter(prefix=PREFIX, include_in_schema=False)
HEADERS = {"Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie"}


@router.get("")
@router.get("/")
@needs(Permission.CITY_READ)
def landing(request: Request, brain: BrainDep) -> Response:
    """Return the landing page."""
    nothing_but_format(request.query_params)
    return _answer(resources.landing(base_of(request), brain.house.cities.current()))


@router.get("/api")
@needs(Permission.CITY_READ)
def describe(request: Request) -> Response:
    """Return the API definition."""
    nothing_but_format(request.query_params)
    return _answer(definition(base_of(request)), OPENAPI)


@router.get("/conformance")
@needs(Permission.CITY_READ)
def conformance(request: Request) -> Response:
    """Return the conformance classes."""
    nothing_but_format(request.query_params)
    return _answer(resources.conformance())


@router.get("/collections")
@needs(Permission.CITY_READ)
def collections(request: Request, brain: BrainDep, actor: ActorDep) -> Response:
    """Return every layer."""
    nothing_but_format(request.query_params)
    city = brain.house.cities.current()
    return _answer(resources.collections(base_of(request), city, actor))


@router.get("/collections/{collection}")
@needs(Permission.CITY_READ)
def collection(collection: str, request: Request, brain: BrainDep, actor: ActorDep) -> Response:
    """Return one layer."""
    table = table_of(collection)
    nothing_but_format(request.query_params)
    index = index_of(table, brain.house.cities.current(), actor)
    return _answer(resources.collection(base_of(request), index))


@router.get("/collections/{collection}/items")
@needs(Permission.CITY_READ)
def items(collection: str, request: Request, brain: BrainDep, actor: ActorDep) -> Response:
    """Return a page of features."""
    table = table_of(collection)
    wanted = asked(request.query_params, table)
    index = index_of(table, brain.house.cities.current(), actor)
    query = request.query_params.multi_items()
    return _answer(resources.page(base_of(request), index, wanted, query), GEOJSON)


@router.get("/collections/{collection}/items/{feature:path}")
@needs(Permission.CITY_READ)
def item(
    collection: str, feature: str, request: Request, brain: BrainDep, actor: ActorDep
) -> Response:
    """Return one feature."""
    table = table_of(collection)
    nothing_but_how(request.query_params)
    index = index_of(table, brain.house.cities.current(), actor)
    return _answer(resources.single(base_of(request), index, feature), GEOJSON)


@router.get("/{path:path}")
@needs(Permission.CITY_READ)
def nothing(path: str) -> Response:
    """Say that there is nothing, where the front end would answer otherwise."""
    raise NotFoundError(
        "http.not_found", f"there is nothing at {PREFIX}/{path}", hint=f"Start at {PREFIX}"
    )


def _answer(document: dict[str, Any], media_type: str = JSON) -> Response:
    headers = HEADERS | ({"Content-Crs": f"<{CRS84}>"} if media_type == GEOJSON else {})
    return Response(msgspec.json.encode(document), headers=headers, media_type=media_type)
