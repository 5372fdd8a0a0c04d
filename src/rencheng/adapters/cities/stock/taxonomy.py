"""The table that turns words about a building into HAZUS types, occupancies and sizes."""

from __future__ import annotations

import csv
import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rencheng.adapters.cities.stock.hazus import HEIGHTS, LEVELS
from rencheng.adapters.files import data_folder
from rencheng.domain.errors import Fault, InvalidInputError

SCHEMA = "rencheng.taxonomy/1"
COLUMNS = ("rule", "value", "low", "high", "result", "probability", "source", "status")
TYPES, USES, NUMBERS = (
    ("structure", "gem", "stock"),
    ("use", "outline"),
    ("storeys", "storey_m", "dwelling_m2", "footprint_m2"),
)
RULES = (*TYPES, *USES, "era", *NUMBERS)
STATUSES = ("official", "unverified")
UNDECIDED = "?"
OTHERS = "*"
# Occupancy classes of HAZUS 6.1, Inventory Technical Manual, table 3-1 (RES3A to RES3F as one).
OCCUPANCIES = (
    "RES1", "RES2", "RES3", "RES4", "RES5", "RES6", "COM1", "COM2", "COM3", "COM4", "COM5", "COM6",
    "COM7", "COM8", "COM9", "COM10", "IND1", "IND2", "IND3", "IND4", "IND5", "IND6", "AGR1",
    "REL1", "GOV1", "GOV2", "EDU1", "EDU2",
)  # fmt: skip
_NEEDED = {
    "use": (OTHERS,), "outline": (OTHERS,), "stock": (OTHERS,), "era": ("known", "unknown"),
    "storeys": (OTHERS,), "storey_m": (OTHERS,), "dwelling_m2": (OTHERS,),
    "footprint_m2": (OTHERS,),
}  # fmt: skip
_CLOSE = 1e-6


