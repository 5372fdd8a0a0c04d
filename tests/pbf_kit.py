"""Hand-made OpenStreetMap files, written by pyosmium, and reading them back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import osmium
from osmium.osm.mutable import Node, Relation, Way

from rencheng.adapters.cities.given import Given
from rencheng.adapters.cities.readers import Box, Job, Source
from rencheng.adapters.cities.readers.osm_pbf import READER

Tags = Mapping[str, str]
GRID = {10 * j + i: (0.001 * i, 0.001 * j) for i in range(1, 8) for j in range(8)}
"""Nodes 1 to 77: the last figure is x, the first y, in thousandths of a degree."""


def save(
    file: Path,
    ways: Sequence[tuple[int, Sequence[int], Tags]] = (),
    relations: Sequence[tuple[int, Sequence[tuple[str, int, str]], Tags]] = (),
    tagged: Sequence[tuple[int, tuple[float, float], Tags]] = (),
    *,
    nodes: Mapping[int, tuple[float, float]] | None = None,
) -> Path:
    """Write a PBF with the nodes of `GRID`, or others, and more that carry tags."""
    with osmium.SimpleWriter(str(file), overwrite=True) as writer:
        for number, place in (GRID if nodes is None else nodes).items():
            writer.add_node(Node(id=number, location=place))
        for number, place, tags in tagged:
            writer.add_node(Node(id=number, location=place, tags=dict(tags)))
        for number, refs, tags in ways:
            writer.add_way(Way(id=number, nodes=list(refs), tags=dict(tags)))
        for number, members, tags in relations:
            writer.add_relation(Relation(id=number, members=list(members), tags=dict(tags)))
    return file


def read(file: Path, *layers: str, clip: Box | None = None, **options: Any) -> Given:
    """Read a PBF with the reader under test."""
    source = Source(id="map", kind="osm_pbf", path=file.name, layers=layers, options=options)
    return READER.read(source, file, Job(clip=clip))


def found(given: Given) -> dict[str, tuple[int, tuple[str, ...]]]:
    """Return count and first ids of each finding by its key."""
    return {one.key: (one.count, one.first) for one in given.findings}
