"""A real server on a fresh state folder, and real browsers in front of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rencheng.domain.city import City

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def program() -> str:
    """Return the browser; skip loudly when there is none."""
    from serving import WEB, find_browser

    found = find_browser()
    if found is None:
        pytest.skip("BROWSER TESTS SKIPPED: no Chromium (as root: apt-get install chromium)")
    if not WEB.exists():
        pytest.skip("BROWSER TESTS SKIPPED: the front end is not built (python hatch_build.py)")
    return found


@pytest.fixture(scope="session")
def server(
    program: str, state: Path, city: City, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """Serve the real city from a fresh state folder; at the end its log shows no crash."""
    from serving import serving

    fresh = tmp_path_factory.mktemp("state")
    with serving(state, fresh) as served:
        yield served
    said = (fresh / "server.log").read_text(encoding="utf-8")
    assert "Traceback" not in said, said[-3000:]


@pytest.fixture(scope="session")
def browser(program: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright
    from serving import FLAGS

    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=program, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def visit(browser: Any, server: Any) -> Iterator[Callable[..., Any]]:
    """Sign people in, each in a browser of their own; at the end nobody's page has complained."""
    from person import Person, sign_in

    people: list[Person] = []

    def welcome(user: str = "duty", **how: Any) -> Person:
        people.append(sign_in(browser, server, user, **how))
        return people[-1]

    yield welcome
    for someone in people:
        someone.page.context.close()
    complaints = [f"{p.user}: {said}" for p in people for said in p.unexpected()]
    assert not complaints, "\n".join(complaints)
