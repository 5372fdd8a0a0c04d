"""A planner brings a small city of her own: files, columns, check, build, serve, and back again."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright")
pytest.importorskip("pyogrio")
from person import Person, Server, expect, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

WEST, SOUTH, STEP = -71.27, -29.92, 0.0011
SIDE = 8


def collection(features: list[dict[str, Any]]) -> str:
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)


def houses() -> str:
    """Return a house beside each crossing, with columns in Chinese."""
    features = []
    for number in range(SIDE * SIDE):
        x = WEST + STEP * (number % SIDE) + 2e-4
        y = SOUTH + STEP * (number // SIDE) + 2e-4
        ring = [[x, y], [x + 2e-4, y], [x + 2e-4, y + 2e-4], [x, y + 2e-4], [x, y]]
        about = {
            "编号": number + 1,
            "用途": "residential",
            "结构类型": "砖混",
            "楼层数": 1 + number % 6,
        }
        shape = {"type": "Polygon", "coordinates": [ring]}
        features.append({"type": "Feature", "geometry": shape, "properties": about})
    return collection(features)


def streets() -> str:
    """Return a grid of streets, one line from crossing to crossing."""
    features = []
    for i in range(SIDE):
        for j in range(SIDE):
            here = [WEST + STEP * i, SOUTH + STEP * j]
            for there in ([here[0] + STEP, here[1]], [here[0], here[1] + STEP]):
                shape = {"type": "LineString", "coordinates": [here, there]}
                about = {"highway": "residential", "name": f"{i}/{j}"}
                features.append({"type": "Feature", "geometry": shape, "properties": about})
    return collection(features)


CLINICS = f"""名称,类型,经度,纬度,床位
第一医院,综合医院,{WEST + 0.002},{SOUTH + 0.002},120
东区诊所,诊所,{WEST + 0.006},{SOUTH + 0.005},
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("files")
    parts = {"buildings.geojson": houses(), "streets.geojson": streets(), "医疗.csv": CLINICS}
    for name, text in parts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [str(folder / name) for name in parts]


@pytest.fixture(scope="module")
def planner(server: Server, visit: Callable[..., Person]) -> Iterator[Person]:
    person = visit("planner")
    yield person
    with server.client("planner") as client:  # the city before is served again, whatever happened
        versions = client.get("/city/versions").json()
        oldest = min(versions, key=lambda one: one["built"])
        now = next(one["version"] for one in versions if one["is_current"])
        if now != oldest["version"]:
            client.post(f"/city/versions/{oldest['version']}/serve", json={"seen": now})


def open_tab(person: Person, tab: str) -> None:
    person.open(f"/data?tab={tab}")


def wait_for_work(person: Person) -> None:
    wait_until(person, lambda: person.test("found").count() > 0, 300)


def begin(planner: Person, city: str, zh: str, en: str) -> None:
    open_tab(planner, "import")
    planner.press("新建导入")
    form = planner.test("new-import")
    form.get_by_label(re.compile("^城市编号")).fill(city)
    form.get_by_label("中文名").fill(zh)
    form.get_by_label("英文名").fill(en)
    form.get_by_label("时区").fill("America/Santiago")
    planner.press("开始", form)
    expect(planner.test("files-step")).to_be_visible()


def test_a_city_is_built_from_files_and_served_and_put_back(
    planner: Person, server: Server, files: list[str]
) -> None:
    page = planner.page
    with server.client("planner") as client:
        before = client.get("/city").json()
    begin(planner, before["id"], "新城", "Newtown")
    page.locator("input[type=file]").set_input_files(files)
    expect(planner.test("files").locator("li")).to_have_count(3)
    planner.shot("import-files")
    planner.press("下一步：字段")
    cards = page.locator("article[data-file]")
    expect(cards).to_have_count(3)
    houses = page.locator('[data-file="buildings.geojson"]')
    expect(houses.get_by_label("“用途”对应的列")).to_have_value("用途")
    expect(houses.get_by_label("“层数”对应的列")).to_have_value("楼层数")
    clinics = page.locator('[data-file="医疗.csv"]')
    clinics.locator("label", has_text="综合医院").locator("select").select_option("hospital")
    clinics.locator("label", has_text="诊所").last.locator("select").select_option("clinic")
    expect(clinics.locator(".small-map canvas")).to_be_visible()
    planner.settle()
    planner.shot("import-columns")
    assert not planner.overflow()
    planner.press("保存，下一步：缺口")
    expect(planner.test("gaps-step")).to_be_visible()
    planner.shot("import-gaps")
    planner.press("保存，下一步：检查")
    planner.press("开始检查")
    wait_for_work(planner)
    expect(planner.test("found").locator("tr", has_text="建筑")).to_contain_text("64")
    planner.shot("import-check")
    assert not planner.axe()
    planner.press("下一步：构建")
    planner.press("开始构建")
    expect(planner.test("progress")).to_be_visible()
    expect(planner.test("built")).to_be_visible(timeout=300_000)
    planner.shot("import-built")
    with server.client("planner") as client:
        assert client.get("/city").json()["version"] == before["version"]  # untouched so far
    planner.press("启用这个版本", planner.test("built"))
    planner.confirm("启用这个版本")
    expect(planner.test("built")).to_contain_text("这个版本正在使用")
    with server.client("planner") as client:
        now = client.get("/city").json()
        assert (now["name_en"], now["version"] != before["version"]) == ("Newtown", True)
    expect(page.locator("header").first).to_contain_text("新城")
    planner.shot("import-served")
    planner.press("换回之前的版本")
    expect(planner.test("built")).to_contain_text("启用这个版本")
    with server.client("planner") as client:
        assert client.get("/city").json()["version"] == before["version"]
        told = client.get("/city/versions").json()
        assert len(told) >= 2


