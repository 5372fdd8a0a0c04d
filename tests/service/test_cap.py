"""The CAP 1.2 writer: strict, valid against the schema, never wider than what was approved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from lxml import etree
from shapely.geometry import Polygon

from ops_kit import CHIEF, DUTY, Kit
from rencheng.domain.city import City
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.provenance import Mode
from rencheng.service import alerts
from rencheng.service.areas import MOST_VERTICES, polygons
from rencheng.service.cap import NAMESPACE
from shared_data import SHARED
from tiny_city import shapes

SCHEMA = SHARED / "cap" / "schema" / "cap12.xsd"
CAP = {"c": NAMESPACE}


@pytest.fixture(scope="session")
def schema() -> Iterator[etree.XMLSchema]:
    if not SCHEMA.exists():
        pytest.skip("the CAP 1.2 schema is not on this machine: documents are NOT checked by it")
    yield etree.XMLSchema(etree.parse(SCHEMA))


def texts(document: bytes, path: str) -> list[str]:
    return etree.fromstring(document).xpath(f"{path}/text()", namespaces=CAP)


def family(kit: Kit, run: str) -> list[bytes]:
    """Return an alert, its update, its cancellation and a draft as documents."""
    content = alerts.suggestion(kit.house, run, "tsunami")
    draft = alerts.draft(kit.house, kit.order(DUTY, run), content)
    alert = alerts.approve(kit.house, kit.order(CHIEF, run), draft.id, 1)
    waiting = alerts.correct(kit.house, kit.order(DUTY, run), alert.id)
    edited = alerts.edit(kit.house, kit.order(DUTY, run), waiting.id, 1, content)
    alerts.approve(kit.house, kit.order(CHIEF, run), edited.id, edited.version)
    alerts.cancel(kit.house, kit.order(CHIEF, run), alert.id, 2, "误报 <&>")
    alerts.draft(kit.house, kit.order(DUTY, run), alerts.suggestion(kit.house, run, "earthquake"))
    found = kit.see(lambda work: work.alerts.list(run))[::-1]
    return [alerts.cap_document(kit.house, one.id) for one in found]


@pytest.mark.parametrize("mode", list(Mode))
def test_every_message_is_valid_cap_1_2(kit: Kit, schema: etree.XMLSchema, mode: Mode) -> None:
    run = "live" if mode is Mode.LIVE else kit.replay(mode=mode)
    documents = family(kit, run)
    assert len(documents) == 5
    for document in documents:
        schema.assertValid(etree.fromstring(document))


@pytest.mark.parametrize(
    ("mode", "status"),
    [
        (Mode.LIVE, "Actual"),
        (Mode.REPLAY, "Exercise"),
        (Mode.DRILL, "Exercise"),
        (Mode.TEST, "Test"),
    ],
)
def test_status_and_wording_follow_the_mode(kit: Kit, mode: Mode, status: str) -> None:
    run = "live" if mode is Mode.LIVE else kit.replay(mode=mode)
    sent, *_, draft = family(kit, run)
    assert texts(sent, "c:status") == [status]
    assert texts(draft, "c:status") == ["Draft"]
    headlines = texts(sent, "c:info/c:headline")
    assert all(h.startswith(("【", "[")) is (mode is not Mode.LIVE) for h in headlines)
    assert bool(texts(sent, "c:note")) is (mode is not Mode.LIVE)


def test_times_are_utc_with_an_offset_and_never_z(kit: Kit) -> None:
    for document in family(kit, "live"):
        for name in ("sent", "info/c:onset", "info/c:expires", "info/c:effective"):
            assert all(time.endswith("-00:00") for time in texts(document, f"c:{name}"))


def test_update_and_cancel_name_sender_id_and_time_of_each_earlier_message(kit: Kit) -> None:
    by_kind = {}
    for document in family(kit, "live"):
        by_kind.setdefault(texts(document, "c:msgType")[0], document)
    first, sender = by_kind["Alert"], texts(by_kind["Alert"], "c:sender")[0]
    triple = f"{sender},{texts(first, 'c:identifier')[0]},{texts(first, 'c:sent')[0]}"
    assert texts(first, "c:references") == []
    assert texts(by_kind["Update"], "c:references") == [triple]
    named = texts(by_kind["Cancel"], "c:references")[0].split(" ")
    assert triple in named
    assert len(named) == 2


def test_polygons_are_the_approved_zones_in_lat_lon_and_closed(kit: Kit, tiny_city: City) -> None:
    document = family(kit, "live")[0]
    zones = [int(z) for z in texts(document, "c:info[1]/c:area/c:geocode/c:value")]
    assert zones == [101, 104]
    for zone, text in zip(zones, texts(document, "c:info[1]/c:area/c:polygon"), strict=True):
        ring = [tuple(map(float, pair.split(","))) for pair in text.split(" ")]
        assert ring[0] == ring[-1]
        row = list(tiny_city.zones.id).index(zone)
        lon, lat = tiny_city.zones.centre[row]
        drawn = Polygon([(y, x) for x, y in ring])
        assert drawn.contains(Polygon([(lon, lat), (lon + 1e-4, lat), (lon, lat + 1e-4)]))
        assert drawn.area * 111_132**2 * np.cos(np.radians(lat)) == pytest.approx(250_000, rel=0.02)


def test_every_language_has_its_block_with_texts_that_differ(kit: Kit) -> None:
    document = family(kit, "live")[0]
    assert texts(document, "c:info/c:language") == ["zh-CN", "en"]
    assert texts(document, "c:info/c:event") == ["海啸", "Tsunami"]
    assert len(set(texts(document, "c:info/c:category"))) == 1


def test_characters_that_xml_cannot_carry_are_refused(kit: Kit) -> None:
    content = alerts.suggestion(kit.house, "live", "tsunami")
    info = replace(content.infos[0], description="a\x00b")
    draft = alerts.draft(kit.house, kit.order(DUTY), replace(content, infos=(info,)))
    with pytest.raises(InvalidInputError):
        alerts.approve(kit.house, kit.order(CHIEF), draft.id, 1)


def one_zone(city: City, *outlines: list[tuple[float, float]]) -> City:
    """Return the city with the first zone drawn anew; further rings are holes or islands."""
    ragged = shapes([list(ring) for ring in outlines])
    first = replace(ragged, shape=np.array([0, len(outlines)], dtype=np.int32))
    zones = replace(city.zones, id=city.zones.id[:1], shapes=first)
    return replace(city, zones=zones)


def test_a_long_outline_is_cut_to_a_hundred_vertices_and_says_how_far_it_is_off(
    tiny_city: City,
) -> None:
    angles = np.linspace(0, 2 * np.pi, 3000)
    circle = [(-71.3 + 0.01 * np.cos(a), -29.9 + 0.01 * np.sin(a)) for a in angles]
    circle[-1] = circle[0]
    rings, tolerance = polygons(one_zone(tiny_city, circle), 101)
    assert len(rings) == 1
    assert 4 <= len(rings[0]) <= MOST_VERTICES
    assert 0 < tolerance < 20
    off = Polygon(rings[0]).hausdorff_distance(Polygon(circle)) * 111_132
    assert off <= tolerance * 1.01


def test_a_hole_is_left_out_and_the_audience_is_not_widened(tiny_city: City) -> None:
    outer = [(0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0), (0.0, 0.0)]
    hole = [(3.0, 3.0), (6.0, 3.0), (6.0, 6.0), (3.0, 6.0), (3.0, 3.0)]
    rings, tolerance = polygons(one_zone(tiny_city, outer, hole), 101)
    assert tolerance == 0
    assert sum(Polygon(ring).area for ring in rings) == pytest.approx(81 - 9)
    assert all(not Polygon(ring).contains(Polygon(hole).centroid) for ring in rings)


@pytest.mark.parametrize(
    "ring",
    [
        [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)],
        [(0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0), (0.0, 0.0)],
        [(0.0, 0.0), (1.0, 0.0), (0.0, 0.0)],
        [(0.0, 0.0), (1.0, 0.0), (float("nan"), 1.0), (0.0, 0.0)],
    ],
)
def test_an_open_crossed_flat_or_unknown_outline_is_refused(
    tiny_city: City, ring: list[tuple[float, float]]
) -> None:
    with pytest.raises(InvalidInputError):
        polygons(one_zone(tiny_city, ring), 101)
