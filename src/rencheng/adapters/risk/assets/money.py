"""Values in one currency and price level: refused when mixed, converted by a stated table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.cities.files.picking import as_numbers, as_texts
from rencheng.adapters.files import read_toml
from rencheng.adapters.risk.assets.shapes import GEOMETRY, ShapeTable
from rencheng.adapters.risk.events.table import Table, column
from rencheng.adapters.risk.faults import FIRST, fault, refuse
from rencheng.domain.errors import Fault, InvalidInputError
from rencheng.domain.risk_measures import Estimate, MeasureSet
from rencheng.domain.risk_money import Money, Prices
from rencheng.model.risk.money import price_factor

SCHEMA = "rencheng/prices/1"
COLUMNS = ("currency", "price_year")
"""Of an asset table whose values are not all in one money."""
AMOUNTS = ("value", "cost", "deductible", "cover")
"""How columns of money begin."""
_SHARED = ("deductible", "cover")  # with `share` after it they are shares of money
_FIRST_YEAR, _LAST_YEAR = 1900, 2200  # as in files of measures; ours


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of price indices and exchange rates."""

    schema: str
    source: str
    version: str
    valid_from: str
    jurisdiction: str
    status: str
    base: str
    index: dict[str, dict[str, float]] = {}
    exchange: dict[str, dict[str, float]] = {}


def price_file(path: str | Path) -> Prices:
    """Read price indices and exchange rates.

    Parameters
    ----------
    path
        TOML as docs/how-to/risk-measures.md shows.

    Raises
    ------
    InvalidInputError
        When the file is no such table, or a number is not above zero.
    """
    file = Path(path)
    try:
        read = msgspec.convert(read_toml(file), _File)
        if read.schema != SCHEMA:
            raise msgspec.ValidationError(f"schema {read.schema!r} is not {SCHEMA!r}")
        tables = [_years(table) for table in (read.index, read.exchange)]
    except (ValueError, msgspec.ValidationError) as error:
        raise InvalidInputError(
            "risk.prices",
            f"{file.name} is no table of prices: {error}",
            hint="Write it as docs/how-to/risk-measures.md shows",
            params={"file": file.name, "reason": str(error)},
        ) from error
    return Prices(
        base=read.base, index=tables[0], exchange=tables[1],
        source=read.source, version=read.version,
    )  # fmt: skip


def _years(table: Mapping[str, Mapping[str, float]]) -> dict[str, dict[int, float]]:
    for currency, years in table.items():
        for year, number in years.items():
            if not 0.0 < number < float("inf"):
                raise ValueError(f"{currency}.{year} = {number:g} is not above zero")
    return {c: {int(year): n for year, n in years.items()} for c, years in table.items()}


def must_be_in(assets: Table, wanted: Money) -> None:
    """Refuse money that is none, and assets that say they are in another, or in several.

    Raises
    ------
    InvalidInputError
        When the currency is blank or the year is not from 1900 to 2200; with the first ids of
        assets in other money. A table without columns `currency` and `price_year` says nothing.
    """
    is_year = _FIRST_YEAR <= wanted.year <= _LAST_YEAR
    refuse(
        [
            *([] if wanted.currency.strip() else [fault("currency", "currency", ["''"])]),
            *([] if is_year else [fault("price_year", "year", [wanted.year])]),
        ]
    )
    said = [name for name in COLUMNS if name in assets]
    if not said:
        return
    other = np.zeros(len(np.asarray(assets[said[0]])), dtype=np.bool_)
    ids = np.asarray(assets["id"] if "id" in assets else np.arange(1, other.size + 1))
    if "currency" in said:
        other |= as_texts(column(assets, "currency")) != wanted.currency
    if "price_year" in said:
        other |= as_numbers(column(assets, "price_year"))[0] != wanted.year
    rows = np.flatnonzero(other)
    if rows.size:
        first = [str(ids[k]) for k in rows[:FIRST]]
        raise InvalidInputError(
            "risk.money",
            f"{rows.size} assets are not valued in {wanted}: {', '.join(first)}",
            hint="Bring them to one currency and year with a table of prices first (--prices)",
            params={"count": int(rows.size), "wanted": str(wanted), "first": ", ".join(first)},
            faults=[
                Fault(
                    where="assets.currency, price_year",
                    key="risk.money_mixed",
                    problem=f"{rows.size} assets are in another money: {', '.join(first)}",
                    hint="Convert them with a table of prices (--prices)",
                    count=int(rows.size),
                    first=tuple(first),
                )
            ],
        )


