"""`rencheng risk people`: files in, files out, every model said beside the others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rencheng.cli import main

ASSETS = (
    "id,lon,lat,use,residents,elderly_65\n"
    "a,114.30,30.60,RES3,100,20\nb,114.31,30.60,RES3,50,\nc,114.30,30.60,RES1,-4,\n"
)
DEPTH = "event,rate,lon,lat,intensity\ne1,0.1,114.30,30.60,0.6\ne1,0.1,114.31,30.60,2.0\n"
SPEED = "event,rate,lon,lat,intensity\ne1,0.1,114.30,30.60,0.1\ne1,0.1,114.31,30.60,2.5\n"


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    for name, text in (("assets", ASSETS), ("depth", DEPTH), ("speed", SPEED)):
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    return [
        "risk", "people", "--assets", f"{tmp_path}/assets.csv", "--events", f"{tmp_path}/depth.csv",
        "--measure", "water_depth", "--unit", "m", "--hour", "2", "--day", "weekday",
        "--out", f"{tmp_path}/out", "--state", f"{tmp_path}/state", "--lang", "en",
    ]  # fmt: skip


def test_people_are_written_and_said(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main([*command, "--evacuated", "0.5"])
    said = capsys.readouterr().out
    assert "2 assessed, 0 not exposed, 0 without curve, 1 with bad data" in said
    assert "assets.residents: 1 numbers are negative: c" in said
    assert "jonkman.remaining" in said
    assert "worldbank.drowned" in said
    assert "no deaths under ground or in vehicles" in said
    found = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert found["present"] == pytest.approx(150 * 0.99)
    assert found["versions"]["evacuated"] == "0.5"


def test_another_measure_of_the_same_events_raises_the_class(
    command: list[str], tmp_path: Path
) -> None:
    main([*command, "--also", f"flow_speed,m/s,{tmp_path}/speed.csv"])
    found = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    water = next(one for one in found["estimates"] if one["model"] == "aidr")["fates"]
    # 2.0 m at 2.5 m/s are 5 m²/s; 0.6 m at 0.1 m/s stay H3.
    assert water["h6"]["largest"] == pytest.approx(49.5)
    assert water["h3"]["largest"] == pytest.approx(99.0)


def test_without_rates_every_model_is_told_in_one_event_that_is_named(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wide = "".join(f"wide,114.3{k},30.60,0.2\n" for k in (0, 1))
    deep = "deep,114.30,30.60,4.5\n"
    (tmp_path / "depth.csv").write_text(f"event,lon,lat,intensity\n{wide}{deep}")
    main(command)
    said = capsys.readouterr().out
    assert "aidr: event deep" in said
    assert "(safe for all): 0\n" in said  # all of them stand in shallow water, but in the other one


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--day", "sunday"], "--day sunday cannot be read"),
        (["--also", "speeds.csv"], "--also speeds.csv cannot be read"),
        (["--hour", "25"], "Hour 25.0 is not on the clock"),
        (["--upstairs", "30"], "upstairs = 30.0 does not lie between 0 and 1"),
        (["--country", "XX"], "There is no rapid model for XX"),
        (["--also", "water_depth,m,DEPTH"], "More than one event set gives water_depth"),
        (["--curves", "house=X", "house=Y"], "--curves: 1 names are given more than once: house"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(
    command: list[str],
    options: list[str],
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if options[0] in command:
        at = command.index(options[0])
        command = command[:at] + command[at + 2 :]
    with pytest.raises(SystemExit):
        main([*command, *(one.replace("DEPTH", f"{tmp_path}/depth.csv") for one in options)])
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_it_speaks_chinese(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    main([*command[:-1], "zh"])
    assert "各模型并列" in capsys.readouterr().out
