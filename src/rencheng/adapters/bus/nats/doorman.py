"""Who may connect to the broker and which topics are theirs: asked at every connection."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable
from functools import lru_cache

from rencheng.adapters.bus.nats.guests import LIFE_S, SPREAD_S, Guests, Rights
from rencheng.adapters.bus.nats.keys import Signer, claims_of
from rencheng.domain.errors import RenchengError

log = logging.getLogger("rencheng")

ACCOUNT = "CITY"
"""Account of the broker that devices and readers share."""
INBOX = "in"
"""First level of the topics to which the broker moves what devices create."""
KNOWN = 65_536
"""Topics whose form inside of the broker is remembered. Chosen."""

Check = Callable[[str, str], Rights]
"""User name and password to rights; raises one of our errors for a stranger."""


@lru_cache(maxsize=KNOWN)
def subject(topic: str) -> str:
    """Return a topic of MQTT as the broker writes it inside.

    Examples
    --------
    >>> subject("v1.1/+/Observations"), subject("plant/#")
    ('v1//1.*.Observations', 'plant.>')
    """
    levels = [level.replace(".", "//") for level in topic.split("/")]
    return ".".join({"+": "*", "#": ">"}.get(level, level) for level in levels)


def topic(name: str) -> str:
    """Return what the broker writes inside as a topic of MQTT.

    Examples
    --------
    >>> topic("v1//1.*.Observations"), topic("plant.>")
    ('v1.1/+/Observations', 'plant/#')
    """
    levels = [level.replace("//", ".") for level in name.split(".")]
    return "/".join({"*": "+", ">": "#"}.get(level, level) for level in levels)


class Doorman:
    """Answers the broker's question who somebody is."""

    def __init__(self, signer: Signer, check: Check, guests: Guests) -> None:
        self._signer = signer
        self._check = check
        self._guests = guests

    def __call__(self, question: bytes) -> bytes:
        """Return a signed answer to a signed question."""
        asked = claims_of(question)["nats"]
        given = asked["connect_opts"]
        now = int(time.time())
        answer: dict[str, object] = {"type": "authorization_response", "version": 2}
        try:
            rights = self._check(given.get("user", ""), given.get("pass", ""))
        except RenchengError as error:
            log.info("the broker turned somebody away: %s", error)
            answer["error"] = "not allowed"
        else:
            until = now + LIFE_S + secrets.randbelow(SPREAD_S)
            if rights.expires is not None:
                until = min(until, int(rights.expires.timestamp()))
            user = _user(rights, asked["user_nkey"], until)
            answer["jwt"] = self._signer.signed(user, now)
            self._guests.come(asked["server_id"]["id"], asked["client_info"]["id"], rights, until)
        claims = {"sub": asked["user_nkey"], "aud": asked["server_id"]["id"], "nats": answer}
        return self._signer.signed(claims, now).encode()


def _user(rights: Rights, key: str, until: int) -> dict[str, object]:
    return {
        "sub": key,
        "aud": ACCOUNT,
        "name": rights.name,
        "exp": until,
        "nats": {
            "pub": _permission(rights.publish),
            "sub": _permission(rights.subscribe, ("$MQTT.sub.>",)),
            "subs": -1,
            "data": -1,
            "payload": -1,
            "type": "user",
            "version": 2,
        },
    }


def _permission(topics: tuple[str, ...], inner: tuple[str, ...] = ()) -> dict[str, list[str]]:
    """Return what is allowed; nothing named is nothing allowed (an empty list would allow all)."""
    if topics == ("#",):
        return {}
    return {"allow": [*map(subject, topics), *inner]} if topics else {"deny": [">"]}
