"""What every page owes its readers: words, keys, contrast, narrow screens, paper."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright")
from person import PAGES, ROOT, TABS, Person, Server, expect, wait_until
from playing import play

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

PARTS = [(page, f"/{page}{part}") for page in PAGES for part in TABS[page]]
TYPED = ("与港口电话核对潮位", "承重墙有贯通裂缝", "海啸警报已由主管部门解除")
"""What people typed in Chinese stays Chinese."""


def _topics() -> set[str]:
    """First parts of all keys of sentences, of the console and of the core."""
    found = {file.stem for file in (ROOT / "web/src/words/en").glob("*.json")}
    for file in (ROOT / "src/rencheng/words").glob("*.toml"):
        keys = tomllib.loads(file.read_text(encoding="utf-8"))
        found |= {key.split(".")[0] for key in keys if "." in key}
    return found


RAW = re.compile(rf"\b({'|'.join(sorted(_topics()))})\.[a-z]+[A-Za-z0-9_.]*")
BROKEN = re.compile(r"undefined|\bNaN\b|\bnull\b|\[object |Infinity|\{[a-z_]+\}")
CHINESE = re.compile(r"[\u3400-\u9fff]")
FILES = re.compile(r"\.(toml|csv|zip|json|py|xml|parquet|com|org|cl|gov)\b")


@pytest.fixture(scope="module")
def played(server: Server) -> Server:
    play(server)
    return server


@pytest.fixture(scope="module")
def chinese(played: Server, visit: Callable[..., Person]) -> Person:
    return visit("planner")


@pytest.fixture(scope="module")
def english(played: Server, visit: Callable[..., Person]) -> Person:
    return visit("chief", language="en")


@pytest.fixture(scope="module")
def phone(played: Server, visit: Callable[..., Person]) -> Person:
    return visit("duty", size=(390, 844))


def faults_of(texts: list[str]) -> list[str]:
    return [
        text[:160]
        for text in texts
        if BROKEN.search(text) or (RAW.search(text) and not FILES.search(text))
    ]


@pytest.mark.parametrize(("page", "path"), PARTS)
def test_in_chinese_everybody_can_read_it(chinese: Person, page: str, path: str) -> None:
    chinese.open(path)
    expect(chinese.test("clock-kind")).to_have_text("回放")
    texts = chinese.readable()
    assert len(texts) > 20
    assert not faults_of(texts)
    assert not chinese.axe()
    chinese.page.get_by_role("button", name="切换到深色").click()
    dark = chinese.axe("color-contrast")
    chinese.page.get_by_role("button", name="切换到浅色").click()
    assert not dark


@pytest.mark.parametrize(("page", "path"), PARTS)
def test_in_english_no_chinese_is_left(english: Person, page: str, path: str) -> None:
    english.open(path)
    expect(english.test("clock-kind")).to_have_text("REPLAY")
    texts = english.readable()
    assert not faults_of(texts)
    left = [t[:160] for t in texts if CHINESE.search(t) and not any(one in t for one in TYPED)]
    assert not left


@pytest.mark.parametrize(("page", "path"), PARTS)
def test_on_a_phone_nothing_moves_sideways(phone: Person, page: str, path: str) -> None:
    phone.open(path)
    assert not phone.overflow()
    link = phone.page.locator(f'nav a[href="/{page}"]')
    expect(link).to_be_visible()
    box = link.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= 844 + 1
    assert box["height"] >= 40


@pytest.mark.parametrize("page", PAGES)
def test_paper_says_what_kind_of_clock_it_was(chinese: Person, page: str) -> None:
    chinese.open(f"/{page}")
    chinese.page.emulate_media(media="print")
    mark = chinese.page.locator(".watermark")
    expect(mark).to_be_visible()
    expect(mark).to_contain_text("回放")
    expect(mark).to_contain_text("2015")
    expect(chinese.page.locator("nav")).to_be_hidden()
    chinese.page.emulate_media(media="screen")
    expect(mark).to_be_hidden()


def test_a_table_is_whole_on_paper(chinese: Person) -> None:
    chinese.open("/data?tab=sensors")
    chinese.page.emulate_media(media="print")
    table = chinese.page.locator("table[aria-rowcount]")
    rows = int(table.get_attribute("aria-rowcount") or 0)
    expect(table.locator("tr:not(.gap)")).to_have_count(rows)
    expect(chinese.page.locator(".button:visible")).to_have_count(0)
    chinese.page.emulate_media(media="screen")
    expect(table.locator("tr:not(.gap)")).not_to_have_count(rows)


def test_keys_alone_are_enough(chinese: Person) -> None:
    chinese.open("/situation")
    keys = chinese.page.keyboard
    chinese.page.locator("main").focus()
    keys.press("?")
    expect(chinese.asked()).to_contain_text("搜索")
    keys.press("Escape")
    keys.press("/")
    expect(chinese.page.locator("#search")).to_be_focused()
    keys.type("San Juan de Dios")
    expect(chinese.page.locator("#search-hits [role=option]").first).to_be_visible()
    keys.press("Enter")
    expect(chinese.test("detail")).to_be_visible()
    keys.press("Escape")
    expect(chinese.test("detail")).to_have_count(0)
    chinese.page.locator("main").focus()
    keys.press("7")
    expect(chinese.page.locator("h1")).to_have_text("数据")
    for _ in range(40):
        keys.press("Tab")
        if chinese.page.evaluate("document.activeElement.getAttribute('role') === 'region'"):
            break
    keys.press("ArrowDown")
    keys.press("Enter")
    expect(chinese.page.locator("aside")).to_contain_text("许可")


def test_panels_questions_and_forms_can_be_read_too(english: Person) -> None:
    english.open("/situation")
    english.page.locator(".overview .figure").first.click()
    expect(english.test("why")).to_contain_text("Model")
    assert not english.axe()
    english.open("/warnings")
    english.test("new-earthquake").click()
    expect(english.test("audience")).to_be_visible()
    assert not english.axe()
    assert not faults_of(english.readable())
    english.open("/command?tab=tasks")
    english.test("give-task").click()
    expect(english.test("task-form")).to_be_visible()
    assert not english.axe()
    english.page.locator("main").focus()
    english.page.keyboard.press("?")
    expect(english.asked()).to_be_visible()
    assert not english.axe()
    english.page.keyboard.press("Escape")


def test_the_way_in_can_be_read_and_says_what_is_wrong(browser: Any, played: Server) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    stranger = Person(page, played, "", [])
    page.goto(played.url)
    expect(page.locator("h1")).to_have_text("韧城 Rencheng")
    assert not stranger.axe()
    page.locator("input[autocomplete=username]").fill("duty")
    page.locator("input[autocomplete=current-password]").fill("not-the-password")
    page.locator("form button[type=submit]").click()
    expect(page.get_by_role("alert")).to_contain_text("账号与密码不匹配")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("alert")).to_contain_text("password")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.context.close()


def test_an_auditor_sees_everything_and_decides_nothing(visit: Callable[..., Person]) -> None:
    auditor = visit("auditor")
    for path in ("/situation", "/warnings", "/command", "/recovery?tab=reports", "/assessment"):
        auditor.open(path)
        expect(auditor.page.locator("main")).not_to_be_empty()
        for act in ("start-replay", "new-tsunami", "accept", "refuse", "add-report", "give-task"):
            expect(auditor.test(act)).to_have_count(0)
    auditor.open("/command?tab=log")
    auditor.test("check-log").click()
    expect(auditor.test("log-check")).to_contain_text("日志链完整")


def test_a_lost_connection_is_said_and_healed(visit: Callable[..., Person]) -> None:
    someone = visit("water")
    someone.expected.append("WebSocket")
    lines: list[Any] = []
    is_down = False

    def carry(line: Any) -> None:
        if is_down:
            line.close()
        else:
            lines.append(line)
            line.connect_to_server()

    someone.page.route_web_socket(re.compile("/api/v1/live"), carry)
    someone.page.reload()
    expect(someone.test("clock-kind")).to_have_text("回放")
    wait_until(someone, lambda: bool(lines))
    is_down = True
    lines[-1].close()
    expect(someone.page.locator(".lost")).to_contain_text("连接")
    is_down = False
    expect(someone.page.locator(".lost")).to_have_count(0)


def test_the_front_end_holds_the_words_of_both_languages() -> None:
    def words(language: str) -> dict[str, set[str]]:
        folder = ROOT / "web/src/words" / language
        return {f.stem: set(json.loads(f.read_text("utf-8"))) for f in folder.glob("*.json")}

    assert words("zh-CN") == words("en")


def test_the_picture_in_the_readme_exists() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for picture in re.findall(r"!\[[^]]*\]\(([^)]+)\)", readme):
        assert Path(ROOT / picture).stat().st_size <= 300_000
