"""What a query says, as a small tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from rencheng.api.sensorthings.query.values import Value


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that stands in the query."""

    value: Value


@dataclass(frozen=True, slots=True)
class Path:
    """A property, with the entities or keys on the way to it: `Datastream/Thing/name`."""

    parts: tuple[str, ...]
    position: int = 0
    """Where it stands in the text; 0 is the first character."""
    option: str = "$filter"
    """Option that it stands in; of what is nested the outermost one."""

    def __str__(self) -> str:
        """Return it as it was written."""
        return "/".join(self.parts)


@dataclass(frozen=True, slots=True)
class Call:
    """A function of some values."""

    name: str
    arguments: tuple[Expression, ...]
    position: int = 0


@dataclass(frozen=True, slots=True)
class Unary:
    """`not` or `-` before a value."""

    operator: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary:
    """A logical, comparing or arithmetic operator between two values."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class OneOf:
    """`value in (a, b)`."""

    value: Expression
    choices: tuple[Expression, ...]


Expression: TypeAlias = Literal | Path | Call | Unary | Binary | OneOf
LOGICAL = frozenset({"and", "or"})
COMPARING = frozenset({"eq", "ne", "gt", "ge", "lt", "le"})
ARITHMETIC = frozenset({"add", "sub", "mul", "div", "mod"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One key of an order."""

    by: Expression
    is_descending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Expand:
    """A neighbour that is to come along, and how much of it."""

    relation: str
    query: Query
    position: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is asked of a collection or of one entity."""

    where: Expression | None = None
    order: tuple[Order, ...] = ()
    select: tuple[Path, ...] = ()
    """Properties, what lies inside them, and neighbours that are wanted; none: all."""
    expand: tuple[Expand, ...] = ()
    top: int | None = None
    skip: int = 0
    count: bool = False
    is_data_array: bool = False
    after: str = ""
    """Mark of the last observation of the page before; only next links have it."""
    texts: dict[str, str] = field(default_factory=dict, compare=False)
    """The options as they were given, for next links."""


def paths(expression: Expression) -> Iterator[Path]:
    """Yield every path of an expression."""
    match expression:
        case Path():
            yield expression
        case Call(arguments=parts):
            for part in parts:
                yield from paths(part)
        case Unary(operand=one):
            yield from paths(one)
        case Binary(left=left, right=right):
            yield from paths(left)
            yield from paths(right)
        case OneOf(value=value, choices=choices):
            yield from paths(value)
            for choice in choices:
                yield from paths(choice)


def all_of(where: Expression | None) -> list[Expression]:
    """Return the conditions that must all hold."""
    if isinstance(where, Binary) and where.operator == "and":
        return [*all_of(where.left), *all_of(where.right)]
    return [] if where is None else [where]


def moved(tree: Expression, steps: int) -> Expression:
    """Return an expression as the neighbour sees it: its paths without their first steps."""
    match tree:
        case Path(parts=parts):
            return replace(tree, parts=parts[steps:] or ("@iot.id",))
        case Call(arguments=arguments):
            return replace(tree, arguments=tuple(moved(part, steps) for part in arguments))
        case Unary(operand=one):
            return replace(tree, operand=moved(one, steps))
        case Binary(left=left, right=right):
            return replace(tree, left=moved(left, steps), right=moved(right, steps))
        case OneOf(value=value, choices=choices):
            made = tuple(moved(choice, steps) for choice in choices)
            return replace(tree, value=moved(value, steps), choices=made)
    return tree
