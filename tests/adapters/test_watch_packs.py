"""The shipped packs of alarm rules, and those of an office."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rencheng.adapters.watch_packs import load_packs, open_watch, read_pack, shipped_packs
from rencheng.domain.alarm import Level
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.observation import Quantity
from rencheng.domain.rules import RuleStatus
from rencheng.domain.watch import Input, WatchRule
from rencheng.sense.rules.compiled import US
from rencheng.sense.rules.foreseen import Ahead, foresee
from sense.rules.test_evaluate import T0, Watcher, rained_on, rows

FOURTEEN = {
    "typhoon", "rainstorm", "snowstorm", "cold_wave", "gale", "sand_dust", "heat", "drought",
    "lightning", "hail", "frost", "fog", "haze", "road_ice",
}  # fmt: skip


def shipped(name: str) -> WatchRule:
    return next(rule for pack in shipped_packs() for rule in pack.rules if rule.id == name)


def test_all_fourteen_weather_signals_are_there_with_their_tables() -> None:
    rules = {r.id.partition("/")[2]: r for p in shipped_packs() for r in p.rules
             if p.id == "cn-weather"}  # fmt: skip
    assert rules.keys() >= FOURTEEN
    assert all(rules[name].table for name in FOURTEEN)
    assert all(rules[name].steps or rules[name].input is Input.BULLETIN for name in FOURTEEN)


def test_nothing_is_called_official_that_was_not_read_in_its_text() -> None:
    official = [r.id for p in shipped_packs() for r in p.rules if r.status is RuleStatus.OFFICIAL]
    assert official == ["cn-local/heyuan_rainstorm"]


def test_rain_gets_the_colours_of_the_table() -> None:
    for hours, depth, level in ((12, 50, 4), (6, 50, 3), (3, 50, 2), (3, 100, 1), (12, 40, None)):
        w = Watcher(shipped("cn-weather/rainstorm"), city=rained_on(1))
        count = int(hours * 60 * 0.95)
        w.hear(*((0, 60 * i, depth * 1.001 / count) for i in range(count)))
        step = int(w.state.slots["step"][0])
        found = None if step < 0 else int(w.rules.rules[0].steps[step].level)
        assert found == level, (hours, depth)


@pytest.mark.parametrize(
    "wrong",
    ["[rule]", "[[rule]]\nsteps = 5", "[[rule]]\ntable = [5]", "[[rule]]\nshare = '0.5'",
     "[[rule]]\nsteps = [[1]]", "[[rule]]\nstreams = 'a'", "[[rule]]\nsteps = [{level = [1]}]",
     "[[rule]]\nid = {a = 1}", "rule = 'x'", "[[rule]]\nsteps = [{level = 1, all = [2]}]"],
)  # fmt: skip
def test_a_mistyped_file_is_a_broken_one_whatever_it_holds(tmp_path: Path, wrong: str) -> None:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "own.toml").write_text(f'schema = "rencheng/alarms/2"\n{wrong}\n', "utf-8")
    memory = open_watch(tmp_path)
    assert [name for name, _ in memory.broken] == ["own.toml"]
    assert memory.packs == shipped_packs()


def test_an_office_may_replace_a_shipped_pack_and_a_broken_file_stops_nothing(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "bad.toml").write_text("schema = 1\n")
    text = 'schema = "rencheng/alarms/2"\nid = "cn-local"\nversion = "9"\ntitle_zh = "a"\n'
    text += 'title_en = "a"\njurisdiction = "*"\nstatus = "unverified"\nsource = "ours"\n'
    text += 'valid_from = "2026-01-01"\n[[rule]]\nid = "x"\ntitle_zh = "x"\ntitle_en = "x"\n'
    text += 'quantity = "rain"\nsteps = [{ level = 1, at = 5 }]\n'
    (folder / "mine.toml").write_text(text)
    packs, broken = load_packs(tmp_path)
    assert {p.id: p.version for p in packs}["cn-local"] == "9"
    assert [name for name, _ in broken] == ["bad.toml"]
    assert open_watch(tmp_path).broken[0][0] == "bad.toml"


def test_a_forecast_of_rain_is_told_with_its_time_and_an_older_word_is_forgotten() -> None:
    from dataclasses import replace

    city = rained_on(1)
    city = replace(city, datastreams=(replace(city.datastreams[0], is_forecast=True),))
    hours = rows(*((0, 3600 * h, 20) for h in range(1, 7)))
    ahead = Ahead(T0, hours, {})
    rule = shipped("cn-weather/rainstorm_ahead")
    (found,), _ = foresee([rule], city, ahead)
    assert rule.steps[found.step].level is Level.ORANGE
    assert found.at == T0 + 3 * 3600 * US
    newer = np.concatenate([hours, hours])
    newer["received"][6:], newer["value"][6:], newer["reasons"][6:] = 1, 0, 8
    found_now, unknown = foresee([rule], city, Ahead(T0, newer, {}))
    assert not found_now and not unknown
    assert foresee([rule], city, Ahead(T0, hours[:0], {}))[1] == [(rule.id, "city")]


def test_a_figure_of_our_own_forecast_is_compared_at_its_quantile() -> None:
    city = rained_on(1)
    figure = np.full((101, 6), np.nan)
    figure[:, :2] = np.linspace(20, 120, 101)[:, None]
    rule = shipped("forecast/tsunami_soon")
    (found,), _ = foresee([rule], city, Ahead(T0, rows()[:0], {"tsunami_minutes": figure}))
    assert rule.steps[found.step].level is Level.RED
    assert found.value == 25.0
    assert foresee([rule], city, Ahead(T0, rows()[:0], {})) == ([], [])


def test_every_quantity_of_the_rules_is_one_of_the_house() -> None:
    read = {c.select.quantity for p in shipped_packs() for r in p.rules for s in r.steps
            for c in s.conditions} - {None}  # fmt: skip
    assert read <= set(Quantity)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ('input = "state"\nquantity = "rain"', "figure: shaking"),
        ('input = "state"\nfigure = "moon"', "figure = 'moon': shaking"),
        ('input = "state"\nfigure = "tide"\nstream = "tide-1"', "figure: shaking"),
        ('input = "state"\nfigure = "power_24h"', "figure = 'power_24h': shaking"),
        ('input = "forecast"\nfigure = "tide"', "figure = 'tide': pga"),
        ('input = "forecast"\nfigure = "dead"\nspeaks = "object"', "speaks = 'object'"),
    ],
)
def test_a_figure_belongs_to_states_or_to_forecasts(rule: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "odd.toml"
    file.write_text(
        'schema = "rencheng/alarms/2"\nid = "odd"\nversion = "1"\ntitle_zh = "a"\ntitle_en = "a"\n'
        'jurisdiction = "*"\nstatus = "unverified"\nsource = "ours"\nvalid_from = "2026-01-01"\n'
        '[[rule]]\nid = "x"\ntitle_zh = "x"\ntitle_en = "x"\n'
        f"{rule}\nsteps = [{{ level = 1, at = 5 }}]\n",
        encoding="utf-8",
    )
    with pytest.raises(InvalidInputError) as refused:
        read_pack(file)
    assert any(said in one.problem for one in refused.value.faults), refused.value.faults


def test_the_rules_on_the_state_come_back_from_a_swing_about_a_threshold() -> None:
    on_state = [one for pack in shipped_packs() for one in pack.rules if one.input is Input.STATE]
    assert {one.id.partition("/")[2] for one in on_state} == {
        "strong_shaking", "tide_anomaly", "power_outage", "pressure_loss", "hospital_full",
        "vital_silent", "sensor_stuck",
    }  # fmt: skip
    for one in on_state:
        figure = one.steps[0].conditions[0].select.figure
        is_measured = figure in ("tide", "power_out", "water_out", "free_beds")
        conditions = [c for step in one.steps for c in step.conditions]
        assert all((c.clear_after_s > 0) is is_measured for c in conditions), one.id
        assert one.source and one.version
