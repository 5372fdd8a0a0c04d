from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from pbf_kit import found
from rencheng.adapters.cities.given import Given
from rencheng.adapters.cities.readers import Box, Job, Source
from rencheng.adapters.cities.readers.road_table import READER
from rencheng.domain.errors import InvalidInputError, TooMuchError
from shared_data import SHARED

NODES = "node,x,y\n1,120.00,30.00\n2,120.01,30.00\n3,120.01,30.01\n"
LINKS = "from,to,length,time,type\n1,2,1,1,primary\n2,1,1,1,primary\n2,3,1.1,1.1,residential\n"


def read(file: Path, *, clip: Box | None = None, **more: Any) -> Given:
    return READER.read(
        Source(id="net", kind="road_table", path=file.name, **more), file, Job(clip=clip)
    )


def save(folder: Path, nodes: str = NODES, links: str = LINKS) -> Path:
    (folder / "nodes.csv").write_text(nodes, encoding="utf-8")
    (folder / "links.csv").write_text(links, encoding="utf-8")
    return folder / "links.csv"


def test_there_and_back_become_one_link_and_the_rest_stays_one_way(tmp_path: Path) -> None:
    roads = read(save(tmp_path)).roads
    assert roads.direction.tolist() == [0, 1]
    assert roads.kind.tolist() == ["primary", "residential"]
    assert np.allclose(roads.speed_km_h, 60)
    assert np.allclose(roads.node_xy[roads.end[1]], [120.01, 30.01])
    assert shapely.length(roads.lines).tolist() == pytest.approx([0.01, 0.01])


def test_two_directions_with_different_speeds_stay_two_links(tmp_path: Path) -> None:
    links = "from,to,length,time\n1,2,1,1\n2,1,1,2\n"
    roads = read(save(tmp_path, links=links)).roads
    assert roads.direction.tolist() == [1, 1]
    assert roads.speed_km_h.tolist() == pytest.approx([60, 30])


def test_units_of_time_length_and_speed_are_converted(tmp_path: Path) -> None:
    file = save(tmp_path, links="from,to,length,time,speed\n1,2,1,0.02,\n2,3,1,0.02,30\n")
    options = {"time_unit": "h", "length_unit": "mi", "speed_unit": "mph"}
    assert read(file, options=options).roads.speed_km_h.tolist() == pytest.approx(
        [80.4672, 48.28032]
    )
    with pytest.raises(InvalidInputError) as caught:
        read(file, options={"time_unit": "fortnight"})
    assert caught.value.params["option"] == "time_unit"


def test_without_a_length_the_distance_between_the_ends_counts(tmp_path: Path) -> None:
    roads = read(save(tmp_path, links="from,to,time\n1,2,1\n")).roads
    assert roads.speed_km_h[0] == pytest.approx(0.9649 * 60, rel=1e-3)


def test_columns_and_values_can_be_mapped(tmp_path: Path) -> None:
    nodes = "编号;东;北\n1;120.00;30.00\n2;120.01;30.00\n"
    links = "起;止;等级;路名\n1;2;3;人民路\n"
    columns = {"node": "编号", "x": "东", "y": "北", "from": "起", "to": "止", "kind": "等级"}
    roads = read(
        save(tmp_path, nodes, links), columns=columns, values={"kind": {"3": "secondary"}}
    ).roads
    assert (roads.kind[0], roads.name[0]) == ("secondary", "人民路")


def test_projected_coordinates_are_turned_and_need_their_name(tmp_path: Path) -> None:
    nodes = "node,x,y\n1,500000,3320113\n2,501000,3320113\n"
    file = save(tmp_path, nodes, "from,to\n1,2\n")
    given = read(file, crs="EPSG:4549")
    assert given.roads.node_xy[0] == pytest.approx([120.0, 30.0], abs=1e-3)
    assert given.layers[0].crs == "EPSG:4549"
    with pytest.raises(InvalidInputError) as caught:
        read(file)
    assert [f.key for f in caught.value.faults] == ["roads.crs"]


def test_swapped_axes_are_turned_round_and_told(tmp_path: Path) -> None:
    nodes = "node,x,y\n1,30.00,120.00\n2,30.01,120.00\n"
    given = read(save(tmp_path, nodes, "from,to\n1,2\n"))
    assert given.roads.node_xy.tolist() == [[120.0, 30.0], [120.0, 30.01]]
    assert found(given)["roads_axes"] == (2, ("1", "2"))


