"""The usual needs are stated with their source, and the form is filled in for every asset."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rencheng.adapters.cities.generate.usual_needs import (
    COLUMNS,
    asked_needs,
    default_needs,
    load_defaults,
    template_csv,
    template_rows,
)
from rencheng.adapters.cities.recipe import load_recipe
from rencheng.domain.city import City, Dependencies
from rencheng.domain.errors import InvalidInputError

KINDS = ("hospital", "clinic", "pump", "treatment", "tank", "exchange", "shelter", "fire_station",
         "command_centre", "substation", "feeder")  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_needs_with_times_and_a_source(kind: str) -> None:
    needs = asked_needs(kind)
    assert needs
    assert all(0 <= one.low_h <= one.high_h and one.source for one in needs)


def test_the_default_city_s_recipe_has_the_same_times() -> None:
    backups = load_recipe("coquimbo").backups
    stands_for = {"station": "fire_station", "command": "command_centre"}
    for key, times in backups.items():
        kind, _, service = key.partition("_")
        found = {one.service: one for one in default_needs(stands_for.get(kind, kind))}
        assert (found[service].low_h, found[service].high_h) == tuple(times), key


def test_what_no_supplier_is_known_for_is_asked_and_not_used() -> None:
    asked = {one.service for one in asked_needs("clinic")}
    assert asked - {one.service for one in default_needs("clinic")} == {"telecom"}
    assert default_needs("a kind of the owner's own") == ()


def test_the_form_names_every_asset_and_every_column(tiny_city: City) -> None:
    rows = template_rows(tiny_city)
    asked = {row["node"] for row in rows}
    kinds = dict(zip(tiny_city.lifelines.id, tiny_city.lifelines.kind, strict=True))
    kinds |= dict(zip(tiny_city.facilities.id, tiny_city.facilities.kind, strict=True))
    assert asked >= {name for name, kind in kinds.items() if default_needs(kind)}
    assert all(tuple(row) == COLUMNS for row in rows)


def test_the_form_holds_the_graph_as_it_is(tiny_city: City) -> None:
    graph = tiny_city.dependencies
    rows = template_rows(tiny_city, with_zones=True)
    stated = {(row["node"], row["supplier"]) for row in rows if row["supplier"]}
    owner = np.repeat(np.arange(len(graph.node)), np.diff(graph.group_start))
    user = np.repeat(owner, np.diff(graph.supplier_start))
    pairs = {
        (graph.node[a], graph.node[b]) for a, b in zip(user, graph.supplier.tolist(), strict=True)
    }
    assert stated == pairs


def test_a_city_without_a_graph_gets_the_usual_needs(tiny_city: City) -> None:
    none = Dependencies(
        node=(), group_start=np.zeros(1, np.int32), service=(), backup_low_h=np.empty(0),
        backup_high_h=np.empty(0), supplier_start=np.zeros(1, np.int32),
        supplier=np.empty(0, np.int32),
    )  # fmt: skip
    rows = template_rows(replace(tiny_city, dependencies=none))
    hospital = [row for row in rows if row["node"] == "H-1"]
    assert [row["service"] for row in hospital] == ["power", "water", "telecom", "access"]
    assert {row["supplier"] for row in hospital} == {""}
    assert {row["source"] for row in hospital} == {"assumption"}


def test_the_form_is_csv_that_comes_back_whole(tiny_city: City) -> None:
    rows = template_rows(tiny_city)
    back = list(csv.DictReader(io.StringIO(template_csv(rows))))
    assert back == list(rows)


def test_a_bad_table_of_needs_names_all_its_faults(tmp_path: Path) -> None:
    file = tmp_path / "needs.toml"
    file.write_text(
        'schema = "rencheng.dependency-defaults/1"\n'
        '[[need]]\nasset = "hospital"\nservice = "power"\nlow_h = 9\nhigh_h = 3\nsource = "x"\n'
        '[[need]]\nasset = "hospital"\nservice = "gas"\nlow_h = 0\nhigh_h = 3\nsource = ""\n'
        '[[need]]\nasset = "hospital"\nservice = "water"\nhigh_h = 3\nsource = "x"\n',
        encoding="utf-8",
    )
    with pytest.raises(InvalidInputError) as caught:
        load_defaults(file)
    assert [one.where for one in caught.value.faults] == [
        "need[1]",
        "need[2]",
        "need[2]",
        "need[3]",
    ]
