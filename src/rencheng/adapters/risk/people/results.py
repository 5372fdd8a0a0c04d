"""What events do to people, as tables and as files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.risk.results import YEARS, write_tables
from rencheng.adapters.risk.results_folder import results_folder, write_summary
from rencheng.domain.risk import Standing
from rencheng.domain.risk_people import Fate, PeopleEstimate, PeopleImpact
from rencheng.model.risk.tail import exceedance, loss_at

Columns = dict[str, NDArray[Any]]


def people_tables(result: PeopleImpact, assets: tuple[str, ...]) -> Mapping[str, Columns]:
    """Return a result as tables `events`, `assets` and `exceedance`.

    Parameters
    ----------
    result
        Of `people`.
    assets
        Ids, in their order.

    Returns
    -------
    tables
        Unknown is NaN. `events` has a row for every model, fate and event, models side by side;
        columns of a group say how many of the central number are known to belong to it, and of
        how many it is not known. `assets` has the central number a year by model and fate.
        `exceedance` is of the central number, and is empty where a rate is unknown.
    """
    return {
        "events": _events(result),
        "assets": _assets(result, assets),
        "exceedance": _exceedance(result),
    }


def _events(result: PeopleImpact) -> Columns:
    names = np.array(result.names, dtype=object)
    pieces: list[Columns] = []
    for one in result.estimates:
        for k, fate in enumerate(one.fate):
            piece: Columns = {
                "model": np.full(names.size, one.model, dtype=object),
                "fate": np.full(names.size, fate.value, dtype=object),
                "event": names,
                "rate": result.rate,
                "low": one.low[:, k],
                "central": one.central[:, k],
                "high": one.high[:, k],
                "unknown_assets": one.unknown,
                "unknown_people": one.unknown_people,
            }
            for g, group in enumerate(result.group):
                piece[group] = one.group[:, k, g]
                piece[f"{group}_unknown"] = one.group_unknown[:, k, g]
            pieces.append(piece)
    return {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}


def _assets(result: PeopleImpact, assets: tuple[str, ...]) -> Columns:
    words = [one.name.lower() for one in Standing]
    found: Columns = {
        "id": np.array(assets, dtype=object),
        "standing": np.array([words[s] for s in result.standing], dtype=object),
    }
    for one in result.estimates:
        found |= {f"{one.model} {fate.value}": one.yearly[:, k] for k, fate in enumerate(one.fate)}
    return found


def _exceedance(result: PeopleImpact) -> Columns:
    if not np.isfinite(result.rate).all():
        return {}
    pieces: list[Columns] = []
    for one in result.estimates:
        for k, fate in enumerate(() if one.is_nothing else one.fate):
            curve = exceedance(one.central[:, k], result.rate)
            many = curve.loss.size
            pieces.append(
                {
                    "model": np.full(many, one.model, dtype=object),
                    "fate": np.full(many, fate.value, dtype=object),
                    "people": curve.loss,
                    "frequency": curve.frequency,
                    "probability": curve.probability,
                    "return_period": curve.return_period,
                }
            )
    names = pieces[0] if pieces else ()
    return {name: np.concatenate([piece[name] for piece in pieces]) for name in names}


def people_summary(result: PeopleImpact) -> dict[str, Any]:
    """Return what a result comes to, ready for JSON; unknown is None.

    Of a model that could assess no asset, every number is.
    """
    spoken = [fate for fate in Fate if result.models(fate)]
    return {
        "present": _plain(result.present),
        "residents": _plain(result.residents),
        "events": len(result.names),
        "assets": {one.name.lower(): count for one, count in result.counts.items()},
        "groups": list(result.group),
        "estimates": [_estimate(result, one) for one in result.estimates],
        "side_by_side": {fate.value: _beside(result, fate) for fate in spoken},
        "versions": dict(result.versions),
        "faults": [asdict(fault) for fault in result.faults],
    }


def _estimate(result: PeopleImpact, one: PeopleEstimate) -> dict[str, Any]:
    many = np.bincount(one.standing, minlength=len(Standing))
    fates = {}
    for k, fate in enumerate(one.fate):
        low, central, high = (_plain(number) for number in result.annual(one, fate))
        # How much of a year's number is of each group, and of how much it is not known.
        yearly = [(result.rate @ part[:, k]).tolist() for part in (one.group, one.group_unknown)]
        fates[fate.value] = {
            "annual": {"low": low, "central": central, "high": high},
            "largest": _plain(one.central[:, k].max(initial=0.0)),
            "tail": [] if one.is_nothing else _tail(one.central[:, k], result.rate),
            "groups": {
                group: {"annual": _plain(yearly[0][g]), "annual_unknown": _plain(yearly[1][g])}
                for g, group in enumerate(result.group)
            },
        }
    return {
        "model": one.model,
        "low_to_high": one.spanning.value,
        "is_at_least": one.is_partial,
        "unknown_assets": int(one.unknown.sum()),
        "assets": {s.name.lower(): int(many[s]) for s in Standing},
        "fates": fates,
        "notes": [{"key": note.key, "params": dict(note.params)} for note in one.notes],
    }


def _beside(result: PeopleImpact, fate: Fate) -> dict[str, Any]:
    """Return the lowest and the highest number a year that any model says of a fate."""
    span = result.span(fate)
    return {
        "models": list(span.models),
        "annual_low": _plain(float(result.rate @ span.low)),
        "annual_high": _plain(float(result.rate @ span.high)),
    }


def _tail(people: NDArray[np.float64], rate: NDArray[np.float64]) -> list[dict[str, Any]]:
    if not np.isfinite(rate).all():
        return []
    curve = exceedance(people, rate)
    return [{"return_period": years, "people": _plain(loss_at(curve, years))} for years in YEARS]


def _plain(number: float) -> float | None:
    return float(number) if np.isfinite(number) else None


def write_people(result: PeopleImpact, assets: tuple[str, ...], folder: Path) -> list[Path]:
    """Write `events.csv`, `assets.csv`, `exceedance.csv` and, last, `summary.json`.

    Numbers are written so that they read back the same; unknown is blank.
    """
    with results_folder(folder):
        written = write_tables(people_tables(result, assets), folder)
        return [*written, write_summary(folder, people_summary(result), written)]
