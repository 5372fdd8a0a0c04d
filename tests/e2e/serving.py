"""Start the real server on a fresh state folder, for tests and for pictures."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from person import ROOT, Server

FLAGS = [
    "--headless=new", "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--disable-quic",
]  # fmt: skip
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WEB = ROOT / "src/rencheng/web_dist/index.html"


def find_browser() -> str | None:
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


@contextmanager
def serving(built: Path, fresh: Path) -> Iterator[Server]:
    """Serve the city that is built in one state folder from another one, with demo accounts."""
    for folder in ("packages", "cities"):
        shutil.copytree(built / folder, fresh / folder)
    port, log = free_port(), fresh / "server.log"
    command = [
        sys.executable, "-m", "rencheng", "serve", "--city", "coquimbo", "--port", str(port),
        "--state", str(fresh), "--demo",
    ]  # fmt: skip
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for(url, process, log)
            yield Server(url, read_logins(fresh), fresh)
        finally:
            process.terminate()
            process.wait(timeout=30)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def read_logins(state: Path) -> dict[str, str]:
    """Return user name → password from the file that only the owner may read."""
    file = state / "demo-logins.txt"
    assert file.stat().st_mode & 0o077 == 0
    pairs = [line.split() for line in file.read_text(encoding="utf-8").splitlines()]
    return {p[0]: p[1] for p in pairs if len(p) >= 2 and not p[0].startswith("#")}


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path, seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text(encoding="utf-8")[-3000:]
        try:
            if httpx.get(f"{url}/api/v1/health", timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise AssertionError(f"no answer within {seconds} s: {log.read_text(encoding='utf-8')[-3000:]}")
