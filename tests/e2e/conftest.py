"""A real server on a fresh state folder, and real browsers in front of it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from rencheng.domain.city import City

sys.path.insert(0, str(Path(__file__).parent))

FLAGS = [
    "--headless=new", "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--disable-quic",
]  # fmt: skip
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WEB = Path(__file__).resolve().parents[2] / "src/rencheng/web_dist/index.html"


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
    pytest.fail(f"no answer within {seconds} s: {log.read_text(encoding='utf-8')[-3000:]}")


@pytest.fixture(scope="session")
def program() -> str:
    """Return the browser; skip loudly when there is none."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("BROWSER TESTS SKIPPED: no Chromium (as root: apt-get install chromium)")
    if not WEB.exists():
        pytest.skip("BROWSER TESTS SKIPPED: the front end is not built (python hatch_build.py)")
    return found


@pytest.fixture(scope="session")
def server(
    program: str, state: Path, city: City, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """Serve the real city from a fresh state folder, with demo accounts."""
    from person import Server

    fresh = tmp_path_factory.mktemp("state")
    for folder in ("packages", "cities"):
        shutil.copytree(state / folder, fresh / folder)
    port, log = free_port(), fresh / "server.log"
    command = [
        sys.executable, "-m", "rencheng", "serve", "--city", "coquimbo", "--port", str(port),
        "--state", str(fresh), "--demo",
    ]  # fmt: skip
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=WEB.parents[3], stdout=out, stderr=subprocess.STDOUT,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for(url, process, log)
            yield Server(url, read_logins(fresh), fresh)
        finally:
            process.terminate()
            process.wait(timeout=30)
    said = log.read_text(encoding="utf-8")
    assert "Traceback" not in said, said[-3000:]


@pytest.fixture(scope="session")
def browser(program: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=program, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def visit(browser: Any, server: Any) -> Iterator[Callable[..., Any]]:
    """Sign people in, each in a browser of their own; at the end nobody's page has complained."""
    from person import Person

    people: list[Person] = []

    def sign_in(
        user: str = "duty", language: str = "zh-CN", width: int = 1440, height: int = 900,
        theme: str = "light",
    ) -> Person:  # fmt: skip
        context = browser.new_context(
            locale=language, viewport={"width": width, "height": height}, color_scheme=theme
        )
        context.set_default_timeout(90_000)
        page = context.new_page()
        someone = Person(page, server, user, [])
        people.append(someone)
        page.on("console", lambda m: someone.noise.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: someone.noise.append(f"page error: {error}"))
        page.on(
            "request", lambda r: None if stays(r.url) else someone.noise.append(f"out: {r.url}")
        )
        page.goto(server.url)
        if language != "zh-CN":
            page.get_by_role("button", name="English").click()
        page.locator("input[autocomplete=username]").fill(user)
        page.locator("input[autocomplete=current-password]").fill(server.logins[user])
        page.locator("form button[type=submit]").click()
        page.locator("nav").first.wait_for()
        someone.noise.clear()  # "am I signed in?" is answered 401 before signing in
        someone.settle()
        return someone

    def stays(url: str) -> bool:
        local = server.url.removeprefix("http:")
        return url.startswith((f"http:{local}", f"ws:{local}", "blob:", "data:"))

    yield sign_in
    for someone in people:
        someone.page.context.close()
    complaints = {p.user: p.unexpected() for p in people if p.unexpected()}
    assert not complaints, complaints
