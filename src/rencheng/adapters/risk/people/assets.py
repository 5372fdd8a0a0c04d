"""A table of assets as a crowd: who is there, what they live in, who of them is vulnerable."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.cities.files.picking import as_numbers, as_texts
from rencheng.adapters.risk.events.table import Table, column
from rencheng.adapters.risk.faults import FIRST, fault, refuse
from rencheng.adapters.risk.people.faults import rows_of
from rencheng.domain.curve import Curve
from rencheng.domain.errors import Fault
from rencheng.domain.risk_people import (
    CasualtyTable,
    Circumstances,
    Crowd,
    Dwelling,
    PresenceTable,
    ShelterTable,
)
from rencheng.model.risk.people.presence import mix, present, stated

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]

COUNTS = ("residents", "workers", "pupils", "guests", "patients")
"""Columns of people who belong to an asset."""
PERIODS = ("occupants_night", "occupants_day", "occupants_transit")
"""Columns of people inside, stated by time of day."""
AMONG = ("children", "elderly", "elderly_60", "elderly_65", "disabled")
"""Columns of vulnerable groups among the residents."""
WARDS = ("pupils", "patients")
"""Counts that are vulnerable groups themselves."""
# More than any building holds; to tell a wrong column or unit. Ours.
MOST = 200_000.0
# Over a whole district, beside one building: more than the densest of the world. Ours. [1/m2]
DENSEST = 0.2
_USES = {
    "home": ("res", "home", "house", "dwell", "apart", "flat", "住"),
    "shop": ("com", "office", "retail", "shop", "gov", "rel", "hosp", "商", "办", "医", "政"),
    "works": ("ind", "agr", "fact", "warehouse", "工", "仓", "农"),
    "school": ("edu", "school", "univ", "学", "教"),
    "hotel": ("hotel", "res4", "酒店", "宾馆"),
}
"""How words for a use begin; the longest beginning wins. HAZUS' classes (RES1, COM4) are among
them. Where people work in homes and hotels they come and go as in shops (ours)."""
_DWELLING = {
    "single": Dwelling.SINGLE, "res1": Dwelling.SINGLE, "res2": Dwelling.SINGLE,
    "独户": Dwelling.SINGLE, "multi": Dwelling.MULTI, "res3": Dwelling.MULTI,
    "多户": Dwelling.MULTI,
}  # fmt: skip
_CURVE_TYPE = re.compile(r"(?:^|/)(?:LF|STR)\.([A-Z]+\d?)(?:\.([LMH]))?\.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """What the shares are taken from."""

    presence: PresenceTable
    casualties: CasualtyTable
    shelter: ShelterTable


@dataclass(slots=True)
class _Reader:
    """Columns of a table, and what is wrong with them."""

    table: Table
    ids: NDArray[Any]
    most: float | F64 = MOST
    faults: list[Fault] = field(default_factory=list)

    def has(self, name: str) -> bool:
        return name in self.table

    def numbers(self, name: str, default: float = np.nan) -> F64:
        """Return a column of numbers, NaN unknown; the default where there is no column."""
        if name not in self.table:
            return np.full(self.ids.size, default)
        found, unread = as_numbers(column(self.table, name))
        self.note("unread", name, np.isin(np.arange(self.ids.size), unread))
        return found

    def people(self, name: str, default: float = np.nan) -> F64:
        """Return a column of persons; what is impossible is noted and unknown."""
        found = self.numbers(name, default)
        self.note("negative", name, found < 0.0)
        self.note("many", name, found > self.most)
        return np.where((found < 0.0) | (found > self.most), np.nan, found)

    def share(self, name: str, default: float) -> F64:
        """Return a column of shares; a blank takes the default, what is unreadable is unknown."""
        if name not in self.table:
            return np.full(self.ids.size, default)
        found, unread = as_numbers(column(self.table, name))
        lost = np.isin(np.arange(self.ids.size), unread)
        wrong = (found < 0.0) | (found > 1.0)
        self.note("unread", name, lost)
        self.note("share", name, wrong)
        return np.where(lost | wrong, np.nan, np.where(np.isnan(found), default, found))

    def texts(self, name: str) -> NDArray[Any]:
        """Return a column of words in small letters; blank where there is none."""
        if name not in self.table:
            return np.full(self.ids.size, "", dtype=object)
        said = as_texts(column(self.table, name)).tolist()
        plain = {word: str(word).strip().lower() for word in set(said)}
        return np.array([plain[word] for word in said], dtype=object)

    def note(self, key: str, where: str, rows: NDArray[np.bool_]) -> None:
        self.faults += rows_of(key, where, rows, self.ids)

    def words(self, key: str, name: str, known: Callable[[str], Any]) -> list[Any]:
        """Return what each word of a column means; None where unknown, which is noted."""
        words = self.texts(name).tolist()
        meaning = {word: known(word) if word else None for word in set(words)}
        lost = {word for word, found in meaning.items() if word and found is None}
        wrong = np.array([word in lost for word in words], dtype=bool)
        self.faults += rows_of(key, name, wrong, _told(self.ids, words, wrong))
        return [meaning[word] for word in words]


def _told(ids: NDArray[Any], words: Sequence[str], wrong: NDArray[np.bool_]) -> NDArray[Any]:
    """Return ids with the word that is wrong, where it is."""
    told = np.array(ids, dtype=object)
    for i in np.flatnonzero(wrong)[:FIRST]:
        told[i] = f"{ids[i]} ({words[i]})"
    return told


def read_crowd(
    table: Table,
    ids: NDArray[Any],
    tables: Tables,
    when: Circumstances,
    *,
    most: float | F64 = MOST,
) -> tuple[Crowd, tuple[Fault, ...]]:
    """Return the people of a table of assets.

    Parameters
    ----------
    table
        Columns of persons: `residents`, `workers`, `pupils`, `guests`, `patients`, or those inside
        `occupants_night`, `occupants_day`, `occupants_transit`, which go first. `use` says how
        workers come and go. Groups among the residents: `children`, `elderly` (or `elderly_60`,
        `elderly_65`), `disabled`. `dwelling` or `dwellings`, `income`, `evacuated`, `upstairs`,
        `rise_m_h`. A blank is unknown, 0 is nobody; a column that is missing counts nobody of its
        kind, and makes a group unknown.
    ids
        Of the assets.
    tables
        Shares of presence, and of those who ask for shelter.
    when
        Hour, day and measures.
    most
        People that may be at an asset; more is taken for a wrong column. (assets,)

    Raises
    ------
    InvalidInputError
        When no column counts people. Rows with other faults stay, as unknown, and are counted.
    """
    reader = _Reader(table, ids, most)
    if not any(reader.has(name) for name in (*COUNTS, *PERIODS)):
        refuse([fault("columns", "assets", ["residents", "occupants_night"])])
    weight = mix(when.hour, is_weekend=when.is_weekend)
    count = {name: reader.people(name, 0.0) for name in COUNTS}
    use = reader.words("use", "use", _use)
    inside, outside, at_home = _present(reader, count, use, tables.presence, weight)
    reader.note("unknown", "residents", np.isnan(inside))
    group, share, share_home = _groups(reader, count, (inside + outside, at_home))
    income = reader.words("income", "income", _income)
    low, central, high = tables.shelter.unknown
    public = np.array(
        [
            [tables.shelter.income[k] if k is not None else unknown for k in income]
            for unknown in (low, central, high)
        ]
    ).reshape(3, ids.size)
    left, up = reader.share("evacuated", when.evacuated), reader.share("upstairs", when.upstairs)
    rise = reader.numbers("rise_m_h")
    reader.note("negative", "rise_m_h", rise < 0.0)
    crowd = Crowd(
        id=tuple(map(str, ids)),
        indoors=inside,
        outdoors=outside,
        residents=count["residents"] if reader.has("residents") else np.full(ids.size, np.nan),
        group=group,
        share=share,
        share_home=share_home,
        dwelling=_dwellings(reader),
        public=public,
        exposed=(1.0 - left) * (1.0 - up),
        rise_m_h=np.where(rise < 0.0, np.nan, rise),
    )
    return crowd, tuple(reader.faults)


def _present(
    reader: _Reader,
    count: Mapping[str, F64],
    use: Sequence[str | None],
    table: PresenceTable,
    weight: F64,
) -> tuple[F64, F64, Mapping[str, F64]]:
    """Return people indoors and outdoors, and the share there of each kind. (assets,) each"""
    size = reader.ids.size
    people = {name: np.zeros(size) for name in table.use}
    people["home"], people["school"] = count["residents"], count["pupils"]
    people["hotel"], people["ward"] = count["guests"], count["patients"]
    works = np.array([_WORK.get(one or "", "") for one in use], dtype=object)
    for name in ("shop", "works"):
        people[name] = people[name] + np.where(works == name, count["workers"], 0.0)
    people["school"] = people["school"] + np.where(works == "school", count["workers"], 0.0)
    nowhere = (works == "") & ~(count["workers"] == 0.0)
    inside, outside = present(np.stack([people[name] for name in table.use]), table, weight)
    inside = np.where(nowhere, np.nan, inside)
    row = {name: np.zeros(len(table.use)) for name in ("home", "school", "ward")}
    there: dict[str, F64] = {}
    for name, one in row.items():
        one[table.use.index(name)] = 1.0
        there[name] = np.full(size, sum(present(one, table, weight)))
    if not any(reader.has(name) for name in COUNTS):
        inside = np.full(size, np.nan)  # nothing but what is stated by time of day
    if any(reader.has(name) for name in PERIODS):
        told = stated(np.stack([reader.people(name) for name in PERIODS]), weight)
        known = np.isfinite(told)
        inside, outside = np.where(known, told, inside), np.where(known, 0.0, outside)
        # Whose presence is stated in all is not told apart by kind, but for homes alone.
        alone = np.array([one == "home" for one in use], dtype=bool)
        with np.errstate(invalid="ignore", divide="ignore"):
            stay = np.where(count["residents"] > 0.0, told / count["residents"], np.nan)
        there["home"] = np.where(known, np.where(alone, stay, np.nan), there["home"])
        for name in ("school", "ward"):
            there[name] = np.where(known, np.nan, there[name])
    return inside, outside, there


def _groups(
    reader: _Reader, count: Mapping[str, F64], there: tuple[F64, Mapping[str, F64]]
) -> tuple[tuple[str, ...], F64, F64]:
    """Return vulnerable groups, their share of those present and of the residents."""
    people, stay = there
    lived = count["residents"]
    names = [name for name in AMONG if reader.has(name)]
    names += [name for name in WARDS if reader.has(name)]
    share, home = [], []
    for name in names:
        if name in AMONG:
            many = reader.people(name)
            reader.note("group", name, many > lived)
            many = np.where(many > lived, np.nan, many)
            home.append(_part(many, lived))
            share.append(_part(many * stay["home"], people))
        else:
            kind = "school" if name == "pupils" else "ward"
            home.append(np.zeros(lived.size))
            share.append(_part(np.where(count[name] == 0, 0.0, count[name] * stay[kind]), people))
    aged = [name for name in ("elderly", "elderly_60", "elderly_65") if name in names][:1]
    if "children" in names and aged:
        both = home[names.index("children")] + home[names.index(aged[0])]
        reader.note("sum", f"children, {aged[0]}", both > 1.0 + 1e-9)
    size = (len(names), lived.size)
    return tuple(names), np.reshape(share, size), np.reshape(home, size)


def _part(some: F64, whole: F64) -> F64:
    """Return a share; 0 of nobody, NaN unknown."""
    with np.errstate(invalid="ignore", divide="ignore"):
        found = np.where(whole == 0.0, 0.0, some / whole)
    return np.minimum(found, 1.0)


def _dwellings(reader: _Reader) -> I32:
    """Return the kind of each dwelling: as said, by the use (RES1, RES3), or by their number."""
    said = reader.words("dwelling", "dwelling", _dwelling)
    uses = reader.texts("use").tolist()
    kinds = {word: _dwelling(word) for word in set(uses)}
    by_use = [kinds[word] for word in uses]
    many = reader.people("dwellings")
    number = np.where(many >= 2, Dwelling.MULTI, np.where(many == 1, Dwelling.SINGLE, -1))
    return np.array(
        [
            a if a is not None else b if b is not None else int(c)
            for a, b, c in zip(said, by_use, number, strict=True)
        ],
        dtype=np.int32,
    ).reshape(number.size)


def read_types(
    table: Table,
    ids: NDArray[Any],
    named: NDArray[Any],
    curves: Mapping[str, Curve],
    casualties: CasualtyTable,
) -> tuple[I32, tuple[Fault, ...]]:
    """Return each asset's row in the casualty table, -1 unknown, and the types that have none.

    The column `type`; where it is blank, the type that the asset's HAZUS curve is of.
    """
    reader = _Reader(table, ids)
    row = {name: i for i, name in enumerate(casualties.type)}
    said = [word.upper().replace(".", "") for word in reader.texts("type").tolist()]
    of_curve = {name: _type_of(curve.id) for name, curve in curves.items()}
    found = [word or of_curve.get(name, "") for word, name in zip(said, named, strict=True)]
    rows = np.array([row.get(word, -1) for word in found], dtype=np.int32)
    return rows, tuple(rows_of("type", "type", rows < 0, _told(ids, found, rows < 0)))


def _type_of(curve: str) -> str:
    match = _CURVE_TYPE.search(curve)
    return f"{match[1]}{match[2] or ''}" if match else ""


_WORK = {"home": "shop", "shop": "shop", "works": "works", "school": "school", "hotel": "shop"}


def _use(word: str) -> str | None:
    best = [(len(b), use) for use, begins in _USES.items() for b in begins if word.startswith(b)]
    return max(best)[1] if best else None


def _dwelling(word: str) -> int | None:
    best = [(len(b), int(kind)) for b, kind in _DWELLING.items() if word.startswith(b)]
    return max(best)[1] if best else None


def _income(word: str) -> int | None:
    return int(word) - 1 if word in {"1", "2", "3", "4", "5"} else None
