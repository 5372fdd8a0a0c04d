"""Studies of uncertainty: read from TOML or JSON, run on tables and event sets."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields, replace
from pathlib import Path
from typing import Any

from rencheng.adapters.files import read_toml
from rencheng.adapters.risk.assets.meeting import assets_of, meet
from rencheng.adapters.risk.assets.money import must_be_in
from rencheng.adapters.risk.assets.table import curves_for
from rencheng.adapters.risk.events.table import EventSet, Table, doubts
from rencheng.adapters.risk.study.faults import fault, meant, refuse, study_faults, unused_faults
from rencheng.adapters.risk.tables import must_be_there
from rencheng.domain import risk_uncertainty as ru
from rencheng.domain.curve import Curve
from rencheng.domain.errors import Fault, InvalidInputError
from rencheng.domain.risk import EventSource, Portfolio
from rencheng.domain.risk_money import Money
from rencheng.domain.risk_parts import Parts
from rencheng.model.risk.draws import SEEDS
from rencheng.model.risk.uncertain.design import monte_carlo
from rencheng.model.risk.uncertain.study import Asked, uncertain_impact

SCHEMA = "rencheng/risk-study/1"
KINDS = {
    "value": ru.ValueFactor,
    "missing": ru.MissingShare,
    "choice": ru.CurveChoice,
    "curve": ru.CurveFactor,
    "quantile": ru.CurveQuantile,
    "intensity": ru.IntensityFactor,
    "ensemble": ru.Ensemble,
    "rate": ru.RateFactor,
    "loss": ru.LossFactor,
}
"""What `kind` may say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyFile:
    """A study as its file states it."""

    study: ru.Study
    faults: tuple[Fault, ...] = ()
    """Of lines that could not be read; `prepare` refuses them with all others."""

    @property
    def alternatives(self) -> tuple[str, ...]:
        """Return the curves that choices name."""
        choices = [one for one in self.study.inputs if isinstance(one, ru.CurveChoice)]
        return tuple(dict.fromkeys(name for one in choices for name in one.curves))


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Everything that samples of a study need."""

    study: ru.Study
    members: Sequence[tuple[EventSource, Portfolio]]
    curves: Mapping[str, Curve]
    asked: Asked
    faults: tuple[Fault, ...]
    """Rows of the table that could not be assessed."""
    parts: Sequence[Parts | None] = ()
    """Where areas and lines lie in each set."""

    def impact(self, design: ru.Design) -> ru.UncertainImpact:
        """Return the losses in every sample of a design."""
        found = uncertain_impact(
            self.members, self.curves, self.study, design, self.asked, self.parts
        )
        return replace(found, faults=self.faults)

    def sampled(self) -> ru.UncertainImpact:
        """Return the losses in the study's own independent samples."""
        one = self.study
        return self.impact(
            monte_carlo(one.names, one.samples, one.seed, budget_mb=self.asked.budget_mb)
        )


def read_study(path: str | Path) -> StudyFile:
    """Return the study of a TOML or JSON file; what cannot be read stands in its `faults`.

    Parameters
    ----------
    path
        With `schema`, `samples`, `seed`, `return_periods` and `[[input]]`; see
        docs/how-to/risk-uncertainty.md. `.json` has the same keys, and `input` as a list.

    Raises
    ------
    InvalidInputError
        When it is not there, or no table of TOML or JSON in UTF-8.
    """
    file = Path(path)
    must_be_there(file)
    table = _json(file) if file.suffix.lower() == ".json" else read_toml(file)
    faults: list[Fault] = []
    if table.pop("schema", None) != SCHEMA:
        faults.append(fault("schema", file.name, [SCHEMA]))
    inputs = []
    rows = table.pop("input", [])
    for number, row in enumerate(rows if isinstance(rows, list) else [rows], start=1):
        one, found = read_input(row, number)
        faults += found
        inputs += [one] if one else []
    whole = ru.Study(inputs=tuple(inputs))
    said = {n: table.pop(n) for n in ("samples", "seed", "return_periods") if n in table}
    wrong = [f"{n} = {said[n]}" for n in ("samples", "seed") if type(said.get(n, 0)) is not int]
    if not _is_numbers(said.get("return_periods", [])):
        wrong.append(f"return_periods = {said['return_periods']}")
    faults += [fault("type", file.name, wrong)] if wrong else []
    keys = ("schema", "samples", "seed", "return_periods", "input")
    faults += [fault("key", file.name, [meant(n, keys) for n in sorted(table)])] if table else []
    if not wrong:
        periods = said.pop("return_periods", whole.return_periods)
        whole = replace(whole, return_periods=tuple(map(float, periods)), **said)
    return StudyFile(study=whole, faults=tuple(faults))


