from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import osmium
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbf_kit import GRID, save
from rencheng.adapters.cities.formats.osm.extract import Extract, read_extract
from rencheng.domain.errors import InvalidInputError
from shared_data import SHARED

KEYS = ("highway", "name", "building", "amenity")
REAL = (
    "osm_small/baltimore.osm.pbf", "osm_small/bayfront_singapore.osm.pbf",
    "osm_small/harrisburg.osm.pbf", "osm_small/liechtenstein-latest.osm.pbf",
    "porto_alegre/poa_osm.pbf",
)  # fmt: skip


def plain(extract: Extract) -> dict[str, dict[int, object]]:
    """Return an extract as osmium would say it: coordinates in 1e-7 degrees, tags as dicts."""
    x = extract
    tables = ((x.node_tags, x.node_id), (x.way_tags, x.way_id), (x.relation_tags, x.relation_id))
    tags: list[dict[int, dict[str, str]]] = []
    for of, ids in tables:
        by_id: dict[int, dict[str, str]] = {}
        for row, key, value in zip(of.row, of.key, of.value, strict=True):
            by_id.setdefault(int(ids[row]), {})[x.keys[key]] = str(x.values[value])
        tags.append(by_id)
    members = list(zip(x.member_kind, x.member_id, x.values[x.member_role], strict=True))
    return {
        "nodes": {
            int(i): (tuple(xy), tags[0].get(int(i), {}))
            for i, xy in zip(x.node_id, x.node_xy.tolist(), strict=True)
        },
        "ways": {
            int(i): (x.way_ref[a:b].tolist(), tags[1].get(int(i), {}))
            for i, a, b in zip(x.way_id, x.way_first[:-1], x.way_first[1:], strict=True)
        },
        "relations": {
            int(i): ([(int(k), int(n), r) for k, n, r in members[a:b]], tags[2].get(int(i), {}))
            for i, a, b in zip(
                x.relation_id, x.relation_first[:-1], x.relation_first[1:], strict=True
            )
        },
    }  # fmt: skip


def by_osmium(file: Path) -> dict[str, dict[int, object]]:
    out: dict[str, dict[int, object]] = {"nodes": {}, "ways": {}, "relations": {}}
    for one in osmium.FileProcessor(str(file)):
        tags = {tag.k: tag.v for tag in one.tags if tag.k in KEYS}
        if one.is_node():
            place = (one.location.x, one.location.y)
            out["nodes"][one.id] = (place, tags)
        elif one.is_way():
            out["ways"][one.id] = ([node.ref for node in one.nodes], tags)
        else:
            members = [("nwr".index(m.type), m.ref, m.role) for m in one.members]
            out["relations"][one.id] = (members, tags)
    return out


@pytest.mark.parametrize("name", REAL)
def test_real_files_read_as_osmium_reads_them(name: str) -> None:
    file = SHARED / name
    if not file.exists():
        pytest.skip(f"no shared data: {file} is absent")
    assert plain(read_extract(file, KEYS, lambda _: None)) == by_osmium(file)


ids = st.lists(st.integers(1, 2**40), min_size=1, max_size=20, unique=True).map(sorted)
degrees = st.tuples(
    st.integers(-1_800_000_000, 1_800_000_000), st.integers(-900_000_000, 900_000_000)
)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
tags = st.dictionaries(st.sampled_from([*KEYS, "other"]), texts, max_size=4)


@settings(max_examples=25)
@given(data=st.data())
def test_any_file_reads_as_osmium_reads_it(data: st.DataObject, tmp_path: Path) -> None:
    nodes = data.draw(ids)
    file = tmp_path / "a.osm.pbf"
    places = [data.draw(degrees) for _ in nodes]
    save(
        file,
        [(n, data.draw(st.lists(st.sampled_from(nodes), max_size=6)), data.draw(tags))
         for n in data.draw(ids)],
        [(n, [("w", m, data.draw(texts)) for m in data.draw(st.lists(st.sampled_from(nodes)))],
          data.draw(tags)) for n in data.draw(ids)],
        [(n, (x / 1e7, y / 1e7), data.draw(tags)) for n, (x, y) in zip(nodes, places, strict=True)],
        nodes={},
    )  # fmt: skip
    assert plain(read_extract(file, KEYS, lambda _: None)) == by_osmium(file)


