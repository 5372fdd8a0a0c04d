"""How files spell the units of intensities."""

from __future__ import annotations

from rencheng.domain.intensity import units_of

# Names of UDUNITS-2, ShakeMap's grid.xml (`%g`, `pctg`, `cms`) and pelicun (`mps2`), by our own.
_WORDS: dict[str, tuple[str, ...]] = {
    "m": ("meter", "meters", "metre", "metres"),
    "cm": ("centimeter", "centimeters", "centimetre", "centimetres"),
    "mm": ("millimeter", "millimeters", "millimetre", "millimetres"),
    "ft": ("foot", "feet"),
    "in": ("inch", "inches"),
    "m/s": ("m s-1", "m.s-1", "m s^-1", "m s**-1", "meters per second", "metre/second", "mps"),
    "cm/s": ("cm s-1", "cm.s-1", "cms", "cmps", "cm/sec"),
    "km/h": ("km h-1", "km hr-1", "kph", "kmh", "km/hr"),
    "mph": ("mi/h", "mile/hour", "miles per hour"),
    "kn": ("kt", "kts", "knot", "knots"),
    "g": ("standard_gravity", "gravity"),
    "m/s2": ("m s-2", "m/s^2", "m/s**2", "m s^-2", "m s**-2", "mps2"),
    "cm/s2": ("cm s-2", "cm/s^2", "cm/s**2", "cmps2", "gal", "gals"),
    "m2/s": ("m2 s-1", "m^2/s"),
    "1": ("", "-", "intensity", "mmi", "dimensionless", "unitless", "rad"),
    "%": ("percent", "pct"),
}
_OURS = {word: unit for unit, words in _WORDS.items() for word in words}
_PERCENT_OF_G = {"%g", "pctg", "percent g", "% g", "pct g"}


def unit_of(measure: str, word: str) -> tuple[str, float]:
    """Return our unit of what a file says, and what its numbers are multiplied by.

    Parameters
    ----------
    measure
        What the numbers are.
    word
        As the file spells it.

    Returns
    -------
    unit
        One of the measure's; empty when it is none of them.
    factor
        Not 1 where ours lacks the unit: percents of g.

    Examples
    --------
    >>> unit_of("PGA", "%g"), unit_of("gust_3s", "m s-1"), unit_of("water_depth", "K")
    (('g', 0.01), ('m/s', 1.0), ('', 1.0))
    """
    plain, units = " ".join(word.split()), units_of(measure)
    if plain in units:
        return plain, 1.0
    if plain.lower() in _PERCENT_OF_G and "g" in units:
        return "g", 0.01
    ours = _OURS.get(plain.lower(), "")
    return (ours, 1.0) if ours in units else ("", 1.0)