def test_versions_are_compared(planner: Person) -> None:
    open_tab(planner, "versions")
    expect(planner.test("versions").locator("li[data-version]")).not_to_have_count(1)
    city = planner.page.locator("li[data-version]:not(.current)").first
    planner.page.get_by_label("较晚").select_option(str(city.get_attribute("data-version")))
    expect(planner.test("changes")).to_be_visible()
    planner.shot("versions")
    assert not planner.axe()


def test_who_saves_over_the_recipe_of_another_window_is_told_first(
    planner: Person, server: Server, visit: Callable[..., Person], files: list[str]
) -> None:
    begin(planner, "twotown", "双城", "Twotown")
    planner.page.locator("input[type=file]").set_input_files(files[1:2])
    expect(planner.test("files").locator("li")).to_have_count(1)
    planner.press("下一步：字段")
    planner.press("保存，下一步：缺口")
    expect(planner.test("gaps-step")).to_be_visible()
    other = visit("planner")
    other.open(planner.page.url.removeprefix(server.url))
    other.test("gaps-step").get_by_label("随机种子").fill("22")
    planner.test("gaps-step").get_by_label("随机种子").fill("11")
    planner.press("保存，下一步：检查")
    told = other.page.locator(".notice", has_text="已被他人或另一个窗口修改")
    expect(told).to_be_visible()
    expect(other.test("gaps-step").get_by_label("随机种子")).to_have_value("22")
    other.press("载入已保存的内容")
    expect(other.test("gaps-step").get_by_label("随机种子")).to_have_value("11")
    expect(told).to_have_count(0)
    other.open("/data?tab=import")
    planner.press("删除这次导入")
    planner.confirm("删除这次导入")


def test_a_file_that_is_none_says_so_and_leaves_the_city_alone(
    planner: Person, server: Server, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.geojson"
    broken.write_text('{"type": "FeatureCollection", "features": [')
    begin(planner, "brokentown", "坏城", "Brokentown")
    planner.page.locator("input[type=file]").set_input_files([str(broken)])
    expect(planner.test("files").locator("li")).to_have_count(1)
    planner.press("下一步：字段")
    card = planner.page.locator('[data-file="broken.geojson"]')
    expect(card.locator(".fault").first).to_be_visible()
    planner.shot("import-broken")
    planner.press("删除这次导入")
    planner.confirm("删除这次导入")
    expect(planner.test("imports")).not_to_contain_text("坏城")


def test_an_owner_states_what_an_asset_needs(server: Server, visit: Callable[..., Person]) -> None:
    hospital = visit("hospital")
    with server.client("planner") as client:
        places = client.get("/city/facilities").json()["features"]
    node = next(
        one["properties"]["facility"] for one in places if one["properties"]["kind"] == "hospital"
    )
    open_tab(hospital, f"needs&node={node}")
    form = hospital.test("need-form")
    expect(form).to_contain_text("常用值")
    first = form.get_by_role("group", name="第 1 行")
    first.get_by_label("最短备用").fill("30")
    first.get_by_label("最长备用").fill("20")
    hospital.expected.append("422")
    hospital.press("保存填报", form)
    expect(first.locator(".fault").first).to_contain_text("最短")
    first.get_by_label("最长备用").fill("48")
    first.get_by_label("依据").fill("后勤处 2026-03")
    hospital.press("保存填报", form)
    expect(form).to_contain_text("已填报")
    hospital.shot("needs")
    assert not hospital.axe()
    assert not hospital.overflow()


def test_who_may_not_build_is_told_why(visit: Callable[..., Person]) -> None:
    duty = visit("duty")
    open_tab(duty, "import")
    expect(duty.page.get_by_role("alert")).to_contain_text("导入和构建城市")
    expect(duty.page.get_by_role("button", name="新建导入")).to_have_count(0)


@pytest.mark.parametrize("tab", ["layers", "check", "import", "needs", "versions", "export"])
def test_it_fits_a_phone_in_english(visit: Callable[..., Person], tab: str) -> None:
    phone = visit("planner", language="en", size=(390, 844))
    open_tab(phone, tab)
    phone.shot(f"data-{tab}-phone")
    assert not phone.overflow()
