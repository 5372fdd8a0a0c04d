from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from raster_kit import save
from rencheng.adapters.cities.formats.heights import heights_at
from rencheng.adapters.cities.readers import Job, Source
from rencheng.adapters.cities.readers.terrain import READER
from rencheng.domain.city import Terrain
from rencheng.domain.errors import ConflictError, InvalidInputError, TooMuchError
from shared_data import SHARED


def hill(rows=40, columns=30) -> np.ndarray:
    y, x = np.mgrid[:rows, :columns]
    return (100 + 0.37 * x + 0.21 * y).astype(np.float32)


def read(file: Path, job: Job | None = None, crs="", **options):
    source = Source(id="dem", kind="terrain", crs=crs, options=options)
    return READER.read(source, file, job or Job())


def keys(given) -> dict[str, int]:
    return {one.key: one.count for one in given.findings}


def test_heights_keep_their_own_projection(tmp_path):
    file = save(tmp_path / "a.tif", hill(), corner=(4e5, 5e6), step=(10, 20), crs="EPSG:32633")
    given = read(file)
    terrain = given.terrain
    assert terrain.crs == ("EPSG:32633",)
    assert (terrain.corner.tolist(), terrain.step.tolist()) == ([4e5, 5e6], [10, 20])
    assert np.array_equal(terrain.z, hill())
    assert (given.findings, given.layers[0].count) == ((), 1200)


def test_only_the_citys_box_is_read(tmp_path):
    file = save(tmp_path / "a.tif", hill())
    terrain = read(file, Job(clip=(13.0052, 52.9852, 13.0098, 52.9918))).terrain
    assert terrain.z.shape == (7, 5)
    assert terrain.corner == pytest.approx([13.005, 52.992])
    assert np.array_equal(terrain.z, hill()[8:15, 5:10])


def test_a_raster_that_runs_from_south_to_north_is_turned(tmp_path):
    from rasterio.transform import Affine

    at = Affine(0.001, 0, 13.0, 0, 0.001, 52.96)
    file = save(tmp_path / "a.tif", hill()[::-1], transform=at)
    terrain = read(file, Job(clip=(13.0052, 52.9852, 13.0098, 52.9918))).terrain
    assert np.array_equal(terrain.z, hill()[8:15, 5:10])
    assert terrain.corner == pytest.approx([13.005, 52.992])


@pytest.mark.parametrize(
    ("declared", "options", "key"),
    [(-1.0, {}, None), (None, {"nodata": -1.0}, None), (None, {}, "terrain_nodata")],
)
def test_unknown_heights_are_nan_declared_or_not(tmp_path, declared, options, key):
    z = hill()
    z[3, 4] = -9999.0 if key else -1.0
    given = read(save(tmp_path / "a.tif", z, nodata=declared), **options)
    assert np.argwhere(np.isnan(given.terrain.z)).tolist() == [[3, 4]]
    assert keys(given) == ({key: 1} if key else {}) | {"terrain_unknown": 1}


def test_a_raster_too_large_is_averaged_and_the_step_is_said(tmp_path):
    file = save(tmp_path / "a.tif", hill())
    given = read(file, max_cells=400)
    assert given.terrain.z.shape == (20, 15)
    assert given.terrain.step.tolist() == [0.002, 0.002]
    assert given.terrain.z[0, 0] == pytest.approx(hill()[:2, :2].mean())
    said = next(f for f in given.findings if f.key == "terrain_coarser").text.params
    assert said["factor"] == 2
    assert said["step"] == pytest.approx(222, abs=1)


def test_averaging_does_not_mix_unknown_into_heights(tmp_path):
    z = hill()
    z[0:2, 0] = -32768
    terrain = read(save(tmp_path / "a.tif", z), max_cells=400).terrain
    assert terrain.z[0, 0] == pytest.approx(z[0:2, 1].mean())


def test_a_ragged_edge_is_averaged_over_the_cells_it_has(tmp_path):
    terrain = read(save(tmp_path / "a.tif", hill(41, 31)), max_cells=400).terrain
    assert terrain.z.shape == (21, 16)
    assert np.isfinite(terrain.z).all()


def test_whole_metres_and_surface_models_are_warned_of(tmp_path):
    given = read(save(tmp_path / "a.tif", hill().astype(np.int16)), surface=True)
    assert keys(given) == {"terrain_whole_metres": 1200, "terrain_surface": 1}
    assert {f.severity.value for f in given.findings} == {"warning"}


def test_heights_in_feet_become_metres(tmp_path):
    terrain = read(save(tmp_path / "a.tif", hill()), unit="feet").terrain
    assert terrain.z[0, 0] == pytest.approx(30.48)


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (lambda z: np.full_like(z, np.nan), "terrain_empty"),
        (lambda z: np.full_like(z, 7.5), "terrain_flat"),
        (lambda z: np.where(z > 110, 12000, z), "terrain_impossible"),
        (lambda z: np.where(z > 110, 255, z).astype(np.uint8), "terrain_capped"),
    ],
)
def test_heights_that_cannot_be_are_found(tmp_path, change, key):
    given = read(save(tmp_path / "a.tif", change(hill())))
    assert key in keys(given)


def test_an_impossible_height_is_shown_on_the_map(tmp_path):
    z = hill()
    z[10, 5] = 1e5
    found = next(
        f for f in read(save(tmp_path / "a.tif", z)).findings if f.key == "terrain_impossible"
    )
    assert found.places[0] == pytest.approx((13.0055, 52.9895))


def turned(folder: Path) -> Path:
    from rasterio.transform import Affine

    return save(folder / "a.tif", hill(), transform=Affine(1e-3, 1e-4, 13, 1e-4, -1e-3, 53))


