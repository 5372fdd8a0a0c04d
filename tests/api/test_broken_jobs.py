"""Records of runs and imports that cannot be read: told of, deleted, in nobody's way."""

from __future__ import annotations

from pathlib import Path

import pytest

from api_kit import Enter, TestClient
from import_kit import FakeWorkshop, room_of
from rencheng.bootstrap import Brain
from risk_console_kit import QUAKE, room_in

NEW = {"city": "haicheng", "name_zh": "海城", "name_en": "Haicheng", "timezone": "Asia/Shanghai"}
KINDS = ["risk/jobs", "imports"]
RECORD = {"risk/jobs": "risk/runs/{}/run.json", "imports": "imports/{}/import.json"}


@pytest.fixture
def planner(brain: Brain, tmp_path: Path, enter: Enter) -> TestClient:
    brain.risks = room_in(brain.house, tmp_path, brain.models)
    brain.room = room_of(brain.house, tmp_path, FakeWorkshop())
    return enter("planner")


def begin(planner: TestClient, kind: str, city: str = "haicheng") -> str:
    said = {"set": QUAKE} if kind == "risk/jobs" else NEW | {"city": city}
    return str(planner.post(kind, json=said).json()["id"])


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def both_of(planner: TestClient, kind: str, tmp_path: Path) -> tuple[str, str]:
    """Return the ids of a broken record and of a sound one beside it."""
    bad, good = begin(planner, kind), begin(planner, kind, "shiqiao")
    (tmp_path / RECORD[kind].format(bad)).write_text("{")
    return bad, good


def test_the_sound_ones_are_listed_all_the_same(
    planner: TestClient, kind: str, both_of: tuple[str, str]
) -> None:
    assert [one["id"] for one in planner.get(kind).json()] == [both_of[1]]


def test_a_broken_one_is_listed_with_its_reason_and_what_to_do(
    planner: TestClient, kind: str, both_of: tuple[str, str]
) -> None:
    (found,) = planner.get(f"{kind}/broken").json()
    assert found["id"] == both_of[0]
    assert both_of[0] in found["trouble"]["problem"]["en"]
    assert "Delete" in found["trouble"]["hint"]["en"] and "删除" in found["trouble"]["hint"]["zh"]


def test_a_broken_one_says_so_when_it_is_opened(
    planner: TestClient, kind: str, both_of: tuple[str, str]
) -> None:
    answer = planner.get(f"{kind}/{both_of[0]}")
    assert answer.status_code == 500 and answer.json()["key"].endswith(".broken")


def test_a_broken_one_can_be_deleted(
    planner: TestClient, kind: str, both_of: tuple[str, str]
) -> None:
    assert planner.delete(f"{kind}/{both_of[0]}").status_code == 204
    assert planner.get(f"{kind}/broken").json() == []
    assert planner.delete(f"{kind}/{both_of[0]}").status_code == 404


def test_who_may_not_change_does_not_delete_it(
    planner: TestClient, enter: Enter, kind: str, both_of: tuple[str, str]
) -> None:
    assert enter("auditor").delete(f"{kind}/{both_of[0]}").status_code == 403
    assert len(planner.get(f"{kind}/broken").json()) == 1
