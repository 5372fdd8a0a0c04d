"""Shapes that every page needs."""

from __future__ import annotations

from typing import Generic, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class Shape(BaseModel):
    """Base of every answer and request: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


ModeName = Literal["live", "drill", "test", "replay"]
HealthName = Literal["ok", "stuck", "silent", "suspect", "never"]
OriginName = Literal["observed", "derived", "synthetic", "missing"]
LevelNumber = Literal[1, 2, 3, 4]


class TextOut(Shape):
    """A sentence in both languages."""

    key: str
    zh: str
    en: str


class WhyOut(Shape):
    """The answer to "why?"."""

    data: list[str]
    model: str
    version: str
    as_of: AwareDatetime
    missing: list[str]
    notes: list[TextOut]
    origin: OriginName
    weak: list[str] = []
    """Those among `data` whose check found a warning or an error."""


class BandOut(Shape):
    """5, 50 and 95 % quantiles; null means unknown."""

    p05: float | None
    p50: float | None
    p95: float | None


class FigureOut(Shape):
    """A number for the screen."""

    key: str
    band: BandOut
    unit: str
    base: float | None
    base_unit: str
    why: WhyOut


class FaultOut(Shape):
    """One kind of fault in an input."""

    where: str
    key: str
    problem: TextOut
    hint: TextOut
    count: int
    first: list[str]


class ProblemOut(Shape):
    """Problem details (RFC 9457), with our key and all faults."""

    type: str
    status: int
    title: str
    detail: str
    key: str
    problem: TextOut
    hint: TextOut
    faults: list[FaultOut]


class BrokenJobOut(Shape):
    """A run or an import whose record cannot be read; it can be deleted."""

    id: str
    changed: AwareDatetime
    """When its record was last written."""
    trouble: ProblemOut


class UserOut(Shape):
    """Who is signed in."""

    id: str
    name: str
    organisation: str
    roles: list[str]
    permissions: list[str]
    language: str


class SessionOut(Shape):
    """A session of a browser."""

    user: UserOut
    csrf: str
    """Send it back as header `X-CSRF-Token` with every request that changes something."""


class SignIn(Shape):
    """Name and password."""

    username: str = Field(max_length=200)
    password: str = Field(max_length=1000)


class HealthOut(Shape):
    """Whether the server answers."""

    status: Literal["ok"]


class DemoOut(Shape):
    """Whether this installation has demo accounts, and their names."""

    is_demo: bool
    names: list[str]


Item = TypeVar("Item")


class Page(Shape, Generic[Item]):
    """A page of a long list, newest first unless said otherwise."""

    items: list[Item]
    total: int | None
    """How many there are in all; null: not counted."""
    next: str | None
    """Cursor of the next page; null at the end."""


class Accepted(Shape):
    """A command that was taken; repeating it with the same id changes nothing."""

    id: str
    is_new: bool
