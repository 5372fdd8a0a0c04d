"""Data sets of damage curves in packages: where they lie, and how their rows are read."""

from __future__ import annotations

from functools import cache

import msgspec

from rencheng.adapters.cities.packages import Package
from rencheng.adapters.files import data_folder, read_ours


class Dataset(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file of a package, and what holds for all of its rows."""

    id: str
    """Begins the id of every curve; a slash and the row's own id follow."""
    package: str
    member: str
    hazard: str
    region: str
    title: str
    version: str
    components: dict[str, str]
    """Component by the first part of a row's id; `*` for all others."""
    states: tuple[str, ...]
    """Names of the damage states; empty for shares of loss."""
    note: str

    def component_of(self, row: str) -> str:
        """Return the component that a row is about."""
        return self.components.get(row.partition(".")[0]) or self.components.get("*", "")


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`data/curves/datasets.toml`."""

    schema: str
    packages: tuple[Package, ...]
    dataset: tuple[Dataset, ...]


@cache
def manifest() -> Manifest:
    """Return the data sets that the program knows, with their packages."""
    return msgspec.convert(read_ours(data_folder() / "curves" / "datasets.toml"), Manifest)
