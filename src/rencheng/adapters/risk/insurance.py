"""Insurance of assets: terms stated by their table or by a job, and what they make of losses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.cities.files.picking import as_texts
from rencheng.adapters.risk.assets.meeting import Met, assets_of, meet
from rencheng.adapters.risk.assets.money import must_be_in
from rencheng.adapters.risk.assets.table import Assets, curves_for
from rencheng.adapters.risk.events.table import EventSet, Table, column, doubts, numbers
from rencheng.adapters.risk.faults import FIRST, dark_faults, fault, refuse, rows_fault
from rencheng.adapters.risk.results import Columns, summary, tables, write_tables
from rencheng.adapters.risk.results_folder import results_folder, write_summary
from rencheng.domain.curve import Curve
from rencheng.domain.errors import Fault
from rencheng.domain.risk import EventImpact, LossMatrix, Portfolio, Standing, is_nothing
from rencheng.domain.risk_annual import Layer
from rencheng.domain.risk_insurance import PROPERTY, SITE, Insured, Terms
from rencheng.domain.risk_money import Money
from rencheng.model.risk.annual import must_be_layer
from rencheng.model.risk.blocks import BUDGET_MB
from rencheng.model.risk.impact import impact
from rencheng.model.risk.insurance import insured, site_paid
from rencheng.model.risk.parts import impact_of_parts, joined, spread_out

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

INTERRUPTION = "interruption"
"""The component that is no property damage."""
PARTS: Mapping[str, tuple[str, float]] = {
    "deductible": ("deductible", 0.0), "deductible_share": ("deductible_share", 0.0),
    "deductible_least": ("least", 0.0), "deductible_most": ("most", np.inf),
    "cover": ("cover", np.inf), "cover_share": ("cover_share", np.inf),
}  # fmt: skip
"""How columns of terms begin, the field of `Terms`, and what a blank says."""
ALIKE = 0.8
"""From here on (0 to 1, `difflib`) a first word is a misspelt `deductible` or `cover`. Ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What a job applies to the losses."""

    asset: Layer | None = None
    """Of all of an asset, in each event."""
    event: Layer | None = None
    """Of what is paid for all assets, in each event."""
    is_stated: bool = False
    """Whether the terms that the table of assets states are applied."""


def stated(assets: Table, components: Iterable[str]) -> dict[str, list[str]]:
    """Return the columns of terms by level: components, then property damage, then the site."""
    given = {str(name) for name in assets}
    found = {
        level: [name for name in names if name in given]
        for level, names in _names(components).items()
    }
    return {level: columns for level, columns in found.items() if columns}


def astray(assets: Table, components: Iterable[str]) -> list[Fault]:
    """Return a fault of each column that looks like terms and belongs to no level."""
    levels = list(_names(components).values())
    known = {name for names in levels for name in names}
    return [
        fault("terms_astray", f"assets.{name}", _meant(name.strip().lower(), levels), 1)
        for name in map(str, assets)
        if name not in known and _is_like_terms(name.strip().lower())
    ]


def _names(components: Iterable[str]) -> dict[str, list[str]]:
    """Return how columns of terms are called, by level."""
    ends = {c: "" if c == "whole" else f"_{c}" for c in (*components, PROPERTY, SITE)}
    return {level: [f"{part}{end}" for part in PARTS] for level, end in ends.items()}


def _meant(name: str, levels: Sequence[Sequence[str]]) -> list[str]:
    """Return the columns that a name may stand for: of its own part, else the nearest of all."""
    part = max((one for one in PARTS if f"{name}_".startswith(f"{one}_")), key=len, default="")
    own = [names[list(PARTS).index(part)] for names in levels] if part else []
    return get_close_matches(name, own or [one for names in levels for one in names], FIRST, 0.0)


def _is_like_terms(name: str) -> bool:
    word = name.split("_")[0]
    is_near = bool(get_close_matches(word, ("deductible", "cover"), 1, ALIKE))
    return is_near or word.startswith(("deduct", "cover"))


def terms_not_applied(assets: Table) -> tuple[Fault, ...]:
    """Return the faults of terms that a table states and a job did not ask for."""
    names = [str(name) for name in assets]
    components = [n.partition("_")[2] or "whole" for n in names if n.split("_")[0] == "value"]
    kept = [one for columns in stated(assets, components).values() for one in columns]
    return (
        *([fault("terms_kept", "assets", kept)] if kept else []),
        *astray(assets, components),
    )


def insure(
    assets: Table,
    events: EventSet,
    curves: Sequence[Curve] | Mapping[str, Curve],
    contract: Contract,
    *,
    currency: str,
    year: int,
    budget_mb: float = BUDGET_MB,
    progress: Callable[[int, int], None] | None = None,
) -> Insured:
    """Return what events do to assets, and who bears it.

    Parameters
    ----------
    assets, events, curves, currency, year, budget_mb, progress
        As `run`. Terms stand in columns: `deductible_<component>`, `cover_<component>` and the
        others of `PARTS`; `…_pd` for all but interruption, `…_all` for the whole asset; without a
        component where `value` has none. A blank says nothing of the kind. In the currency. Terms
        that are not asked for are told among the faults of the result.
    contract
        What is applied.

    Raises
    ------
    InvalidInputError
        As `run`; when terms are asked for and none are stated, or a column of them belongs to no
        level, or they cannot be read, or are negative, or shares are above 1.
    TooMuchError
        When the losses of each event at each asset do not fit the memory.

    Notes
    -----
    Terms of a table go by event and asset: first by component, then property damage, then the site,
    each on what the one below lets pass (`site_paid`); where nothing is stated all passes, so that
    an asset is insured for all its worth unless its terms say less. Then the contract's layer of
    each asset, then that of each event on the sum. Nothing takes the place of the loss from the
    ground up. Of components with terms of their own the losses are computed one by one. Of a loss
    that is unknown in part, the known part is what is paid and kept of: both are lower bounds
    (`site_paid`).
    """
    named = curves if isinstance(curves, Mapping) else {one.id: one for one in curves}
    must_be_in(assets, Money(currency=currency, year=year))
    for layer in (contract.asset, contract.event):
        must_be_layer(layer or Layer())
    read = assets_of(assets, named)
    terms = _terms(assets, read) if contract.is_stated else {}
    met = meet(read, events, list(named), currency=currency, year=year)
    fitting = curves_for(named, met.source.head)

    whole = impact_of_parts(
        met.source, met.portfolio, met.parts, fitting,
        budget_mb=budget_mb, with_matrix=True, progress=progress,
        versions={**met.versions, **{f"curve {one.id}": one.version for one in fitting}},
    )  # fmt: skip
    told = () if contract.is_stated else terms_not_applied(assets)
    dark = dark_faults(whole, "assets", met.portfolio.id)
    whole = replace(whole, faults=(*met.faults, *doubts(met.source), *dark, *told))
    matrix, levels = whole.matrix, {PROPERTY, *read.components}
    assert matrix is not None  # noqa: S101 - asked for above
    is_apart = len(read.components) > 1 and bool(levels & set(terms))
    is_joint = len(read.components) > 1 or met.parts is not None
    if is_apart or (is_joint and np.isnan(matrix.loss).any()):
        each = {
            c: _known(met, k, fitting, budget_mb=budget_mb) for k, c in enumerate(read.components)
        }
    else:
        each = {read.components[0]: _without_unknown(matrix)}
    return _shared(whole, each, terms, contract)


def _known(met: Met, component: int, curves: Sequence[Curve], *, budget_mb: float) -> LossMatrix:
    """Return the losses of one component, of the pieces of an asset of which they are known."""
    folio, asset = _only(met, component), None
    many = len(folio.id)
    if met.parts is not None:
        folio, asset = spread_out(folio, met.parts)
    found = impact(
        met.source, folio, curves, budget_mb=budget_mb, with_spread=False, with_matrix=True
    )
    assert found.matrix is not None  # noqa: S101 - asked for above
    found = replace(found, matrix=_without_unknown(found.matrix))
    matrix = found.matrix if asset is None else joined(found, asset, many).matrix
    assert matrix is not None  # noqa: S101 - given above
    return matrix


def _without_unknown(matrix: LossMatrix) -> LossMatrix:
    return replace(matrix, loss=np.nan_to_num(matrix.loss))


def _only(met: Met, component: int) -> Portfolio:
    """Return the portfolio with the worth of one component alone."""
    value = np.zeros_like(met.portfolio.value)
    value[:, component] = met.portfolio.value[:, component]
    # What is unknown or bad of another component leaves the asset out in every run alike.
    bad = ~np.isfinite(met.portfolio.value) | (met.portfolio.value < 0.0)
    bare = (met.portfolio.value > 0.0) & (met.portfolio.curve < 0)
    value[(bad | bare).any(axis=1)] = np.nan
    return replace(met.portfolio, value=value)


def _terms(assets: Table, read: Assets) -> dict[str, Terms]:
    """Return the terms of each level; refused where they cannot be, or where there are none."""
    columns, ids = stated(assets, read.components), read.id
    faults = astray(assets, read.components)
    if not (columns or faults):
        refuse([fault("no_terms", "assets", ["deductible", "cover"])])
    found = {}
    for level, names in columns.items():
        said: dict[str, F64] = {}
        for part, (field, blank) in PARTS.items():
            name = next((n for n in names if n == part or n == f"{part}_{level}"), None)
            if name is None:
                said[field] = np.full(ids.size, blank)
                continue
            texts = as_texts(column(assets, name))
            amount = numbers(column(assets, name))[0]
            amount = np.where(texts == "", blank, amount)
            most = 1.0 if part.endswith("_share") else np.inf
            wrong = ~((amount >= 0.0) & (amount <= most)) & (texts != "")
            faults += rows_fault("terms", f"assets.{name}", wrong, ids)
            said[field] = amount
        faults += rows_fault(
            "terms", f"assets.deductible_most, {level}", said["most"] < said["least"], ids
        )
        found[level] = Terms(**said)
    refuse(faults)
    return found


def _shared(
    whole: EventImpact,
    each: Mapping[str, LossMatrix],
    terms: Mapping[str, Terms],
    contract: Contract,
) -> Insured:
    """Return who bears the losses of every event at every asset."""
    events, many = whole.rate.size, whole.standing.size
    keys = {c: _keys(m, many) for c, m in each.items()}
    pair = np.unique(np.concatenate(list(keys.values())))
    event, asset = np.divmod(pair, max(many, 1))
    levels: dict[str, tuple[F64, F64]] = {}
    lost = np.zeros(pair.size)
    for name, matrix in each.items():
        loss = np.zeros(pair.size)
        loss[np.searchsorted(pair, keys[name])] = matrix.loss
        lost += loss
        levels[name] = _level(loss, np.zeros(pair.size), terms.get(name), asset)
    if PROPERTY in terms:
        own = [levels.pop(name) for name in list(levels) if name != INTERRUPTION]
        levels[PROPERTY] = _level(*_summed(own, pair.size), terms[PROPERTY], asset)
    paid, _ = _level(*_summed(levels.values(), pair.size), terms.get(SITE), asset)
    if contract.asset:
        one = contract.asset
        paid = insured(paid, one.deductible, one.limit) * one.share
    by_event, whole_event = (
        np.bincount(event, one, events).astype(np.float64) for one in (paid, lost)
    )
    paid_eai, kept_eai = (
        np.bincount(asset, one * whole.rate[event], many).astype(np.float64)
        for one in (paid, np.maximum(lost - paid, 0.0))
    )
    if contract.event:
        one = contract.event
        by_event = insured(by_event, one.deductible, one.limit) * one.share
    # Of the same losses, in single precision as the matrix has them: what is kept would be lost in
    # the rounding of a difference to those of `whole`.
    kept = np.maximum(whole_event - by_event, 0.0)
    return Insured(
        whole=whole,
        known_paid=by_event,
        known_kept=kept,
        known_paid_eai=paid_eai,
        known_kept_eai=kept_eai,
        known_paid_aal=float(np.sum(by_event * whole.rate)),
        known_kept_aal=float(np.sum(kept * whole.rate)),
        terms=_told(terms, contract),
    )


def _keys(matrix: LossMatrix, many: int) -> I64:
    event = np.repeat(np.arange(matrix.start.size - 1), np.diff(matrix.start))
    return np.asarray(event * many + matrix.asset, dtype=np.int64)


def _summed(levels: Iterable[tuple[F64, F64]], pairs: int) -> tuple[F64, F64]:
    """Return what levels let pass, and what is borne, together."""
    total = np.zeros((2, pairs))
    for one in levels:
        total += np.stack(one)
    return total[0], total[1]


def _level(loss: F64, borne: F64, terms: Terms | None, asset: I64) -> tuple[F64, F64]:
    """Return what a level lets pass and what is borne by then; without terms all passes."""
    if terms is None:
        return loss, borne
    return site_paid(
        loss, borne, Terms(**{field: getattr(terms, field)[asset] for field, _ in PARTS.values()})
    )


def _told(terms: Mapping[str, Terms], contract: Contract) -> dict[str, str]:
    said = {"assets' own": ", ".join(terms)} if terms else {}
    for name, one in (("each asset", contract.asset), ("each event", contract.event)):
        if one:
            said[name] = f"deductible {one.deductible:g}, limit {one.limit:g}, share {one.share:g}"
    return said


def insured_tables(result: Insured, assets: Sequence[str]) -> dict[str, Columns]:
    """Return tables `insured_events` and `insured_assets`: loss, what is paid, what is kept.

    Unknown is NaN. `known_…` leave out what is unknown, so they are lower bounds. Of assets, layers
    of events are not in it.
    """
    whole = result.whole
    gone = np.nan if is_nothing(whole.counts) else 0.0
    known = np.where(whole.standing <= Standing.NOT_EXPOSED, 0.0, np.nan)
    sure = np.where(np.isnan(whole.eai), np.nan, 0.0)
    return {
        "insured_events": {
            "event": np.array(whole.names, dtype=object),
            "rate": whole.rate,
            "loss": whole.loss,
            "paid": result.paid,
            "kept": result.kept,
            "known_loss": whole.known_loss + gone,
            "known_paid": result.known_paid + gone,
            "known_kept": result.known_kept + gone,
        },
        "insured_assets": {
            "id": np.array(assets, dtype=object),
            "eai": whole.eai,
            "paid_eai": result.known_paid_eai + sure,
            "kept_eai": result.known_kept_eai + sure,
            "known_eai": whole.known_eai + known,
            "known_paid_eai": result.known_paid_eai + known,
            "known_kept_eai": result.known_kept_eai + known,
        },
    }


def write_insured(result: Insured, assets: tuple[str, ...], folder: Path) -> list[Path]:
    """Write what `write` does of the losses from the ground up, and beside them who bears them.

    `summary.json` has `insurance`: what was applied, and the average a year that is paid and kept;
    `known_…` are lower bounds of both.
    """
    whole = result.whole
    paid, kept, sure = result.known_paid_aal, result.known_kept_aal, not whole.is_partial
    rated = np.isfinite(paid) and not is_nothing(whole.counts)
    said = {
        "terms": dict(result.terms),
        "paid_aal": paid if rated and sure else None,
        "kept_aal": kept if rated and sure else None,
        "known_paid_aal": paid if rated else None,
        "known_kept_aal": kept if rated else None,
    }
    with results_folder(folder):
        found = {**tables(whole, assets), **insured_tables(result, assets)}
        written = write_tables(found, folder)
        return [*written, write_summary(folder, {**summary(whole), "insurance": said}, written)]
