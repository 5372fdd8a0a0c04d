"""From one currency and price level to another, by a table that its user states."""

from __future__ import annotations

from rencheng.domain.errors import InvalidInputError
from rencheng.domain.risk_money import Money, Prices


def price_factor(prices: Prices, given: Money, wanted: Money) -> float:
    """Return what an amount is multiplied with.

    Parameters
    ----------
    prices
        Indices and exchange rates.
    given, wanted
        Currency and year that the amount is in, and that it is brought to.

    Raises
    ------
    InvalidInputError
        When an index or an exchange rate that is needed does not stand in the table; none is
        guessed or interpolated.

    Notes
    -----
    First to the wanted year by the index of the amount's own currency, then to the wanted currency
    at the exchange rate of that year. The other order (exchange first, then the wanted currency's
    index) gives another number wherever prices and exchange rates did not move together.

    Examples
    --------
    >>> table = Prices(base="CNY", index={"USD": {2015: 100.0, 2024: 130.0}},
    ...     exchange={"USD": {2024: 7.0}}, source="by hand", version="1")
    >>> old, new = Money(currency="USD", year=2015), Money(currency="CNY", year=2024)
    >>> round(price_factor(table, old, new), 9)  # 1.3 x 7
    9.1
    """
    factor = 1.0
    missing = []
    if given.year != wanted.year:
        levels = [prices.index.get(given.currency, {}).get(m.year) for m in (wanted, given)]
        missing += [
            f"index.{given.currency}.{m.year}"
            for m, level in zip((wanted, given), levels, strict=True)
            if level is None
        ]
        if levels[0] and levels[1]:
            factor *= levels[0] / levels[1]
    if given.currency != wanted.currency:
        for money, power in ((given.currency, 1.0), (wanted.currency, -1.0)):
            rate = 1.0 if money == prices.base else prices.exchange.get(money, {}).get(wanted.year)
            if rate is None:
                missing.append(f"exchange.{money}.{wanted.year}")
            else:
                factor *= rate**power
    if missing:
        raise InvalidInputError(
            "risk.prices_missing",
            f"from {given} to {wanted} the table of prices lacks {', '.join(missing)}",
            hint="Add these numbers with their source to the table of prices",
            params={"given": str(given), "wanted": str(wanted), "missing": ", ".join(missing)},
        )
    return factor