def test_progress_goes_with_the_file_to_its_end(tmp_path: Path) -> None:
    told: list[float] = []
    file = save(tmp_path / "a.osm.pbf", [(1, [11, 12], {"highway": "residential"})])
    read_extract(file, KEYS, told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_a_file_out_of_order_is_sorted_and_the_last_of_equal_ids_kept(tmp_path: Path) -> None:
    nodes = dict(reversed(list(GRID.items())))
    ways = [(9, [11, 12], {"name": "old"}), (3, [12, 13], {}), (9, [13, 14], {"name": "new"})]
    extract = read_extract(save(tmp_path / "a.osm.pbf", ways, nodes=nodes), KEYS, lambda _: None)
    assert extract.way_id.tolist() == [3, 9]
    assert extract.way_ref.tolist() == [12, 13, 13, 14]
    assert extract.tag(extract.way_tags, "name", np.array([0, 1])).tolist() == ["", "new"]
    assert extract.ways_twice.tolist() == [9]
    assert (np.diff(extract.node_id) > 0).all()


@pytest.fixture
def small(tmp_path: Path) -> Path:
    ways = [
        (n, [11, 12, 22, 21, 11], {"building": "yes", "name": f"房 {n}"}) for n in range(1, 400)
    ]
    return save(tmp_path / "small.osm.pbf", ways)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.999])
def test_a_truncated_file_names_the_place_where_it_breaks_off(small: Path, share: float) -> None:
    data = small.read_bytes()
    small.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(InvalidInputError) as caught:
        read_extract(small, KEYS, lambda _: None)
    assert caught.value.key == "osm.truncated"
    assert 0 <= caught.value.params["percent"] < 100
    assert caught.value.params["offset"] < len(data)


@pytest.mark.parametrize(
    "text", [b"", b"PK\3\4zip", b"<?xml version='1.0'?><osm/>" * 9, b"\0" * 99]
)
def test_what_is_no_pbf_is_called_that(tmp_path: Path, text: bytes) -> None:
    file = tmp_path / "city.osm.pbf"
    file.write_bytes(text)
    with pytest.raises(InvalidInputError) as caught:
        read_extract(file, KEYS, lambda _: None)
    assert caught.value.key == "osm.not_pbf"


def test_no_flipped_bytes_get_past_as_anything_but_a_named_error(small: Path) -> None:
    whole, dice = small.read_bytes(), random.Random(1)
    keys = set()
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(dice.choice([1, 3, 20])):
            data[dice.randrange(len(data))] = dice.randrange(256)
        small.write_bytes(bytes(data))
        try:
            read_extract(small, KEYS, lambda _: None)
        except InvalidInputError as error:
            keys.add(error.key)
    assert "osm.damaged" in keys
    assert keys <= {"osm.damaged", "osm.truncated", "osm.not_pbf", "osm.feature", "osm.packing"}


def packed(kind: bytes, data: bytes) -> bytes:
    """Return a blob that is not compressed."""
    blob = b"\x0a" + varint(len(data)) + data
    head = b"\x0a" + varint(len(kind)) + kind + b"\x18" + varint(len(blob))
    return len(head).to_bytes(4, "big") + head + blob


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


HEADER = packed(b"OSMHeader", b"\x22\x0eOsmSchema-V0.6")


@settings(max_examples=300)
@given(st.binary(max_size=200))
def test_no_bytes_inside_a_block_crash_the_decoder(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "a.osm.pbf"
    file.write_bytes(HEADER + packed(b"OSMData", data))
    try:
        read_extract(file, KEYS, lambda _: None)
    except InvalidInputError as error:
        assert error.key == "osm.damaged"
        assert error.params["offset"] == len(HEADER)


def test_a_file_that_needs_what_is_not_known_says_what(tmp_path: Path) -> None:
    file = tmp_path / "a.osm.pbf"
    file.write_bytes(packed(b"OSMHeader", b"\x22\x15HistoricalInformation"))
    with pytest.raises(InvalidInputError) as caught:
        read_extract(file, KEYS, lambda _: None)
    assert caught.value.key == "osm.feature"
    assert caught.value.params["features"] == "HistoricalInformation"


def test_a_blob_that_unpacks_without_end_is_refused(tmp_path: Path) -> None:
    import zlib

    bomb = zlib.compress(b"\0" * (64 << 20), 9)
    blob = b"\x10" + varint(64 << 20) + b"\x1a" + varint(len(bomb)) + bomb
    head = b"\x0a\x07OSMData\x18" + varint(len(blob))
    file = tmp_path / "a.osm.pbf"
    file.write_bytes(HEADER + len(head).to_bytes(4, "big") + head + blob)
    with pytest.raises(InvalidInputError) as caught:
        read_extract(file, KEYS, lambda _: None)
    assert caught.value.key == "osm.damaged"
