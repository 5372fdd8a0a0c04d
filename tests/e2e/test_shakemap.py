"""A published map of shaking on the situation page, as a feed brings it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from math import exp
from pathlib import Path

import pytest

pytest.importorskip("playwright")
from person import Person, Server, expect

from rencheng.domain.city import City

sys.path.insert(0, str(Path(__file__).parents[1] / "connectors"))

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
STEP = 0.05
ROWS = COLUMNS = 41


def grid() -> bytes:
    """Return a `grid.xml` of ten minutes ago, strongest off the city's coast."""
    made = datetime.now(UTC) - timedelta(minutes=10)
    points = [(-72.5 + STEP * i, -29.0 - STEP * j) for j in range(ROWS) for i in range(COLUMNS)]
    data = "\n".join(
        f"{lon:.4f} {lat:.4f} {60 * exp(-2.5 * ((lon + 71.5) ** 2 + (lat + 30) ** 2)):.4f}"
        for lon, lat in points
    )
    return f"""<?xml version="1.0"?>
<shakemap_grid event_id="us7" shakemap_version="3" process_timestamp="{made:%Y-%m-%dT%H:%M:%SZ}"
 shakemap_originator="us">
<grid_specification nlon="{COLUMNS}" nlat="{ROWS}"/>
<grid_field index="1" name="LON" units="dd"/>
<grid_field index="2" name="LAT" units="dd"/>
<grid_field index="3" name="PGA" units="%g"/>
<grid_data>
{data}
</grid_data>
</shakemap_grid>""".encode()


@pytest.fixture(scope="module")
def server(
    program: str, state: Path, city: City, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Serve from a state of its own, with a feed of maps of shaking."""
    import http_kit
    from serving import serving

    fresh = tmp_path_factory.mktemp("shakemap")
    with http_kit.serving(lambda asked: http_kit.reply(asked, grid())) as url:
        feed = (
            f'[feed.maps]\nconnector = "shakemap"\nurl = "{url}/grid.xml"\nallow_private = true\n'
        )
        (fresh / "connectors.toml").write_text(feed, encoding="utf-8")
        with serving(state, fresh) as served:
            yield served


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("size", [(1440, 900), (390, 844)])
def test_the_map_of_shaking_is_drawn_and_says_whose_it_is_and_how_old(
    visit: Callable[..., Person], language: str, size: tuple[int, int]
) -> None:
    duty = visit("duty", language=language, size=size)
    duty.open("/situation?layer=none")
    note = duty.test("shakemap")
    expect(note).to_have_count(1)
    if size[0] < 800:
        duty.page.locator("details summary").first.click()
    expect(note).to_be_visible()
    is_english = language == "en"
    expect(note).to_contain_text("US, version 3" if is_english else "US，第 3 版")
    expect(note).to_contain_text("ago" if is_english else "前")
    expect(note).to_contain_text("/grid.xml")
    duty.shot(f"shakemap.{language}.{'phone' if size[0] < 800 else 'desktop'}")
    assert not duty.overflow()
    if size[0] < 800:
        duty.press("Layers" if is_english else "图层")
    box = duty.page.get_by_role("checkbox", name="ShakeMap" if is_english else "震动图")
    box.uncheck()
    expect(note).to_have_count(0)
    box.check()
    expect(note).to_have_count(1)
