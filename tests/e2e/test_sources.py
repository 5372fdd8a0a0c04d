"""Sources on the data page and warnings of others, as they are before anything is configured."""

from __future__ import annotations

from collections.abc import Callable

import pytest

pytest.importorskip("playwright")
from person import Person, expect

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def test_without_sources_the_page_says_how_to_set_one_up(visit: Callable[..., Person]) -> None:
    duty = visit("duty")
    duty.open("/data?tab=sources")
    expect(duty.test("feeds")).to_contain_text("connectors.toml")
    expect(duty.test("mqtt")).to_contain_text("--mqtt-port")
    expect(duty.test("shaking-maps")).to_contain_text("尚未收到震动图")
    duty.shot("sources.zh-CN")


def test_without_warnings_of_others_the_list_says_so(visit: Callable[..., Person]) -> None:
    duty = visit("duty")
    duty.open("/warnings?status=others")
    expect(duty.test("others")).to_contain_text("没有有效的外部预警")
    duty.test("every").check()
    expect(duty.test("others")).to_contain_text("还没有收到外部预警")
    duty.shot("others.zh-CN")
