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
    main(["rule", "test", "office", "--file", str(file), "--history", str(series),
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
    main(["rule", "test", "office/gauge", "--file", str(file), "--history", str(series),
          "--events-from", "gauge-1>=2.4", "--lang", "en"])  # fmt: skip
    assert "2" in capsys.readouterr().out


def test_every_event_is_told_with_its_alarm_and_lead(
    series: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "office.toml"
    file.write_text(PACK, encoding="utf-8")
    both = "2026-03-01T07:00:00Z,2026-03-01T09:00:00Z\n2026-03-01T12:00:00Z,2026-03-01T13:00:00Z\n"
    events = written(tmp_path / "events.csv", f"start,end\n{both}")
    arguments = ["rule", "test", "office", "--file", str(file), "--history", str(series),
                 "--events", str(events), "--lead-h", "2", "--lang", "en"]  # fmt: skip
    main(arguments)
    said = capsys.readouterr().out
    for part in ("hit", "missed", "06:00Z", "60"):
        assert part in said, said
    main([*arguments, "--json"])
    found = json.loads(capsys.readouterr().out)
    (rule,) = found["rules"]
    assert [(one["is_hit"], one["lead_s"]) for one in rule["judged"]] == [
        (True, 3600.0), (False, None),
    ]  # fmt: skip


def written(file: Path, text: str) -> Path:
    file.write_text(text, encoding="utf-8")
    return file


@pytest.fixture
def forecasts(tmp_path: Path) -> Path:
    """High water at 12:00 first forecast at 03:00; at 20:00 forecast at 13:00, and not any more at
    14:00."""
    lines = ["datastream,time,value,issued"]
    for issued in range(24):
        for hour in range(issued, 24):
            is_high = (hour == 12 and issued >= 3) or (hour == 20 and issued == 13)
            lines.append(
                f"gauge-1,2026-03-01T{hour:02}:00:00Z,{2.5 if is_high else 1.0},"
                f"2026-03-01T{issued:02}:00:00Z"
            )
    return written(tmp_path / "forecasts.csv", "\n".join(lines) + "\n")


def test_a_rule_on_forecasts_is_tested_on_what_was_known_when(
    forecasts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rule = PACK.replace('stream = "gauge-1"', 'stream = "gauge-1"\ninput = "forecast"')
    file = written(tmp_path / "office.toml", rule)
    events = written(
        tmp_path / "events.csv", "start,end\n2026-03-01T12:00:00Z,2026-03-01T12:30:00Z\n"
    )
    main(["rule", "test", "office", "--file", str(file), "--history", str(forecasts),
          "--events", str(events), "--lead-h", "1", "--json"])  # fmt: skip
    found = json.loads(capsys.readouterr().out)
    (one,) = found["rules"]
    assert (one["hits"], one["false_alarms"], one["lead_s"]) == (1, 1, [9 * 3600.0])
    assert [(a["start"][11:16], a["end"][11:16], a["due"][11:16]) for a in found["alarms"]] == [
        ("03:00", "12:00", "12:00"), ("13:00", "14:00", "20:00"),
    ]  # fmt: skip


def test_a_rule_on_the_state_is_tested_on_a_file_of_states(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ["datastream,time,value"]
    for step in range(144):
        hour, minute = divmod(step * 10, 60)
        share = 0.5 if 6 <= hour < 8 else 0.0
        lines.append(f"state/power_out/power,2026-03-01T{hour:02}:{minute:02}:00Z,{share}")
    states = written(tmp_path / "states.csv", "\n".join(lines) + "\n")
    main(["rule", "test", "state", "--history", str(states), "--state", str(tmp_path), "--json"])
    found = json.loads(capsys.readouterr().out)
    (alarm,) = found["alarms"]
    assert (alarm["rule"], alarm["object"], alarm["level"]) == ("state/power_outage", "power", 2)
    assert (alarm["start"][11:16], alarm["end"][11:16]) == ("06:00", "08:05")
    read = {one["id"] for one in found["rules"] if one["is_read"]}
    assert read == {"state/power_outage"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("datastream,time,value\nx,2026-03-01T00:00:00Z,1\n", "gauge"),
        ("datastream,time\nx,2026-03-01T00:00:00Z\n", "value"),
        ("datastream,time,value\nx,2026-03-01T00:00:00,1\n", "row 2"),
        ("datastream,time,value\nx,2026-03-01T00:00:00Z,much\n", "row 2"),
        ("datastream,time,value,issued\nx,2026-03-01T00:00:00Z,1,\n"
         "x,2026-03-01T01:00:00Z,1,2026-03-01T00:00:00Z\n", "row 3"),
        ("CDF", "--map"),
    ],
)  # fmt: skip
def test_a_history_that_cannot_be_used_says_why(
    text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path / "office.toml", PACK)
    history = written(tmp_path / "history.csv", text)
    with pytest.raises(SystemExit):
        main(["rule", "test", "office", "--file", str(file), "--history", str(history),
              "--lang", "en"])  # fmt: skip
    assert said in capsys.readouterr().err


def test_a_history_with_columns_of_its_own_is_read_by_a_map(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ["when,gauge_cm"]
    lines += [f"2026-03-01 {hour:02}:00,{250 if hour == 6 else 100}" for hour in range(24)]
    history = written(tmp_path / "own.csv", "\n".join(lines) + "\n")
    map_ = written(
        tmp_path / "map.toml",
        'schema = "rencheng/history_map/1"\nsource = "own"\ntime = "when"\n'
        'time_format = "%Y-%m-%d %H:%M"\nzone = "Asia/Shanghai"\n\n[[column]]\n'
        'name = "gauge_cm"\ndatastream = "gauge-1"\nfactor = 0.01\n',
    )
    file = written(tmp_path / "office.toml", PACK)
    main(["rule", "test", "office", "--file", str(file), "--history", str(history),
          "--map", str(map_), "--json"])  # fmt: skip
    (alarm,) = json.loads(capsys.readouterr().out)["alarms"]
    assert (alarm["start"], alarm["end"]) == ("2026-02-28T22:00Z", "2026-02-28T23:00Z")


def test_a_file_of_ones_own_is_put_in_force_and_replaced_by_the_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for version in ("1", "2"):
        text = PACK.replace('version = "1"', f'version = "{version}"')
        file = written(tmp_path / "mine.toml", text)
        main(["rule", "use", str(file), "--state", str(tmp_path), "--lang", "en"])
    assert "from version 1 to 2" in " ".join(capsys.readouterr().out.split())
    assert [one.name for one in (tmp_path / "rules").iterdir()] == ["office.toml"]


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


def test_a_file_nested_without_end_is_refused_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "deep.toml").write_text("a=" + "[" * 5000, encoding="utf-8")
    with pytest.raises(SystemExit):
        main(["rule", "check", str(tmp_path / "deep.toml"), "--lang", "en"])
    said = capsys.readouterr().err
    assert said.startswith("✗") and "deep.toml cannot be read" in " ".join(said.split())


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