def _json(file: Path) -> dict[str, Any]:
    try:
        read = json.loads(file.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise _no_json(file, str(error)) from error
    if not isinstance(read, dict):
        raise _no_json(file, f"it begins with {str(read)[:20]}")
    return read


def _no_json(file: Path, reason: str) -> InvalidInputError:
    return InvalidInputError(
        "risk_uncertainty.json",
        f"{file.name} is no table of JSON in UTF-8: {reason}",
        hint="Mend it where it says, or write the study as TOML",
        params={"where": file.name, "reason": reason},
    )


def read_input(row: Any, number: int) -> tuple[ru.UncertainInput | None, list[Fault]]:
    """Return the input of a table, and what is wrong with it; none when it cannot be made."""
    where = f"input[{number}]"
    if not isinstance(row, dict):
        return None, [fault("type", where, [row])]
    where = f"{where} {row.get('name', '')}".strip()
    kind = KINDS.get(str(row.get("kind")))
    if kind is None:
        return None, [fault("kind", where, [meant(str(row.get("kind", "—")), KINDS)])]
    known = {one.name: one for one in fields(kind)}
    unknown = [meant(n, (*known, "kind")) for n in sorted(set(row) - set(known) - {"kind"})]
    faults = [fault("key", where, unknown)] if unknown else []
    needed = [n for n, one in known.items() if one.default is MISSING and n not in row]
    faults += [fault("missing", where, needed)] if needed else []
    read = {name: _value(known[name], row[name]) for name in known if name in row}
    none = [name for name, value in read.items() if value is None]
    laws = [name for name in none if known[name].type == "Family"]
    faults += [fault("family", where, [f"{n} = {row[n]}" for n in laws])] if laws else []
    wrong = [f"{name} = {row[name]}" for name in none if name not in laws]
    faults += [fault("type", where, wrong)] if wrong else []
    return (None if needed or none else kind(**read)), faults


def _value(field: Field[Any], given: Any) -> Any:
    """Return a value as its field takes it; None when it cannot."""
    if field.type == "Family":
        return ru.Family(given) if given in list(ru.Family) else None
    if field.type == "float":
        return float(given) if _is_numbers([given]) else None
    if field.type == "str":
        return given if isinstance(given, str) else None
    if not isinstance(given, list):
        return None
    if field.type == "tuple[float, ...]":
        return tuple(map(float, given)) if _is_numbers(given) else None
    return tuple(given) if all(isinstance(one, str) for one in given) else None


def _is_numbers(values: Any) -> bool:
    return isinstance(values, list) and all(
        type(one) is float or (type(one) is int and abs(one) <= SEEDS) for one in values
    )


def _named(study: ru.Study) -> list[str]:
    """Return the classes that inputs name."""
    of = [one.of for one in study.inputs if isinstance(one, ru.CurveChoice)]
    return [*of, *(name for one in study.inputs for name in getattr(one, "classes", ()))]


def prepare(
    assets: Table,
    events: EventSet | Mapping[str, EventSet],
    curves: Mapping[str, Curve],
    study: StudyFile | ru.Study,
    *,
    currency: str,
    year: int,
    asked: Asked,
) -> Prepared:
    """Return everything that samples of a study need, checked.

    Parameters
    ----------
    assets
        As `risk.run` takes them, areas and lines too; a column `group` may name each asset's zone.
    events
        One set, or the members of the study's ensemble by name.
    curves
        By the names that assets and study use; alternatives among them.
    study
        Itself, or its file.
    currency, year
        Of the values.
    asked
        What to carry, memory, threads.

    Raises
    ------
    InvalidInputError
        With every fault of the study at once; of assets, events and curves as `risk.run`.
    """
    must_be_in(assets, Money(currency=currency, year=year))
    file = study if isinstance(study, StudyFile) else StudyFile(study=study)
    sets = dict(events) if isinstance(events, Mapping) else {"": events}
    names = list(sets) if isinstance(events, Mapping) else []
    faults = [*file.faults, *study_faults(file.study, curves, names)]
    read = assets_of(assets, curves)
    groups = asked.groups or ([str(g) for g in assets["group"]] if "group" in assets else ())
    if len(groups) not in (0, read.id.size):
        faults.append(fault("assets", "group", [f"{len(groups)} / {read.id.size}"]))
    used = [name for name in curves if (read.curve == name).any()]
    faults += unused_faults(file.study, [*used, *(set(_named(file.study)) - set(curves))])
    refuse(faults)
    order = next((one.members for one in file.study.inputs if isinstance(one, ru.Ensemble)), ("",))
    met = [meet(read, sets[name], list(curves), currency=currency, year=year) for name in order]
    units = sorted({one.source.head.unit for one in met})
    refuse([fault("members", "events.unit", units)] if len(units) > 1 else [])
    fitting = [dict(zip(curves, curves_for(curves, one.source.head), strict=True)) for one in met]
    versions = {
        f"{what} {name}".strip(): said
        for name, one in zip(order, met, strict=True)
        for what, said in one.versions.items()
    }
    versions |= {f"curve {one.id}": one.version for one in fitting[-1].values()}
    rows = [one for each in met for one in (*each.faults, *doubts(each.source))]
    return Prepared(
        study=file.study,
        members=[(one.source, one.portfolio) for one in met],
        curves=fitting[-1],
        asked=replace(asked, groups=groups, versions=versions),
        faults=tuple(one for i, one in enumerate(rows) if one not in rows[:i]),
        parts=[one.parts for one in met],
    )