@dataclass(frozen=True, slots=True)
class Spread:
    """What a value may mean between two numbers of storeys (or years), and how probably."""

    low: float
    high: float
    results: tuple[str, ...]
    shares: tuple[float, ...]
    """Sum to one. (results,)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taxonomy:
    """The mapping of one city."""

    name: str
    jurisdiction: str
    rules: Mapping[str, Mapping[str, tuple[Spread, ...]]]
    """By rule and value; spreads do not overlap and rise."""

    def spread(self, rule: str, value: str, number: float) -> Spread | None:
        """Return what a value means with so many storeys (or in that year), None: no row says."""
        for one in self.rules.get(rule, {}).get(value, ()):
            if one.low <= number <= one.high:
                return one
        return None

    def of_occupancy(self, rule: str, occupancy: str, number: float) -> Spread:
        """Return what a rule says of an occupancy, else of its letters, else of all others."""
        for value in (occupancy, occupancy.rstrip("0123456789")):
            found = self.spread(rule, value, number)
            if found:
                return found
        found = self.spread(rule, OTHERS, number)
        return found or Spread(-math.inf, math.inf, (UNDECIDED,), (1.0,))

    def size(self, rule: str, occupancy: str) -> float:
        """Return the mean of what a rule of numbers says of an occupancy."""
        found = self.of_occupancy(rule, occupancy, 1.0)
        return sum(float(r) * p for r, p in zip(found.results, found.shares, strict=True))

    def breaks(self, *rules: str) -> tuple[float, ...]:
        """Return the numbers at which any spread of some rules begins, rising."""
        found = {
            edge
            for rule in rules
            for spreads in self.rules.get(rule, {}).values()
            for one in spreads
            for edge in (one.low, one.high + 1)
            if math.isfinite(edge)
        }
        return tuple(sorted(found))


def clean(value: object) -> str:
    """Return a tag as the table writes it: narrow letters, lower case, no blanks around it."""
    return unicodedata.normalize("NFKC", str(value)).strip().casefold()


def load_taxonomy(name: str | Path = "default") -> Taxonomy:
    """Read the mapping table of a city.

    Parameters
    ----------
    name
        `default`, another table of the house (`china`), or a CSV file of the city's own, whose
        rows replace those of the default table with the same rule and value.

    Raises
    ------
    InvalidInputError
        When the file cannot be read or rows are impossible: all of them, with their row numbers.

    Examples
    --------
    >>> load_taxonomy("china").spread("era", "known", 1985).results
    ('LC',)
    """
    base = data_folder() / "taxonomy" / "default.csv"
    file = _found(name)
    faults: list[Fault] = []
    rules, jurisdiction = _read(base, faults)
    if file != base:
        own, jurisdiction = _read(file, faults)
        for rule, values in own.items():
            rules.setdefault(rule, {}).update(values)
    if not faults:
        faults = _gaps(rules)
    if faults:
        raise InvalidInputError(
            "taxonomy.table",
            f"{file.name}: {len(faults)} faults, first {faults[0].where}: {faults[0].problem}",
            hint="Mend the rows that are named",
            params={"file": file.name, "n": len(faults), "first": faults[0].where},
            faults=faults,
        )
    return Taxonomy(name=file.stem, jurisdiction=jurisdiction, rules=rules)


def _found(name: str | Path) -> Path:
    """Return the file of a table of the house, or of a path."""
    path = Path(name or "default")
    shipped = data_folder() / "taxonomy" / f"{path.name}.csv"
    return shipped if not path.suffix and not path.is_file() and shipped.is_file() else path


def _read(file: Path, faults: list[Fault]) -> tuple[dict[str, dict[str, tuple[Spread, ...]]], str]:
    """Return the rows of a file by rule and value, and its jurisdiction; note every fault."""
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        faults.append(_fault(file.name, "file", f"cannot be read: {error}"))
        return {}, ""
    heads = [line.lstrip("# ").partition("=") for line in lines if line.startswith("#")]
    head = {key.strip(): value.strip() for key, equals, value in heads if equals}
    if head.get("schema") != SCHEMA:
        faults.append(_fault(f"{file.name}:1", "schema", f"{head.get('schema')!r}, not {SCHEMA!r}"))
    numbered = [(n, line) for n, line in enumerate(lines, 1) if line and not line.startswith("#")]
    reader = csv.reader(line for _, line in numbered)
    names = [name.strip() for name in next(reader, [])]
    absent = [name for name in COLUMNS[:6] if name not in names]
    if absent:
        faults.append(_fault(file.name, "columns", f"no column {', '.join(absent)}"))
        return {}, ""
    groups: dict[tuple[str, str, float, float], list[tuple[str, float, int]]] = {}
    for (number, _), cells in zip(numbered[1:], reader, strict=False):
        where = f"{file.name}:{number}"
        row = dict(zip(names, (cell.strip() for cell in cells), strict=False))
        _take(row, where, number, groups, faults)
    return _spreads(file.name, groups, faults), head.get("jurisdiction", "")


def _take(
    row: Mapping[str, str], where: str, number: int,
    groups: dict[tuple[str, str, float, float], list[tuple[str, float, int]]],
    faults: list[Fault],
) -> None:  # fmt: skip
    """Add one row to the group of its rule, value and span; note what is wrong with it."""
    rule, value, result = (row.get(key, "") for key in ("rule", "value", "result"))
    before = len(faults)
    if rule not in RULES:
        faults.append(_fault(where, "rule", f"{rule!r}"))
    if not value:
        faults.append(_fault(where, "value", "empty"))
    low = _number(row.get("low", ""), -math.inf)
    high = _number(row.get("high", ""), math.inf)
    share = _number(row.get("probability", ""), 1.0)
    if math.isnan(low) or math.isnan(high) or low > high:
        faults.append(_fault(where, "span", f"{row.get('low')} to {row.get('high')}"))
    if not 0 < share <= 1:
        faults.append(_fault(where, "probability", f"{row.get('probability')!r}"))
    if rule in RULES and not _is_result(rule, result):
        faults.append(_fault(where, "result", f"{result!r}"))
    if row.get("status") and row["status"] not in STATUSES:
        faults.append(_fault(where, "status", f"{row['status']!r}"))
    if len(faults) == before:
        groups.setdefault((rule, _key(rule, value), low, high), []).append((result, share, number))


def _key(rule: str, value: str) -> str:
    if rule in ("structure", "use"):
        return clean(value)
    return value if rule == "era" else value.upper()


def _number(text: str, empty: float) -> float:
    try:
        return float(text) if text else empty
    except ValueError:
        return math.nan


def _is_result(rule: str, result: str) -> bool:
    if rule in NUMBERS:
        return _number(result, -1.0) >= 0
    if rule == "era":
        return result in LEVELS
    if rule in USES:
        return result in OCCUPANCIES or result == UNDECIDED
    kind, _, level = result.partition(".")
    known = kind in HEIGHTS and (not level or level in LEVELS)
    return known or (result == UNDECIDED and rule != "stock")


def _spreads(
    name: str,
    groups: Mapping[tuple[str, str, float, float], list[tuple[str, float, int]]],
    faults: list[Fault],
) -> dict[str, dict[str, tuple[Spread, ...]]]:
    """Return the groups as spreads; note sums that are not one, and spans that overlap."""
    found: dict[str, dict[str, list[tuple[Spread, int]]]] = {}
    for (rule, value, low, high), rows in groups.items():
        total, first = sum(share for _, share, _ in rows), rows[0][2]
        if abs(total - 1.0) > _CLOSE:
            faults.append(_fault(f"{name}:{first}", "sum", f"{rule} {value}: {total:g}"))
        names = tuple(result for result, _, _ in rows)
        if len(set(names)) < len(names):
            faults.append(_fault(f"{name}:{first}", "twice", f"{rule} {value}"))
        spread = Spread(low, high, names, tuple(share / total for _, share, _ in rows))
        found.setdefault(rule, {}).setdefault(value, []).append((spread, first))
    ordered: dict[str, dict[str, tuple[Spread, ...]]] = {}
    for rule, values in found.items():
        for value, spreads in values.items():
            spreads.sort(key=lambda pair: pair[0].low)
            for (one, _), (other, row) in zip(spreads[:-1], spreads[1:], strict=True):
                if other.low <= one.high:
                    faults.append(_fault(f"{name}:{row}", "overlap", f"{rule} {value}"))
            ordered.setdefault(rule, {})[value] = tuple(one for one, _ in spreads)
    return ordered


def _gaps(rules: Mapping[str, Mapping[str, tuple[Spread, ...]]]) -> list[Fault]:
    """Return what the rules that must always answer leave open."""
    faults = []
    for rule, values in _NEEDED.items():
        for value in values:
            spreads = rules.get(rule, {}).get(value, ())
            edges = [(one.low, one.high) for one in spreads]
            ends = bool(edges) and edges[0][0] == -math.inf and edges[-1][1] == math.inf
            holes = any(b[0] > a[1] + 1 for a, b in zip(edges[:-1], edges[1:], strict=True))
            if not ends or holes:
                faults.append(_fault(rule, "gap", f"{rule} {value}"))
    return faults


def _fault(where: str, what: str, problem: str) -> Fault:
    return Fault(
        where=where,
        key=f"taxonomy.{what}",
        problem=f"{what}: {problem}",
        hint="See docs/how-to/taxonomy.md",
        first=(problem,),
    )
