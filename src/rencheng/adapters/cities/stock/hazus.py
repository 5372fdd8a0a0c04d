"""HAZUS structural types: which heights and code levels each has, and the id of its curve."""

from __future__ import annotations

import re

# HAZUS 6.1 Earthquake Technical Manual, table 5-1: types, their height classes, and the most
# storeys of the low and of the mid class.
_LOW, _MID = 3, 7
HEIGHTS: dict[str, str] = {
    "W1": "", "W2": "", "S1": "LMH", "S2": "LMH", "S3": "", "S4": "LMH", "S5": "LMH",
    "C1": "LMH", "C2": "LMH", "C3": "LMH", "PC1": "", "PC2": "LMH", "RM1": "LM", "RM2": "LMH",
    "URM": "LM", "MH": "",
}  # fmt: skip
"""Height classes by structural type; empty: one curve for all heights."""
LEVELS = ("PC", "LC", "MC", "HC")
"""Code levels: built before any code, to a low, a moderate, a high one."""
# HAZUS has no curves of these types for moderate and high codes: such codes do not allow them.
_NO_CODE = frozenset({"URM", "C3", "S5"})
# Table 5-1: unreinforced masonry is low up to two storeys.
_LOW_OF = {"URM": 2}

_NAME = re.compile(
    r"(?:LF[.])?(W1|W2|S[1-5]|C[1-3]|PC[12]|RM[12]|URM|MH)[._-]?([LMH])?(?:[._-](PC|LC|MC|HC))?"
)


def curve_id(kind: str, storeys: float, level: str, height: str = "") -> str:
    """Return the fragility id of a building, such as `LF.C1.L.MC`.

    Parameters
    ----------
    kind
        Structural type, a key of `HEIGHTS`.
    storeys
        Above ground.
    level
        One of `LEVELS`.
    height
        Height class where the source states it; else it follows from the storeys.

    Notes
    -----
    Where HAZUS has no such curve the nearest one stands for it: the lower of two code levels
    (URM, C3 and S5 have none above LC), and the tallest class there is (RM1 and URM end at M).

    Examples
    --------
    >>> curve_id("C1", 5, "MC"), curve_id("URM", 9, "HC"), curve_id("W1", 2, "LC")
    ('LF.C1.M.MC', 'LF.URM.M.LC', 'LF.W1.LC')
    """
    classes = HEIGHTS[kind]
    if not classes:
        height = ""
    else:
        height = height or height_class(kind, storeys)
        height = height if height in classes else classes[-1]
    if kind in _NO_CODE and level in ("MC", "HC"):
        level = "LC"
    return ".".join(part for part in ("LF", kind, height, level) if part)


def height_class(kind: str, storeys: float) -> str:
    """Return L, M or H of a type with so many storeys."""
    return "L" if storeys <= _LOW_OF.get(kind, _LOW) else "M" if storeys <= _MID else "H"


def all_curve_ids() -> tuple[str, ...]:
    """Return every id that `curve_id` can give."""
    return tuple(
        dict.fromkeys(
            curve_id(kind, 1, level, height)
            for kind, classes in HEIGHTS.items()
            for height in classes or " "
            for level in LEVELS
        )
    )


def read_type(text: str) -> tuple[str, str, str] | None:
    """Return type, height class and code level of a HAZUS name, empty where it does not say.

    None when the text is no HAZUS type.

    Examples
    --------
    >>> read_type("C1M"), read_type("LF.URM.L.PC"), read_type("brick")
    (('C1', 'M', ''), ('URM', 'L', 'PC'), None)
    """
    found = _NAME.fullmatch(text.strip().upper())
    return (found[1], found[2] or "", found[3] or "") if found else None
