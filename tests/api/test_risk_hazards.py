"""Wind and tsunamis of the office over the real city, end to end over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from api_kit import Enter, TestClient
from raster_kit import save
from rencheng.bootstrap import Brain
from rencheng.bootstrap.risk import open_risk
from rencheng.domain.city import City
from rencheng.service.risk_jobs import RiskRoom

pytestmark = pytest.mark.slow

SAID = {
    "name_zh": "试验", "name_en": "A trial", "source": "made up for a test", "is_synthetic": True,
}  # fmt: skip
WIND = {"file": "wind.csv", "hazard": "wind", "measure": "wind_1min", "unit": "m/s"}
WAVE = {"file": "wave.tif", "hazard": "tsunami", "measure": "water_depth", "unit": "m"}
FLOW = WAVE | {"file": "flow.tif", "measure": "flow_speed", "unit": "m/s"}


@pytest.fixture
def tiny_city(city: City) -> City:
    """Serve the real city in place of the small one."""
    return city


@pytest.fixture
def room(brain: Brain, tmp_path: Path) -> RiskRoom:
    brain.risks = open_risk(brain.house, tmp_path, brain.models, is_apart=False)
    return brain.risks


@pytest.fixture
def planner(room: RiskRoom, enter: Enter) -> TestClient:
    return enter("planner")


def give(client: TestClient, key: str, said: dict[str, str], body: bytes) -> None:
    answer = client.put(f"risk/sets/{key}", params=said | SAID, content=body)
    assert answer.status_code == 200, answer.text


def run(client: TestClient, room: RiskRoom, **asked: Any) -> dict[str, Any]:
    made = client.post("risk/jobs", json=asked)
    assert made.status_code == 202, made.text
    assert room.desk.turn()
    job = client.get(f"risk/jobs/{made.json()['id']}").json()
    assert job["state"] == "done", job["trouble"]
    return dict(client.get(f"risk/jobs/{job['id']}/summary").json())


def water(folder: Path, city: City, name: str, value: float) -> bytes:
    """Return a raster over the west half of the city, in the north as high as said."""
    low, high = np.nanmin(city.buildings.xy, axis=0), np.nanmax(city.buildings.xy, axis=0)
    size = float(max(high - low)) / 40
    cells = np.full((42, 21), value / 2, np.float32)
    cells[:21] = value
    corner = (float(low[0]) - size, float(high[1]) + size)
    save(folder / name, cells, corner=corner, step=(size, size))
    return (folder / name).read_bytes()


def test_a_storm_of_the_office_has_losses_by_the_published_curve(
    room: RiskRoom, planner: TestClient, city: City
) -> None:
    places = city.zones.centre
    rows = [
        f"{name},{rate},{lon},{lat},{speed}"
        for name, rate, speed in (("storm", 0.02, 45.0), ("cyclone", 0.002, 70.0))
        for lon, lat in places.tolist()
    ]
    give(planner, "wind", WIND, "\n".join(["event,rate,lon,lat,intensity", *rows]).encode())
    found = run(planner, room, set="wind")
    assert sum(found["counts"].values()) == city.buildings.id.size
    assert found["counts"]["assessed"] > 0.5 * city.buildings.id.size
    # Emanuel 2011: v = (V - 25.7) / (74.7 - 25.7), f = v³ / (1 + v³).
    shares = [v**3 / (1 + v**3) for v in ((s - 25.7) / (74.7 - 25.7) for s in (45.0, 70.0))]
    yearly = (0.02 * shares[0] + 0.002 * shares[1]) * found["value"]
    aal = next(one for one in found["figures"] if one["key"] == "aal")
    assert aal["mean"] <= yearly * 1.01
    assert aal["mean"] >= yearly * 0.98 * found["counts"]["assessed"] / city.buildings.id.size


def test_a_tsunami_without_curves_says_so_and_counts_people_by_depth_and_speed(
    room: RiskRoom, planner: TestClient, city: City, tmp_path: Path
) -> None:
    give(planner, "wave", WAVE, water(tmp_path, city, "wave.tif", 1.0))
    give(planner, "flow", FLOW, water(tmp_path, city, "flow.tif", 3.0))
    still, moving = (run(planner, room, set="wave", speed=speed) for speed in ("", "flow"))
    assert still["counts"]["assessed"] == 0 < still["counts"]["no_curve"]
    assert still["figures"][0]["mean"] is None
    people = [
        {row["fate"]: row["mean"] for row in one["people"] if row["model"] == "aidr"}
        for one in (still, moving)
    ]
    assert sum(people[0].values()) == pytest.approx(sum(people[1].values()))
    assert people[0]["h5"] == 0 < people[1]["h5"]
    assert "depth alone" in str(still["notes"])


def test_a_tsunami_with_the_offices_curves_has_losses(
    room: RiskRoom, planner: TestClient, city: City, tmp_path: Path
) -> None:
    folder = tmp_path / "risk"
    folder.mkdir(exist_ok=True)
    (folder / "tsunami_by_use.toml").write_text(
        'schema = "rencheng/tsunami-by-use/1"\nstatus = "assumption"\nversion = "1"\n'
        '[[use]]\nstarts = ["RES"]\ncurve = "jrc.global.commercial"\n',
        encoding="utf-8",
    )
    give(planner, "wave", WAVE, water(tmp_path, city, "wave.tif", 2.0))
    found = run(planner, room, set="wave")
    assert found["counts"]["assessed"] > 0 and found["counts"]["no_curve"] > 0
    loss = next(one for one in found["figures"] if one["key"] in ("loss", "largest_loss"))
    assert 0 < loss["mean"] < found["value"]
    assert found["is_partial"]
