"""Tiles, state beside the geometry, and one building."""

from __future__ import annotations

import struct
import warnings
import zlib
from dataclasses import replace

import numpy as np
import pytest

from api_kit import Enter
from rencheng.adapters.tiles.drawing import WORLD_BITS, to_world
from rencheng.api.routes.tiles import TileCache
from rencheng.bootstrap import Brain
from rencheng.domain.city import City, Terrain
from tiny_city import shapes

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import mapbox_vector_tile

ZOOM = 14


def address(
    city: City, layer: str, *, end: str = "mvt", zoom: int = ZOOM, building: int = 0
) -> str:
    x, y = to_world(city.buildings.xy[building : building + 1])[0] >> (WORLD_BITS - zoom)
    return f"tiles/{city.version}/{layer}/{zoom}/{x}/{y}.{end}"


def test_a_tile_is_kept_by_the_browser_and_asked_for_once(enter: Enter, tiny_city: City) -> None:
    client = enter("field")
    answer = client.get(address(tiny_city, "roads"))
    assert answer.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert answer.headers["content-encoding"] == "gzip"
    features = mapbox_vector_tile.decode(answer.content)["roads"]["features"]
    assert {"kind", "name"} == features[0]["properties"].keys()
    again = client.get(
        address(tiny_city, "roads"), headers={"If-None-Match": answer.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    plain = client.get(address(tiny_city, "roads"), headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == answer.content


def test_nothing_there_is_no_content(enter: Enter, tiny_city: City) -> None:
    client = enter("field")
    assert client.get(f"tiles/{tiny_city.version}/zones/14/0/0.mvt").status_code == 204
    assert client.get(address(tiny_city, "buildings", zoom=9)).status_code == 204
    assert client.get(address(tiny_city, "terrain", end="png")).status_code == 204


def test_buildings_too_small_for_the_zoom_are_counted(enter: Enter, tiny_city: City) -> None:
    answer = enter("field").get(address(tiny_city, "buildings", zoom=13))
    assert int(answer.headers["x-left-out"]) > 0


def test_another_version_is_not_served(enter: Enter, tiny_city: City) -> None:
    answer = enter("field").get(address(tiny_city, "roads").replace(tiny_city.version, "old"))
    assert (answer.status_code, answer.json()["key"]) == (404, "tiles.version")


@pytest.mark.parametrize("at", ["19/0/0", "-1/0/0", "3/8/0", "3/0/8", "3/-1/0"])
def test_a_tile_off_the_pyramid_is_refused(enter: Enter, tiny_city: City, at: str) -> None:
    for name in (f"zones/{at}.mvt", f"terrain/{at}.png"):
        answer = enter("field").get(f"tiles/{tiny_city.version}/{name}")
        assert (answer.status_code, answer.json()["key"]) == (422, "tiles.address")


def test_tiles_are_for_those_who_may_read_the_city(enter: Enter, tiny_city: City) -> None:
    assert enter().get(address(tiny_city, "roads")).status_code == 401
    assert enter("nobody").get(address(tiny_city, "roads")).status_code == 403
    assert enter("nobody").get("state/buildings.bin").status_code == 403
    assert enter("nobody").get("city/buildings/0").status_code == 403


def test_the_list_of_tiles_says_zooms_and_what_is_left_out(enter: Enter) -> None:
    told = enter("field").get("tiles").json()
    layers = {one["name"]: one for one in told["layers"]}
    assert (told["version"], told["terrain"]) == ("tiny-1", None)
    assert layers["buildings"]["least_zoom"] == 13
    assert layers["buildings"]["coarse"] == {"13": 2.0, "14": 1.0}
    assert "terrain" not in layers


def test_the_cache_forgets_the_longest_unused_and_the_old_version(tiny_city: City) -> None:
    cache = TileCache(limit=300)
    x, y = (int(v) for v in to_world(tiny_city.buildings.xy[:1])[0] >> (WORLD_BITS - ZOOM))
    first = cache.get(tiny_city, "roads", ZOOM, x, y)
    assert cache.get(tiny_city, "roads", ZOOM, x, y) is first
    for layer in ("zones", "grid", "buildings", "mains"):
        cache.get(tiny_city, layer, ZOOM, x, y)
    assert cache._size <= 300
    assert cache.get(tiny_city, "roads", ZOOM, x, y) is not first
    other = replace(tiny_city, version="tiny-2", roads=replace(tiny_city.roads, shapes=shapes([])))
    assert cache.get(replace(other, roads=tiny_city.roads), "roads", ZOOM, x, y)[0] == first[0]


def test_state_has_a_byte_a_row_and_unknown_is_255(shaken: Brain, enter: Enter) -> None:
    answer = enter("field").get("state/buildings.bin", params={"field": "heavy"})
    magic, form, kind, unknown, count, scale, offset, at = struct.unpack(
        "<4sBBHIffd4x", answer.content[:32]
    )
    assert (magic, form, kind, unknown, count, offset) == (b"RCST", 1, 1, 255, 60, 0.0)
    turn = shaken.turn("live")
    assert turn is not None and turn.impact is not None
    assert at == turn.at.timestamp()
    found = np.frombuffer(answer.content[32:], dtype=np.uint8)
    chance = turn.impact.damage.building_state[:, 3:].sum(axis=1)
    assert np.array_equal(found == 255, np.isnan(chance))
    known = found < 255
    assert np.abs(found[known] * scale - chance[known]).max() <= scale / 2 + 1e-6
    assert answer.headers["x-city-version"] == "tiny-1"
    same = enter("field").get(
        "state/buildings.bin",
        params={"field": "heavy"},
        headers={"If-None-Match": answer.headers["etag"]},
    )
    assert same.status_code == 304


def test_every_field_of_state_can_be_asked_for(shaken: Brain, enter: Enter) -> None:
    client = enter("field")
    assert len(client.get("state/buildings.bin").content) == 32 + 60
    assert len(client.get("state/roads.bin?field=blocked").content) == 32 + 31
    answer = client.get("state/roads.bin?field=heavy")
    assert (answer.status_code, answer.json()["key"]) == (422, "tiles.field")


def test_an_ordinary_day_has_no_state(brain: Brain, enter: Enter) -> None:
    brain.runner.turn("live")
    assert enter("field").get("state/buildings.bin").status_code == 204


def test_a_building_says_what_it_is_and_what_befell_it(shaken: Brain, enter: Enter) -> None:
    client = enter("field")
    told = client.get("city/buildings/7").json()
    assert told["geometry"]["type"] == "Point"
    assert (told["id"], told["properties"]["has_footprint"]) == (7, False)
    assert told["properties"]["height_m"] is None
    assert sum(told["properties"]["state"]) == pytest.approx(1.0, abs=1e-3)
    assert client.get("city/buildings/60").json()["key"] == "city.no_building"
    assert client.get("city/buildings/-1").status_code == 422


def test_heights_stand_in_the_picture(tiny_city: City) -> None:
    z = np.full((40, 40), 1234.5, dtype=np.float32)
    west, south, east, north = tiny_city.bbox
    terrain = Terrain(
        z=z,
        corner=np.array([west, north]),
        step=np.array([(east - west) / 40, (north - south) / 40]),
        crs=("EPSG:4326",),
    )
    cache, city = TileCache(), replace(tiny_city, terrain=terrain)
    x, y = (int(v) for v in to_world(tiny_city.buildings.xy[:1])[0] >> (WORLD_BITS - 14))
    body, _, _ = cache.get(city, "terrain", 14, x, y)
    assert body[:8] == b"\x89PNG\r\n\x1a\n"
    size = int.from_bytes(body[33:37], "big")
    lines = np.frombuffer(zlib.decompress(body[41 : 41 + size]), np.uint8).reshape(256, -1)
    pixels = np.cumsum(lines[:, 1:].reshape(256, 256, 3), axis=1, dtype=np.uint8).astype(int)
    heights = -10_000 + 0.1 * (pixels[..., 0] * 65536 + pixels[..., 1] * 256 + pixels[..., 2])
    assert np.abs(heights - 1234.5).max() < 0.051
