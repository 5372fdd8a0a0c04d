"""What alarms on forecasts say: units and numbers as people read them, in both languages."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from rencheng.adapters.words import both
from rencheng.domain.city import City
from rencheng.domain.readings import to_us
from rencheng.domain.watch import FIGURES, Condition, Measure, Selection
from rencheng.sense.rules.foreseen import Foreseen
from rencheng.service.foreseeing import finding_of

AT = to_us(datetime(2026, 5, 1, 12, tzinfo=UTC))


def said(city: City, figure: str, value: float, at: float, unit: str = "") -> tuple[str, str]:
    """Return what an alarm on a figure says in Chinese and English."""
    condition = Condition(
        select=Selection(figure=figure), measure=Measure.LAST, at=at, is_below=True
    )
    rule = SimpleNamespace(
        id="ours/soon", version="1", title_zh="将至", title_en="Near",
        steps=[SimpleNamespace(level=1)],
    )  # fmt: skip
    one = Foreseen(rule, "city", 0, condition, value, AT, unit or FIGURES[figure])  # type: ignore[arg-type]
    return both(finding_of(city, one).text)


def test_minutes_are_said_as_minutes(tiny_city: City) -> None:
    zh, en = said(tiny_city, "tsunami_minutes", 25.4, 60.0)
    assert "距海啸首波到达 25 分钟（限值 60 分钟）" in zh
    assert "min" not in zh
    assert "first wave in 25 min (limit 60 min)" in en


def test_no_time_left_is_said_in_words(tiny_city: City) -> None:
    zh, en = said(tiny_city, "tsunami_minutes", 0.0, 60.0)
    assert "海啸首波随时可能到达" in zh
    assert "0" not in zh.partition("，推演于")[0]
    assert "at any moment" in en


@pytest.mark.parametrize(
    ("figure", "value", "zh", "en"),
    [
        ("power_24h", 0.31, "24 小时后有电用户比例 31%（限值 50%）", "31% (limit 50%)"),
        ("dead", 1200.4, "死亡人数 1,200（限值 0.5）", "deaths 1,200 (limit 0.5)"),
        ("pga", 0.25, "0.25 g（限值 0.5 g）", "0.25 g (limit 0.5 g)"),
    ],
)
def test_figures_are_named_with_their_own_unit(
    tiny_city: City, figure: str, value: float, zh: str, en: str
) -> None:
    told = said(tiny_city, figure, value, 0.5)
    assert zh in told[0]
    assert en in told[1]
    assert not any(mark in one for one in told for mark in "{}")


def test_a_forecast_of_a_stream_keeps_the_streams_unit(tiny_city: City) -> None:
    zh, en = said(tiny_city, "", 2.5, 2.0, "m")
    assert "达到 2.5 m（限值 2 m）" in zh
    assert "(limit 2 m)" in en
