"""The query options of an address, `$filter` to `$resultFormat`, and those inside `$expand`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from rencheng.api.sensorthings.query.parser import expression_of
from rencheng.api.sensorthings.query.syntax import Expand, Order, Query
from rencheng.api.sensorthings.query.tokens import MAX_TEXT, refused

MAX_EXPANDS = 30
"""Most neighbours in one request, those of neighbours counted. Chosen."""
MAX_NESTING = 6
"""Deepest `$expand`. Chosen."""
LAST = 2**53
_NAME = re.compile(r"[A-Za-z]+")
_DIRECTION = re.compile(r"(.*\S)\s+(asc|desc)\s*", re.IGNORECASE | re.DOTALL)
_MARK = re.compile(r"-?\d{1,18},\d{1,20},\d{1,10}")
OPTIONS = ("$filter", "$expand", "$select", "$orderby", "$top", "$skip", "$count")
TOP_LEVEL = (*OPTIONS, "$resultFormat", "$skipFilter")


def query_of(pairs: Iterable[tuple[str, str]]) -> Query:
    """Return what the options of an address ask for.

    Raises
    ------
    RefusedError
        With 400: an option that does not exist or stands twice, or a value that cannot be read.

    Examples
    --------
    >>> query_of([("$top", "5"), ("$orderby", "name desc")]).top
    5
    """
    return _query(pairs, TOP_LEVEL, 0)


def _query(pairs: Iterable[tuple[str, str]], allowed: tuple[str, ...], depth: int) -> Query:
    texts: dict[str, str] = {}
    for name, text in pairs:
        if name not in allowed:
            raise refused(
                "sta.query.option",
                f"there is no option {name[:80]!r}",
                position=0,
                hint=f"Use some of {', '.join(allowed)}",
                found=name,
            )
        if name in texts:
            raise refused(
                "sta.query.twice",
                f"{name} stands twice",
                position=0,
                hint="Say it once",
                found=name,
            )
        texts[name] = text
    found: dict[str, Any] = {name: _READERS[name](text, depth) for name, text in texts.items()}
    fields = {_FIELDS[name]: value for name, value in found.items()}
    query = Query(**fields, texts=texts)
    if depth == 0 and sum(1 for _ in _expands(query)) > MAX_EXPANDS:
        raise refused(
            "sta.query.long",
            f"more than {MAX_EXPANDS} neighbours are to come along",
            position=0,
            hint="Ask for less at a time",
        )
    return query


def _expands(query: Query) -> Iterator[Expand]:
    for one in query.expand:
        yield one
        yield from _expands(one.query)


def _where(text: str, _depth: int) -> Any:
    return expression_of(text)


def _order(text: str, _depth: int) -> tuple[Order, ...]:
    keys = []
    for start, piece in _pieces(text, ","):
        found = _DIRECTION.fullmatch(piece)
        body, direction = found.groups() if found else (piece, "asc")
        keys.append(Order(by=expression_of(body, start), is_descending=direction.lower() == "desc"))
    return tuple(keys)


def _select(text: str, _depth: int) -> tuple[str, ...]:
    names = (piece.strip() for _, piece in _pieces(text, ","))
    return tuple("@iot.id" if name == "id" else name for name in names)


def _expand(text: str, depth: int) -> tuple[Expand, ...]:
    if depth >= MAX_NESTING:
        raise refused(
            "sta.query.deep",
            f"$expand is nested more than {MAX_NESTING} times",
            position=0,
            hint="Ask for less at a time",
        )
    found: dict[str, Expand] = {}
    for start, piece in _pieces(text, ","):
        one = _one_expand(piece, start, depth)
        known = found.get(one.relation)
        found[one.relation] = one if known is None else _merged(known, one)
    return tuple(found.values())


def _one_expand(piece: str, start: int, depth: int) -> Expand:
    """Read `Datastreams/Observations($top=1)`: the options belong to the last name."""
    path, bracket, rest = piece.strip().partition("(")
    names = [name.strip() for name in path.split("/")]
    place = start + len(piece) - len(piece.lstrip())
    if not all(_NAME.fullmatch(name) for name in names) or len(names) > MAX_NESTING:
        raise refused(
            "sta.query.expand",
            f"{path[:80]!r} is no neighbour",
            position=place,
            hint="Name a neighbour, with its options in brackets",
            found=path,
        )
    if bracket and not rest.rstrip().endswith(")"):
        raise refused(
            "sta.query.expected_close",
            f"at character {place + len(piece)}: expected )",
            position=place + len(piece.strip()),
            hint="Close the bracket",
            found="…",
        )
    inner = rest.rstrip()[:-1] if bracket else ""
    query = _query(_assignments(inner), OPTIONS, depth + len(names))
    for i, name in enumerate(reversed(names)):
        one = Expand(relation=name, query=query, position=place)
        query = Query(expand=(one,))
        if i == len(names) - 1:
            return one
    raise AssertionError(names)


def _merged(first: Expand, second: Expand) -> Expand:
    """Return `A/B,A/C` as A with both."""
    held, more = first.query, second.query
    known = {one.relation: one for one in held.expand}
    for one in more.expand:
        known[one.relation] = _merged(known[one.relation], one) if one.relation in known else one
    base = held if held.texts else more
    merged = Query(
        where=base.where, order=base.order, select=base.select, expand=tuple(known.values()),
        top=base.top, skip=base.skip, count=base.count, texts=base.texts,
    )  # fmt: skip
    return Expand(relation=first.relation, query=merged, position=first.position)


def _assignments(text: str) -> Iterator[tuple[str, str]]:
    for _, piece in _pieces(text, ";"):
        name, _, value = piece.partition("=")
        yield name.strip(), value.strip()


def _pieces(text: str, separator: str) -> Iterator[tuple[int, str]]:
    """Yield start and text of what stands between separators outside brackets and quotes."""
    if len(text) > MAX_TEXT:
        raise refused(
            "sta.query.long",
            f"an option has more than {MAX_TEXT} characters",
            position=MAX_TEXT,
            hint="Ask for less at a time",
        )
    depth, is_quoted, start = 0, False, 0
    for i, sign in enumerate(text):
        if sign == "'":
            is_quoted = not is_quoted
        elif not is_quoted:
            depth += (sign == "(") - (sign == ")")
            if sign == separator and depth == 0:
                yield start, text[start:i]
                start = i + 1
    if text[start:].strip():
        yield start, text[start:]


def _whole(text: str, _depth: int) -> int:
    if not re.fullmatch(r"[0-9]{1,15}", text):
        raise refused(
            "sta.query.number",
            f"{text[:80]!r} is no whole number",
            position=0,
            hint="Give 0 or more",
            found=text,
        )
    return min(int(text), LAST)


def _flag(text: str, _depth: int) -> bool:
    if text not in ("true", "false"):
        raise refused(
            "sta.query.flag",
            f"$count is true or false, not {text[:80]!r}",
            position=0,
            hint="Write $count=true",
            found=text,
        )
    return text == "true"


def _form(text: str, _depth: int) -> bool:
    if text != "dataArray":
        raise refused(
            "sta.query.form",
            f"there is no result format {text[:80]!r}",
            position=0,
            hint="Write $resultFormat=dataArray, or leave it out",
            found=text,
        )
    return True


def _after(text: str, _depth: int) -> str:
    if not _MARK.fullmatch(text):
        raise refused(
            "sta.query.mark",
            f"{text[:80]!r} is no mark of a next link",
            position=0,
            hint="Follow @iot.nextLink as it is",
            found=text,
        )
    return text


_READERS: dict[str, Any] = {
    "$filter": _where, "$orderby": _order, "$select": _select, "$expand": _expand, "$top": _whole,
    "$skip": _whole, "$count": _flag, "$resultFormat": _form, "$skipFilter": _after,
}  # fmt: skip
_FIELDS = {
    "$filter": "where", "$orderby": "order", "$select": "select", "$expand": "expand",
    "$top": "top", "$skip": "skip", "$count": "count", "$resultFormat": "is_data_array",
    "$skipFilter": "after",
}  # fmt: skip
