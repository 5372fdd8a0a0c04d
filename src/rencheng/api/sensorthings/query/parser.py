"""Expressions of `$filter` and `$orderby`, read by precedence."""

from __future__ import annotations

from rencheng.api.sensorthings.query.functions import FUNCTIONS
from rencheng.api.sensorthings.query.syntax import (
    Binary,
    Call,
    Expression,
    Literal,
    OneOf,
    Path,
    Unary,
)
from rencheng.api.sensorthings.query.tokens import Token, cut, refused

MAX_DEPTH = 40
"""Deepest nesting of brackets, functions and negations. Chosen."""
# OData 4.01, Part 2, 5.1.1.16: from the loosest to the tightest. `not` stands above `and`, so that
# `not name eq 'a'` denies the comparison; for what OData allows both readings mean the same.
_LEVELS = {"or": 1, "and": 2, "eq": 4, "ne": 4, "gt": 5, "ge": 5, "lt": 5, "le": 5, "in": 5,
           "add": 6, "sub": 6, "mul": 7, "div": 7, "mod": 7}  # fmt: skip
_NOT = 3


def expression_of(text: str, start: int = 0, option: str = "$filter") -> Expression:
    """Return the tree of an expression that begins at a place of an option.

    Raises
    ------
    RefusedError
        With 400; the message names the position, what stands there and what was expected.

    Examples
    --------
    >>> expression_of("result add 1 gt 5").operator
    'gt'
    """
    reader = _Reader(cut(text, start), option)
    tree = reader.expression()
    reader.expect_end()
    return tree


class _Reader:
    """Tokens, read from left to right."""

    def __init__(self, tokens: list[Token], option: str) -> None:
        self._tokens = tokens
        self._option = option
        self._place = 0
        self._depth = 0

    @property
    def _next(self) -> Token:
        return self._tokens[self._place]

    def _take(self) -> Token:
        token = self._tokens[self._place]
        self._place = min(self._place + 1, len(self._tokens) - 1)
        return token

    def expect_end(self) -> None:
        """Refuse what stands after the end."""
        if self._next.kind != "end":
            raise _unexpected(self._next, "an operator or the end", "operator")

    def expression(self, level: int = 0) -> Expression:
        """Read an expression whose operators bind tighter than `level`."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise refused(
                "sta.query.deep",
                f"an expression is nested more than {MAX_DEPTH} times",
                position=self._next.position,
                hint="Ask for less at a time",
            )
        left = self._operand()
        while self._next.kind == "word" and _LEVELS.get(self._next.text, -1) > level:
            operator = self._take().text
            if operator == "in":
                left = OneOf(left, self._list())
            else:
                left = Binary(operator, left, self.expression(_LEVELS[operator]))
        self._depth -= 1
        return left

    def _operand(self) -> Expression:
        token = self._take()
        if token.kind == "value":
            return Literal(token.value)
        if token.text == "(":
            inner = self.expression()
            self._close()
            return inner
        if token.text == "-":
            return self._negative()
        if token.kind == "word" and token.text == "not":
            return Unary("not", self.expression(_NOT))
        if token.kind == "word" and token.text not in _LEVELS:
            if self._next.text == "(" and self._next.kind == "mark":
                return self._call(token)
            return Path(tuple(token.text.split("/")), token.position, self._option)
        raise _unexpected(token, "a property, value or function", "operand")

    def _negative(self) -> Expression:
        operand = self.expression(max(_LEVELS.values()))
        if isinstance(operand, Literal) and isinstance(operand.value, int | float):
            return Literal(-operand.value)
        return Unary("-", operand)

    def _call(self, token: Token) -> Call:
        function = FUNCTIONS.get(token.text)
        if function is None:
            raise refused(
                "sta.query.function",
                f"there is no function {token.text!r}",
                position=token.position,
                hint="Look at the list of functions in the how-to",
                found=token.text,
            )
        arguments = self._list()
        if len(arguments) not in function.counts:
            raise refused(
                "sta.query.arguments",
                f"{token.text} takes {function.counts}, not {len(arguments)} arguments",
                position=token.position,
                hint="Look at the list of functions in the how-to",
                found=token.text,
            )
        return Call(token.text, arguments, token.position)

    def _list(self) -> tuple[Expression, ...]:
        opening = self._take()
        if opening.text != "(":
            raise _unexpected(opening, "(", "open")
        found: list[Expression] = []
        if self._next.text == ")" and self._next.kind == "mark":
            self._take()
            return ()
        while True:
            found.append(self.expression())
            if self._next.kind == "mark" and self._next.text == ",":
                self._take()
                continue
            self._close()
            return tuple(found)

    def _close(self) -> None:
        token = self._take()
        if token.kind != "mark" or token.text != ")":
            raise _unexpected(token, "an operator, a comma or )", "close")


_KEYS = {
    "operator": "sta.query.expected_operator",
    "operand": "sta.query.expected_operand",
    "open": "sta.query.expected_open",
    "close": "sta.query.expected_close",
}


def _unexpected(token: Token, expected: str, what: str) -> Exception:
    found = token.text or "…"
    return refused(
        _KEYS[what],
        f"at character {token.position + 1}: expected {expected}, found {token.text or 'the end'}",
        position=token.position,
        hint="Strings stand in single quotes; grouping needs both brackets",
        found=found,
    )
