"""Shapes of connectors, feeds and warnings of others."""

from __future__ import annotations

from pydantic import AwareDatetime

from rencheng.api.shapes.common import Shape, TextOut


class WordsOut(Shape):
    """A sentence in both languages."""

    zh: str
    en: str


class ConnectorOut(Shape):
    """A connector that can be used."""

    id: str
    version: str
    name: WordsOut
    about: WordsOut
    gives: list[str]
    way: str
    units: dict[str, str]
    settings: dict[str, WordsOut]
    licence: str
    standard: str
    origin: str


class PollOut(Shape):
    """One time that a feed was asked."""

    at: AwareDatetime
    took_s: float
    is_good: bool
    problem: TextOut | None
    hint: TextOut | None
    detail: str
    taken: int
    known: int
    refused: int
    findings: list[TextOut]


class FeedOut(Shape):
    """A configured feed, and how it does."""

    name: str
    connector: str
    settings: dict[str, str]
    """Without secrets and contents of files."""
    every_s: float
    is_paused: bool
    last_good: AwareDatetime | None
    last_failure: AwareDatetime | None
    failures: int
    next_poll: AwareDatetime | None
    newest: AwareDatetime | None
    delay_s: float | None
    polls: list[PollOut]


class ConnectorsOut(Shape):
    """Everything about connectors."""

    connectors: list[ConnectorOut]
    feeds: list[FeedOut]


class WarningInfoOut(Shape):
    """What a warning says in one language."""

    language: str
    event: str
    urgency: str
    severity: str
    certainty: str
    effective: AwareDatetime
    expires: AwareDatetime | None
    sender_name: str
    headline: str
    description: str
    instruction: str
    web: str
    areas: list[str]


class WarningOut(Shape):
    """A warning of another office; never one of ours."""

    id: str
    sender: str
    identifier: str
    sent: AwareDatetime
    status: str
    kind: str
    colour: int | None
    """The level whose colour the message states itself."""
    level: int | None
    """That of its colour, or else what its severities mean."""
    is_in_force: bool
    ends: AwareDatetime
    signature: str
    signed_by: str
    superseded_by: str
    feed: str
    received: AwareDatetime
    findings: list[TextOut]
    infos: list[WarningInfoOut]


class ShakingMapOut(Shape):
    """A published map of shaking."""

    id: str
    event: str
    revision: int
    issuer: str
    issued: AwareDatetime
    source: str
    rows: int
    columns: int
    bbox: list[float]
    largest_pga_g: float | None
