"""A real server on a fresh state folder, and a real browser in front of it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from rencheng.domain.city import City

ROOT = Path(__file__).resolve().parents[2]
SHOTS = ROOT / "test-results"
FLAGS = [
    "--headless=new", "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--disable-quic",
]  # fmt: skip
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Server:
    """A running server and who may sign in."""

    url: str
    logins: dict[str, str]
    state: Path


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


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text(encoding="utf-8")[-3000:]
        try:
            if httpx.get(f"{url}/api/v1/health", timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    pytest.fail(f"no answer within {seconds} s: {log.read_text(encoding='utf-8')[-3000:]}")


@pytest.fixture(scope="session")
def server(state: Path, city: City, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve the real city from a fresh state folder, with demo accounts."""
    built, state = state, tmp_path_factory.mktemp("state")
    for folder in ("packages", "cities"):
        shutil.copytree(built / folder, state / folder)
    port, log = free_port(), state / "server.log"
    command = [
        sys.executable, "-m", "rencheng", "serve", "--city", "coquimbo", "--port", str(port),
        "--state", str(state), "--demo",
    ]  # fmt: skip
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for(url, process, log)
            yield Server(url, read_logins(state), state)
        finally:
            process.terminate()
            process.wait(timeout=20)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    program = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip("BROWSER TESTS SKIPPED: no Chromium (as root: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=program, args=FLAGS)
        yield opened
        opened.close()


@dataclass
class Visit:
    """One person's browser."""

    page: Any
    server: Server
    noise: list[str]
    """What the page wrote to its console as an error, and requests that left the machine."""

    def axe(self) -> list[str]:
        """Return serious and critical accessibility violations of the page as it stands."""
        self.page.add_script_tag(path=str(ROOT / "web/node_modules/axe-core/axe.min.js"))
        found = json.loads(
            self.page.evaluate("async () => JSON.stringify((await axe.run()).violations)")
        )
        return [
            f"{v['id']} ({v['impact']}): {v['nodes'][0]['target']}"
            for v in found
            if v["impact"] in {"serious", "critical"}
        ]

    def shot(self, name: str) -> None:
        """Keep a picture for whoever wants to look."""
        SHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=str(SHOTS / f"{name}.png"))


@pytest.fixture
def visit(browser: Any, server: Server) -> Iterator[Callable[..., Visit]]:
    contexts: list[Any] = []

    def open_page(
        user: str = "duty", language: str = "zh-CN", width: int = 1440, height: int = 900
    ) -> Visit:
        context = browser.new_context(
            locale=language, viewport={"width": width, "height": height}, bypass_csp=True
        )
        contexts.append(context)
        page = context.new_page()
        noise: list[str] = []
        page.on("console", lambda m: noise.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: noise.append(str(error)))
        page.on(
            "request",
            lambda r: (
                None
                if r.url.startswith((server.url, "blob:", "data:", "ws://127.0.0.1"))
                else noise.append(f"left the machine: {r.url}")
            ),
        )
        page.goto(server.url)
        page.locator("input[autocomplete=username]").fill(user)
        page.locator("input[autocomplete=current-password]").fill(server.logins[user])
        page.locator("form button[type=submit]").click()
        page.locator("nav").first.wait_for()
        noise.clear()  # the question "am I signed in?" is answered 401 before signing in
        return Visit(page, server, noise)

    yield open_page
    for context in contexts:
        context.close()