def cut_short(folder: Path) -> Path:
    noise = np.random.default_rng(0).normal(size=(300, 300)).astype(np.float32)
    file = save(folder / "a.tif", noise, compress="deflate")
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    return file


def text(folder: Path) -> Path:
    (folder / "a.tif").write_text("this is no raster")
    return folder / "a.tif"


def virtual(folder: Path) -> Path:
    inner = save(folder / "inner.tif", hill())
    (folder / "a.tif").write_text(
        f'<VRTDataset rasterXSize="30" rasterYSize="40"><VRTRasterBand dataType="Float32" band="1">'
        f"<SimpleSource><SourceFilename>{inner}</SourceFilename></SimpleSource></VRTRasterBand>"
        f"</VRTDataset>"
    )
    return folder / "a.tif"


@pytest.mark.parametrize(
    ("make", "key"),
    [
        (lambda d: save(d / "a.tif", hill(), crs=None), "raster.no_crs"),
        (lambda d: save(d / "a.tif", hill(), hill()), "raster.bands"),
        (lambda d: save(d / "a.tif", hill(), corner=(100.0, 10.0)), "raster.elsewhere"),
        (turned, "raster.turned"),
        (cut_short, "raster.unreadable"),
        (text, "raster.unreadable"),
        (virtual, "raster.unreadable"),
    ],
)
def test_a_raster_that_cannot_be_used_is_refused_by_name(tmp_path, make, key):
    file = make(tmp_path)
    with pytest.raises(InvalidInputError) as caught:
        read(file, Job(clip=(12.9, 52.0, 13.1, 53.1)))
    assert caught.value.key == key
    assert str(tmp_path) not in caught.value.problem


def test_the_recipe_may_say_the_coordinates_and_must_not_contradict_them(tmp_path):
    bare = save(tmp_path / "a.tif", hill(), crs=None)
    assert read(bare, crs="EPSG:4326").terrain.crs == ("EPSG:4326",)
    with pytest.raises(InvalidInputError, match="the file says"):
        read(save(tmp_path / "b.tif", hill()), crs="EPSG:3857")


def test_a_raster_beyond_all_memory_is_refused_before_it_is_read(tmp_path):
    file = save(tmp_path / "a.tif", hill())
    with pytest.raises(TooMuchError) as caught:
        read(file, Job(memory_mb=0.00000001))
    assert caught.value.key == "city.too_big"


def test_reading_can_be_stopped(tmp_path):
    with pytest.raises(ConflictError):
        read(save(tmp_path / "a.tif", hill()), Job(is_stopped=lambda: True))


@pytest.mark.skipif(not SHARED.exists(), reason=f"no shared data: {SHARED} is absent")
def test_porto_alegre_is_warned_of_and_merewether_is_not():
    from rasterio import open as open_file

    file = SHARED / "porto_alegre/poa_elevation.tif"
    given = read(file)
    with open_file(file) as data:
        assert np.array_equal(given.terrain.z, data.read(1))
    assert keys(given) == {"terrain_whole_metres": 413 * 403}
    packed = read(SHARED / "merewether_2007/topography1.zip", crs="EPSG:28356")
    assert packed.terrain.z.shape == (416, 321)
    assert keys(packed) == {"terrain_unknown": 73}


def plane() -> Terrain:
    y, x = np.mgrid[:4, :5]
    return Terrain(
        z=(10 + 2 * x + 3 * y).astype(np.float32),
        corner=np.array([13.0, 53.0]), step=np.array([0.1, 0.1]), crs=("EPSG:4326",),
    )  # fmt: skip


def test_heights_between_cells_are_exact_on_a_plane():
    places = np.array([[13.05, 52.95], [13.1, 52.95], [13.27, 52.81]])
    assert heights_at(plane(), places) == pytest.approx([10.0, 11.0, 10 + 2 * 2.2 + 3 * 1.4])


def test_heights_outside_or_beside_unknown_cells_are_unknown():
    terrain = plane()
    terrain.z[0, 0] = np.nan
    places = [[12.99, 52.9], [13.51, 52.9], [13.06, 52.94], [np.nan, 52.9], [13.15, 52.85]]
    heights = heights_at(terrain, np.array(places))
    assert np.isnan(heights[:4]).all()
    assert heights[4] == pytest.approx(15.0)
    assert np.isnan(heights_at(Terrain.none(), np.array([[1.0, 2.0]]))).all()


def test_tiles_are_read_as_one(tmp_path):
    save(tmp_path / "n.tif", hill()[:17])
    save(tmp_path / "s.tif", hill()[17:], corner=(13.0, 52.983))
    whole = read(save(tmp_path / "whole.tif", hill()), max_cells=400).terrain
    joined = read(tmp_path / "s.tif", also="n*.tif", max_cells=400).terrain
    assert np.allclose(joined.z, whole.z)
    assert joined.corner == pytest.approx(whole.corner)


@pytest.mark.parametrize(
    ("also", "key"), [("gone.tif", "raster.also"), ("off.tif", "raster.apart")]
)
def test_a_tile_that_is_absent_or_off_the_grid_is_refused(tmp_path, also, key):
    file = save(tmp_path / "a.tif", hill())
    save(tmp_path / "off.tif", hill(), corner=(13.0304, 53.0))
    with pytest.raises(InvalidInputError) as caught:
        read(file, also=also)
    assert caught.value.key == key


def test_a_zip_may_hold_one_raster_beside_other_files(tmp_path):
    inner = save(tmp_path / "a.tif", hill())
    with zipfile.ZipFile(tmp_path / "tile.zip", "w") as archive:
        archive.write(inner, "folder/a.tif")
        archive.writestr("folder/a.xml", "<about/>")
    assert np.array_equal(read(tmp_path / "tile.zip").terrain.z, hill())