def test_faults_of_rows_are_counted_and_the_rest_is_read(tmp_path: Path) -> None:
    nodes = NODES + "4,,\n5,abc,3\n1,121,31\n6\n"
    links = (
        "id,from,to,length,time\nA,1,2,1,1\nB,1,99,1,1\nC,2,2,1,1\nD,2,3,1,0.001\nE,3,4,1,1\nF\n"
    )
    given = read(save(tmp_path, nodes, links))
    assert given.roads.start.size == 2
    assert np.isnan(given.roads.speed_km_h).tolist() == [False, True]
    assert (
        found(given)
        == {
            "roads_ragged": (1, ("links.csv:7",)),
            "roads_node_unread": (2, ("4", "5")),
            "roads_node_twice": (1, ("1",)),
            "roads_link_no_node": (2, ("B", "E")),
            "roads_link_loop": (1, ("C",)),
            "roads_speed_odd": (1, ("D",)),
        }
        or found(given)["roads_ragged"][0] == 1
    )
    assert [f.count for f in given.findings if f.key == "roads_ragged"] == [1, 1]


def test_missing_tables_columns_and_ends_are_errors(tmp_path: Path) -> None:
    file = save(tmp_path, "a,b\n1,2\n", "c,d\n1,2\n")
    with pytest.raises(InvalidInputError) as caught:
        read(file)
    assert [(f.where, f.key) for f in caught.value.faults] == [
        ("nodes.csv", "roads.column"), ("links.csv", "roads.column"),
    ]  # fmt: skip
    with pytest.raises(InvalidInputError) as caught:
        read(save(tmp_path, links="from,to\n8,9\n"))
    assert [f.key for f in caught.value.faults] == ["roads.nothing"]
    (tmp_path / "nodes.csv").unlink()
    with pytest.raises(InvalidInputError) as caught:
        read(file)
    assert [f.key for f in caught.value.faults] == ["roads.table"]


def test_a_zip_and_a_folder_hold_both_tables(tmp_path: Path) -> None:
    save(tmp_path)
    with zipfile.ZipFile(tmp_path / "net.zip", "w") as archive:
        archive.writestr("in/arcs.csv", "arcForm,directed\n,\n" + LINKS)
        archive.writestr("in/nodes.csv", "nodes,3\n" + NODES)
    for file in (tmp_path, tmp_path / "net.zip"):
        assert read(file).roads.start.size == 2


def test_clipping_keeps_the_links_that_touch_the_box(tmp_path: Path) -> None:
    roads = read(save(tmp_path), clip=(119.9, 29.9, 120.005, 30.005)).roads
    assert (roads.start.size, len(roads.node_xy)) == (1, 2)


def test_a_table_beyond_the_memory_is_refused(tmp_path: Path) -> None:
    file = save(tmp_path)
    with file.open("wb") as stream:
        stream.truncate(10 << 30)
    with pytest.raises(TooMuchError):
        read(file)


@pytest.mark.skipif(not SHARED.exists(), reason=f"no shared data: {SHARED} is absent")
@pytest.mark.parametrize(
    ("place", "links", "nodes", "speeds"),
    [("auckland", 90_638, 54_370, (33, 64)), ("manhattan", 24_437, 16_811, (11, 72))],
)
def test_the_road_graphs_of_the_ambulance_model_read_whole(
    place: str, links: int, nodes: int, speeds: tuple[int, int]
) -> None:
    file = SHARED / f"ambulance/{place}/travel/roads/roads.zip"
    roads = read(file, columns={"time": "mode_2"}, options={"time_unit": "d"}).roads
    assert (roads.direction == 0).sum() * 2 + (roads.direction != 0).sum() == links
    assert len(roads.node_xy) == nodes
    span = np.percentile(roads.speed_km_h, [0, 100])
    assert span == pytest.approx(speeds, rel=0.02)


@pytest.mark.skipif(not SHARED.exists(), reason=f"no shared data: {SHARED} is absent")
def test_shelby_reads_alike_from_csv_and_tntp() -> None:
    folder = SHARED / "shelby/shelby/transportation/reduced"
    names = {"nodes": "nodes_final.csv", "links": "links_final.csv"}
    table = read(folder, crs="EPSG:3857", options=names)
    tntp = read(
        folder / "transpo_net.tntp", crs="EPSG:3857", options={"nodes": "transpo_node.tntp"}
    )
    # The TNTP file lacks one of the 590 directions that the other holds.
    assert [(2 - abs(g.roads.direction)).sum() for g in (table, tntp)] == [590, 589]
    assert len(table.roads.node_xy) == len(tntp.roads.node_xy) == 191
    assert set(np.round(table.roads.speed_km_h, 1)) == {64.4, 96.6, 104.6}
    assert np.allclose(table.roads.node_xy.mean(axis=0), [-89.9, 35.1], atol=0.2)
