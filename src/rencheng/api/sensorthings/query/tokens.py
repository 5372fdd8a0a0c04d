"""A query's text cut into words, numbers, times and marks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time

from shapely import from_wkt
from shapely.errors import ShapelyError

from rencheng.api.problems import RefusedError
from rencheng.api.sensorthings.query.values import Value, read_duration, read_time
from rencheng.domain.errors import InvalidInputError

MAX_TEXT = 8_000
"""Longest expression. Chosen: a polygon of some hundred corners fits. [character]"""
MAX_TOKENS = 1_000
# The plus of an offset that was not encoded in the address arrives as a blank.
_INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+ -]\d\d:\d\d)?"
_TOKEN = re.compile(
    rf"""(?P<blank>\s+)
    |(?P<quoted>(?:geography|geometry|duration|datetime|time|date)'[^']*')
    |(?P<string>'(?:[^']|'')*')
    |(?P<time>{_INSTANT}(?:/{_INSTANT})?)
    |(?P<date>\d{{4}}-\d\d-\d\d)
    |(?P<clock>\d\d:\d\d(?::\d\d(?:\.\d{{1,6}})?)?)
    |(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
    |(?P<word>@?[^\W\d][\w.-]*(?:/@?[^\W/][\w.:-]*|\[\d+\])*)
    |(?P<mark>[(),-])""",
    re.VERBOSE,
)
_CONSTANTS: dict[str, Value] = {"true": True, "false": False, "null": None}


@dataclass(frozen=True, slots=True)
class Token:
    """One piece of a text: a mark, a word, a value, or its end."""

    kind: str
    """`mark`, `word`, `value` or `end`."""
    text: str
    position: int
    value: Value = None


def refused(
    key: str, problem: str, *, position: int, hint: str, found: str = "", option: str = "$filter"
) -> RefusedError:
    """Return the refusal of a query, with 400, the option and the place in it."""
    params: dict[str, str | int | float] = {
        "option": option, "position": position + 1, "found": found[:80],
    }  # fmt: skip
    return RefusedError(InvalidInputError(key, problem, hint=hint, params=params), 400)


def cut(text: str, start: int = 0) -> list[Token]:
    """Return the tokens of a text, the last one its end; positions count from `start`.

    Raises
    ------
    RefusedError
        With 400: a mark that means nothing, a value that is none, or too long a text.
    """
    if len(text) > MAX_TEXT:
        raise refused(
            "sta.query.long",
            f"an expression has more than {MAX_TEXT} characters",
            position=start + MAX_TEXT,
            hint="Ask for less at a time",
        )
    found = list(_tokens(text, start))
    if len(found) > MAX_TOKENS:
        raise refused(
            "sta.query.long",
            f"an expression has more than {MAX_TOKENS} parts",
            position=found[MAX_TOKENS].position,
            hint="Ask for less at a time",
        )
    return [*found, Token("end", "", start + len(text))]


def _tokens(text: str, start: int) -> Iterator[Token]:
    place = 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            raise refused(
                "sta.query.mark",
                f"{text[place]!r} means nothing here",
                position=start + place,
                hint="A string stands in single quotes, a quote in it twice",
                found=text[place],
            )
        kind, piece = str(found.lastgroup), found.group()
        if kind != "blank":
            yield _token(kind, piece, start + place)
        place = found.end()


def _token(kind: str, piece: str, position: int) -> Token:
    if kind == "mark":
        return Token("mark", piece, position)
    if kind == "word":
        if piece in _CONSTANTS:
            return Token("value", piece, position, _CONSTANTS[piece])
        return Token("word", piece.replace("[", "/").replace("]", ""), position)
    try:
        value = _value(kind, piece)
    except (ValueError, ShapelyError):
        raise refused(
            "sta.query.value",
            f"{piece[:80]} is no value",
            position=position,
            hint="Look at the forms of values in the how-to",
            found=piece,
        ) from None
    return Token("value", piece, position, value)


def _value(kind: str, piece: str) -> Value:
    if kind == "string":
        return piece[1:-1].replace("''", "'")
    if kind == "number":
        return int(piece) if piece.isdigit() else float(piece)
    if kind == "quoted":
        kind, _, piece = piece[:-1].partition("'")
    found: Value
    match kind:
        case "date":
            found = date.fromisoformat(piece)
        case "clock":
            found = time.fromisoformat(piece)
        case "time" if len(piece) < 16:
            found = time.fromisoformat(piece)
        case "time" | "datetime":
            found = read_time(piece.replace(" ", "+"))
        case "duration":
            found = read_duration(piece)
        case _:
            found = from_wkt(piece.rpartition(";")[2])
    if found is None:
        raise ValueError(piece)
    return found
