"""Recipes are read whole, and a mistake in one is named."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rencheng.adapters.cities.homes import share_out
from rencheng.adapters.cities.recipe import load_recipe, recipe_folder
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


@given(
    total=st.integers(0, 10_000),
    weight=st.lists(st.floats(0, 1e6), min_size=1, max_size=30),
)
def test_shares_of_a_whole_number_lose_nobody(total: int, weight: list[float]) -> None:
    parts = share_out(total, np.array(weight))
    assert parts.min() >= 0
    assert parts.sum() == (total if sum(weight) > 0 else 0)
