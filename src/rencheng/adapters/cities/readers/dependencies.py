"""Read who needs whom from a table (CSV or Parquet), one row a supplier.

Columns: `node`, `service` (`power`, `water`, `telecom`, `access`), `group`, `supplier`,
`backup_low_h`, `backup_high_h`; others, such as `name` and `source` of the form that gathers them,
are passed over. Rows of one node, service and group are alternatives. Without `group` each service
of a node is one group; without `backup_high_h` the backup is as sure as `backup_low_h`. Whether a
name exists in the city, and whether needs run in a circle, is told by the build, which knows all
nodes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rencheng.adapters.cities.files.faults import Faults, refuse
from rencheng.adapters.cities.files.picking import Picked, per_value, pick, repeated
from rencheng.adapters.cities.formats.stating import layer_of
from rencheng.adapters.cities.given import Given, RawNeeds
from rencheng.adapters.cities.readers import Job, Source
from rencheng.adapters.cities.readers.table import read_rows
from rencheng.domain.city import I32
from rencheng.domain.errors import Fault
from rencheng.domain.finding import Severity

SERVICES = ("power", "water", "telecom", "access")
_WORDS = {
    "电": "power", "电力": "power", "供电": "power", "electricity": "power", "energia": "power",
    "水": "water", "供水": "water", "agua": "water", "通信": "telecom", "通讯": "telecom",
    "telecommunication": "telecom", "道路": "access", "通行": "access", "road": "access",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class DependenciesReader:
    """Reads tables of dependencies."""

    layers: tuple[str, ...] = ("dependencies",)

    def read(self, source: Source, file: Path, job: Job) -> Given:
        """Return the needs that the table states."""
        rows = read_rows(file, job, source)
        faults = Faults("dependencies")
        faults.add("line_ragged", Severity.ERROR, rows.ragged)
        picked, wrong = pick(rows, source, "dependencies", faults)
        if not rows.count:
            wrong.append(Fault(where=file.name, key="reading.no_rows", problem="it has no rows",
                               hint="Export it again"))  # fmt: skip
        refuse(source.id, file, wrong)
        needs = make_needs(picked)
        return Given(
            dependencies=needs,
            layers=(layer_of("dependencies", source, file, len(needs.node)),),
            findings=faults.findings,
        )


def make_needs(picked: Picked) -> RawNeeds:
    """Return the needs of the rows that say one; the others are noted and left out."""
    faults = picked.faults
    line = np.array([f"row {n}" for n in picked.rows.numbers.tolist()], dtype=object)
    node, supplier = picked.texts("node"), picked.texts("supplier")
    service = per_value(
        picked.texts("service"), lambda one: _WORDS.get(one.casefold(), one.casefold())
    )
    group, text = _groups(picked), picked.texts("group")
    open_row = (node != "") & (supplier == "")
    faults.add("need_open", Severity.INFO, line[open_row])
    nameless = node == ""
    faults.add("need_nameless", Severity.ERROR, line[nameless])
    strange = ~nameless & ~np.isin(service.astype(str), SERVICES)
    told = [f"{name}: {what or '-'}" for name, what in zip(line[strange], service[strange],
                                                           strict=True)]  # fmt: skip
    faults.add("need_service", Severity.ERROR, told, services=", ".join(SERVICES))
    own = ~nameless & (node == supplier)
    faults.add("need_of_itself", Severity.ERROR, node[own])
    good = ~(open_row | nameless | strange | own)
    key = np.array([f"{a}\x1f{b}\x1f{c}\x1f{d}" for a, b, c, d in zip(
        node, service, text, supplier, strict=True)], dtype=object)  # fmt: skip
    again = good.copy()
    again[good] = repeated(key[good])
    faults.add("need_repeated", Severity.WARNING, line[again])
    good &= ~again
    low, high = picked.numbers("backup_low_h", low=0.0), picked.numbers("backup_high_h", low=0.0)
    high = high if picked.has("backup_high_h") else low.copy()
    with np.errstate(invalid="ignore"):
        upside = good & (low > high)
    faults.add("need_backup", Severity.ERROR, line[upside])
    low[upside], high[upside] = high[upside], low[upside]
    return RawNeeds(
        node=node[good],
        service=service[good],
        group=group[good],
        supplier=supplier[good],
        backup_low_h=low[good],
        backup_high_h=high[good],
    )


def _groups(picked: Picked) -> I32:
    """Return the group of each row: the table's number, or a number for each of its words."""
    texts = picked.texts("group")
    _, rank = np.unique(texts.astype(str), return_inverse=True)
    found = rank.ravel().astype(np.int32)
    numbers = per_value(texts, lambda one: int(one) if one.isdecimal() else -1).astype(np.int64)
    if (numbers >= 0).all() and (numbers < 2**31).all():
        found = numbers.astype(np.int32)
    return found


READER = DependenciesReader()
