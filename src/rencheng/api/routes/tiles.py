"""The map's tiles, which change with the city's version only."""

from __future__ import annotations

import gzip
from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Response
from starlette.requests import Request

from rencheng.adapters.tiles import PLANS, CityTiles, Relief
from rencheng.api.security import BrainDep, needs
from rencheng.api.shapes.tiles import TileLayerOut, TilesOut
from rencheng.bootstrap import Brain
from rencheng.domain.city import City
from rencheng.domain.errors import InvalidInputError, NotFoundError
from rencheng.domain.identity import Permission

router = APIRouter(tags=["tiles"])
LayerName = Literal[
    "zones", "grid", "buildings", "roads", "mains", "facilities", "lifelines", "stops"
]
MOST_ZOOM = 18
TERRAIN_LEAST, TERRAIN_MOST = 6, 14
CACHE_BYTES = 64 * 1024 * 1024
"""Zipped tiles kept. No source: our choice."""
FOREVER = "private, max-age=31536000, immutable"
VECTOR, PICTURE = "application/vnd.mapbox-vector-tile", "image/png"
Kept = tuple[bytes, int, int]
"""Body as sent, features drawn, features left out."""


@dataclass(slots=True)
class TileCache:
    """Tiles of the served version as they are sent, the longest unused forgotten first."""

    limit: int = CACHE_BYTES
    _tiles: CityTiles | None = None
    _relief: Relief | None = None
    _kept: OrderedDict[tuple[str, int, int, int], Kept] = field(default_factory=OrderedDict)
    _size: int = 0
    _lock: Lock = field(default_factory=Lock)

    def get(self, city: City, layer: str, zoom: int, x: int, y: int) -> Kept:
        """Return a tile of a layer, zipped, or of `terrain`, as PNG; empty when it has nothing."""
        key = (layer, zoom, x, y)
        with self._lock:
            if self._tiles is None or self._tiles.city.zones is not city.zones:
                self._tiles, self._relief = CityTiles(city), Relief(city.terrain)
                self._kept.clear()
                self._size = 0
            tiles, relief = self._tiles, self._relief
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        if layer == "terrain":
            made = (relief.tile(zoom, x, y) if relief else b"", 0, 0)
        else:
            tile = tiles.tile(layer, zoom, x, y)
            body = gzip.compress(tile.body, 1, mtime=0) if tile.body else b""
            made = (body, tile.drawn, tile.left_out)
        with self._lock:
            if self._tiles is tiles and key not in self._kept:
                self._kept[key] = made
                self._size += len(made[0])
                while self._size > self.limit:
                    _, (dropped, _, _) = self._kept.popitem(last=False)
                    self._size -= len(dropped)
        return made


TILES = TileCache()


def warm_up(brain: Brain) -> None:
    """Compile the encoder and index the roads before somebody waits for them."""
    TILES.get(brain.house.cities.current(), "roads", 0, 0, 0)


@router.get("/tiles")
@needs(Permission.CITY_READ)
def show(brain: BrainDep) -> TilesOut:
    """Return which tiles there are: version, zooms of each layer, extent of the terrain."""
    city = brain.house.cities.current()
    layers = [
        TileLayerOut(
            name=name,
            least_zoom=plan.least_zoom,
            most_zoom=plan.most_zoom,
            coarse={str(zoom): size for zoom, size in plan.coarse.items()},
        )
        for name, plan in PLANS.items()
    ]
    bounds = Relief(city.terrain).bounds()
    if bounds is not None:
        layers.append(
            TileLayerOut(
                name="terrain", least_zoom=TERRAIN_LEAST, most_zoom=TERRAIN_MOST, coarse={}
            )
        )
    return TilesOut(version=city.version, layers=layers, terrain=bounds)


VersionPath = Annotated[str, Path(max_length=100, description="Version of the city.")]


@router.get("/tiles/{version}/terrain/{z}/{x}/{y}.png", response_class=Response)
@needs(Permission.CITY_READ)
def terrain(
    version: VersionPath, z: int, x: int, y: int, request: Request, brain: BrainDep
) -> Response:
    """Return heights as Mapbox Terrain-RGB: height = -10000 + 0.1 × (65536 R + 256 G + B) [m].

    256 × 256 pixels; zoom 6 to 14. No content where no height is known; a pixel without a height
    in a tile that has some fades from the nearest known one to the city's median.
    """
    city = _city(brain, version)
    _must_exist(z, x, y)
    is_made = TERRAIN_LEAST <= z <= TERRAIN_MOST
    return _answer(request, city, "terrain", (z, x, y), PICTURE if is_made else "")


@router.get("/tiles/{version}/{layer}/{z}/{x}/{y}.mvt", response_class=Response)
@needs(Permission.CITY_READ)
def vector(
    version: VersionPath,
    layer: LayerName,
    z: int,
    x: int,
    y: int,
    request: Request,
    brain: BrainDep,
) -> Response:
    """Return a Mapbox Vector Tile 2.1 of one layer; a feature's id is its row.

    No content where the layer has nothing there, or is not drawn at this zoom (`GET /tiles` says
    which are). `X-Left-Out` counts the features that are too small to be seen at this zoom.
    """
    city = _city(brain, version)
    _must_exist(z, x, y)
    return _answer(request, city, layer, (z, x, y), VECTOR)


def _city(brain: BrainDep, version: str) -> City:
    city = brain.house.cities.current()
    if version != city.version:
        raise NotFoundError(
            "tiles.version",
            f"version {version!r} of the city is not served",
            hint="Ask `GET /city` for the version",
            params={"version": version},
        )
    return city


def _must_exist(zoom: int, x: int, y: int) -> None:
    if not (0 <= zoom <= MOST_ZOOM and 0 <= x < 1 << zoom and 0 <= y < 1 << zoom):
        raise InvalidInputError(
            "tiles.address",
            f"there is no tile {zoom}/{x}/{y}",
            hint=f"Zooms are 0 to {MOST_ZOOM}; column and row less than 2 to the zoom",
            params={"zoom": zoom, "x": x, "y": y, "most": MOST_ZOOM},
        )


def _answer(
    request: Request, city: City, layer: str, at: tuple[int, int, int], media_type: str
) -> Response:
    """Return a tile with headers by which a browser keeps it for ever, or no content."""
    tag = f'"{city.version}-{layer}-{at[0]}-{at[1]}-{at[2]}"'
    headers = {"ETag": tag, "Cache-Control": FOREVER, "Vary": "Accept-Encoding"}
    if tag in request.headers.get("If-None-Match", ""):
        return Response(status_code=304, headers=headers)
    body, _, left_out = TILES.get(city, layer, *at) if media_type else (b"", 0, 0)
    if left_out:
        headers["X-Left-Out"] = str(left_out)
    if not body:
        return Response(status_code=204, headers=headers)
    if media_type == VECTOR:
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            headers["Content-Encoding"] = "gzip"
        else:
            body = gzip.decompress(body)
    return Response(body, headers=headers, media_type=media_type)
