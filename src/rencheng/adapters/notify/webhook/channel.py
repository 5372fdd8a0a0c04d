"""Hands a warning to another program as a signed HTTP POST."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from rencheng.domain.errors import ConflictError, InvalidInputError, SourceUnavailableError
from rencheng.domain.provenance import Mode
from rencheng.service.ports import Clock, Delivery

TIMEOUT_S = 10.0
"""Chosen; no source. [s]"""
TYPES = {"alert": "application/cap+xml; charset=utf-8", "alarm": "application/json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a subscriber listens, and the secret shared with it."""

    url: str
    secret: str = field(repr=False)
    takes_alarms: bool = False
    """Whether it wants confirmed alarms (JSON) beside warnings (CAP)."""


class WebhookChannel:
    """POST of the CAP document, or of an alarm as JSON, to each subscriber's address.

    The receiver checks `X-Rencheng-Signature`: ``sha256=`` and the hexadecimal HMAC-SHA-256, under
    the shared secret, of the timestamp, a full stop, the number, a full stop and the body. It sees
    a missed message as a hole in `X-Rencheng-Sequence`, and a repeated one by
    `X-Rencheng-Delivery`.
    """

    name = "webhook"
    is_live = True

    def __init__(
        self,
        targets: Mapping[str, Target],
        now: Clock,
        *,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._targets = dict(targets)
        self._now = now
        self._transport = transport

    def send(self, delivery: Delivery) -> None:
        """Hand it over.

        Raises
        ------
        ConflictError
            If it is not live, or has expired: the last of three checks.
        InvalidInputError
            If the subscriber has no address.
        SourceUnavailableError
            If the other side did not take it; it is tried again.
        """
        if delivery.mode is not Mode.LIVE:
            raise ConflictError(
                "notify.mode",
                f"delivery {delivery.id} is {delivery.mode}, this channel reaches the public",
                hint="Drills, tests and replays stay inside the house",
            )
        if delivery.expires <= self._now():
            raise ConflictError(
                "notify.expired", f"delivery {delivery.id} has expired", hint="Send a new warning"
            )
        target = self._targets.get(delivery.subscriber)
        if target is None:
            raise InvalidInputError(
                "notify.target",
                f"subscriber {delivery.subscriber} has no address",
                hint="Enter its address and secret",
                params={"subscriber": delivery.subscriber},
            )
        self._post(target, delivery)

    def _post(self, target: Target, delivery: Delivery) -> None:
        body = delivery.payload.encode()
        timestamp = str(int(self._now().timestamp()))
        headers = {
            "Content-Type": TYPES[delivery.about],
            "X-Rencheng-Delivery": delivery.id,
            "X-Rencheng-Sequence": str(delivery.seq),
            "X-Rencheng-Timestamp": timestamp,
            "X-Rencheng-Signature": signature(target.secret, timestamp, delivery.seq, body),
        }
        try:
            with httpx.Client(timeout=TIMEOUT_S, transport=self._transport) as client:
                answer = client.post(target.url, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _unavailable(delivery, str(error)) from error
        if not answer.is_success:
            raise _unavailable(delivery, f"HTTP {answer.status_code}")


def signature(secret: str, timestamp: str, seq: int, body: bytes) -> str:
    """Return the signature that the receiver computes again."""
    signed = f"{timestamp}.{seq}.".encode() + body
    return "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def _unavailable(delivery: Delivery, why: str) -> SourceUnavailableError:
    return SourceUnavailableError(
        "notify.unavailable",
        f"subscriber {delivery.subscriber} did not take delivery {delivery.id}: {why}",
        hint="It is tried again by itself",
        params={"subscriber": delivery.subscriber, "why": why},
    )
