"""The life of an alarm at the console: seen, confirmed, rejected, shelved, counted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("playwright")
from person import Person, Server, expect
from playing import start

from rencheng.domain.city import City

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

LIST = "/situation?list=alarms&group=none"


@pytest.fixture(scope="module")
def server(
    program: str, state: Path, city: City, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Serve from a state of its own: the tests of the replay begin on an ordinary day."""
    from serving import serving

    with serving(state, tmp_path_factory.mktemp("alarms")) as served:
        yield served


@pytest.fixture(scope="module")
def shaken(server: Server) -> Server:
    """Return the server forty minutes after the earthquake, with nobody having looked."""
    with server.client("duty") as client:
        if client.get("/clock").json()["mode"] != "replay":
            start(server)
    return server


@pytest.fixture(scope="module")
def duty(shaken: Server, visit: Callable[..., Person]) -> Person:
    return visit("duty")


def test_the_list_says_what_waits_and_who_was_told(duty: Person) -> None:
    duty.open(LIST)
    rows = duty.test("alarm")
    expect(rows.first).to_be_visible()
    expect(duty.test("waiting")).to_contain_text("未确认")
    expect(duty.test("alarms")).to_contain_text(re.compile("已升级：.*指挥长|升级，通知"))
    duty.shot("alarms-list.zh-CN")


def test_an_alarm_is_confirmed_with_a_reason_and_a_replay_stays_inside(duty: Person) -> None:
    duty.open(LIST)
    duty.test("alarm").nth(0).locator("[data-row]").click()
    panel = duty.test("alarm-panel")
    expect(panel).to_contain_text("核实之前不会对外推送")
    panel.get_by_test_id("confirm").click()
    expect(duty.asked().get_by_role("button", name="核实属实")).to_be_disabled()
    expect(duty.asked()).to_contain_text("不会推送到系统之外")
    duty.shot("alarms-confirm.zh-CN")
    duty.confirm("核实属实", reason="与相邻台站记录一致")
    expect(panel).to_contain_text("仅内部：回放不对外推送")
    expect(duty.test("alarm-history")).to_contain_text("与相邻台站记录一致")
    duty.shot("alarms-panel.zh-CN")


def test_another_is_rejected_and_a_third_is_shelved(duty: Person) -> None:
    duty.open(LIST)
    waiting = duty.test("alarm").filter(has_text="未确认")
    key = waiting.first.get_attribute("data-id")
    waiting.first.locator("[data-row]").click()
    duty.test("alarm-panel").get_by_test_id("reject").click()
    duty.confirm("判为误报", reason="检修作业引起")
    row = duty.page.locator(f'[data-testid=alarm][data-id="{key}"]')
    expect(row).to_contain_text("误报")
    waiting.first.locator("[data-row]").click()
    duty.test("alarm-panel").get_by_test_id("shelve").click()
    duty.confirm("搁置", reason="已派人到现场")
    expect(duty.test("alarm-panel")).to_contain_text("已派人到现场")
    duty.test("alarm-state").select_option("shelved")
    expect(duty.test("alarm")).to_have_count(1)


def test_the_keyboard_moves_through_the_list_and_acknowledges(duty: Person) -> None:
    duty.open(LIST)
    rows = duty.test("alarms").locator("[data-row]")
    expect(rows).not_to_have_count(1)
    rows.nth(0).focus()
    duty.page.keyboard.press("ArrowDown")
    expect(rows.nth(1)).to_be_focused()
    duty.page.keyboard.press("ArrowUp")
    row = duty.test("alarm").nth(0)
    key = row.get_attribute("data-id")
    rows.nth(0).focus()
    duty.page.keyboard.press("a")
    noted = duty.page.locator(f'[data-testid=alarm][data-id="{key}"]')
    expect(noted).to_contain_text("已确认")


def test_many_alarms_of_a_rule_are_one_line_with_a_count(duty: Person) -> None:
    duty.open("/situation?list=alarms&group=rule")
    groups = duty.test("groups").locator("> li")
    expect(groups.first).to_contain_text("条")
    groups.first.locator("[data-row]").click()
    expect(duty.test("alarms").locator("li").first).to_be_visible()
    duty.shot("alarms-groups.zh-CN")


def test_the_assessment_shows_shares_with_their_base_and_takes_a_miss(
    shaken: Server, visit: Callable[..., Person]
) -> None:
    planner = visit("planner")
    planner.open("/assessment?tab=alarms")
    main = planner.page.locator("main")
    expect(main).to_contain_text("n = ")
    planner.test("enter-miss").click()
    planner.asked().locator("textarea").fill("渔民来电报告，系统没有报警")
    planner.asked().get_by_role("button", name="登记", exact=True).click()
    expect(planner.asked()).to_have_count(0)
    planner.page.get_by_role("row", name=re.compile("全部规则")).click()
    expect(planner.test("ledger")).to_contain_text("渔民来电报告")
    planner.shot("alarms-quality.zh-CN")


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("size", [(1440, 900), (390, 844)])
def test_in_both_languages_and_on_a_phone_nothing_is_cut_off(
    shaken: Server, visit: Callable[..., Person], size: tuple[int, int], language: str
) -> None:
    chief = visit("chief", language=language, size=size)
    name = f"{language}.{'phone' if size[0] < 800 else 'desktop'}"
    for path, shot in ((LIST, "list"), ("/situation?list=alarms&group=rule", "groups")):
        chief.open(path)
        if size[0] < 800 and not chief.page.locator(".choices").is_visible():
            chief.page.locator(".switch button").last.click()
        expect(chief.page.locator(".choices")).to_be_visible()
        chief.settle()
        assert not chief.overflow()
        assert not chief.axe()
        chief.shot(f"alarms-{shot}.{name}")
    chief.open(LIST)
    chief.test("alarm").nth(0).locator("[data-row]").click()
    expect(chief.test("alarm-panel")).to_be_visible()
    assert not chief.overflow()
    chief.shot(f"alarms-panel.{name}")
    chief.open("/assessment?tab=alarms")
    assert not chief.overflow()
    chief.shot(f"alarms-quality.{name}")
