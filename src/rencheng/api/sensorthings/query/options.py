"""The query options of an address, `$filter` to `$resultFormat`, and those inside `$expand`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from rencheng.api.problems import RefusedError
from rencheng.api.sensorthings.query.parser import expression_of
from rencheng.api.sensorthings.query.syntax import Expand, Order, Path, Query
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
OF_ONE = ("$expand", "$select")
"""Options that mean something of a single entity."""
NOT_HERE = frozenset(
    {"$apply", "$compute", "$deltatoken", "$format", "$index", "$levels", "$search", "$skiptoken"}
)
"""Options of OData that SensorThings does not have: 501, as the standard asks."""


@dataclass(frozen=True, slots=True)
class _Said:
    """What an option says, and where that stands."""

    text: str
    option: str
    """The option, for what is nested the outermost one."""
    start: int = 0
    """Place of the text in that option."""
    depth: int = 0

    def part(self, start: int, end: int) -> _Said:
        """Return a part of it without the blanks around."""
        piece = self.text[start:end]
        blanks = len(piece) - len(piece.lstrip())
        return replace(self, text=piece.strip(), start=self.start + start + blanks)


def query_of(pairs: Iterable[tuple[str, str]], allowed: tuple[str, ...] = TOP_LEVEL) -> Query:
    """Return what the options of an address ask for; `allowed`: those that mean something there.

    Raises
    ------
    RefusedError
        With 400: an option that does not exist or stands twice, or a value that cannot be read;
        with 501: an option that OData has and SensorThings has not.

    Examples
    --------
    >>> query_of([("$top", "5"), ("$orderby", "name desc")]).top
    5
    """
    query = _query(((name, _Said(text, name)) for name, text in pairs), allowed)
    if sum(1 for _ in _expands(query)) > MAX_EXPANDS:
        raise refused(
            "sta.query.long",
            f"more than {MAX_EXPANDS} neighbours are to come along",
            position=0,
            hint="Ask for less at a time",
            option="$expand",
        )
    return query


def _query(pairs: Iterable[tuple[str, _Said]], allowed: tuple[str, ...]) -> Query:
    texts: dict[str, str] = {}
    fields: dict[str, Any] = {}
    for name, said in pairs:
        if name not in allowed:
            raise _no_option(name, said, allowed)
        if name in texts:
            raise refused(
                "sta.query.twice",
                f"{name} stands twice",
                position=said.start,
                hint="Say it once",
                found=name,
                option=said.option,
            )
        texts[name] = said.text
        try:
            fields[_FIELDS[name]] = _READERS[name](said)
        except RefusedError as error:
            error.error.params["option"] = said.option
            raise
    return Query(**fields, texts=texts)


def _no_option(name: str, said: _Said, allowed: tuple[str, ...]) -> RefusedError:
    found = refused(
        "sta.query.option",
        f"there is no option {name[:80]!r}",
        position=said.start,
        hint=f"Use some of {', '.join(allowed)}",
        found=name,
        option=said.option,
    )
    found.error.params["allowed"] = " ".join(allowed)
    return RefusedError(found.error, 501) if name in NOT_HERE else found


def _expands(query: Query) -> Iterator[Expand]:
    for one in query.expand:
        yield one
        yield from _expands(one.query)


def _where(said: _Said) -> Any:
    return expression_of(said.text, said.start, said.option)


def _order(said: _Said) -> tuple[Order, ...]:
    keys = []
    for piece in _pieces(said, ","):
        found = _DIRECTION.fullmatch(piece.text)
        body, direction = found.groups() if found else (piece.text, "asc")
        by = expression_of(body, piece.start, said.option)
        keys.append(Order(by=by, is_descending=direction.lower() == "desc"))
    return tuple(keys)


def _select(said: _Said) -> tuple[Path, ...]:
    names = (
        (piece, "@iot.id" if piece.text == "id" else piece.text) for piece in _pieces(said, ",")
    )
    return tuple(Path(tuple(name.split("/")), piece.start, said.option) for piece, name in names)


def _expand(said: _Said) -> tuple[Expand, ...]:
    if said.depth >= MAX_NESTING:
        raise refused(
            "sta.query.deep",
            f"$expand is nested more than {MAX_NESTING} times",
            position=said.start,
            hint="Ask for less at a time",
        )
    found: dict[str, Expand] = {}
    for piece in _pieces(said, ","):
        one = _one_expand(piece)
        known = found.get(one.relation)
        found[one.relation] = one if known is None else _merged(known, one)
    return tuple(found.values())


def _one_expand(said: _Said) -> Expand:
    """Read `Datastreams/Observations($top=1)`: the options belong to the last name."""
    path, bracket, rest = said.text.partition("(")
    names = [name.strip() for name in path.split("/")]
    if not all(_NAME.fullmatch(name) for name in names) or len(names) > MAX_NESTING:
        raise refused(
            "sta.query.expand",
            f"{path[:80]!r} is no neighbour",
            position=said.start,
            hint="Name a neighbour, with its options in brackets",
            found=path,
        )
    if bracket and not rest.endswith(")"):
        raise refused(
            "sta.query.expected_close",
            f"at character {said.start + len(said.text) + 1}: expected )",
            position=said.start + len(said.text),
            hint="Close the bracket",
            found="…",
        )
    end = len(said.text) - 1 if bracket else len(path)
    inner = replace(said.part(len(path) + len(bracket), end), depth=said.depth + len(names))
    query = _query(_assignments(inner), OPTIONS)
    for i, name in enumerate(reversed(names)):
        one = Expand(relation=name, query=query, position=said.start)
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


def _assignments(said: _Said) -> Iterator[tuple[str, _Said]]:
    for piece in _pieces(said, ";"):
        name, _, _ = piece.text.partition("=")
        yield name.strip(), piece.part(len(name) + 1, len(piece.text))


def _pieces(said: _Said, separator: str) -> Iterator[_Said]:
    """Yield what stands between separators outside brackets and quotes."""
    text = said.text
    if len(text) > MAX_TEXT:
        raise refused(
            "sta.query.long",
            f"an option has more than {MAX_TEXT} characters",
            position=said.start + MAX_TEXT,
            hint="Ask for less at a time",
        )
    depth, is_quoted, start = 0, False, 0
    for i, sign in enumerate(text):
        if sign == "'":
            is_quoted = not is_quoted
        elif not is_quoted:
            depth += (sign == "(") - (sign == ")")
            if sign == separator and depth == 0:
                yield said.part(start, i)
                start = i + 1
    if text[start:].strip():
        yield said.part(start, len(text))


def _whole(said: _Said) -> int:
    if not re.fullmatch(r"[0-9]{1,15}", said.text):
        raise refused(
            "sta.query.number",
            f"{said.text[:80]!r} is no whole number",
            position=said.start,
            hint="Give 0 or more",
            found=said.text,
        )
    return min(int(said.text), LAST)


def _flag(said: _Said) -> bool:
    if said.text not in ("true", "false"):
        raise refused(
            "sta.query.flag",
            f"$count is true or false, not {said.text[:80]!r}",
            position=said.start,
            hint="Write $count=true",
            found=said.text,
        )
    return said.text == "true"


def _form(said: _Said) -> bool:
    if said.text != "dataArray":
        raise refused(
            "sta.query.form",
            f"there is no result format {said.text[:80]!r}",
            position=said.start,
            hint="Write $resultFormat=dataArray, or leave it out",
            found=said.text,
        )
    return True


def _after(said: _Said) -> str:
    if not _MARK.fullmatch(said.text):
        raise refused(
            "sta.query.mark",
            f"{said.text[:80]!r} is no mark of a next link",
            position=said.start,
            hint="Follow @iot.nextLink as it is",
            found=said.text,
        )
    return said.text


_READERS: dict[str, Any] = {
    "$filter": _where, "$orderby": _order, "$select": _select, "$expand": _expand, "$top": _whole,
    "$skip": _whole, "$count": _flag, "$resultFormat": _form, "$skipFilter": _after,
}  # fmt: skip
_FIELDS = {
    "$filter": "where", "$orderby": "order", "$select": "select", "$expand": "expand",
    "$top": "top", "$skip": "skip", "$count": "count", "$resultFormat": "is_data_array",
    "$skipFilter": "after",
}  # fmt: skip