def in_money(assets: Table, prices: Prices, *, currency: str, year: int) -> Table:
    """Return a table of assets with all amounts in one money.

    Parameters
    ----------
    assets
        With columns `currency` and `price_year`, which say what each row's values are in.
    prices
        From `price_file`.
    currency, year
        What they are brought to.

    Returns
    -------
    table
        All columns; values, costs, deductibles and covers are in the new money, which `currency`
        and `price_year` say.

    Raises
    ------
    InvalidInputError
        When a column is missing, or the table of prices lacks a number that is needed.
    """
    missing = [name for name in COLUMNS if name not in assets]
    if missing:
        raise InvalidInputError(
            "risk.money_columns",
            f"the assets do not say what their values are in: no {', '.join(missing)}",
            hint="Add the columns currency and price_year",
            params={"missing": ", ".join(missing)},
        )
    wanted = Money(currency=currency, year=year)
    money = as_texts(column(assets, "currency")).astype(str)
    years = as_texts(column(assets, "price_year")).astype(str)
    _readable(assets, money, years)
    pairs, which = np.unique(np.column_stack([money, years]), axis=0, return_inverse=True)
    factors = np.array(
        [
            price_factor(prices, Money(currency=c, year=int(float(y))), wanted)
            for c, y in pairs.tolist()
        ]
    )
    table = {
        str(name): assets[name] if name == GEOMETRY else column(assets, name) for name in assets
    }
    for name in filter(is_amount, table):
        amount = as_numbers(table[name])[0]
        turned = amount * factors[which.ravel()]
        if not name.startswith("value"):  # a blank deductible is none; what is unread stays so
            turned = np.where(np.isnan(amount), as_texts(table[name]), turned)
        table[name] = turned
    table["currency"] = np.full(money.size, currency, dtype=object)
    table["price_year"] = np.full(money.size, year)
    if isinstance(assets, ShapeTable):
        return ShapeTable(columns=table, step_m=assets.step_m)
    return table


def is_amount(name: str) -> bool:
    """Whether a column of assets is money: values, costs, deductibles and covers."""
    kind, _, rest = name.partition("_")
    return kind in AMOUNTS and not (kind in _SHARED and rest.split("_")[0] == "share")


def _readable(assets: Table, money: NDArray[Any], years: NDArray[Any]) -> None:
    """Refuse rows that do not say what their values are in."""
    number = as_numbers(years.astype(object))[0]
    rows = np.flatnonzero((money == "") | ~(number == np.floor(number)))
    if rows.size:
        ids = np.asarray(assets["id"] if "id" in assets else np.arange(1, money.size + 1))
        first = ", ".join(str(ids[k]) for k in rows[:FIRST])
        raise InvalidInputError(
            "risk.money_unread",
            f"{rows.size} assets have no readable currency or price level: {first}",
            hint="Write the currency as in CNY and the year as in 2024",
            params={"count": int(rows.size), "first": first},
        )


def measures_in(measures: MeasureSet, prices: Prices, *, currency: str, year: int) -> MeasureSet:
    """Return measures with all amounts in another money."""
    by = price_factor(
        prices,
        Money(currency=measures.currency, year=measures.year),
        Money(currency=currency, year=year),
    )

    def turned(one: Estimate) -> Estimate:
        return Estimate(low=one.low * by, best=one.best * by, high=one.high * by)

    return replace(
        measures,
        currency=currency,
        year=year,
        measures=tuple(
            replace(
                m, cost=turned(m.cost), upkeep=turned(m.upkeep),
                deductible=m.deductible * by, limit=m.limit * by,
            )
            for m in measures.measures
        ),
    )  # fmt: skip
