"""What a person does at the console, in a real browser."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Locator, Page, expect

ROOT = Path(__file__).resolve().parents[2]
SHOTS = ROOT / "test-results"
PAGES = ("situation", "warnings", "command", "recovery", "assessment", "risk", "data")
TABS = {
    "situation": (
        "",
        "?list=curves",
        "?list=alarms",
        "?list=alarms&group=rule",
        "?list=events",
        "?table=1",
    ),
    "warnings": ("",),
    "command": ("", "?tab=tasks", "?tab=teams", "?tab=log"),
    "recovery": ("", "?tab=repairs", "?tab=supplies", "?tab=reports"),
    "assessment": ("", "?tab=maturity", "?tab=curves", "?tab=alarms", "?tab=learning"),
    "risk": ("", "?tab=people", "?tab=zones", "?tab=buildings", "?tab=events", "?tab=basis"),
    "data": (
        "",
        "?tab=check",
        "?tab=sensors",
        "?tab=devices",
        "?tab=sources",
        "?tab=net",
        "?tab=scenes",
        "?tab=quality",
        "?tab=gaps",
        "?tab=import",
        "?tab=needs",
        "?tab=versions",
        "?tab=export",
    ),
}
"""Every page with each of its parts."""
READABLE = """() => {
  const language = document.documentElement.lang;
  const isOther = (one) => {
    const said = one.closest('[lang]');
    return said && said !== document.documentElement && said.lang !== language;
  };
  const found = [document.title];
  for (const one of document.querySelectorAll('body, body *')) {
    if (one.closest('script, style, code, canvas') || isOther(one)) continue;
    if (!one.checkVisibility({ visibilityProperty: true })) continue;
    for (const node of one.childNodes)
      if (node.nodeType === 3 && node.data.trim()) found.push(node.data.trim());
    for (const name of ['title', 'aria-label', 'placeholder', 'aria-valuetext'])
      if (one.getAttribute(name)) found.push(one.getAttribute(name));
  }
  return [...new Set(found)];
}"""
PATIENCE_MS = int(os.environ.get("E2E_PATIENCE_MS", "90000"))
"""The machine may be busy: conditions are waited for, never a fixed time."""
expect.set_options(timeout=PATIENCE_MS)


@dataclass(frozen=True)
class Server:
    """A running server and who may sign in."""

    url: str
    logins: dict[str, str]
    state: Path

    @contextmanager
    def client(self, user: str) -> Iterator[httpx.Client]:
        """Give a signed-in client of the API."""
        with httpx.Client(base_url=f"{self.url}/api/v1", timeout=120) as client:
            told = client.post("/session", json={"username": user, "password": self.logins[user]})
            told.raise_for_status()
            client.headers["X-CSRF-Token"] = told.json()["csrf"]
            yield client


@dataclass
class Person:
    """Somebody signed in, before a page of their own."""

    page: Page
    server: Server
    user: str
    noise: list[str]
    """What the page wrote to its console as an error, and requests that left the machine."""
    expected: list[str] = field(default_factory=list)
    """Patterns of noise that a test brings about on purpose."""

    def go(self, name: str) -> None:
        """Take the navigation to a page."""
        self.page.locator(f'nav a[href="/{name}"]').click()
        self.settle()

    def open(self, path: str) -> None:
        """Follow a link inside the console; nothing is loaded anew."""
        self.page.evaluate(
            "path => { history.pushState(null, '', path); dispatchEvent(new Event('popstate')); }",
            path,
        )
        self.settle()

    def settle(self) -> None:
        """Wait until nothing on the page says that it is being fetched or drawn."""
        busy = self.page.locator("main :is(.notice.loading, .hold[role=status])")
        expect(busy).to_have_count(0)

    def tab(self, name: str) -> None:
        """Choose a part of the page by the word on it."""
        self.page.get_by_role("tab", name=re.compile(f"^{re.escape(name)}")).click()
        self.settle()

    def test(self, name: str) -> Locator:
        """Return the part of the page that carries a name for tests."""
        return self.page.get_by_test_id(name)

    def press(self, word: str, within: Locator | None = None) -> None:
        """Press the button with exactly this word."""
        (within or self.page).get_by_role("button", name=word, exact=True).click()

    def confirm(self, confirm: str, *, word: str = "", reason: str = "") -> None:
        """Answer the question that is open: type the word, give the reason, and agree."""
        asked = self.asked()
        if reason:
            asked.locator("textarea").fill(reason)
        if word:
            asked.locator("input").fill(word)
        asked.get_by_role("button", name=confirm, exact=True).click()

    def asked(self) -> Locator:
        """Return the question that is open."""
        return self.page.locator("dialog[open]")

    def text(self) -> str:
        """Return everything that can be read on the page."""
        return str(self.page.locator("body").inner_text())

    def clock(self) -> datetime:
        """Return the time in the top bar."""
        shown = self.page.locator("header[data-mode] time").get_attribute("datetime")
        assert shown is not None
        return datetime.fromisoformat(shown)

    def readable(self) -> list[str]:
        """Return every piece of text that can be seen or heard, without code and quotations."""
        return list(self.page.evaluate(READABLE))

    def axe(self, *rules: str) -> list[str]:
        """Return serious and critical accessibility violations of the page as it stands."""
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(
                (ROOT / "web/node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")
            )
        found = self.page.evaluate(
            """async (rules) => JSON.stringify((await axe.run({
              resultTypes: ['violations'],
              ...(rules.length ? { runOnly: rules } : {}),
            })).violations)""",
            list(rules),
        )
        return [
            f"{v['id']} ({v['impact']}): {[n['target'] for n in v['nodes'][:4]]}"
            for v in json.loads(found)
            if v["impact"] in {"serious", "critical"}
        ]

    def colours(self) -> int:
        """Return how many colours a coarse look at the map finds."""
        return int(
            self.page.evaluate(
                """() => {
                  const map = document.querySelector('.map canvas');
                  const small = document.createElement('canvas');
                  small.width = 160; small.height = 120;
                  const pen = small.getContext('2d');
                  pen.drawImage(map, 0, 0, 160, 120);
                  const seen = new Set();
                  const bytes = pen.getImageData(0, 0, 160, 120).data;
                  for (let i = 0; i < bytes.length; i += 4)
                    seen.add((bytes[i] >> 3 << 16) | (bytes[i + 1] >> 3 << 8) | bytes[i + 2] >> 3);
                  return seen.size;
                }"""
            )
        )

    def overflow(self) -> list[str]:
        """Return what is wider than the window, so that the page would move sideways."""
        return list(
            self.page.evaluate(
                """() => {
                  const wide = document.documentElement.clientWidth;
                  if (document.documentElement.scrollWidth <= wide) {
                    const main = document.querySelector('main');
                    return main.scrollWidth > main.clientWidth
                      ? [`main ${main.scrollWidth} > ${main.clientWidth}`] : [];
                  }
                  return [...document.querySelectorAll('body *')]
                    .filter((one) => one.getBoundingClientRect().right > wide + 1)
                    .slice(0, 5)
                    .map((one) => `${one.tagName}.${one.className} ${one.innerText?.slice(0, 40)}`);
                }"""
            )
        )

    def unexpected(self) -> list[str]:
        """Return the noise that no test brought about on purpose."""
        return [n for n in self.noise if not any(re.search(p, n) for p in self.expected)]

    def shot(self, name: str) -> None:
        """Keep a picture for whoever wants to look."""
        SHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=str(SHOTS / f"{name}.png"))


def wait_until(person: Person, holds: Callable[[], bool], seconds: float = 120) -> None:
    """Look again and again until something holds; the page goes on meanwhile."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds} s\n{person.text()[:800]}"
        person.page.wait_for_timeout(200)


def sign_in(
    browser: Any,
    server: Server,
    user: str = "duty",
    *,
    language: str = "zh-CN",
    size: tuple[int, int] = (1440, 900),
    theme: str = "light",
    sharp: float = 1.0,
) -> Person:
    """Sign somebody in, in a browser of their own; `sharp` is the pixels per point."""
    context = browser.new_context(
        locale=language,
        viewport={"width": size[0], "height": size[1]},
        color_scheme=theme,
        device_scale_factor=sharp,
    )
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    someone = Person(page, server, user, [])
    local = server.url.removeprefix("http:")
    own = (f"http:{local}", f"ws:{local}", "blob:", "data:")
    tell = someone.noise.append
    page.on("console", lambda m: tell(f"{m.text} {m.location}") if m.type == "error" else None)
    page.on("pageerror", lambda error: tell(f"page error: {error}"))
    page.on("request", lambda r: None if r.url.startswith(own) else tell(f"out: {r.url}"))
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
