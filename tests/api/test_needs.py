"""Collecting dependencies over HTTP: who may state what, and everything that can be wrong."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from api_kit import Enter, TestClient
from import_kit import FakeWorkshop, room_of
from rencheng.bootstrap import Brain
from rencheng.domain.city import City


@pytest.fixture(autouse=True)
def room(brain: Brain, tmp_path: Path) -> None:
    brain.room = room_of(brain.house, tmp_path, FakeWorkshop())


def row(supplier: str, **change: Any) -> dict[str, Any]:
    return {
        "service": "power", "group": 0, "supplier": supplier, "backup_low_h": 4.0,
        "backup_high_h": 8.0, "source": "letter of 2026-03-01", "remark": "",
    } | change  # fmt: skip


def feeder(city: City) -> str:
    return city.lifelines.id[city.lifelines.kind.index("feeder")]


def put(client: TestClient, node: str, *rows: dict[str, Any]) -> Any:
    return client.put(f"city/dependencies/{node}", json={"rows": list(rows)})


def ask(client: TestClient, node: str) -> Any:
    return client.get("city/dependencies", params={"node": node})


def test_before_anybody_said_anything_the_form_holds_the_usual(enter: Enter) -> None:
    told = ask(enter("planner"), "H-1").json()
    assert not told["is_stated"] and told["may_edit"]
    assert {one["service"] for one in told["rows"]} >= {"power", "water"}


def test_what_the_owner_states_stays(enter: Enter, tiny_city: City, brain: Brain) -> None:
    owner = enter("hospital")
    assert put(owner, "H-1", row(feeder(tiny_city))).status_code == 200
    told = ask(enter("planner"), "H-1").json()
    assert told["is_stated"] and told["stated_by"] == "hospital"
    assert [one["supplier"] for one in told["rows"]] == [feeder(tiny_city)]
    assert enter("planner").get("city/dependencies/summary").json()["stated"] == ["H-1"]
    with brain.house.work() as work:
        assert [line.action for line in work.log.walk()].count("needs.stated") == 1


def test_without_rows_it_goes_back_to_the_usual(enter: Enter, tiny_city: City) -> None:
    planner = enter("planner")
    put(planner, "H-1", row(feeder(tiny_city)))
    assert put(planner, "H-1").json()["is_stated"] is False


@pytest.mark.parametrize("name", ["power", "field", "auditor"])
def test_who_does_not_own_it_cannot_state_it(enter: Enter, tiny_city: City, name: str) -> None:
    assert put(enter(name), "H-1", row(feeder(tiny_city))).status_code == 403


def test_an_owner_sees_nobody_elses_form(enter: Enter) -> None:
    assert ask(enter("power"), "H-1").status_code == 403
    nodes = {line["node"] for line in table(enter("power"))}
    assert nodes and "H-1" not in nodes


def test_all_faults_are_told_at_once(enter: Enter, tiny_city: City) -> None:
    answer = put(
        enter("planner"),
        "H-1",
        row("nothing-of-the-kind"),
        row(feeder(tiny_city), backup_low_h=9.0, group=1),
        row(feeder(tiny_city), backup_low_h=None, group=2),
        row(feeder(tiny_city), service="gas", group=3),
        row("H-1", group=4),
    )
    assert answer.status_code == 422
    keys = [fault["key"] for fault in answer.json()["faults"]]
    assert keys == ["needs.supplier", "needs.order", "needs.hours", "needs.service", "needs.itself"]
    assert ask(enter("planner"), "H-1").json()["is_stated"] is False


def test_a_circle_is_shown(enter: Enter, tiny_city: City) -> None:
    node = feeder(tiny_city)
    below = next(
        one
        for one in tiny_city.dependencies.node
        if one in tiny_city.facilities.id and node in suppliers(tiny_city, one)
    )
    answer = put(enter("planner"), node, row(below))
    (fault,) = answer.json()["faults"]
    assert fault["key"] == "needs.cycle" and f"{node} → {below} → {node}" in fault["first"]


def suppliers(city: City, node: str) -> set[str]:
    graph = city.dependencies
    here = graph.node.index(node)
    first, end = graph.group_start[here], graph.group_start[here + 1]
    rows = graph.supplier[graph.supplier_start[first] : graph.supplier_start[end]]
    return {graph.node[int(one)] for one in rows}


def test_an_unknown_asset_has_no_form(enter: Enter) -> None:
    assert ask(enter("planner"), "nowhere").status_code == 404
    assert put(enter("planner"), "a/b", row("x")).status_code == 404


def table(client: TestClient) -> list[dict[str, str]]:
    text = client.get("city/dependencies.csv").content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def send(client: TestClient, rows: list[dict[str, str]], encoding: str = "utf-8") -> Any:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return client.put("city/dependencies.csv", content=text.getvalue().encode(encoding))


def test_the_form_sent_back_as_it_was_states_nothing(enter: Enter) -> None:
    planner = enter("planner")
    answer = send(planner, table(planner))
    assert (answer.status_code, answer.json()["key"]) == (422, "needs.unchanged")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_a_form_filled_in_states_what_was_changed(enter: Enter, encoding: str) -> None:
    planner = enter("planner")
    rows = table(planner)
    changed = next(one for one in rows if one["node"] == "H-1" and one["supplier"])
    changed["backup_low_h"], changed["backup_high_h"] = "1", "2"
    changed["source"] = "医院后勤处 2026-03"
    answer = send(planner, rows, encoding)
    assert answer.json() == {"count": 1, "nodes": ["H-1"]}
    told = ask(planner, "H-1").json()
    assert "医院后勤处 2026-03" in {one["source"] for one in told["rows"]}


def test_a_form_with_faults_changes_nothing(enter: Enter) -> None:
    planner = enter("planner")
    rows = [one for one in table(planner) if one["supplier"]]
    rows[0]["supplier"] = "nobody"
    rows[-1]["backup_low_h"], rows[-1]["backup_high_h"] = "9", "1"
    answer = send(planner, rows)
    keys = {fault["key"] for fault in answer.json()["faults"]}
    assert answer.status_code == 422 and keys >= {"needs.supplier", "needs.order"}
    assert planner.get("city/dependencies/summary").json()["stated"] == []


@pytest.mark.parametrize(
    "body", [b"", b"a,b\n1,2\n", b"node,service,supplier,group\nH-1,power,x,y\n"]
)
def test_what_is_no_form_is_refused(enter: Enter, body: bytes) -> None:
    assert enter("planner").put("city/dependencies.csv", content=body).status_code == 422
