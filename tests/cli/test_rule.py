"""`rencheng rule` as its users meet it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rencheng.cli import main

PACK = """
schema = "rencheng/alarms/2"
id = "office"
version = "1"
title_zh = "本单位规则"
title_en = "Rules of the office"
jurisdiction = "*"
status = "unverified"
source = "ours"
valid_from = "2026-01-01"

[[rule]]
id = "gauge"
title_zh = "水位高"
title_en = "High water"
stream = "gauge-1"
steps = [{ level = 2, at = 2.0, clear = 1.5 }]
"""


@pytest.fixture
def series(tmp_path: Path) -> Path:
    """A day by ten minutes; above 2 m from 06:00 to 07:50, and again from 18:00 to 18:50."""
    lines = ["stream,time,value,quantity"]
    for step in range(144):
        hour, minute = divmod(step * 10, 60)
        high = 6 <= hour < 8 or hour == 18
        lines.append(
            f"gauge-1,2026-03-01T{hour:02}:{minute:02}:00Z,{2.5 if high else 1.0},water_level"
        )
    file = tmp_path / "series.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def test_a_rule_is_tested_before_it_is_used(
    series: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, events, out = (tmp_path / name for name in ("office.toml", "events.csv", "out.json"))
    file.write_text(PACK, encoding="utf-8")
    events.write_text(
        "start,end\n2026-03-01T07:00:00Z,2026-03-01T09:00:00Z\n"
        "2026-03-01T12:00:00Z,2026-03-01T13:00:00Z\n"
    )
    main(["rule", "test", "office", "--file", str(file), "--data", str(series),
          "--events", str(events), "--lead-h", "2", "--out", str(out), "--lang", "en"])  # fmt: skip
    said = capsys.readouterr().out
    assert "office/gauge" in said
    (found,) = json.loads(out.read_text("utf-8"))["rules"]
    assert (found["hits"], found["misses"], found["false_alarms"]) == (1, 1, 1)
    assert found["lead_s"] == [3600.0]


def test_events_can_come_from_a_threshold(
    series: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "office.toml"
    file.write_text(PACK, encoding="utf-8")
    main(["rule", "test", "office/gauge", "--file", str(file), "--data", str(series),
          "--events-from", "gauge-1>=2.4", "--lang", "en"])  # fmt: skip
    assert "2" in capsys.readouterr().out


def test_a_file_with_faults_names_them_all_with_their_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "bad.toml"
    bad = PACK.replace("clear = 1.5", "clear = 3.0, typo = 1").replace(
        'stream = "gauge-1"', 'measure = "sum"\nquantity = "snowfall"'
    )
    file.write_text(bad, encoding="utf-8")
    with pytest.raises(SystemExit):
        main(["rule", "check", str(file), "--lang", "en"])
    said = capsys.readouterr().err
    for part in ("line 12", "typo", "snowfall", "window_s", "clear = 3.0"):
        assert part in said, said


def test_a_shipped_pack_is_switched_on_by_a_copy_that_can_be_changed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["rule", "use", "cn-weather", "--state", str(tmp_path), "--lang", "en"])
    main(["rule", "check", str(tmp_path / "rules" / "cn-weather.toml"), "--lang", "en"])
    assert "17" in capsys.readouterr().out


def test_rules_are_listed_with_what_they_rest_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["rule", "list", "--state", str(tmp_path), "--lang", "en"])
    said = capsys.readouterr().out
    assert "cn-weather/rainstorm" in said and "cn-local/heyuan_rainstorm" in said
