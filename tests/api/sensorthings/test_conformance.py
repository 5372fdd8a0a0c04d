"""What the service root declares, held against the standard's list and the tests of each."""

from __future__ import annotations

import ast
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from sensing_kit import Service

HERE = Path(__file__).parent
TABLE = tomllib.loads((HERE / "conformance.toml").read_text(encoding="utf-8"))
BASE = TABLE["base"]
REQUIREMENTS = {BASE + one["uri"]: one for one in TABLE["requirement"]}
EXTENSIONS = {one["uri"]: one for one in TABLE["extension"]}
GUIDE = HERE.parents[2] / "docs" / "how-to" / "sensorthings.md"
MANY = {
    "datamodel": 17, "resource-path": 1, "request-data": 13, "create-update-delete": 10,
    "batch-request": 1, "multi-datastream": 3, "data-array": 1,
    "create-observations-via-mqtt": 1, "receive-updates-via-mqtt": 1,
}  # fmt: skip
"""Requirements in each class of OGC 18-088."""


@cache
def proofs_in(name: str) -> frozenset[str]:
    """Return the names of the tests in a file."""
    tree = ast.parse((HERE / name).read_text(encoding="utf-8"))
    found = {one.name for one in tree.body if isinstance(one, ast.FunctionDef)}
    return frozenset(one for one in found if one.startswith("test_"))


def covered(declared: list[str]) -> set[str]:
    """Return the requirements that are declared, by themselves or with their class."""
    return {
        uri for uri in REQUIREMENTS for one in declared if uri == one or uri.startswith(f"{one}/")
    }


def declared(service: Service) -> list[str]:
    found: list[str] = service.ask("")["serverSettings"]["conformance"]
    return found


def test_every_requirement_of_the_standard_stands_in_the_table_once() -> None:
    classes = [uri.removeprefix(BASE).partition("/")[0] for uri in REQUIREMENTS]
    assert {one: classes.count(one) for one in classes} == MANY
    assert len(TABLE["requirement"]) == len(REQUIREMENTS)


@pytest.mark.parametrize(
    "one", [*REQUIREMENTS.values(), *EXTENSIONS.values()], ids=lambda x: x["uri"]
)
def test_every_requirement_has_tests_that_are_there_or_a_reason(one: dict[str, Any]) -> None:
    assert ("not_declared" in one) is not bool(one.get("tests"))
    for name in one.get("tests", ()):
        file, _, test = name.partition("::")
        assert test in proofs_in(file), name


def test_what_is_declared_is_proved_and_what_is_proved_is_declared(service: Service) -> None:
    found = declared(service)
    assert len(found) == len(set(found))
    ours = [one for one in found if one.startswith(BASE)]
    assert all(covered([one]) for one in ours)
    proved = {uri for uri, one in REQUIREMENTS.items() if one.get("tests")}
    assert covered(ours) == proved
    assert set(found) - set(ours) == EXTENSIONS.keys()


def test_both_roots_declare_the_same(service: Service) -> None:
    older = Service(service.client, "/v1.0")
    assert declared(older) == declared(service)


def test_the_guide_says_what_is_not_declared() -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    missing = [one["uri"] for one in REQUIREMENTS.values() if "not_declared" in one]
    assert missing
    assert [uri for uri in missing if f"`{uri}`" not in guide] == []
