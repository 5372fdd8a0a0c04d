"""Losses under fields drawn around a ShakeMap: the closed forms of a sum of lognormals."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rencheng import risk
from rencheng.adapters.risk.events.shakemap import drawn, open_shakemap
from rencheng.cli import main
from rencheng.domain.curve import Curve
from rencheng.domain.errors import InvalidInputError
from rencheng.model.hazards.earthquake.fields import SHARED, range_km
from risk_kit import ramp

ROWS, COLUMNS, STEP = 6, 5, 0.05
OURS = """
schema = "rencheng/curves/1"
kind = "vulnerability"
hazard = "earthquake"
component = "structure"
intensity = "PGA"
unit = "g"
region = "any"
source = "made up for a test"
licence = "CC0-1.0"
status = "assumption"
version = "1"

[[curve]]
id = "ours.line"
asset = "house"
x = [0, 5]
mean = [0, 1]
"""


def grid(folder: Path, measure: str = "PGA", units: str = "%g") -> Path:
    """A ShakeMap of small accelerations and different deviations."""
    rng = np.random.default_rng(2)
    lines = [
        f"{-72 + STEP * c:.2f} {-30 - STEP * r:.2f} {rng.uniform(2, 8):.3f} "
        f"{rng.uniform(0.3, 0.7):.3f}"
        for r in range(ROWS)
        for c in range(COLUMNS)
    ]
    text = f"""<?xml version="1.0"?>
<shakemap_grid xmlns="http://earthquake.usgs.gov/eqcenter/shakemap" event_id="us1">
<grid_specification lon_min="-72" lat_min="{-30 - STEP * (ROWS - 1)}"
 lon_max="{-72 + STEP * (COLUMNS - 1)}" lat_max="-30" nlon="{COLUMNS}" nlat="{ROWS}"/>
<grid_field index="1" name="LON" units="dd"/><grid_field index="2" name="LAT" units="dd"/>
<grid_field index="3" name="{measure}" units="{units}"/>
<grid_field index="4" name="STD{measure}" units="ln"/>
<grid_data>
{chr(10).join(lines)}
</grid_data></shakemap_grid>"""
    (folder / "grid.xml").write_text(text, encoding="utf-8")
    return folder / "grid.xml"


def table(folder: Path) -> tuple[np.ndarray, dict[str, Any]]:
    """What the map says at one asset in each cell, and the assets."""
    lines = grid(folder).read_text(encoding="utf-8").split("<grid_data>\n")[1].splitlines()
    rows = np.array([line.split() for line in lines[: ROWS * COLUMNS]], dtype=float)
    value = np.random.default_rng(5).gamma(2.0, 100.0, len(rows))
    ids = [f"a{i}" for i in range(len(rows))]
    return rows, {"id": ids, "lon": rows[:, 0], "lat": rows[:, 1], "value": value}


def line() -> Curve:
    """A share lost that is a fifth of the acceleration in g."""
    return replace(ramp([0.0, 5.0], [0.0, 1.0]), intensity="PGA", unit="g", hazard="earthquake")


def test_a_straight_curve_has_the_mean_and_deviation_of_a_sum_of_lognormals(
    tmp_path: Path,
) -> None:
    rows, assets = table(tmp_path)
    events = risk.open_events(grid(tmp_path), measure="PGA", fields=4000, seed=7)
    result = risk.run(assets, events, [line()], currency="CLP", year=2024)
    assert result.of == "us1" and result.names[:2] == ("us1 1", "us1 2")
    each = assets["value"] * rows[:, 2] / 100.0 / 5.0 * np.exp(rows[:, 3] ** 2 / 2.0)
    km = np.radians(1.0) * 6371.0088
    east = km * np.cos(np.radians(-30.125)) * rows[:, 0]
    apart = np.hypot(east[:, None] - east, km * (rows[:, 1][:, None] - rows[:, 1]))
    alike = SHARED + (1.0 - SHARED) * np.exp(-3.0 * apart / range_km("PGA"))
    variance = each @ np.expm1(np.outer(rows[:, 3], rows[:, 3]) * alike) @ each
    assert result.loss.mean() == pytest.approx(each.sum(), rel=4 * variance**0.5 / each.sum() / 63)
    assert result.loss.std() == pytest.approx(variance**0.5, rel=0.08)


def test_a_map_without_its_deviation_understates_and_more_shared_scatters_more(
    tmp_path: Path,
) -> None:
    _, assets = table(tmp_path)
    told: dict[str, Any] = {"currency": "CLP", "year": 2024}
    given = open_shakemap(grid(tmp_path), measure="PGA")
    medians = risk.run(assets, given, [line()], **told)
    means, spreads = [], []
    for shared in (0.0, 0.5, 1.0):
        found = risk.run(assets, drawn(given, 1500, shared=shared, seed=2), [line()], **told)
        means.append(found.loss.mean())
        spreads.append(found.loss.std())
    assert len(medians.names) == 1 and min(means) > medians.loss[0]
    assert spreads == sorted(spreads)


def test_degrees_of_intensity_deviate_by_adding(tmp_path: Path) -> None:
    file = grid(tmp_path, "MMI", "intensity")
    events = risk.open_events(file, measure="MMI", fields=3000)
    source, _ = events.at(np.array([[-72.0, -30.0]]))
    _, x = source.block(0, 3000)
    rows = file.read_text(encoding="utf-8").split("<grid_data>\n")[1].split()
    assert x.mean() == pytest.approx(float(rows[2]), abs=0.05)
    assert x.std() == pytest.approx(float(rows[3]), rel=0.08)


def test_fields_that_cannot_be_drawn_are_refused(tmp_path: Path) -> None:
    given = open_shakemap(grid(tmp_path), measure="PGA")
    for wrong in ({"fields": -1}, {"shared": 1.5}, {"shared": float("nan")}, {"seed": -1}):
        with pytest.raises(InvalidInputError) as error:
            drawn(given, **wrong)
        assert [one.key for one in error.value.faults] == ["risk.draw"]


def test_the_command_says_and_writes_quantiles(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "state" / "curves").mkdir(parents=True)
    (tmp_path / "state" / "curves" / "ours.toml").write_text(OURS, encoding="utf-8")
    (tmp_path / "assets.csv").write_text("id,lon,lat,value\na,-72,-30,1e9\n", encoding="utf-8")
    command = [
        "risk", "run", "--assets", f"{tmp_path}/assets.csv", "--events",
        str(grid(tmp_path)), "--curves", "ours.line", "--measure", "PGA",
        "--currency", "CLP", "--year", "2024", "--state", f"{tmp_path}/state",
        "--fields", "50", "--out", f"{tmp_path}/out", "--lang", "en",
    ]  # fmt: skip
    main(command)
    assert "Loss of us1: median" in capsys.readouterr().out
    said = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))["drawn"]
    assert said["fields"] == 50 and 0.0 < said["p05"] < said["p50"] < said["p95"]
    assert (tmp_path / "out" / "quantiles.csv").read_text(encoding="utf-8").startswith("event,")
