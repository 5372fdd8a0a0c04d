"""The only way out of a connector: asks for addresses within the limits of its feed."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterable, Mapping
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from rencheng.connectors.feeds import Feed
from rencheng.connectors.shape import Answer
from rencheng.domain.errors import NotAllowedError, SourceUnavailableError, TooMuchError

if TYPE_CHECKING:
    import httpx

AGENT = "rencheng"
MAX_REDIRECTS = 3
"""Chosen; no source."""
MARK = "mark:"
"""Before what an index said of an address, kept where an `ETag` would be."""
REMEMBERED = 2000
"""Addresses of a feed whose validators are kept. Chosen."""
_REDIRECTS = (301, 302, 303, 307, 308)
_UNCHANGED = 304
Resolve = Callable[[str, int], Iterable[str]]
"""A host and a port to its addresses."""


def resolved(host: str, port: int) -> list[str]:
    """Return the addresses of a host."""
    try:
        rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise SourceUnavailableError(
            "feed.no_host",
            f"the name {host} is not known: {error}",
            hint="Look at the address and at the name service of this machine",
            params={"host": host},
        ) from error
    return list(dict.fromkeys(str(row[4][0]) for row in rows))


class Fetcher:
    """Ask for addresses in one poll of a feed; it counts requests, bytes and time.

    A host is looked up once and asked at the address that was checked, so that a name which
    changes its address in between gains nothing.

    Parameters
    ----------
    feed
        Whose limits hold.
    validators
        `ETag` and `Last-Modified` by address, of what was taken in last.
    resolve
        Looks names up.
    client
        Asks; None: one of our own.
    """

    def __init__(
        self,
        feed: Feed,
        validators: Iterable[tuple[str, str, str]] = (),
        *,
        resolve: Resolve = resolved,
        client: httpx.Client | None = None,
    ) -> None:
        import httpx

        self._feed, self._resolve = feed, resolve
        self._known = {url: (tag, modified) for url, tag, modified in validators}
        self.validators = dict(self._known)
        """To be remembered once everything was taken in."""
        self._client = client or httpx.Client(trust_env=False, follow_redirects=False)
        self._deadline = monotonic() + feed.timeout_s
        self._requests = 0

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()

    def __call__(
        self, url: str, *, headers: Mapping[str, str] | None = None, mark: str = ""
    ) -> Answer:
        """Return what an address answers; see `rencheng.connectors.shape.Get`."""
        import httpx

        if mark and self._known.get(url, ("", ""))[0] == MARK + mark:
            self._remember(url, MARK + mark, "")
            return Answer(url=url, body=b"", is_unchanged=True)
        asked = {} if mark else self._conditions(url)
        at, extra = url, dict(headers or {})
        try:
            for _ in range(MAX_REDIRECTS + 1):
                answer, onward = self._once(url, at, {**asked, **extra})
                if answer is not None:
                    if mark:
                        self._remember(url, MARK + mark, "")
                    return answer
                target = urljoin(at, onward)
                if _origin(target) != _origin(at):
                    extra = {}  # a key is for the one it was given for
                at = target
        except httpx.TimeoutException as error:
            raise self._late(at) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise SourceUnavailableError(
                "feed.no_answer",
                f"{at} does not answer: {type(error).__name__}: {error}",
                hint="Look whether the source runs, and whether this machine may reach it",
                params={"url": _plain(at), "why": type(error).__name__},
            ) from error
        raise SourceUnavailableError(
            "feed.redirects",
            f"{url} sends us on more than {MAX_REDIRECTS} times",
            hint="Configure the address where the data really lie",
            params={"url": _plain(url), "most": MAX_REDIRECTS},
        )

    def _once(self, first: str, at: str, headers: Mapping[str, str]) -> tuple[Answer | None, str]:
        """Ask once; return the answer, or None and where it sends us."""
        self._requests += 1
        if self._requests > self._feed.max_requests:
            raise TooMuchError(
                "feed.requests",
                f"one poll asks for more than {self._feed.max_requests} addresses",
                hint="Raise max_requests of the feed, or narrow what it asks for",
                params={"most": self._feed.max_requests},
            )
        address, said = self._target(at)
        stream = self._client.stream(
            "GET",
            address,
            headers={"User-Agent": AGENT, "Host": said, **headers},
            extensions={"sni_hostname": urlsplit(at).hostname or ""},
            timeout=self._left(at),
        )
        with stream as response:
            if response.status_code == _UNCHANGED:
                return Answer(url=at, body=b"", is_unchanged=True), ""
            if response.status_code in _REDIRECTS:
                return None, response.headers.get("Location", "")
            if response.status_code != 200:
                raise self._refused(at, response.status_code)
            body = self._body(at, response)
            tag, modified = (response.headers.get(k, "") for k in ("ETag", "Last-Modified"))
            if tag or modified:
                self._remember(first, tag, modified)
            kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            return Answer(url=at, body=body, media_type=kind), ""

    def _body(self, at: str, response: httpx.Response) -> bytes:
        """Read piece by piece, and stop as soon as it is too much or too slow."""
        most = self._feed.max_bytes
        told = response.headers.get("Content-Length", "")
        if told.isdigit() and int(told) > most:
            raise self._too_large(at)
        body = bytearray()
        for piece in response.iter_bytes():  # as they arrive: a piece of a set size waits for more
            if len(body) + len(piece) > most:
                raise self._too_large(at)
            body += piece
            self._left(at)
        return bytes(body)

    def _target(self, at: str) -> tuple[str, str]:
        """Return the address with a checked number in place of the name, and the name."""
        try:
            parts = urlsplit(at)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            raise self._forbidden(at, "syntax") from None
        if parts.scheme not in ("http", "https") or not host:
            raise self._forbidden(at, "scheme")
        if parts.username or parts.password:
            raise self._forbidden(at, "credentials")
        numbers = list(self._resolve(host, port or (443 if parts.scheme == "https" else 80)))
        if not self._feed.allow_private and not all(_is_public(one) for one in numbers):
            raise self._forbidden(at, "private")
        number = f"[{numbers[0]}]" if ":" in numbers[0] else numbers[0]
        place = number if port is None else f"{number}:{port}"
        name = f"[{host}]" if ":" in host else host
        target = parts._replace(netloc=place, fragment="").geturl()
        return target, name if port is None else f"{name}:{port}"

    def _remember(self, url: str, tag: str, modified: str) -> None:
        """Put an address at the end of what is remembered; the oldest ones are forgotten."""
        self.validators.pop(url, None)
        self.validators[url] = (tag, modified)
        while len(self.validators) > REMEMBERED:
            del self.validators[next(iter(self.validators))]

    def _conditions(self, url: str) -> dict[str, str]:
        tag, modified = self._known.get(url, ("", ""))
        asked = {"If-None-Match": tag, "If-Modified-Since": modified}
        return {key: value for key, value in asked.items() if value}

    def _left(self, at: str) -> float:
        """Return the time that is left; raise when there is none. [s]"""
        left = self._deadline - monotonic()
        if left <= 0:
            raise self._late(at)
        return left

    def _late(self, at: str) -> SourceUnavailableError:
        return SourceUnavailableError(
            "feed.timeout",
            f"{at} took longer than {self._feed.timeout_s:g} s",
            hint="Raise timeout_s of the feed, or ask its owner",
            params={"url": _plain(at), "seconds": self._feed.timeout_s},
        )

    def _too_large(self, at: str) -> TooMuchError:
        return TooMuchError(
            "feed.size",
            f"{at} is larger than {self._feed.max_bytes} bytes",
            hint="Raise max_mb of the feed if that is right, or narrow what it asks for",
            params={"url": _plain(at), "mb": self._feed.max_bytes / 1e6},
        )

    def _refused(self, at: str, status: int) -> SourceUnavailableError:
        key = "feed.key" if status in (401, 403) else "feed.status"
        return SourceUnavailableError(
            key,
            f"{at} answers {status}",
            hint="Look at the address and at our key",
            params={"url": _plain(at), "status": status},
        )

    def _forbidden(self, at: str, why: str) -> NotAllowedError:
        return NotAllowedError(
            f"feed.forbidden_{why}",
            f"{at} may not be asked: {why}",
            hint="Give an http(s) address outside this network, or set allow_private",
            params={"url": _plain(at)},
        )


def _is_public(number: str) -> bool:
    found = ipaddress.ip_address(number.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_global and not (mapped or found).is_multicast


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _plain(url: str) -> str:
    """Return an address without what may be a key."""
    parts = urlsplit(url)
    return parts._replace(query="…" if parts.query else "", fragment="").geturl()
