"""Finding the table of nodes and the table of links in what somebody brings, and their columns."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rencheng.adapters.cities.files.columns import find
from rencheng.adapters.cities.files.faults import check_size, is_inside, open_zip
from rencheng.adapters.cities.files.tabular import CSV_FACTOR, as_objects, delimiter_of, encoding_of
from rencheng.adapters.cities.given import Names
from rencheng.adapters.cities.readers import Job, Source
from rencheng.domain.city import F64
from rencheng.domain.errors import Fault

Known = Mapping[str, tuple[str, ...]]

_NODE = {
    "node": ("node", "node_id", "index", "id", "nodeid", "node_no", "节点", "节点编号"),
    "x": ("x", "lon", "lng", "longitude", "x_coord", "easting", "经度"),
    "y": ("y", "lat", "latitude", "y_coord", "northing", "纬度"),
}
_LINK = {
    "from": ("from", "fromNode", "from_node", "init_node", "init node", "a_node", "start", "source",
             "u", "tail", "起点"),
    "to": ("to", "toNode", "to_node", "term_node", "term node", "b_node", "end", "target", "v",
           "head", "终点"),
}  # fmt: skip
_LINK_MORE = {
    "id": ("id", "link_id", "index", "arc", "edge_id", "路段编号"),
    "length": ("length", "distance", "length_m", "length_km", "长度"),
    "time": ("free_flow_time", "free flow time", "fftt", "fft", "travel_time", "time", "行程时间"),
    "speed": ("speed_limit", "speed limit", "speed", "maxspeed", "freespeed", "限速"),
    "kind": ("kind", "highway", "link_type", "type", "class", "道路等级"),
    "name": ("name", "street", "road_name", "路名", "道路名称"),
}
_STEMS = {"nodes": ("node", "节点"), "links": ("link", "arc", "edge", "net", "路段")}
_SUFFIXES = (".csv", ".txt", ".tntp", ".tsv")
_HEADER_WITHIN = 200
"""Lines among which the header must stand. No source: house default."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table with our names of the columns. Every value is a text without spaces around."""

    name: str
    columns: Mapping[str, Names]
    count: int
    ragged: tuple[int, ...]
    """Lines left out because they have too few fields."""

    def column(self, ours: str) -> Names:
        """Return a column, empty texts where the table has none. (rows,)"""
        found = self.columns.get(ours)
        return np.full(self.count, "", dtype=object) if found is None else found


def numbers(values: Names) -> F64:
    """Return texts as numbers, NaN where they are none. (n,)"""
    try:
        return np.array(values, dtype=np.float64)
    except ValueError:
        return np.array([_number(v) for v in values.tolist()], dtype=np.float64)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def find_tables(
    source: Source, file: Path, job: Job
) -> tuple[Table | None, Table | None, list[Fault]]:
    """Return the table of nodes, the table of links, and what is wrong with either."""
    wrong: list[Fault] = []
    found: dict[str, Table | None] = {}
    needed: dict[str, Known] = {"nodes": _NODE, "links": _LINK}
    with _texts(source, file, job) as texts:
        for role in ("nodes", "links"):
            stated = str(source.options.get(role, ""))
            name = stated if stated in texts else "" if stated else _likely(texts, role)
            if not name:
                wrong.append(
                    Fault(
                        where=stated or role, key="roads.table",
                        problem=f"no table of {role} among {', '.join(sorted(texts)[:5])}",
                        hint="Name the files in the options nodes and links",
                    )
                )  # fmt: skip
                continue
            held = texts[name]
            text = _decoded(held.read_bytes() if isinstance(held, Path) else held, source)
            more: Known = _LINK_MORE if role == "links" else {}
            found[role] = _parsed(name, text, source.columns, (needed[role], more), wrong)
    return found.get("nodes"), found.get("links"), wrong


