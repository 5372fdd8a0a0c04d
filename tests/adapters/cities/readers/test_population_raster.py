from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pyproj import Geod

from raster_kit import save
from rencheng.adapters.cities.readers import Job, Source
from rencheng.adapters.cities.readers.population_raster import READER, files_of
from rencheng.domain.errors import InvalidInputError


def counts(seed=1) -> np.ndarray:
    drawn = np.random.default_rng(seed).gamma(0.3, 20.0, (60, 50))
    return np.where(drawn > 1, drawn, 0.0).astype(np.float32)


def source(**options) -> Source:
    return Source(id="pop", kind="population_raster", options=options)


def read(file: Path, job: Job | None = None, **options):
    return READER.read(source(**options), file, job or Job())


def keys(given) -> dict[str, int]:
    return {one.key: one.count for one in given.findings}


def test_the_sum_is_kept_exactly_and_empty_cells_are_no_points(tmp_path):
    given = read(save(tmp_path / "a.tif", counts()))
    people = given.people
    assert people.people.sum() == counts().astype(np.float64).sum()
    assert len(people.people) == (counts() > 0).sum() == given.layers[0].count
    assert np.isnan(people.age).all()
    assert given.findings == ()


def test_a_point_stands_in_the_middle_of_its_cell(tmp_path):
    cells = np.zeros((4, 4), np.float32)
    cells[1, 2] = 7
    people = read(save(tmp_path / "a.tif", cells)).people
    assert people.xy.tolist() == [pytest.approx([13.0025, 52.9985])]


def test_negative_cells_are_counted_and_unknown_ones_are_not(tmp_path):
    cells = counts()
    cells[0, 0], cells[5, 5] = -3.0, -200.0
    given = read(save(tmp_path / "a.tif", cells, nodata=-200.0))
    assert keys(given) == {"people_negative": 1}
    assert given.findings[0].places[0] == pytest.approx((13.0005, 52.9995))
    assert (given.people.people > 0).all()


def test_cells_outside_the_box_are_left_out_by_their_centre(tmp_path):
    people = read(
        save(tmp_path / "a.tif", counts()), Job(clip=(13.0101, 52.9601, 13.0199, 52.9799))
    ).people
    assert people.people.sum() == counts()[20:40, 10:20].astype(np.float64).sum()


def test_mollweide_cells_of_ghsl_find_their_place(tmp_path):
    cells = np.zeros((3, 3))
    cells[1, 1] = 12.0
    file = save(
        tmp_path / "a.tif", cells, corner=(-5162000.0, -3703000.0), step=(1000.0, 1000.0),
        crs="ESRI:54009",
    )  # fmt: skip
    given = read(file)
    x, y = given.people.xy[0]
    from pyproj import Transformer

    back = Transformer.from_crs(4326, "ESRI:54009", always_xy=True).transform(x, y)
    assert back == pytest.approx((-5160500.0, -3704500.0), abs=0.01)
    assert given.layers[0].crs == "ESRI:54009"
    assert given.people.people.sum() == 12.0


def test_densities_become_counts_by_the_area_of_each_cell(tmp_path):
    cells = np.full((2, 2), 1000.0)
    people = read(save(tmp_path / "a.tif", cells, step=(0.01, 0.01)), density=True).people
    lon, lat = [13.0, 13.02, 13.02, 13.0], [52.98, 52.98, 53.0, 53.0]
    area = abs(Geod(ellps="WGS84").polygon_area_perimeter(lon, lat)[0]) / 1e6
    assert people.people.sum() == pytest.approx(1000 * area, rel=1e-5)
    flat = save(
        tmp_path / "b.tif", cells, corner=(-5162000.0, -3703000.0), step=(500.0, 500.0),
        crs="ESRI:54009",
    )  # fmt: skip
    assert read(flat, density=True).people.people.sum() == pytest.approx(1000.0, rel=1e-3)


def test_age_groups_come_from_files_and_bands(tmp_path):
    save(tmp_path / "f_0.tif", counts(2))
    save(tmp_path / "m_0.tif", counts(3))
    total = counts(2) + counts(3) + counts(4)
    main = save(tmp_path / "all.tif", total, counts(4))
    options = {"band": 1, "age": "0-14: *_0.tif; 15-64: band 2"}
    given = read(main, **options)
    children, adults, old = given.people.age
    assert np.nansum(children) == pytest.approx((counts(2) + counts(3)).sum(dtype=float), rel=1e-6)
    assert np.nansum(adults) == pytest.approx(counts(4).sum(dtype=float), rel=1e-6)
    assert np.isnan(old).all()
    assert keys(given) == {"people_ages_missing": 1}
    names = [file.name for file in files_of(source(**options), main)]
    assert names == ["all.tif", "f_0.tif", "m_0.tif"]


def test_the_total_may_be_the_sum_of_the_ages_and_must_agree_with_them(tmp_path):
    for i, name in enumerate(("a", "b", "c")):
        save(tmp_path / f"{name}.tif", counts(i))
    groups = {"age": "0-14: a.tif; 15-64: b.tif; 65+: c.tif"}
    summed = read(tmp_path / "a.tif", **groups, total="ages")
    assert summed.people.people.sum() == pytest.approx(np.nansum(summed.people.age))
    assert summed.findings == ()
    assert "people_ages_differ" in keys(read(tmp_path / "a.tif", **groups))


def test_every_fault_of_the_age_option_is_named_at_once(tmp_path):
    file = save(tmp_path / "a.tif", counts())
    with pytest.raises(InvalidInputError) as caught:
        read(file, age="0-5: a.tif; 15-64: gone.tif + ../a.tif")
    assert [(f.key, f.first) for f in caught.value.faults] == [
        ("people.age_group", ("0-5",)),
        ("people.age_file", ("gone.tif",)),
        ("people.age_file", ("../a.tif",)),
    ]


def test_age_files_with_other_cells_are_refused(tmp_path):
    file = save(tmp_path / "a.tif", counts())
    save(tmp_path / "b.tif", counts(), step=(0.002, 0.002))
    with pytest.raises(InvalidInputError) as caught:
        read(file, age="0-14: b.tif")
    assert caught.value.key == "people.cells_differ"


def test_an_empty_box_is_an_error_of_the_data(tmp_path):
    given = read(save(tmp_path / "a.tif", np.zeros((5, 5))))
    assert keys(given) == {"people_none": 1}
    assert given.people.age.shape == (3, 0)
