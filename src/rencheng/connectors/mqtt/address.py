"""Where a broker is, and who we are to it; secrets come from a file or the environment alone."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from rencheng.domain.errors import InvalidInputError

USER, PASSWORD = "RENCHENG_MQTT_USER", "RENCHENG_MQTT_PASSWORD"  # noqa: S105 names of variables
_PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A broker, and how to connect to it."""

    host: str
    port: int
    is_tls: bool = False
    authority: Path | None = None
    """PEM of who vouches for the broker; None: those that this machine trusts."""
    is_own: bool = False
    """Our own broker on this machine, whose certificate may be made out to another name."""
    user: str = ""
    password: str = field(default="", repr=False)
    client: str = "rencheng"
    """Name of the session, which must be ours alone: the broker keeps messages for it."""
    inbox: str = ""
    """What the broker puts before the topics of SensorThings that devices create under."""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.is_tls else 'mqtt'}://{host}:{self.port}"


def read_address(
    text: str, *, login: Path | None = None, authority: Path | None = None, client: str
) -> Address:
    """Return the broker that an address such as `mqtts://broker.city.example:8883` names.

    Parameters
    ----------
    text
        mqtt or mqtts, host and port; a user or password in it is refused.
    login
        File with the user in its first line and the password in its second, readable by us alone;
        None: the environment, see `USER` and `PASSWORD`.
    authority
        PEM of who vouches for the broker.
    client
        Name of our session.

    Raises
    ------
    InvalidInputError
        When the address is none, holds a secret, or others may read the file.
    """
    try:
        parts = urlsplit(text)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError as error:
        raise _no_address("•••" if "@" in text else text) from error
    if parts.username or parts.password or "@" in parts.netloc:
        raise InvalidInputError(
            "mqtt.secret_in_address",
            "the address of the broker holds a user or a password",
            hint=f"Give them in a file (--mqtt-login) or as ${USER} and ${PASSWORD}",
        )
    if parts.scheme not in _PORTS or not parts.hostname or parts.path not in ("", "/"):
        raise _no_address(text)
    user, password = _login(login)
    return Address(
        host=parts.hostname,
        port=port,
        is_tls=parts.scheme == "mqtts",
        authority=authority,
        user=user,
        password=password,
        client=client,
    )


def with_inbox(address: Address, inbox: str) -> Address:
    """Return the address of a broker that moves what devices create."""
    return replace(address, inbox=f"{inbox}/")


def _login(file: Path | None) -> tuple[str, str]:
    if file is None:
        return os.environ.get(USER, ""), os.environ.get(PASSWORD, "")
    if file.stat().st_mode & 0o077:
        raise InvalidInputError(
            "mqtt.login_mode",
            f"others may read {file}",
            hint=f"chmod 600 {file}",
            params={"path": str(file)},
        )
    lines = [*file.read_text(encoding="utf-8").splitlines(), "", ""]
    return lines[0].strip(), lines[1].strip()


def _no_address(text: str) -> InvalidInputError:
    return InvalidInputError(
        "mqtt.address",
        f"{text!r} is no address of a broker",
        hint="Write it as mqtt://host:1883 or mqtts://host:8883",
        params={"address": text},
    )