@contextmanager
def _texts(source: Source, file: Path, job: Job) -> Iterator[dict[str, Path | bytes]]:
    """Give what could be the tables, by name: files, or members of an archive."""
    if file.is_file() and file.suffix.lower() == ".zip":
        with open_zip(file, job) as archive:
            members = [m for m in archive.infolist() if m.filename.lower().endswith(_SUFFIXES)]
            whole = sum(m.file_size for m in members)
            check_size(file, job, factor=CSV_FACTOR * whole / max(1, file.stat().st_size))
            yield {m.filename: archive.read(m) for m in members}
        return
    folder = file if file.is_dir() else file.parent
    found = {p.name: p for p in sorted(folder.iterdir()) if p.suffix.lower() in _SUFFIXES}
    for option in ("nodes", "links"):
        stated = str(source.options.get(option, ""))
        if stated and is_inside(stated) and (folder / stated).is_file():
            found[stated] = folder / stated
    if file.is_file() and "links" not in source.options:
        # The file itself is the links, whatever lies beside it.
        found = {n: p for n, p in found.items() if p == file or _is_like(n, "nodes")}
    for path in found.values():
        if path.stat().st_size:
            check_size(path, job, factor=CSV_FACTOR)
    yield dict(found)


def _is_like(name: str, role: str) -> bool:
    return any(stem in name.casefold() for stem in _STEMS[role])


def _likely(texts: Mapping[str, object], role: str) -> str:
    """Return the one file whose name is like a role; empty: none, or several of one kind."""
    other = "links" if role == "nodes" else "nodes"
    names = [n for n in texts if _is_like(n, role)]
    clear = [n for n in names if not _is_like(n, other)] or names
    if role == "links" and not clear:
        clear = [n for n in texts if not _is_like(n, "nodes")]
    kinds = [[n for n in clear if n.lower().endswith(s)] for s in _SUFFIXES]
    first = next((k for k in kinds if k), [])
    return first[0] if len(first) == 1 else ""


def _decoded(data: bytes, source: Source) -> str:
    stated = str(source.options.get("encoding", ""))
    encoding = stated or encoding_of(data[: 1 << 20]) or "utf-8"
    try:
        return data.decode(encoding, "replace").lstrip("\ufeff")
    except LookupError:
        return data.decode("utf-8", "replace").lstrip("\ufeff")


def _parsed(
    name: str,
    text: str,
    stated: Mapping[str, str],
    wanted: tuple[Known, Known],
    wrong: list[Fault],
) -> Table | None:
    """Return a table, or None with a fault when no line names all columns that are needed."""
    needed, more = wanted
    lines = text.splitlines()
    for at, line in enumerate(lines[:_HEADER_WITHIN]):
        mark = delimiter_of(line)
        header = [c.strip() for c in line.lstrip("~ \t").split(mark)]
        header = [c.strip('"') for c in header]
        mine = {ours: stated[ours] for ours in (*needed, *more) if stated.get(ours) in header}
        for ours, known in {**needed, **more}.items():
            taken = [c for c in header if c not in mine.values()]
            theirs = "" if ours in mine or stated.get(ours) else find(taken, known)
            if theirs:
                mine[ours] = theirs
        if all(ours in mine for ours in needed):
            places = {ours: header.index(theirs) for ours, theirs in mine.items()}
            return _rows(name, lines[at + 1 :], mark, places, at + 2)
    wrong.append(
        Fault(
            where=name, key="roads.column",
            problem=f"no header with {', '.join(stated.get(c, c) for c in needed)}",
            hint="Map the columns: nodes need node, x, y; links need from, to",
        )
    )  # fmt: skip
    return None


def _rows(name: str, lines: list[str], mark: str, places: Mapping[str, int], first: int) -> Table:
    width = max(places.values()) + 1
    kept: list[list[str]] = []
    ragged: list[int] = []
    # A TNTP file begins its rows with a tab and ends them with a semicolon.
    rows = csv.reader((line.strip(" \r;").lstrip("\t") for line in lines), delimiter=mark)
    for row in rows:
        if len(row) >= width:
            kept.append(row)
        elif any(cell.strip() for cell in row):
            ragged.append(first + rows.line_num - 1)
    columns = {ours: as_objects([row[at].strip() for row in kept]) for ours, at in places.items()}
    return Table(name, columns, len(kept), tuple(ragged))
