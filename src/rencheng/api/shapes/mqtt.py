"""Shapes of the connection to the MQTT broker."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from rencheng.api.shapes.common import Shape, TextOut


class MqttOut(Shape):
    """How the connection to the broker does; counts are since the start."""

    is_on: bool
    """Whether the house listens to a broker at all; nothing else is known when not."""
    address: str = ""
    link: Literal["connected", "waiting"] = "waiting"
    since: datetime | None = None
    """Since when `link` is so."""
    messages: int = 0
    values: int = 0
    """Taken in and durable."""
    repeats: int = 0
    """Known already."""
    refused: int = 0
    limited: int = 0
    """Refused because their device sends far too often."""
    foreign: int = 0
    """Messages and subscriptions beyond the key of who sent them; the broker refused them."""
    waiting: int = 0
    """Heard and not acknowledged yet."""
    rate: float = 0.0
    """Messages per second over the last minute."""
    last_message: datetime | None = None
    problem: TextOut | None = None
    """What is wrong now."""
    hint: TextOut | None = None
    """How to mend it."""
    problem_since: datetime | None = None
    last_problem: TextOut | None = None
    last_problem_at: datetime | None = None


class DeadLetterOut(Shape):
    """Messages of one topic that were refused for one reason."""

    topic: str
    reason: TextOut
    count: int
    first: datetime
    last: datetime
    size: int
    """Of the last of them, in bytes."""
    body: str
    """How the last of them begins, in base64."""
