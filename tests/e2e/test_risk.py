"""The risk page in a real browser: run a scenario, read it, ask why, and delete it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("playwright")
from person import Person, expect

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.fixture(scope="module")
def planner(visit: Callable[..., Person]) -> Iterator[Person]:
    person = visit("planner", language="en")
    person.go("risk")
    person.test("risk-study-on").check()
    person.page.get_by_label("Samples", exact=True).fill("20")
    person.test("risk-run").click()
    job = person.test("risk-job")
    expect(job).to_have_attribute("data-state", "done", timeout=300_000)
    yield person


def test_a_scenario_shows_map_figures_and_legend(planner: Person) -> None:
    planner.settle()
    expect(planner.test("risk-figures").locator("[data-key=loss]")).to_contain_text("EUR")
    expect(planner.test("risk-standing")).to_contain_text("assessed")
    expect(planner.test("risk-legend")).to_contain_text("synthetic")
    assert planner.colours() > 5
    assert not planner.axe()


def test_another_quantity_colours_the_map(planner: Person) -> None:
    planner.test("risk-field").select_option("dead")
    expect(planner.test("risk-legend")).to_contain_text("Deaths")


def test_a_building_says_why(planner: Person) -> None:
    planner.tab("Buildings")
    planner.page.locator("[role=tabpanel] tbody tr").first.click()
    why = planner.test("risk-why")
    expect(why).to_contain_text("Huizinga")
    expect(why).to_contain_text("HAZUS")
    expect(why).to_contain_text("Φ(ln(x / median) / β)")


def test_an_event_is_chosen_and_given_up_again(planner: Person) -> None:
    planner.tab("Events")
    planner.page.locator("[role=tabpanel] tbody tr").first.click()
    back = planner.page.get_by_role("button", name="Show all together")
    expect(back).to_be_visible()
    back.click()
    expect(back).to_have_count(0)


def test_uncertain_inputs_and_downloads(planner: Person) -> None:
    planner.tab("Uncertainty")
    found = planner.test("risk-study")
    expect(found).to_contain_text("Loss of this earthquake")
    expect(planner.test("risk-sobol")).to_contain_text("not asked for")
    planner.test("risk-downloads").locator("summary").click()
    with planner.page.expect_download() as taken:
        planner.page.get_by_role("link", name="What it is (RDLS)").click()
    assert taken.value.suggested_filename.endswith(".rdls.json")
    planner.test("risk-downloads").locator("summary").click()
    assert not planner.axe()


def test_on_paper_a_result_says_model_version_and_what_is_made_up(planner: Person) -> None:
    planner.page.emulate_media(media="print")
    head = planner.page.locator(".only-print")
    expect(head).to_contain_text("event-impact")
    expect(head).to_contain_text("synthetic")
    expect(planner.test("risk-downloads")).to_be_hidden()
    planner.page.emulate_media(media="screen")
    expect(head).to_be_hidden()


def test_water_of_the_office_is_counted_by_depth_and_speed(planner: Person, tmp_path: Path) -> None:
    grid = [(-71.36 + 0.01 * i, -30.0 + 0.01 * j) for i in range(15) for j in range(15)]
    places = "".join(f"t100,0.01,{lon:.2f},{lat:.2f},1\n" for lon, lat in grid)
    for name in ("river", "fast"):
        (tmp_path / f"{name}.csv").write_text(f"event,rate,lon,lat,intensity\n{places}")
    planner.press("Add a file of events")
    form = planner.test("risk-new-set")
    form.locator("input[type=file]").first.set_input_files(tmp_path / "river.csv")
    planner.test("risk-speed-file").set_input_files(tmp_path / "fast.csv")
    form.get_by_label("English name").fill("River")
    form.get_by_label("Where the numbers come from").fill("made up for a test")
    form.locator("button[type=submit]").click()
    expect(planner.test("risk-speed")).to_have_value("river-speed", timeout=60_000)
    before = planner.page.url
    planner.test("risk-run").click()
    planner.page.wait_for_url(lambda url: url != before)
    expect(planner.test("risk-job")).to_have_attribute("data-state", "done", timeout=300_000)
    planner.tab("People")
    expect(planner.test("risk-people")).to_contain_text("by depth and flow speed")
    assert not planner.axe()
    planner.press("Delete this result")
    planner.confirm("Delete this result")


def test_who_may_not_run_reads_and_is_told_so(
    planner: Person, visit: Callable[..., Person]
) -> None:
    reader = visit("auditor", language="en", size=(390, 844))
    reader.open("/risk")
    expect(reader.test("risk-figures")).to_be_visible()
    expect(reader.test("risk-run")).to_have_count(0)
    assert not reader.overflow()


def test_a_result_is_deleted_after_a_question(planner: Person) -> None:
    planner.press("Delete this result")
    planner.confirm("Delete this result")
    expect(planner.test("risk-job")).to_have_count(0)
