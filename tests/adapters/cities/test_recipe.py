"""Recipes are read whole, and a mistake in one is named."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rencheng.adapters.cities.generate.homes import share_out
from rencheng.adapters.cities.recipe import load_recipe, recipe_folder, settle
from rencheng.adapters.files import data_folder
from rencheng.adapters.words import catalogue
from rencheng.domain.errors import InvalidInputError, NotFoundError


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    shutil.copytree(recipe_folder("coquimbo"), folder)
    return folder


def test_every_fact_names_its_source() -> None:
    facts = load_recipe("coquimbo").facts
    assert len(facts) > 40
    assert [key for key, fact in facts.items() if len(fact.source) < 10] == []


def test_shares_add_up() -> None:
    recipe = load_recipe("coquimbo")
    assert sum(home.share for home in recipe.homes) == pytest.approx(1.0)
    assert sum(era.share for era in recipe.eras) == pytest.approx(1.0)
    for kind in (*recipe.homes, *recipe.workplaces):
        assert sum(kind.structures.values()) == pytest.approx(1.0), kind.key


def test_a_folder_of_ones_own_is_a_recipe(own: Path) -> None:
    assert load_recipe(str(own)) == load_recipe("coquimbo")


def test_an_unknown_recipe_is_told_the_known_ones() -> None:
    with pytest.raises(NotFoundError, match="coquimbo"):
        load_recipe("atlantis")


def test_a_missing_field_is_named(own: Path) -> None:
    text = (own / "recipe.toml").read_text(encoding="utf-8")
    (own / "recipe.toml").write_text(text.replace("band_m =", "band ="), encoding="utf-8")
    with pytest.raises(InvalidInputError, match="band_m"):
        load_recipe(str(own))


def test_a_site_with_a_broken_coordinate_is_named(own: Path) -> None:
    text = (own / "schools.csv").read_text(encoding="utf-8")
    (own / "schools.csv").write_text(text.replace("-29.90328", "north"), encoding="utf-8")
    with pytest.raises(InvalidInputError, match=r"schools\.csv: row 1"):
        load_recipe(str(own))


FAULTY = """
schema = "rencheng.city-recipe/2"
id = "Not An Id"
name_zh = "某市"
timezone = "Mars/Olympus"
epsg = 4326
bbox = [10.0, 50.0, 9.0, 51.0]
[missing]
powr = "generate"
water = "perhaps"
[grid]
side_m = "wide"
[[sources]]
id = "a"
kind = "osm"
path = "a.pbf"
[[sources]]
id = "a"
kind = "vector"
path = "b.gpkg"
layers = ["street"]
origin = "seen"
package = "none"
"""


def test_every_fault_is_named_at_once_with_its_field(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(FAULTY, encoding="utf-8")
    with pytest.raises(InvalidInputError) as caught:
        load_recipe(str(tmp_path))
    assert {fault.where for fault in caught.value.faults} == {
        "id", "name_en", "timezone", "epsg", "bbox", "missing.powr", "missing.water",
        "grid.side_m", "sources[0].kind", "sources[1].id", "sources[1].layers",
        "sources[1].origin", "sources[1].package",
    }  # fmt: skip


def test_every_fault_has_words_in_both_languages(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(FAULTY, encoding="utf-8")
    with pytest.raises(InvalidInputError) as caught:
        load_recipe(str(tmp_path))
    keys = {f"fault.{f.key}.{part}" for f in caught.value.faults for part in ("problem", "hint")}
    assert keys - catalogue().keys() == set()


def test_a_misspelt_field_is_told_the_right_one(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(FAULTY, encoding="utf-8")
    with pytest.raises(InvalidInputError) as caught:
        load_recipe(str(tmp_path))
    found = next(fault for fault in caught.value.faults if fault.where == "missing.powr")
    assert found.first == ("power",)


def test_an_older_recipe_is_told_to_begin_anew(tmp_path: Path) -> None:
    text = FAULTY.replace("city-recipe/2", "city-recipe/1")
    (tmp_path / "recipe.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInputError) as caught:
        load_recipe(str(tmp_path))
    assert [fault.key for fault in caught.value.faults] == ["city.old_schema"]


def test_a_recipe_may_be_named_by_its_file(own: Path) -> None:
    assert load_recipe(str(own / "recipe.toml")) == load_recipe(str(own))


def test_every_shipped_recipe_is_sound() -> None:
    names = sorted(p.parent.name for p in (data_folder() / "cities").glob("*/recipe.toml"))
    assert names == ["coquimbo", "helsinki"]
    for name in names:
        recipe = load_recipe(name)
        for package in recipe.packages:
            assert all(len(member.sha256) == 64 for member in package.members)


def test_nothing_is_invented_unless_the_recipe_says_so(tmp_path: Path) -> None:
    text = "\n".join(
        ['schema = "rencheng.city-recipe/2"', 'id = "x"', 'name_zh = "某市"', 'name_en = "X"',
         'timezone = "Asia/Shanghai"']
    )  # fmt: skip
    (tmp_path / "recipe.toml").write_text(text, encoding="utf-8")
    missing = load_recipe(str(tmp_path)).missing
    assert {n for n in missing.__slots__ if getattr(missing, n) == "generate"} == {"population"}


def test_counts_follow_the_residents_unless_stated() -> None:
    few, many = (settle(load_recipe("helsinki"), n) for n in (10_000, 1_000_000))
    assert (few.networks.substations, many.networks.substations) == (1, 11)
    assert (few.stocks["water_l"], many.stocks["water_l"]) == (5300.0, 530_000.0)
    stated = load_recipe("coquimbo")
    assert settle(stated, 10_000).networks.substations == stated.networks.substations == 5


@given(
    total=st.integers(0, 10_000),
    weight=st.lists(st.floats(0, 1e6), min_size=1, max_size=30),
)
def test_shares_of_a_whole_number_lose_nobody(total: int, weight: list[float]) -> None:
    parts = share_out(total, np.array(weight))
    assert parts.min() >= 0
    assert parts.sum() == (total if sum(weight) > 0 else 0)
