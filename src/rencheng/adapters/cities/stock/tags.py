"""Structure tags as sources word them: Chinese classes, OSM values, HAZUS names, GEM strings."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from rencheng.adapters.cities.stock.hazus import read_type
from rencheng.adapters.cities.stock.taxonomy import OTHERS, Taxonomy, clean
from rencheng.domain.city import I32

# GEM Building Taxonomy 2.0 (Brzev et al. 2013), attribute ductility: how far a frame can bend is
# the nearest thing to a code level.
_DUCTILITY = {"CDN": "PC", "DNO": "PC", "CDL": "LC", "CDM": "MC", "DUC": "MC", "CDH": "HC"}
_STOREYS = re.compile(r"(?:H|HEX|HAPP|HBET):(\d+)(?:[,-](\d+))?")
_YEAR = re.compile(r"(?:Y|YEX|YAPP|YPRE|YBET):(\d{4})(?:[,-](\d{4}))?")
# Storeys that stand for a height class of a HAZUS name where no storeys are stated. Chosen within
# the classes of table 5-1.
_STOREYS_OF = {"L": 2.0, "M": 5.0, "H": 10.0, "": math.nan}
_ENDINGS = ("结构", "房屋", "建筑", " structure", " construction")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """What one structure tag says."""

    rule: str = ""
    """`structure` or `gem`: the table decides; `type`: the tag is a type; empty: nothing said."""
    value: str = ""
    height: str = ""
    level: str = ""
    storeys: float = math.nan
    year: float = math.nan
    is_known: bool = True
    """Whether the table knows the tag; an empty tag is known to say nothing."""


def read_tag(text: str, taxonomy: Taxonomy) -> Tag:
    """Return what a structure tag says, with the table of a city.

    Of several values the first counts (`brick;concrete`).

    Examples
    --------
    >>> from rencheng.adapters.cities.stock.taxonomy import load_taxonomy
    >>> tag = read_tag("CR/LWAL+CDH/H:5", load_taxonomy())
    >>> tag.value, tag.level, tag.storeys
    ('CR/LWAL', 'HC', 5.0)
    """
    tag = clean(text).partition(";")[0].strip()
    if not tag or tag == "nan":
        return Tag()
    found = read_type(tag)
    if found:
        kind, height, level = found
        return Tag(rule="type", value=kind, height=height, level=level, storeys=_STOREYS_OF[height])
    known = taxonomy.rules.get("structure", {})
    for key in _spellings(tag):
        if key in known:
            return Tag(rule="structure", value=key)
    return _gem(tag.upper(), taxonomy)


def _spellings(tag: str) -> Iterable[str]:
    """Return a tag, and what is left of it without the words that mean no more than `structure`."""
    yield tag
    for ending in _ENDINGS:
        if tag.endswith(ending) and tag != ending:
            yield tag.removesuffix(ending)
    yield tag.replace(" ", "_").replace("-", "_")


def _gem(text: str, taxonomy: Taxonomy) -> Tag:
    """Return what a GEM or GED4ALL string says; direction, position, plan and roof are left."""
    known = taxonomy.rules.get("gem", {})
    parts = [part for part in text.split("/") if part and not part.startswith(("DX", "DY"))]
    if not parts:
        return Tag(is_known=False)
    material = parts[0]
    tokens = {token for part in parts for token in part.split("+")}
    system = next((p.partition("+")[0] for p in parts[1:] if p.startswith("L")), "")
    plain = material.partition("+")[0]
    level = next((_DUCTILITY[t] for t in sorted(tokens) if t in _DUCTILITY), "")
    storeys, year = _middle(_STOREYS, tokens), _middle(_YEAR, tokens)
    candidates = [f"{material}/{system}", material, f"{plain}/{system}", plain]
    for key in candidates:
        if key in known and key != OTHERS:
            return Tag(rule="gem", value=key, level=level, storeys=storeys, year=year)
    return Tag(level=level, storeys=storeys, year=year, is_known=False)


def _middle(pattern: re.Pattern[str], tokens: set[str]) -> float:
    """Return the number of an attribute, the middle of a range; NaN when it is not there."""
    for token in sorted(tokens):
        found = pattern.fullmatch(token)
        if found:
            ends = [float(number) for number in found.groups() if number]
            return float(math.floor(sum(ends) / len(ends)))
    return math.nan


def coded(values: Iterable[object]) -> tuple[I32, tuple[str, ...]]:
    """Return for each value its row among the different ones, and these, in order of appearance.

    Examples
    --------
    >>> coded(["b", "a", "b"])
    (array([0, 1, 0], dtype=int32), ('b', 'a'))
    """
    seen: dict[object, int] = {}
    listed = values.tolist() if isinstance(values, np.ndarray) else values
    rows = np.array([seen.setdefault(value, len(seen)) for value in listed], dtype=np.int32)
    return rows, tuple("" if value is None else str(value) for value in seen)
