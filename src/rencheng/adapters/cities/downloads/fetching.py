"""Fetching files: asked how large first, resumed where it stopped, checked, kept.

Nothing here runs unless a person asked for a download. A publisher may not send us to a host that
its file does not name, nor send more than it said.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rencheng.adapters.cities.downloads import Item, refusing
from rencheng.adapters.cities.readers import Job
from rencheng.domain.errors import SourceUnavailableError

if TYPE_CHECKING:
    import httpx

CHUNK = 1 << 18
TRIES = 5
MOST_REDIRECTS = 5
TIMEOUT_S = 30.0
SPARE_BYTES = 64_000_000
"""Left free on the disk. Ours."""
_SUMS = {"md5": hashlib.md5, "sha256": hashlib.sha256}


@dataclass(frozen=True, slots=True)
class Part:
    """What is known about a file that was begun."""

    url: str
    mark: str
    """Strong ETag or date of the version begun; empty: it cannot be resumed."""
    size: int | None


@dataclass(slots=True)
class Fetcher:
    """Fetches files into a cache.

    Parameters
    ----------
    cache
        Folder that keeps what was fetched.
    make_client
        Opens the connection; replaced in tests.
    wait
        Sleeps between two tries; replaced in tests. [s]
    """

    cache: Path
    make_client: Callable[[], httpx.Client] | None = None
    wait: Callable[[float], None] = time.sleep
    tries: int = TRIES

    def measure(self, items: tuple[Item, ...]) -> tuple[Item, ...]:
        """Ask how large the files are, without fetching them; leave out those that do not exist.

        Raises
        ------
        SourceUnavailableError
            When the publisher cannot be reached, refuses, or has no such file.
        TooMuchError
            When one is larger than its limit.
        """
        found = []
        with self._client() as client:
            for item in items:
                if self.kept(item):
                    size: int | None = (self.cache / item.name).stat().st_size
                else:
                    with self._open(client, "HEAD", item, {}) as answer:
                        if answer.status_code == 404 and item.may_be_absent:
                            continue
                        _accept(item, answer)
                        size = _length(answer)
                if size is not None and size > item.limit:
                    raise refusing.grown(item, size, item.limit)
                found.append(replace(item, size=size))
        return tuple(found)

    def kept(self, item: Item) -> bool:
        """Say whether the file is in the cache, whole and as it was fetched."""
        file = self.cache / item.name
        try:
            record = json.loads(_beside(file, ".json").read_text(encoding="utf-8"))
            return bool(
                record["url"] == item.url
                and record["size"] == file.stat().st_size
                and record["sha256"] == _digest(file, "sha256")
            )
        except (OSError, ValueError, KeyError):
            return False

    def fetch(self, item: Item, job: Job) -> Path:
        """Return the file, from the cache or fetched now.

        What was fetched before a break is kept and taken up, when the publisher still has the
        same version. The file appears under its name only when it is whole and checked.

        Raises
        ------
        SourceUnavailableError
            When the publisher cannot be reached, refuses, lies about the size, breaks off again
            and again, or sends us to another host.
        CorruptDataError
            When the file has another checksum than the publisher states.
        TooMuchError
            When it is larger than its limit, or the disk is too small.
        ConflictError
            When the job was stopped; what was fetched is kept.
        """
        file = self.cache / item.name
        if self.kept(item):
            job.go_on(1.0)
            return file
        file.parent.mkdir(parents=True, exist_ok=True)
        with self._client() as client:
            expected = item.checksum or self._published_sum(client, item)
            for attempt in range(self.tries):
                try:
                    if self._run(client, item, file, job):
                        break
                except _TryAgainError as again:
                    if attempt + 1 == self.tries:
                        raise again.error from again.__cause__
                    self.wait(min(2.0**attempt, 30.0))
                    job.go_on(0.0)
            else:
                raise refusing.broken_off(item, self.tries)
        _settle(item, file, expected)
        return file

    def _run(self, client: httpx.Client, item: Item, file: Path, job: Job) -> bool:
        """Take up or begin the file; say whether it is whole now."""
        import httpx

        part, begun = _beside(file, ".part"), _begun(file, item)
        have = part.stat().st_size if begun and part.exists() else 0
        if begun and begun.size is not None and have == begun.size:
            return True
        headers = {"Range": f"bytes={have}-", "If-Range": begun.mark} if begun and have else {}
        try:
            with self._open(client, "GET", item, headers) as answer:
                if answer.status_code == 416:
                    part.unlink(missing_ok=True)
                    return False
                _accept(item, answer)
                resumes = answer.status_code == 206 and _starts_at(answer, have)
                if answer.status_code == 206 and not resumes:
                    part.unlink(missing_ok=True)
                    return False
                length = _length(answer)
                size = None if length is None else length + (have if resumes else 0)
                self._admit(item, size, have if resumes else 0)
                _write_part(file, Part(item.url, _mark(answer), size))
                got = _save(item, answer, part, have if resumes else 0, size, job)
        except httpx.TransportError as error:
            raise _TryAgainError(refusing.broken_off(item, self.tries)) from error
        return size is None or got == size

    def _admit(self, item: Item, size: int | None, have: int) -> None:
        """Refuse before a byte is taken what is larger than was said, or than the disk."""
        most = item.limit if item.size is None else min(item.limit, item.size)
        if size is not None and size > most:
            raise refusing.grown(item, size, most)
        free = shutil.disk_usage(self.cache).free - SPARE_BYTES
        if size is not None and size - have > free:
            raise refusing.full(item, size - have, max(free, 0))

    def _published_sum(self, client: httpx.Client, item: Item) -> str:
        """Return the checksum that the publisher keeps beside the file."""
        import httpx

        if not item.checksum_url:
            return ""
        kind, _, url = item.checksum_url.partition(" ")
        small = replace(item, url=url, limit=4096, size=None)
        try:
            with self._open(client, "GET", small, {}) as answer:
                _accept(small, answer)
                text = b""
                for chunk in answer.iter_raw():
                    text += chunk
                    if len(text) > small.limit:
                        raise refusing.lied(small, len(text))
        except httpx.TransportError as error:
            raise refusing.broken_off(small, 1) from error
        found = re.match(rb"\s*([0-9a-fA-F]{32,64})\b", text)
        if not found:
            raise refusing.answered(small, 200)
        return f"{kind}:{found[1].decode().lower()}"

    @contextmanager
    def _client(self) -> Iterator[httpx.Client]:
        import httpx

        from rencheng import __version__

        if self.make_client:
            with self.make_client() as client:
                yield client
            return
        headers = {"User-Agent": f"rencheng/{__version__}"}
        with httpx.Client(timeout=TIMEOUT_S, headers=headers) as client:
            yield client

    @contextmanager
    def _open(
        self, client: httpx.Client, method: str, item: Item, headers: dict[str, str]
    ) -> Iterator[httpx.Response]:
        """Send a request and follow it only to hosts that are allowed."""
        import httpx

        url = httpx.URL(item.url)
        allowed = {url.host, *item.hosts}
        for _ in range(MOST_REDIRECTS):
            request = client.build_request(
                method, url, headers={"Accept-Encoding": "identity", **headers}
            )
            try:
                answer = client.send(request, stream=True, follow_redirects=False)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                raise refusing.offline(item) from error
            except httpx.TransportError as error:
                raise _TryAgainError(refusing.broken_off(item, self.tries)) from error
            if answer.next_request is None:
                try:
                    yield answer
                finally:
                    answer.close()
                return
            answer.close()
            target = answer.next_request.url
            if target.host not in allowed or (url.scheme == "https" and target.scheme != "https"):
                raise refusing.sent_away(item, target.host)
            url = target
        raise refusing.sent_away(item, url.host)


class _TryAgainError(SourceUnavailableError):
    """Carries an error that another try may mend."""

    def __init__(self, error: SourceUnavailableError) -> None:
        super().__init__(error.key, error.problem, hint=error.hint, params=error.params)
        self.error = error


def _accept(item: Item, answer: httpx.Response) -> None:
    code = answer.status_code
    if code in (200, 206):
        return
    if code in (404, 410):
        raise refusing.absent(item)
    if code in (408, 429) or code >= 500:
        raise _TryAgainError(refusing.answered(item, code))
    raise refusing.answered(item, code)


def _length(answer: httpx.Response) -> int | None:
    said = answer.headers.get("Content-Length", "")
    return int(said) if said.isdigit() else None


def _mark(answer: httpx.Response) -> str:
    """Return what names this version: a strong ETag, else the date."""
    tag = str(answer.headers.get("ETag", ""))
    if tag and not tag.startswith("W/"):
        return tag
    return str(answer.headers.get("Last-Modified", ""))


def _starts_at(answer: httpx.Response, have: int) -> bool:
    said = re.match(r"bytes (\d+)-", answer.headers.get("Content-Range", ""))
    return bool(said) and int(said[1]) == have  # type: ignore[index]


def _save(
    item: Item, answer: httpx.Response, part: Path, have: int, size: int | None, job: Job
) -> int:
    """Write the body behind what is there; return how many bytes the file has."""
    most = size if size is not None else min(item.limit, item.size or item.limit)
    try:
        with part.open("r+b" if have else "wb") as stream:
            if have:
                stream.seek(have)
                stream.truncate()
            for chunk in answer.iter_raw():
                have += len(chunk)
                if have > most:
                    raise refusing.lied(item, most)
                stream.write(chunk)
                job.go_on(have / size if size else 0.0)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise refusing.full(item, (size or have) - have, 0) from error
        raise
    return have


def _settle(item: Item, file: Path, expected: str) -> None:
    """Check the finished part, give it its name, and write down what it is."""
    part = _beside(file, ".part")
    kind, _, wanted = expected.partition(":")
    if wanted:
        found = _digest(part, kind)
        if found != wanted:
            part.unlink()
            _beside(file, ".part.json").unlink(missing_ok=True)
            raise refusing.wrong_sum(item, wanted, found)
    record = {
        "url": item.url,
        "size": part.stat().st_size,
        "sha256": _digest(part, "sha256"),
        "published": expected,
        "licence": item.licence,
    }
    part.replace(file)
    _write_json(_beside(file, ".json"), record)
    _beside(file, ".part.json").unlink(missing_ok=True)


def _begun(file: Path, item: Item) -> Part | None:
    """Return what is known about a file that was begun and can be taken up."""
    try:
        record = json.loads(_beside(file, ".part.json").read_text(encoding="utf-8"))
        part = Part(record["url"], record["mark"], record["size"])
    except (OSError, ValueError, KeyError):
        return None
    return part if part.url == item.url and part.mark else None


def _write_part(file: Path, part: Part) -> None:
    record = {"url": part.url, "mark": part.mark, "size": part.size}
    _write_json(_beside(file, ".part.json"), record)


def _write_json(file: Path, record: Mapping[str, object]) -> None:
    fresh = _beside(file, ".new")
    fresh.write_text(json.dumps(record, ensure_ascii=False, indent=1), encoding="utf-8")
    fresh.replace(file)


def _beside(file: Path, suffix: str) -> Path:
    return file.with_name(file.name + suffix)


def _digest(file: Path, kind: str) -> str:
    digest = _SUMS[kind](usedforsecurity=False)
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
