"""The Illapel earthquake and tsunami of 2015, walked through the whole console in Chinese."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

pytest.importorskip("playwright")
from person import PAGES, PATIENCE_MS, Person, Server, expect, wait_until
from playing import DAY3, QUAKE, jump

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

LOST_RACE = r"the server responded with a status of (409|412)"


@pytest.fixture(scope="module")
def duty(visit: Callable[..., Person]) -> Person:
    return visit("duty")


@pytest.fixture
def someone(visit: Callable[..., Person]) -> Iterator[Callable[..., Person]]:
    """Sign people in for one test; their browsers close after it."""
    here: list[Person] = []

    def sign_in(user: str) -> Person:
        here.append(visit(user))
        return here[-1]

    yield sign_in
    for one in here:
        one.page.context.close()


def test_an_ordinary_day_pretends_nothing(duty: Person) -> None:
    expect(duty.test("clock-kind")).to_have_text("实况")
    expect(duty.test("phase")).to_have_text("平时")
    expect(duty.page.locator("main")).to_contain_text("目前没有突发事件")
    duty.go("warnings")
    expect(duty.page.locator("main")).to_contain_text("本次运行还没有预警")


def test_a_replay_starts_at_a_press_of_the_button(duty: Person) -> None:
    def colour() -> str:
        bar = duty.page.locator("header[data-mode]")
        return str(bar.evaluate("one => getComputedStyle(one).backgroundColor"))

    live = colour()
    duty.test("start-replay").click()
    expect(duty.asked()).to_contain_text("伊亚佩尔")
    expect(duty.asked()).to_contain_text("路合成数据流")
    duty.press("开始回放", duty.asked())
    expect(duty.test("clock-kind")).to_have_text("回放")
    for name in PAGES:
        duty.go(name)
        expect(duty.test("clock-kind")).to_have_text("回放")
        wait_until(duty, lambda: colour() != live)


def test_its_clock_can_be_hurried_made_to_jump_and_paused(duty: Person) -> None:
    bar = duty.page.locator("header[data-mode]")
    speed = bar.get_by_label("速度", exact=True)
    speed.select_option("600")
    wait_until(duty, lambda: duty.clock() > QUAKE - timedelta(minutes=25))
    bar.get_by_label("向前跳 1 小时").click()
    wait_until(duty, lambda: duty.clock() > QUAKE + timedelta(minutes=35))
    bar.get_by_label("暂停").click()
    expect(speed.locator("option:checked")).to_have_text("已暂停")
    before = duty.clock()
    duty.go("situation")
    assert duty.clock() == before


def test_bulletins_and_alarms_arrive(duty: Person) -> None:
    duty.open("/situation?list=events")
    events = duty.test("events")
    for told in ("7.2", "7.9", "8.3", "海啸", "疏散", "合成"):
        expect(events).to_contain_text(told)
    expect(duty.page.locator("main")).to_contain_text("8.3 级地震")
    expect(duty.test("phase")).not_to_have_text("平时")
    duty.open("/situation?list=alarms&group=none")
    expect(duty.test("alarms").locator("li").first).to_be_visible()
    duty.test("alarms").get_by_role("button", name="确认报警").first.click()
    expect(duty.test("alarms")).to_contain_text("已确认")


def test_every_key_figure_has_band_age_and_a_why(duty: Person) -> None:
    duty.open("/situation")
    figures = duty.page.locator(".overview .figure")
    expect(figures.nth(8)).to_be_visible()
    expect(figures.locator(".range").nth(4)).to_be_visible()
    for text in figures.all_inner_texts():
        assert re.search(r"前|刚刚|后", text), text
        assert "为什么" in text
    dead = figures.filter(has_text="死亡")
    expect(dead).to_contain_text("合成")
    dead.click()
    why = duty.test("why")
    for asked in ("数据", "模型", "版本", "缺少"):
        expect(why.locator("dt", has_text=asked).first).to_be_visible()
    facts = dict(
        zip(why.locator("dt").all_inner_texts(), why.locator("dd").all_inner_texts(), strict=True)
    )
    assert all(said.strip() for said in facts.values()), facts
    duty.page.keyboard.press("Escape")
    expect(why).to_have_count(0)


def test_six_sectors_have_their_boards(duty: Person) -> None:
    lamps = duty.page.locator(".lamps button")
    expect(lamps).to_have_count(6)
    for lamp in lamps.all():
        lamp.click()
        board = duty.test("sector")
        expect(board).to_contain_text("现状")
        expect(board).to_have_text(re.compile(r".{31}", re.DOTALL))
        duty.page.keyboard.press("Escape")
        expect(board).to_have_count(0)


def test_the_map_shows_the_city_and_a_press_on_a_zone_opens_it(duty: Person) -> None:
    expect(duty.page.locator(".map canvas")).to_be_visible()
    wait_until(duty, lambda: duty.colours() > 12)
    box = duty.page.locator(".map canvas").bounding_box()
    assert box is not None
    detail = duty.test("detail")
    for share in (0.62, 0.56, 0.68, 0.5):
        duty.page.mouse.click(box["x"] + share * box["width"], box["y"] + 0.5 * box["height"])
        try:
            expect(detail).to_be_visible(timeout=4000)
            break
        except AssertionError:
            continue
    expect(detail).to_be_visible()
    assert re.search(r"sel=(zone|road|facility|lifeline)", duty.page.url)
    detail.locator(".columns button").first.click()
    expect(duty.test("why")).to_contain_text("模型")
    duty.page.keyboard.press("Escape")
    duty.page.keyboard.press("Escape")


def test_the_table_beside_the_map_is_worked_by_keys(duty: Person) -> None:
    duty.open("/situation")
    duty.test("table-toggle").click()
    table = duty.page.get_by_role("region", name="分区", exact=True)
    expect(table.locator("tbody tr").nth(3)).to_be_visible()
    table.focus()
    for key in ("ArrowDown", "ArrowDown", "Enter"):
        duty.page.keyboard.press(key)
    expect(table.locator("tr[aria-selected=true]")).to_have_count(1)
    expect(duty.test("detail")).to_contain_text("常住人口")
    first = duty.page.url
    table.focus()
    for key in ("ArrowDown", "Enter"):
        duty.page.keyboard.press(key)
    expect(table.locator("tr[aria-selected=true]")).to_have_count(1)
    assert duty.page.url != first
    duty.page.keyboard.press("Escape")
    duty.test("table-toggle").click()


def test_the_time_bar_leads_into_the_forecast_and_back(duty: Person) -> None:
    bar = duty.page.locator("input[type=range]")
    bar.focus()
    for _ in range(4):
        duty.page.keyboard.press("PageUp")
    expect(duty.test("time-view")).to_contain_text("预测")
    duty.press("回到现在")
    expect(duty.test("time-view")).to_contain_text("现在")
    duty.go("data")  # no map: others need the machine


def test_of_two_who_decide_at_once_one_wins_and_the_other_is_told(
    someone: Callable[..., Person],
) -> None:
    chief, deputy = someone("chief"), someone("deputy")
    deputy.expected.append(LOST_RACE)
    for one in (chief, deputy):
        one.go("command")
        card = one.page.locator('[data-kind="response_level"]').first
        expect(card).to_contain_text("理由")
        card.get_by_test_id("accept").click()
        expect(one.asked()).to_contain_text("采纳这项提案")
    chief.confirm("采纳")
    expect(chief.asked()).to_have_count(0)
    expect(deputy.asked().get_by_role("alert").first).to_contain_text("指挥长")
    if deputy.asked().get_by_role("button", name="采纳", exact=True).is_enabled():
        deputy.confirm("采纳")
        expect(deputy.asked().locator(".notice.failed")).to_be_visible()
    deputy.page.keyboard.press("Escape")
    for one in (chief, deputy):
        expect(one.test("incident").locator(".badge")).to_contain_text("级")
    expect(chief.test("phase")).to_have_text("应急")


def test_an_evacuation_needs_two_persons(someone: Callable[..., Person]) -> None:
    chief, deputy = someone("chief"), someone("deputy")
    chief.go("command")
    card = chief.page.locator('[data-kind="evacuation"]').first
    expect(card).to_contain_text("须两人批准")
    card.get_by_test_id("accept").click()
    for said in ("地点", "时间", "对象", "第二位"):
        expect(chief.asked()).to_contain_text(said)
    expect(chief.asked().get_by_role("button", name="采纳", exact=True)).to_be_disabled()
    chief.confirm("采纳", word="执行")
    expect(card.get_by_test_id("seconded")).to_contain_text("您已同意")
    expect(card.get_by_test_id("accept")).to_be_disabled()
    deputy.go("command")
    card = deputy.page.locator('[data-kind="evacuation"]').first
    expect(card.get_by_test_id("seconded")).to_contain_text("指挥长")
    card.get_by_test_id("accept").click()
    expect(deputy.asked()).to_contain_text("已先行同意")
    deputy.confirm("同意并执行（第二人）", word="执行")
    expect(card).to_contain_text("已采纳")
    deputy.tab("任务")
    expect(deputy.page.get_by_role("region", name="任务")).to_contain_text("疏散")


def test_each_organisation_sees_and_works_on_its_own_tasks_only(
    someone: Callable[..., Person], duty: Person
) -> None:
    chief = someone("chief")
    chief.go("command")
    card = chief.page.locator('[data-kind="repair"]').first
    card.get_by_test_id("accept").click()
    chief.confirm("采纳")
    expect(chief.asked()).to_have_count(0)
    power = someone("power")
    power.go("command")
    mine = power.page.locator("article").first
    expect(mine).to_be_visible()
    table = power.page.get_by_role("region", name="任务")
    owners = table.locator("tbody tr:not(.gap) td:nth-child(4)")
    wait_until(power, lambda: set(owners.all_inner_texts()) == {"供电公司"})
    title = mine.locator(".title").inner_text()
    mine = power.page.locator("article", has_text=title).first
    mine.locator('[data-step="acknowledged"]').click()
    expect(mine).to_contain_text("已接单")
    mine.locator('[data-step="done"]').click()
    power.tab("提案")
    expect(power.page.get_by_test_id("accept")).to_have_count(0)
    duty.open("/command?tab=tasks")
    duty.page.get_by_label("状态").select_option("done")
    row = duty.page.get_by_role("region", name="任务").locator("tbody tr").first
    row.click()
    duty.test("task").locator('[data-step="verified"]').click()
    expect(duty.test("task")).to_contain_text("已核验")
    duty.page.keyboard.press("Escape")


def test_teams_are_on_the_map_and_in_the_table(duty: Person) -> None:
    duty.open("/command?tab=teams")
    table = duty.page.get_by_role("region", name="队伍调度")
    expect(table.locator("tbody tr").first).to_be_visible()
    wait_until(duty, lambda: duty.colours() > 4)


def test_a_warning_is_written_by_one_and_released_by_another(
    someone: Callable[..., Person], duty: Person
) -> None:
    duty.go("warnings")
    duty.test("new-tsunami").click()
    composer = duty.test("composer")
    expect(composer).to_contain_text("指引")
    headline = composer.locator("input[lang=zh-CN]")
    expect(headline).not_to_have_value("")
    expect(duty.test("audience")).not_to_contain_text("已选 0 个")
    duty.press("保存并检查")
    expect(composer.get_by_role("status").last).to_contain_text("已保存，没有发现问题")
    duty.press("返回列表")
    alert = duty.test("alert")
    expect(alert).to_contain_text("等待有批准权限的第二人")
    expect(alert.get_by_test_id("approve")).to_have_count(0)
    chief = someone("chief")
    chief.go("warnings")
    chief.page.get_by_role("region", name="预警").locator("tbody tr").first.click()
    alert = chief.test("alert")
    alert.get_by_test_id("approve").click()
    for said in ("地点", "时间", "对象", "不会传到外部"):
        expect(chief.asked()).to_contain_text(said)
    chief.confirm("发布", word="发布")
    expect(alert.get_by_test_id("deliveries")).to_contain_text("指挥大屏")
    expect(alert.get_by_test_id("deliveries").locator("li")).to_have_count(1)
    expect(chief.test("mode-band")).to_contain_text("不会传到外部")
    expect(alert).to_contain_text("更正草稿已备好")
    alert.get_by_role("button", name="解除预警").click()
    chief.confirm("解除", reason="海啸警报已由主管部门解除")
    expect(chief.page.get_by_role("region", name="预警")).to_contain_text("已解除")


def test_the_log_is_whole_and_takes_notes(duty: Person) -> None:
    duty.open("/command?tab=log")
    duty.page.get_by_label("补记一条").fill("与港口电话核对潮位")
    duty.press("记入日志")
    expect(duty.page.get_by_role("region", name="日志")).to_contain_text("与港口电话核对潮位")
    duty.test("check-log").click()
    expect(duty.test("log-check")).to_contain_text("日志链完整")


def test_recovery_has_curves_repairs_and_supplies(duty: Person) -> None:
    duty.go("recovery")
    for service in ("供电", "供水", "通信"):
        expect(duty.page.locator("section[data-service]", has_text=service).first).to_be_visible()
    expect(duty.page.locator("section[data-service] canvas").nth(3)).to_be_visible()
    duty.tab("抢修顺序")
    rows = duty.page.get_by_role("region", name="抢修顺序").locator("tbody tr")
    expect(rows.nth(4)).to_be_visible()
    duty.tab("物资")
    supplies = duty.page.get_by_role("region", name="物资")
    expect(supplies).to_contain_text("饮用与基本用水")
    expect(supplies).to_contain_text(re.compile(r"缺 |足够"))


def test_a_field_worker_reports_damage(someone: Callable[..., Person]) -> None:
    field = someone("field")
    field.open("/recovery?tab=reports")
    counts = field.test("report-counts")
    expect(counts.locator("dd").nth(4)).to_be_visible()
    field.test("add-report").click()
    form = field.test("report-form")
    form.get_by_label("严重").check()
    form.get_by_label("纬度（°）", exact=True).fill("-29.95")
    form.get_by_label("经度（°）", exact=True).fill("-71.29")
    form.get_by_label("说明", exact=True).fill("承重墙有贯通裂缝")
    field.press("上报")
    expect(field.page.get_by_role("region", name="灾情核查")).to_contain_text("贯通裂缝")


def test_on_the_third_day_the_survey_has_arrived(duty: Person, server: Server) -> None:
    jump(server, DAY3)
    duty.open("/recovery?tab=reports")
    wait_until(duty, lambda: sum_of(duty) > 800, seconds=300)
    expect(duty.page.get_by_role("region", name="灾情核查")).to_contain_text("合成")
    expect(duty.test("clock-kind")).to_have_text("回放")


def test_what_was_learnt_is_used_after_approval_only(someone: Callable[..., Person]) -> None:
    planner = someone("planner")
    planner.open("/assessment?tab=learning")
    planner.press("从核查报告学习")
    model = planner.test("model").first
    expect(model).to_contain_text("待批准", timeout=3 * PATIENCE_MS)
    expect(model).to_contain_text("→")
    model.get_by_role("button", name="批准使用").click()
    expect(planner.asked()).to_contain_text("批准后")
    planner.confirm("批准使用")
    expect(model).to_contain_text("使用中")


def test_the_city_is_assessed_with_evidence_and_gaps(someone: Callable[..., Person]) -> None:
    planner = someone("planner")
    planner.go("assessment")
    matrix = planner.test("matrix")
    expect(matrix.locator("button")).to_have_count(12)
    expect(matrix).to_contain_text("数据不足，不给分")
    expect(matrix.get_by_text("得分").first).to_be_visible()
    planner.tab("成熟度")
    ladder = planner.test("ladder")
    expect(ladder.locator("> li")).to_have_count(4)
    expect(ladder).to_contain_text("有证据")
    planner.tab("曲线度量")
    expect(planner.page.get_by_role("region", name="曲线度量")).to_contain_text("供电")
    delays = planner.test("delays")
    expect(delays).to_contain_text("决定")
    expect(delays).not_to_contain_text("未知")


def test_the_data_page_says_what_is_real_and_what_is_broken(duty: Person) -> None:
    duty.go("data")
    layers = duty.page.get_by_role("region", name="图层与来源")
    expect(layers.locator("tbody tr").nth(4)).to_be_visible()
    for origin in ("观测", "推导", "合成", "缺失"):
        duty.page.get_by_label("筛选表格").fill(origin)
        expect(layers.locator("tbody tr").first).to_contain_text(origin)
    duty.open("/data?tab=sensors")
    health = duty.page.get_by_role("region").locator("tbody td:nth-child(3)")
    expect(health.filter(has_text="卡").first).to_be_visible()
    expect(health.filter(has_text="失联").first).to_be_visible()


def sum_of(person: Person) -> int:
    shown = person.test("report-counts").locator("dd").all_inner_texts()
    return sum(int(text.replace(",", "") or 0) for text in shown)
