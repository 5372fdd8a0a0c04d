"""Scenes over the tiny city, from files to shares by cell."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

import scene_kit
from rencheng.adapters.scenes import Look, Wanted, look_at, map_water
from rencheng.domain.city import City
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.provenance import Mode, Origin
from rencheng.domain.scene import SceneKind, WaterMap
from rencheng.service.scenes import cell_m2, on_cells, on_zones, totals

BEFORE, AFTER = datetime(2015, 9, 5, 10, tzinfo=UTC), datetime(2015, 9, 17, 10, tzinfo=UTC)
WANTED = Wanted(run="live", mode=Mode.LIVE, received=AFTER + timedelta(hours=3), source="test")


def looks(folder: Path, kind: SceneKind = SceneKind.RADAR, **bands: str) -> tuple[Look, Look]:
    """Write a pair of scenes and find their bands."""
    make = scene_kit.radar if kind is SceneKind.RADAR else scene_kit.optical
    files = [make(folder / f"{wet}.tif", is_flooded=wet) for wet in (True, False)]
    times = (AFTER, BEFORE)
    after, before = (
        look_at(file, kind, taken=time, bands=bands)
        for file, time in zip(files, times, strict=True)
    )
    return after, before


def made(city: City, folder: Path) -> WaterMap:
    return map_water(city, *looks(folder), WANTED)


def test_the_flooded_zone_is_found_and_no_other(tiny_city: City, tmp_path: Path) -> None:
    found = made(tiny_city, tmp_path)
    assert on_zones(tiny_city, found) == pytest.approx([0, 1, 0, 0, 0, 0], abs=0.05)
    share = on_cells(tiny_city, found, found.flooded)
    is_wet = tiny_city.grid.zone == 1
    assert (share[is_wet] > 0.95).all()
    assert (share[~is_wet] < 0.05).all()
    assert min(found.confidence) > 0.9
    assert min(found.seen) == pytest.approx(1.0)


def test_the_sea_is_water_but_not_flooded(tiny_city: City, tmp_path: Path) -> None:
    found = made(tiny_city, tmp_path)
    wet = on_cells(tiny_city, found, found.water)
    # The westernmost cells reach from 0 to 0.5 zones, the sea to 0.25.
    first = np.argsort(tiny_city.grid.centre[:, 0])[:4]
    assert wet[first] == pytest.approx(0.5, abs=0.05)


def test_totals_add_up_to_the_zone(tiny_city: City, tmp_path: Path) -> None:
    found = totals(tiny_city, made(tiny_city, tmp_path))
    zone = cell_m2(tiny_city)[tiny_city.grid.zone == 1].sum() / 1e6
    assert zone == pytest.approx(0.25, rel=0.02)
    assert found.flooded_km2 == pytest.approx(zone, rel=0.06)
    assert found.people == pytest.approx(100.0, rel=0.1)
    assert found.seen == 1.0


def test_decibels_and_power_say_the_same(tiny_city: City, tmp_path: Path) -> None:
    import rasterio

    after, before = looks(tmp_path)
    in_db = {}
    for name, look in (("after", after), ("before", before)):
        file = look.bands["radar"][0]
        with rasterio.open(file) as data:
            values = 10 * np.log10(data.read(1))
        turned = scene_kit.save(
            tmp_path / f"{name}-db.tif", values,
            corner=scene_kit.CORNER, step=(scene_kit.PIXEL, scene_kit.PIXEL),
        )  # fmt: skip
        in_db[name] = look_at(turned, SceneKind.RADAR, taken=look.taken)
    one = map_water(tiny_city, after, before, WANTED)
    other = map_water(tiny_city, in_db["after"], in_db["before"], WANTED)
    assert other.flooded == pytest.approx(one.flooded, abs=1e-4)


def test_optical_scenes_leave_clouds_out(tiny_city: City, tmp_path: Path) -> None:
    x, y = scene_kit.places()
    clouds = (x > 1) & (y > 1)
    after = scene_kit.optical(tmp_path / "after.tif", is_flooded=True, clouds=clouds)
    before = scene_kit.optical(tmp_path / "before.tif", is_flooded=False)
    bands = {"green": "1", "infrared": "2", "clouds": "3"}
    pair = [
        look_at(file, SceneKind.OPTICAL, taken=time, bands=bands)
        for file, time in ((after, AFTER), (before, BEFORE))
    ]
    found = map_water(tiny_city, *pair, WANTED)
    zones = on_zones(tiny_city, found)
    assert zones[:4] == pytest.approx([0, 1, 0, 0], abs=0.02)
    assert np.isnan(zones[4:]).all()
    assert totals(tiny_city, found).seen == pytest.approx(16 / 24, abs=0.01)


@pytest.mark.filterwarnings("ignore:Use `@` matmul:PendingDeprecationWarning")  # inside rasterio
def test_another_projection_of_the_earlier_scene_is_laid_on_the_later_one(
    tiny_city: City, tmp_path: Path
) -> None:
    import rasterio
    from rasterio.warp import calculate_default_transform, reproject

    after, before = looks(tmp_path)
    file = before.bands["radar"][0]
    with rasterio.open(file) as data:
        at, width, height = calculate_default_transform(
            data.crs, "EPSG:32719", data.width, data.height, *data.bounds
        )
        turned = np.zeros((height, width), dtype=np.float32)
        reproject(
            data.read(1), turned, src_transform=data.transform, src_crs=data.crs,
            dst_transform=at, dst_crs="EPSG:32719", dst_nodata=0,
        )  # fmt: skip
    other = scene_kit.save(tmp_path / "utm.tif", turned, crs="EPSG:32719", transform=at, nodata=0)
    found = map_water(tiny_city, after, look_at(other, SceneKind.RADAR, taken=BEFORE), WANTED)
    assert on_zones(tiny_city, found) == pytest.approx([0, 1, 0, 0, 0, 0], abs=0.05)


def test_a_stac_item_brings_time_licence_and_bands(tiny_city: City, tmp_path: Path) -> None:
    scene_kit.radar(tmp_path / "vv.tif", is_flooded=True)
    item = scene_kit.item(
        tmp_path / "S1A_1.json", "2015-09-17T10:00:00Z", {"vv": {"href": "./vv.tif"}},
        license="CC-BY-4.0", platform="sentinel-1a",
    )  # fmt: skip
    look = look_at(item, SceneKind.RADAR)
    assert (look.name, look.taken, look.licence) == ("S1A_1", AFTER, "CC-BY-4.0")
    before = look_at(
        scene_kit.radar(tmp_path / "old.tif", is_flooded=False), SceneKind.RADAR, taken=BEFORE
    )
    found = map_water(tiny_city, look, before, WANTED)
    assert (found.scene, found.licence, found.origin) == ("S1A_1", "CC-BY-4.0", Origin.OBSERVED)
    assert found.footprint[0] == found.footprint[-1]


@pytest.mark.parametrize(
    ("assets", "key"),
    [
        ({"vv": {"href": "https://host/vv.tif"}}, "scene.remote"),
        ({"vv": {"href": "//host/vv.tif"}}, "scene.remote"),
        ({"vv": {"href": "gone.tif"}}, "scene.no_file"),
        ({"thumbnail": {"href": "a.png"}}, "scene.no_band"),
        ({"vv": {}}, "scene.no_asset"),
    ],
)
def test_an_item_that_cannot_be_used_says_why(
    tmp_path: Path, assets: dict[str, object], key: str
) -> None:
    item = scene_kit.item(tmp_path / "a.json", "2015-09-17T10:00:00Z", assets)
    with pytest.raises(InvalidInputError) as caught:
        look_at(item, SceneKind.RADAR)
    assert caught.value.key == key


@pytest.mark.parametrize("text", ["[1, 2]", "{", json.dumps({"type": "Catalog"})])
def test_what_is_no_item_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "a.json"
    file.write_text(text)
    with pytest.raises(InvalidInputError) as caught:
        look_at(file, SceneKind.RADAR)
    assert caught.value.key == "scene.no_item"


def test_scenes_that_do_not_fit_each_other_are_refused(tiny_city: City, tmp_path: Path) -> None:
    after, before = looks(tmp_path)
    with pytest.raises(InvalidInputError) as caught:
        map_water(tiny_city, before, after, WANTED)
    assert caught.value.key == "scene.order"
    green = looks(tmp_path, SceneKind.OPTICAL, green="1", infrared="2")[1]
    with pytest.raises(InvalidInputError) as caught:
        map_water(tiny_city, after, green, WANTED)
    assert caught.value.key == "scene.kinds"


def test_a_scene_elsewhere_is_not_called_dry(tiny_city: City, tmp_path: Path) -> None:
    away = scene_kit.save(
        tmp_path / "away.tif", np.ones((50, 50), dtype=np.float32), corner=(13.0, 53.0)
    )
    look = look_at(away, SceneKind.RADAR, taken=AFTER)
    with pytest.raises(InvalidInputError) as caught:
        map_water(tiny_city, look, looks(tmp_path)[1], WANTED)
    assert caught.value.key == "scene.outside"


def test_a_cell_that_the_scene_cuts_in_two_is_not_seen_whole(
    tiny_city: City, tmp_path: Path
) -> None:
    import rasterio

    after, before = looks(tmp_path)
    with rasterio.open(after.bands["radar"][0]) as data:
        values = data.read(1)
    # The scene ends 0.1 zones (a fifth of a cell) into the second column of zones.
    columns = round((0.8 + 1.1) * 100)
    cut = scene_kit.save(
        tmp_path / "cut.tif", values[:, :columns],
        corner=scene_kit.CORNER, step=(scene_kit.PIXEL, scene_kit.PIXEL),
    )  # fmt: skip
    found = map_water(tiny_city, look_at(cut, SceneKind.RADAR, taken=AFTER), before, WANTED)
    assert sorted(set(np.round(found.seen, 1))) == [0.2, 1.0]
    assert np.isnan(on_zones(tiny_city, found)[1])
    assert max(lon for lon, _ in found.footprint) == pytest.approx(
        tiny_city.bbox[0] + 1.1 * scene_kit.STEP_LON, abs=1e-6
    )


def test_a_picture_without_a_time_or_a_place_is_refused(tiny_city: City, tmp_path: Path) -> None:
    file = scene_kit.radar(tmp_path / "a.tif", is_flooded=True)
    with pytest.raises(InvalidInputError) as caught:
        look_at(file, SceneKind.RADAR)
    assert caught.value.key == "scene.no_time"
    (tmp_path / "cut.tif").write_bytes(file.read_bytes()[:2000])
    cut = look_at(tmp_path / "cut.tif", SceneKind.RADAR, taken=AFTER)
    with pytest.raises(InvalidInputError) as caught:
        map_water(tiny_city, cut, looks(tmp_path)[1], WANTED)
    assert caught.value.key == "scene.unreadable"
