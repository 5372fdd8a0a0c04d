"""The only way out of a connector keeps its limits."""

from __future__ import annotations

import sys
import tracemalloc
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from http_kit import reply, serving  # noqa: E402

from rencheng.connectors.feeds import Feed, feed_of  # noqa: E402
from rencheng.connectors.fetching import Fetcher  # noqa: E402
from rencheng.connectors.manifests import connectors  # noqa: E402
from rencheng.domain.errors import (  # noqa: E402
    NotAllowedError,
    SourceUnavailableError,
    TooMuchError,
)

ANY = connectors()["earthquakes"]


def feed(**limits: Any) -> Feed:
    given = {"url": "https://x.example/", "allow_private": True, **limits}
    return feed_of(ANY, given, state=Path())


def test_a_gigabyte_is_left_after_its_limit() -> None:
    sent = []

    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(b"<feed>")
        for _ in range(16_384):  # 1 GiB in pieces of 64 KiB
            handler.wfile.write(b"<entry/>" * 8_192)
            sent.append(1)

    with serving(endless) as url:
        fetch = Fetcher(feed(max_mb=2))
        tracemalloc.start()
        with pytest.raises(TooMuchError):
            fetch(url)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        fetch.close()
    assert len(sent) < 1000
    assert most < 20_000_000


def test_a_source_that_drips_is_left_in_time() -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(30):
            handler.wfile.write(b" ")
            sleep(0.1)

    began = monotonic()
    with serving(drip) as url, pytest.raises(SourceUnavailableError) as error:
        Fetcher(feed(timeout_s=1.0))(url)
    assert error.value.key == "feed.timeout"
    assert monotonic() - began < 5


def test_redirects_end_and_take_no_key_elsewhere() -> None:
    keys: list[str | None] = []

    def around(handler: BaseHTTPRequestHandler) -> None:
        keys.append(handler.headers["Authorization"])
        reply(handler, b"", 302, Location=handler.path + "x")

    def onward(handler: BaseHTTPRequestHandler) -> None:
        reply(handler, b"", 302, Location=other)

    with serving(around) as other:
        with pytest.raises(SourceUnavailableError, match="more than 3"):
            Fetcher(feed())(other, headers={"Authorization": "k"})
        assert keys == ["k"] * 4
        keys.clear()
        with serving(onward) as first, pytest.raises(SourceUnavailableError):
            Fetcher(feed())(first, headers={"Authorization": "k"})
        assert keys == [None] * 3


@pytest.mark.parametrize(
    "number", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "fd00::1", "::ffff:10.0.0.1"]
)
def test_private_addresses_are_not_asked(number: str) -> None:
    fetch = Fetcher(feed(allow_private=False), resolve=lambda *_: [number])
    with pytest.raises(NotAllowedError) as error:
        fetch("http://innocent.example/")
    assert error.value.key == "feed.forbidden_private"


def test_a_redirect_into_our_network_is_not_followed() -> None:
    asked: list[str] = []

    def resolve(host: str, _: int) -> list[str]:
        asked.append(host)
        return ["93.184.216.34" if host == "outer.example" else "127.0.0.1"]

    def sends_in(request: httpx.Request) -> httpx.Response:
        assert request.url.host == "93.184.216.34"
        assert request.headers["Host"] == "outer.example"
        return httpx.Response(302, headers={"Location": "http://inner.example/"})

    client = httpx.Client(transport=httpx.MockTransport(sends_in))
    with pytest.raises(NotAllowedError):
        Fetcher(feed(allow_private=False), resolve=resolve, client=client)("http://outer.example/")
    assert asked == ["outer.example", "inner.example"]


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x/", "http://a:b@x/", "gopher://x"])
def test_only_the_web_is_asked_and_without_passwords(url: str) -> None:
    with pytest.raises(NotAllowedError):
        Fetcher(feed())(url)


def test_what_did_not_change_is_not_sent_again() -> None:
    asked: list[str | None] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.headers["If-None-Match"])
        if asked[-1] == '"1"':
            reply(handler, b"", 304)
        else:
            reply(handler, b"body", ETag='"1"')

    with serving(answer) as url:
        first = Fetcher(feed())
        assert first(url).body == b"body"
        known = [(one, *two) for one, two in first.validators.items()]
        again = Fetcher(feed(), known)(url)
    assert again.is_unchanged
    assert asked == [None, '"1"']


def test_what_an_index_marks_the_same_is_not_asked_again() -> None:
    asked: list[str] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        reply(handler, b"message")

    with serving(answer) as url:
        first = Fetcher(feed())
        first(f"{url}/1", mark="monday")
        known = [(one, *two) for one, two in first.validators.items()]
        second = Fetcher(feed(), known)
        assert second(f"{url}/1", mark="monday").is_unchanged
        assert second(f"{url}/1", mark="tuesday").body == b"message"
    assert asked == ["/1", "/1"]


def test_an_error_of_the_source_is_told_with_its_number() -> None:
    no = serving(lambda one: reply(one, b"no", 403))
    with no as url, pytest.raises(SourceUnavailableError) as error:
        Fetcher(feed())(f"{url}/feed?key=secret")
    assert error.value.params["status"] == 403
    assert "secret" not in str(error.value.params)
