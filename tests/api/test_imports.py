"""Importing a city over HTTP: who may, how files come in, and what the page learns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from api_kit import Enter, TestClient
from import_kit import FakeWorkshop, houses, room_of
from rencheng.adapters.cities.store import Folder
from rencheng.bootstrap import Brain
from rencheng.service.import_desk import ImportRoom

NEW = {"city": "haicheng", "name_zh": "海城", "name_en": "Haicheng", "timezone": "Asia/Shanghai"}
SOURCE = {"id": "houses", "kind": "vector", "file": "houses.geojson", "layers": ["buildings"]}


@pytest.fixture
def workshop() -> FakeWorkshop:
    return FakeWorkshop()


@pytest.fixture
def room(brain: Brain, tmp_path: Path, workshop: FakeWorkshop) -> ImportRoom:
    brain.room = room_of(brain.house, tmp_path, workshop, largest=6 * 1024 * 1024)
    return brain.room


@pytest.fixture
def planner(room: ImportRoom, enter: Enter) -> TestClient:
    return enter("planner")


def begin(planner: TestClient) -> str:
    answer = planner.post("imports", json=NEW)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def ready(planner: TestClient) -> dict[str, Any]:
    key = begin(planner)
    item = planner.put(f"imports/{key}/files/houses.geojson", content=houses()).json()
    plan = {"sources": [SOURCE], "missing": {"power": "generate"}}
    answer = planner.put(f"imports/{key}/recipe", json={"version": item["version"], "plan": plan})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.mark.parametrize("name", ["duty", "chief", "power", "field", "auditor", "nobody"])
def test_who_may_not_build_sees_no_import(room: ImportRoom, enter: Enter, name: str) -> None:
    client = enter(name)
    assert client.get("imports").status_code == 403
    assert client.post("imports", json=NEW).status_code == 403
    assert client.put("imports/x/files/a.csv", content=b"a").status_code == 403
    assert client.post("city/versions/1/serve", json={"seen": ""}).status_code == 403


def test_without_the_token_of_the_page_nothing_is_taken(planner: TestClient) -> None:
    key = begin(planner)
    bare = {"X-CSRF-Token": "wrong"}
    answer = planner.put(f"imports/{key}/files/a.csv", content=b"a", headers=bare)
    assert (answer.status_code, answer.json()["key"]) == (403, "identity.csrf")
    assert planner.get(f"imports/{key}").json()["files"] == []


def test_a_file_arrives_byte_for_byte(planner: TestClient, room: ImportRoom) -> None:
    key, body = begin(planner), bytes(range(256)) * 12_000
    answer = planner.put(f"imports/{key}/files/建筑 1.gpkg", content=body)
    assert answer.status_code == 200, answer.text
    assert [(f["name"], f["size"]) for f in answer.json()["files"]] == [("建筑 1.gpkg", len(body))]
    assert room.shelf.path(room.shelf.get(key), "建筑 1.gpkg").read_bytes() == body


def test_a_file_larger_than_any_other_request_is_taken(planner: TestClient) -> None:
    key = begin(planner)
    assert planner.put(f"imports/{key}/files/a.csv", content=b"x" * 5_500_000).status_code == 200
    too_large = planner.put(f"imports/{key}/files/a.csv", content=b"x" * 6_500_000)
    assert too_large.status_code == 413
    assert planner.put("imports", content=b"x" * 5_500_000).status_code == 413


def test_a_file_that_hides_its_size_is_cut_off(planner: TestClient, room: ImportRoom) -> None:
    key = begin(planner)
    parts = (b"x" * 1_000_000 for _ in range(8))
    answer = planner.put(f"imports/{key}/files/a.csv", content=parts)
    assert answer.status_code == 413
    assert planner.get(f"imports/{key}").json()["files"] == []
    assert list((room.shelf.folder_of(key) / "files").iterdir()) == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["..%2f..%2fx.csv", "%2e%2e", ".hid.csv", "a%00.csv", "a%5cb.csv"])
def test_a_name_cannot_lead_out_of_the_import(
    planner: TestClient, tmp_path: Path, name: str
) -> None:
    key = begin(planner)
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    answer = planner.put(f"imports/{key}/files/{name}", content=b"a")
    assert answer.status_code in (404, 405, 422)
    after = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert {path for path in after - before if "sqlite" not in path.name} == set()


def test_the_recipe_tells_all_its_faults(planner: TestClient) -> None:
    item = ready(planner)
    bad = {"sources": [SOURCE | {"file": "gone.csv", "crs": "?"}, SOURCE]}
    answer = planner.put(
        f"imports/{item['id']}/recipe", json={"version": item["version"], "plan": bad}
    )
    assert answer.status_code == 422
    faults = answer.json()["faults"]
    assert {fault["key"] for fault in faults} >= {"import.no_file", "import.crs", "import.twice"}
    assert all(fault["problem"]["zh"] and fault["hint"]["en"] for fault in faults)


def test_a_build_goes_on_without_the_page(planner: TestClient, room: ImportRoom) -> None:
    key = ready(planner)["id"]
    answer = planner.post(f"imports/{key}/build")
    assert (answer.status_code, answer.json()["state"]) == (202, "queued")
    assert planner.post(f"imports/{key}/build").status_code == 409
    room.desk.turn()
    told = planner.get(f"imports/{key}").json()
    assert (told["state"], told["built"]["version"]) == ("done", "0123456789abcdef")
    assert told["built"]["is_current"] and told["command"] == "rencheng serve --city haicheng"


def test_a_failed_build_is_explained_in_both_languages(
    planner: TestClient, room: ImportRoom, workshop: FakeWorkshop
) -> None:
    from rencheng.domain.errors import InvalidInputError

    def act(*_: Any) -> Any:
        raise InvalidInputError(
            "import.sources", "no", hint="no", params={"count": 2, "sources": "a, b"}
        )

    workshop.act = act
    key = ready(planner)["id"]
    planner.post(f"imports/{key}/check")
    room.desk.turn()
    trouble = planner.get(f"imports/{key}").json()["trouble"]
    assert "a, b" in trouble["problem"]["zh"] and "a, b" in trouble["problem"]["en"]


def test_an_import_can_be_deleted(planner: TestClient) -> None:
    key = begin(planner)
    assert planner.delete(f"imports/{key}").status_code == 204
    assert planner.get(f"imports/{key}").status_code == 404
    assert planner.get("imports").json() == []


def test_the_page_learns_what_can_be_imported(planner: TestClient) -> None:
    told = planner.get("imports/rules").json()
    assert [kind["is_usable"] for kind in told["kinds"]] == [True, False]
    assert told["columns"] == {"buildings": ["id", "use"]} and told["roots"] == []


@pytest.fixture
def served(brain: Brain, room: ImportRoom, tmp_path: Path, tiny_city: Any) -> list[str]:
    """Serve the tiny city from disk, in two versions; return them, the served one first."""
    from dataclasses import replace

    folder = Folder(tmp_path, "tiny")
    first = folder.save(tiny_city).version
    second = folder.save(replace(tiny_city, name={"zh-CN": "新", "en": "New"})).version
    folder.set_current(first)
    object.__setattr__(brain.house, "cities", folder)
    return [first, second]


def test_a_version_is_served_and_put_back(
    planner: TestClient, brain: Brain, served: list[str]
) -> None:
    first, second = served
    answer = planner.post(f"city/versions/{second}/serve", json={"seen": first})
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "city": "tiny", "version": second, "before": first, "is_live": True, "command": "",
    }  # fmt: skip
    assert planner.get("city").json()["name_en"] == "New"
    assert planner.post(f"city/versions/{first}/serve", json={"seen": first}).status_code == 409
    assert planner.post(f"city/versions/{first}/serve", json={"seen": second}).status_code == 200
    assert planner.get("city").json()["version"] == first
    with brain.house.work() as work:
        assert [line.action for line in work.log.walk()].count("city.served") == 2


def test_the_loop_takes_up_the_new_version(
    planner: TestClient, brain: Brain, served: list[str]
) -> None:
    first, second = served
    brain.runner.turn("live")
    assert brain.runner.latest("live") is not None
    planner.post(f"city/versions/{second}/serve", json={"seen": first})
    assert brain.runner.latest("live") is None  # nothing of the old city is shown as the new one's
    brain.runner.turn("live")
    assert brain.runner.latest("live") is not None
