from __future__ import annotations

import re

import pytest

from rencheng.adapters.cities.downloads import Ask
from rencheng.adapters.cities.downloads.catalogue import Catalogue
from rencheng.adapters.cities.readers import KINDS
from rencheng.domain.city import AGES
from rencheng.domain.errors import InvalidInputError, NotFoundError

ALL = Catalogue().all()


def urls(name: str, **ask) -> list[str]:
    return [item.url.rpartition("/")[2] for item in Catalogue().find(name).plan(Ask(**ask))]


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.name)
def test_every_publisher_states_its_terms_and_that_nobody_tried_it(one):
    assert one.licence
    assert one.citation
    assert one.status == "unverified"
    assert one.reader in KINDS
    assert one.url.startswith("https://")


def test_terrain_tiles_are_named_by_their_south_west_corner():
    assert urls("copernicus", bbox=(-71.5, -30.2, -71.1, -29.8)) == [
        "Copernicus_DSM_COG_10_S31_00_W072_00_DEM.tif",
        "Copernicus_DSM_COG_10_S30_00_W072_00_DEM.tif",
    ]
    assert urls("copernicus", bbox=(0.1, 0.1, 0.9, 0.9)) == [
        "Copernicus_DSM_COG_10_N00_00_E000_00_DEM.tif"
    ]


def test_a_box_over_the_180th_meridian_takes_tiles_of_both_sides():
    found = urls("copernicus", bbox=(179.5, -17.5, -179.5, -17.2))
    assert [re.search(r"[EW]\d{3}", one)[0] for one in found] == ["E179", "W180"]


def test_population_tiles_are_counted_from_the_upper_left_corner():
    # Milan lies in row 4, column 19 of the publisher's own index map.
    assert urls("ghsl", bbox=(9.0, 45.3, 9.4, 45.6)) == [
        "GHS_POP_E2020_GLOBE_R2023A_54009_100_V1_0_R4_C19.zip"
    ]


def test_a_country_is_named_by_its_letters_and_an_extract_by_its_path():
    assert urls("worldpop", region="chl", year=2018) == ["chl_ppp_2018.tif"]
    assert len(urls("worldpop-ages", region="CHL")) == 36
    (item,) = Catalogue().find("osm").plan(Ask(region="south-america/chile"))
    assert item.checksum_url == f"md5 {item.url}.md5"
    assert item.name == "osm/chile-latest.osm.pbf"


def test_the_age_classes_cover_every_group_once():
    ages = Catalogue().find("worldpop-ages")
    groups = dict(part.strip().split(": ") for part in ages.options["age"].split(";"))
    assert tuple(groups) == AGES
    classes = re.findall(r"\*_(\d+)_\*", ages.options["age"])
    assert classes == [p[2:] for p in ages.parts if p.startswith("f_")]


@pytest.mark.parametrize(
    ("name", "ask", "key"),
    [
        ("osm", {}, "download.region"),
        ("osm", {"region": "../../etc/passwd"}, "download.region"),
        ("worldpop", {"region": "Chile"}, "download.region"),
        ("copernicus", {}, "download.no_bbox"),
        ("copernicus", {"bbox": (10, 50, 9, 40)}, "download.bbox"),
        ("copernicus", {"bbox": (float("nan"), 1, 2, 3)}, "download.bbox"),
        ("copernicus", {"bbox": (-179, -89, 179, 89)}, "download.too_many"),
        ("ghsl", {"bbox": (-100, -50, 100, 50)}, "download.too_many"),
    ],
)
def test_a_place_that_cannot_be_planned_is_refused(name, ask, key):
    with pytest.raises(InvalidInputError) as caught:
        Catalogue().find(name).plan(Ask(**ask))
    assert caught.value.key == key


def test_an_unknown_publisher_and_a_broken_file_are_named(tmp_path):
    with pytest.raises(NotFoundError, match="osm"):
        Catalogue().find("nobody")
    (tmp_path / "a.toml").write_text('schema = "rencheng.download/1"\nkind = "region"\n')
    with pytest.raises(InvalidInputError, match="a.toml"):
        Catalogue(tmp_path).all()
