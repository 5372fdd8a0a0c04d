"""A job of OpenQuake: what its `job.ini` says, and the files that it names."""

from __future__ import annotations

import ast
import configparser
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.risk.openquake.faults import Found
from rencheng.adapters.risk.openquake.files import floats, read_bytes, table

F64 = NDArray[np.float64]
# Where a job does not say it: the engine's manual, "asset_hazard_distance".
REACH_KM = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a job says, section by section together."""

    path: Path
    option: Mapping[str, str]

    @property
    def mode(self) -> str:
        """Return the kind of calculation, such as `scenario_risk`."""
        return self.option.get("calculation_mode", "")

    def text(self, name: str, default: str = "") -> str:
        """Return an option as it stands."""
        return self.option.get(name, default)

    def number(self, name: str, default: float) -> float:
        """Return an option as a number."""
        said = self.option.get(name)
        if said is None:
            return default
        try:
            value = float(said)
        except ValueError:
            value = float("nan")
        if not np.isfinite(value):
            self._refuse(name)
        return value

    def numbers(self, name: str) -> F64:
        """Return an option as positive numbers, such as `[50, 100]` or `50 100`; none without."""
        words = self.option.get(name, "").strip("[] \n").replace(",", " ").split()
        found = Found()
        values = floats(" ".join(words), f"{self.path.name}, {name}", found)
        found.refuse()
        if not (np.isfinite(values) & (values > 0)).all():
            self._refuse(name)
        return values

    def is_set(self, name: str, *, default: bool = False) -> bool:
        """Return whether an option is true."""
        said = self.option.get(name)
        return default if said is None else said.strip().lower() in {"1", "true", "yes"}

    def words(self, name: str) -> tuple[str, ...]:
        """Return an option as words, parted by commas or blanks."""
        return tuple(self.option.get(name, "").replace(",", " ").split())

    def mapping(self, name: str) -> dict[str, object]:
        """Return a mapping such as `{"structural": 200}`; a bare one is under `""`."""
        said = self.option.get(name)
        if said is None:
            return {}
        if not said.strip().startswith("{"):
            return {"": said}
        try:
            found = ast.literal_eval(" ".join(said.split()))
        except (ValueError, SyntaxError):
            found = None
        if not isinstance(found, dict):
            self._refuse(name)
        return {str(key): value for key, value in dict(found or {}).items()}

    def by_kind(self, name: str, kind: str, default: float) -> float:
        """Return the number of a kind in an option that is a number or a mapping of them."""
        said = self.mapping(name)
        value = said.get(kind, said.get("", default))
        try:
            number = float(str(value))
        except ValueError:
            number = float("nan")
        if not np.isfinite(number):
            self._refuse(name)
        return number

    def file(self, *names: str) -> Path | None:
        """Return the file that the first of some options names."""
        for name in names:
            if self.option.get(name, "").strip():
                return self.path.parent / self.option[name].strip()
        return None

    def files(self, ending: str) -> dict[str, Path]:
        """Return the files of options such as `structural_vulnerability_file`, by kind of loss."""
        found = {}
        for name, said in self.option.items():
            if name.endswith(ending) and said.strip():
                kind = name.removesuffix(ending).rstrip("_") or "structural"
                found[kind] = self.path.parent / said.strip()
        return found

    def _refuse(self, name: str) -> None:
        found = Found()
        found.add("option", f"{self.path.name}, {name}", self.option[name])
        found.refuse()


def read_job(path: Path) -> Job:
    """Return what a job says.

    Raises
    ------
    InvalidInputError
        When it is no job file, or an option stands twice in a section.
    """
    found = Found()
    body = read_bytes(path, found)
    parser = configparser.RawConfigParser(inline_comment_prefixes=None)
    try:
        parser.read_string(body.decode("utf-8-sig"))
    except (configparser.Error, UnicodeDecodeError) as error:
        found.add("option", path.name, str(error).splitlines()[0])
    option = {name: said for part in parser.sections() for name, said in parser.items(part)}
    if not found and "calculation_mode" not in option:
        found.add("missing", path.name, "calculation_mode")
    found.refuse()
    return Job(path=path, option=option)


def inside(lonlat: F64, region: str, where: str) -> NDArray[np.bool_]:
    """Return which places lie within a job's `region`, not on its edge; all without one. (n,)"""
    from rencheng.adapters.risk.openquake.ground_motion import places

    if not region.strip():
        return np.ones(len(lonlat), dtype=bool)
    import shapely

    places(region, where)  # refuses what is no place
    corners = [
        [float(word) for word in pair.split()[:2]] for pair in region.split(",") if pair.split()
    ]
    if len(corners) < 3:
        found = Found()
        found.add("option", where, region.strip())
        found.refuse()
    polygon = shapely.Polygon(corners)
    return np.asarray(shapely.contains_properly(polygon, shapely.points(lonlat)))


Mapped = dict[str, list[tuple[str, float]]]


def read_mapping(path: Path) -> Mapped:
    """Return what each taxonomy is mapped to: risk ids with weights that sum to one.

    Raises
    ------
    InvalidInputError
        With every fault: columns, numbers, weights that do not sum to one.
    """
    found = Found()
    read = table(read_bytes(path, found), path.name, found, ["taxonomy"])
    key = "risk_id" if "risk_id" in read else "conversion"
    if read.columns and key not in read:
        found.add("columns", path.name, "risk_id")
    found.refuse()
    weight = read.numbers("weight", found) if "weight" in read else np.ones(read.rows)
    mapped: Mapped = {}
    for taxonomy, name, share in zip(
        read.columns["taxonomy"], read.columns[key], weight, strict=True
    ):
        mapped.setdefault(str(taxonomy), []).append((str(name), float(share)))
    off = [t for t, rows in mapped.items() if not abs(sum(w for _, w in rows) - 1.0) < 1e-6]
    found.add("weight", path.name, off)
    found.refuse()
    return mapped
