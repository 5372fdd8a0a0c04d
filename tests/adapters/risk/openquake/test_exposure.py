"""OpenQuake's exposure: every kind of cost, inside XML, beside it or in a zip; or refused."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from openquake_kit import ASSETS, EXPOSURE, INLINE, files
from rencheng.adapters.risk.openquake.exposure import Exposure, read_exposure
from rencheng.domain.errors import InvalidInputError


def from_csv(folder: Path, assets: str = ASSETS, exposure: str = EXPOSURE) -> Exposure:
    return read_exposure(files(folder, exposure_xml=exposure, assets_csv=assets) / "exposure.xml")


def refused(folder: Path, assets: str = ASSETS, exposure: str = EXPOSURE) -> set[str]:
    with pytest.raises(InvalidInputError) as error:
        from_csv(folder, assets, exposure)
    return {fault.key.removeprefix("openquake.") for fault in error.value.faults}


def test_costs_are_brought_to_the_whole_asset(tmp_path: Path) -> None:
    found = from_csv(tmp_path)
    assert found.value["structural"].tolist() == [3 * 50 * 2, 1 * 100 * 1]
    assert found.value["contents"].tolist() == [14, 5]
    assert found.area.tolist() == [100, 100]


def test_an_aggregated_area_is_not_multiplied(tmp_path: Path) -> None:
    said = EXPOSURE.replace('<area type="per_asset"', '<area type="aggregated"')
    assert from_csv(tmp_path, exposure=said).value["structural"].tolist() == [150, 100]


def test_people_are_counted_by_period_under_the_names_of_the_file(tmp_path: Path) -> None:
    found = from_csv(tmp_path)
    night, mean = found.amount("occupants", "night"), found.amount("occupants")
    assert night is not None and night.tolist() == [8, 2]
    assert mean is not None and mean.tolist() == [6, 1]
    assert found.amount("residents") is None


def test_an_asset_without_a_tag_has_a_question_mark(tmp_path: Path) -> None:
    assert from_csv(tmp_path).tag["district"].tolist() == ["north", "?"]


def test_relative_deductibles_are_of_the_value(tmp_path: Path) -> None:
    found = read_exposure(files(tmp_path, inside_xml=INLINE) / "inside.xml")
    assert found.deductible["structural"].tolist() == [10.0]
    assert found.limit["structural"].tolist() == [50.0]
    assert found.layout.periods == ("day",)


def test_a_zip_holds_the_same_as_its_folder(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("exposure.xml", EXPOSURE)
        archive.writestr("assets.csv", ASSETS)
    packed, loose = read_exposure(tmp_path / "all.zip"), from_csv(tmp_path)
    np.testing.assert_array_equal(packed.lonlat, loose.lonlat)
    assert packed.value["structural"].tolist() == loose.value["structural"].tolist()


@pytest.mark.parametrize(
    ("change", "to", "said"),
    [
        ("a,10.0", "a,ten", "number"),
        ("a,10.0,45.0", "a,10.0,95.0", "place"),
        ("b,10.1", "a,10.1", "double"),
        ("brick,2,", "brick,-2,", "negative"),
        ("brick,2,", "brick,,", "worth"),
        ("wood,1,100", "wood,1,", "area"),
        ("a,10.0,45.0,", "a,10.0,", "ragged"),
        ("taxonomy", "class", "columns"),
    ],
)
def test_faulty_assets_are_named(tmp_path: Path, change: str, to: str, said: str) -> None:
    assert said in refused(tmp_path, assets=ASSETS.replace(change, to))


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    bad = ASSETS.replace("a,10.0,45.0", "a,10.0,99").replace("brick,2", "brick,x")
    assert {"number"} <= refused(tmp_path, assets=bad)
    assert {"place", "negative"} <= refused(
        tmp_path, assets=ASSETS.replace("a,10.0,45.0", "a,10.0,99").replace("brick,2", "brick,-2")
    )


@pytest.mark.parametrize(
    ("change", "to", "said"),
    [
        ("per_area", "per_floor", "conversion"),
        ("assets.csv", "../assets.csv", "folder"),
        ("assets.csv", "other.csv", "file"),
        ("exposureModel", "fragilityModel", "kind"),
        ("</assets>", "", "xml"),
    ],
)
def test_faulty_models_are_named(tmp_path: Path, change: str, to: str, said: str) -> None:
    assert said in refused(tmp_path, exposure=EXPOSURE.replace(change, to))


def test_a_document_type_is_refused(tmp_path: Path) -> None:
    bomb = EXPOSURE.replace("<nrml", '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hosts">]><nrml')
    assert refused(tmp_path, exposure=bomb) == {"xml"}
