from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rencheng.adapters.cities.downloads import Item, fetching
from rencheng.adapters.cities.downloads.fetching import Fetcher
from rencheng.adapters.cities.readers import Job
from rencheng.domain.errors import (
    ConflictError,
    CorruptDataError,
    SourceUnavailableError,
    TooMuchError,
)

BODY = bytes(range(256)) * 4000


@dataclass
class Publisher:
    """What the test's own server does, and what it was asked."""

    body: bytes = BODY
    etag: str = '"one"'
    status: int = 200
    ranges: bool = True
    break_after: list[int] = field(default_factory=list)
    """Bytes after which the next answers break off."""
    stated: int | None = None
    """Length that HEAD states."""
    endless: bool = False
    location: str = ""
    sums: bytes = b""
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    port: int = 0

    def item(self, name: str = "a.bin", **more) -> Item:
        url = f"http://127.0.0.1:{self.port}/{name}"
        return Item(**({"url": url, "name": f"x/{name}", "licence": "CC0", "limit": 10**8} | more))


def handler(publisher: Publisher) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def begin(self, code: int, length: int | None, **headers: str) -> None:
            self.send_response(code)
            if length is not None:
                self.send_header("Content-Length", str(length))
            if publisher.etag:
                self.send_header("ETag", publisher.etag)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Connection", "close")
            self.end_headers()
            self.close_connection = True

        def do_HEAD(self) -> None:
            publisher.asked.append(("HEAD", self.path, ""))
            if publisher.location:
                return self.begin(302, 0, Location=publisher.location)
            stated = publisher.stated
            return self.begin(publisher.status, len(publisher.body) if stated is None else stated)

        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "")
            publisher.asked.append(("GET", self.path, wanted))
            if self.path.endswith(".md5"):
                self.begin(200, len(publisher.sums))
                self.wfile.write(publisher.sums)
            elif publisher.location:
                self.begin(302, 0, Location=publisher.location)
            elif publisher.status != 200:
                self.begin(publisher.status, 0)
            elif publisher.endless:
                self.begin(200, None)
                self.pour()
            else:
                same = self.headers.get("If-Range") == publisher.etag
                self.answer(int(wanted[6:-1]) if wanted and same and publisher.ranges else 0)

        def answer(self, first: int) -> None:
            rest = publisher.body[first:]
            last = len(publisher.body) - 1
            if first:
                self.begin(206, len(rest), Content_Range=f"bytes {first}-{last}/{last + 1}")
            else:
                self.begin(200, len(rest))
            if publisher.break_after:
                rest = rest[: publisher.break_after.pop(0)]
            self.wfile.write(rest)

        def pour(self) -> None:
            try:
                for _ in range(10_000):
                    self.wfile.write(BODY)
            except OSError:
                publisher.asked.append(("CLOSED", self.path, ""))

    return Handler


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    made = Publisher()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(made))
    made.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def fetcher(tmp_path) -> Fetcher:
    return Fetcher(tmp_path, wait=lambda _seconds: None)


def ranges(publisher: Publisher) -> list[str]:
    return [wanted for method, path, wanted in publisher.asked if method == "GET"]


def test_a_file_appears_under_its_name_when_it_is_whole(publisher, fetcher, tmp_path):
    shares: list[float] = []
    file = fetcher.fetch(publisher.item(), Job(tell=shares.append))
    assert file.read_bytes() == BODY
    assert shares[-1] == 1.0
    assert sorted(p.name for p in (tmp_path / "x").iterdir()) == ["a.bin", "a.bin.json"]


def test_what_is_kept_is_not_fetched_again_unless_it_was_changed(publisher, fetcher):
    file = fetcher.fetch(publisher.item(), Job())
    fetcher.fetch(publisher.item(), Job())
    assert len(publisher.asked) == 1
    file.write_bytes(BODY[:-1] + b"!")
    assert fetcher.fetch(publisher.item(), Job()).read_bytes() == BODY
    assert len(publisher.asked) == 2


def test_a_break_halfway_is_taken_up_where_it_stopped(publisher, fetcher):
    publisher.break_after = [500_000, 100_000]
    assert fetcher.fetch(publisher.item(), Job()).read_bytes() == BODY
    assert ranges(publisher) == ["", "bytes=500000-", "bytes=600000-"]


def test_a_stopped_download_goes_on_in_another_run(publisher, fetcher, tmp_path):
    shares: list[float] = []
    job = Job(tell=shares.append, is_stopped=lambda: len(shares) > 1)
    with pytest.raises(ConflictError):
        fetcher.fetch(publisher.item(), job)
    assert not (tmp_path / "x" / "a.bin").exists()
    assert Fetcher(tmp_path).fetch(publisher.item(), Job()).read_bytes() == BODY
    assert ranges(publisher)[1].startswith("bytes=")


def test_a_new_version_begins_again(publisher, fetcher):
    publisher.break_after = [500_000]
    fetcher.tries = 1
    with pytest.raises(SourceUnavailableError):
        fetcher.fetch(publisher.item(), Job())
    publisher.body, publisher.etag = BODY[::-1], '"two"'
    assert fetcher.fetch(publisher.item(), Job()).read_bytes() == BODY[::-1]


@pytest.mark.parametrize("change", [{"ranges": False}, {"etag": ""}, {"etag": 'W/"weak"'}])
def test_a_publisher_that_cannot_resume_sends_all_again(publisher, fetcher, change):
    for name, value in change.items():
        setattr(publisher, name, value)
    publisher.break_after = [500_000]
    assert fetcher.fetch(publisher.item(), Job()).read_bytes() == BODY


def test_a_published_checksum_is_held_against_the_file(publisher, fetcher, tmp_path):
    url = f"http://127.0.0.1:{publisher.port}/a.bin.md5"
    publisher.sums = hashlib.md5(BODY).hexdigest().encode() + b"  a.bin\n"
    item = publisher.item(checksum_url=f"md5 {url}")
    assert fetcher.fetch(item, Job()).exists()
    publisher.body = BODY[::-1]
    other = replace(item, name="x/b.bin")
    with pytest.raises(CorruptDataError) as caught:
        fetcher.fetch(other, Job())
    assert caught.value.key == "download.wrong_sum"
    assert not list((tmp_path / "x").glob("b.bin*"))


def test_the_size_is_known_before_anything_is_fetched(publisher, fetcher):
    found = fetcher.measure((publisher.item(),))
    assert [item.size for item in found] == [len(BODY)]
    assert ranges(publisher) == []


def test_a_tile_that_is_all_sea_is_left_out(publisher, fetcher):
    publisher.status = 404
    assert fetcher.measure((publisher.item(may_be_absent=True),)) == ()


def test_a_stream_without_end_is_cut_at_what_was_said(publisher, fetcher, tmp_path):
    publisher.endless, publisher.stated = True, 1000
    (item,) = fetcher.measure((publisher.item(),))
    with pytest.raises(SourceUnavailableError) as caught:
        fetcher.fetch(item, Job())
    assert caught.value.key == "download.lied"
    assert (tmp_path / "x" / "a.bin.part").stat().st_size <= 1000


def test_a_file_larger_than_shown_or_allowed_is_refused_before_it_comes(publisher, fetcher):
    with pytest.raises(TooMuchError) as caught:
        fetcher.fetch(publisher.item(size=1000), Job())
    assert caught.value.key == "download.grown"
    with pytest.raises(TooMuchError):
        fetcher.measure((publisher.item(limit=1000),))


def test_another_host_is_followed_only_when_it_is_named(publisher, fetcher):
    publisher.location = f"http://localhost:{publisher.port}/a.bin"
    with pytest.raises(SourceUnavailableError) as caught:
        fetcher.measure((publisher.item(),))
    assert caught.value.key == "download.sent_away"
    assert caught.value.params["other"] == "localhost"
    assert len(publisher.asked) == 1


@pytest.mark.parametrize(
    ("status", "key", "asked"),
    [(404, "absent", 1), (403, "answered", 1), (503, "answered", 3), (429, "answered", 3)],
)
def test_refusals_are_named_and_only_passing_ones_tried_again(
    publisher, fetcher, status, key, asked
):
    publisher.status, fetcher.tries = status, 3
    with pytest.raises(SourceUnavailableError) as caught:
        fetcher.fetch(publisher.item(), Job())
    assert (caught.value.key, len(publisher.asked)) == (f"download.{key}", asked)


def test_no_network_is_said_as_such(publisher, fetcher):
    item = publisher.item(url="http://127.0.0.1:9/a.bin")
    with pytest.raises(SourceUnavailableError) as caught:
        fetcher.measure((item,))
    assert caught.value.key == "download.offline"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device on this system")
def test_a_full_disk_is_said_before_and_while_writing(publisher, fetcher, monkeypatch, tmp_path):
    monkeypatch.setattr(fetching, "SPARE_BYTES", 1 << 60)
    with pytest.raises(TooMuchError) as caught:
        fetcher.fetch(publisher.item(), Job())
    assert caught.value.key == "download.full"
    monkeypatch.undo()

    (tmp_path / "x").mkdir(exist_ok=True)
    (tmp_path / "x" / "b.bin.part").symlink_to("/dev/full")
    with pytest.raises(TooMuchError) as caught:
        fetcher.fetch(publisher.item("b.bin"), Job())
    assert caught.value.key == "download.full"
    assert not (tmp_path / "x" / "b.bin").exists()
