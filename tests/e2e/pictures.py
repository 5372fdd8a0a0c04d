"""Take the pictures of README and tutorial from the running program.

    python tests/e2e/pictures.py            all, into docs/images
    python tests/e2e/pictures.py command    some

The city must have been built once (`make city` or the tests do it). Pictures carry at most 256
colours, so that each stays under 300 kB.
"""

from __future__ import annotations

import base64
import struct
import sys
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from person import ROOT, Person, Server, expect, sign_in, wait_until
from playing import DAY3, decide, jump, play, start, wait_for_turn
from serving import FLAGS, find_browser, serving

IMAGES = ROOT / "docs/images"
BUILT = (ROOT / ".cache/test-state", ROOT / ".state")
PALETTE = 256
RAW = """async (data) => {
  const image = await createImageBitmap(await (await fetch(data)).blob());
  const canvas = new OffscreenCanvas(image.width, image.height);
  const pen = canvas.getContext('2d');
  pen.drawImage(image, 0, 0);
  const bytes = pen.getImageData(0, 0, image.width, image.height).data;
  let text = '';
  for (let i = 0; i < bytes.length; i += 32768)
    text += String.fromCharCode(...bytes.subarray(i, i + 32768));
  return [image.width, image.height, btoa(text)];
}"""


def pixels(browser: Any, png: bytes) -> np.ndarray:
    """Return the pixels of a PNG, decoded by the browser. (height, width, 3)"""
    page = browser.new_page()
    page.goto("about:blank")
    wide, high, text = page.evaluate(RAW, "data:image/png;base64," + base64.b64encode(png).decode())
    page.close()
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(high, wide, 4)[:, :, :3]


def quantised(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (rows of palette indices, palette): the commonest colours, others by their nearest."""
    bits = image.astype(np.int64) >> 2
    keys = (bits[..., 0] << 12) | (bits[..., 1] << 6) | bits[..., 2]
    found, inverse, counts = np.unique(keys.ravel(), return_inverse=True, return_counts=True)
    sums = np.stack([np.bincount(inverse, image[..., c].ravel()) for c in range(3)], axis=1)
    colours = sums / counts[:, None]
    chosen = np.argsort(-counts)[:PALETTE]
    gaps = ((colours[:, None, :] - colours[None, chosen, :]) ** 2).sum(axis=2)
    nearest = gaps.argmin(axis=1)
    rows = nearest[inverse].reshape(keys.shape).astype(np.uint8)
    return rows, np.round(colours[chosen]).astype(np.uint8)


def encoded(rows: np.ndarray, palette: np.ndarray) -> bytes:
    """Return a PNG with a palette. Source: PNG specification, third edition, sections 5 and 11."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    high, wide = rows.shape
    lines = np.hstack([np.zeros((high, 1), np.uint8), rows]).tobytes()
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", wide, high, 8, 3, 0, 0, 0))
        + chunk(b"PLTE", palette.tobytes())
        + chunk(b"IDAT", zlib.compress(lines, 9))
        + chunk(b"IEND", b"")
    )


def keep(browser: Any, person: Person, name: str) -> None:
    """Take the picture that is on the screen now."""
    png = encoded(*quantised(pixels(browser, person.page.screenshot())))
    IMAGES.mkdir(parents=True, exist_ok=True)
    (IMAGES / f"{name}.png").write_bytes(png)
    sys.stdout.write(f"{name}.png {len(png) // 1000} kB\n")
    person.page.context.close()


def situation(browser: Any, server: Server, language: str) -> None:
    person = sign_in(browser, server, language=language, size=(1360, 850))
    wait_until(person, lambda: person.colours() > 12)
    expect(person.page.locator(".overview .figure").nth(8)).to_be_visible()
    keep(browser, person, f"situation.{language}")


def command(browser: Any, server: Server) -> None:
    person = sign_in(browser, server, "chief", size=(1360, 850))
    person.go("command")
    expect(person.page.locator('[data-kind="evacuation"]').first).to_be_visible()
    keep(browser, person, "command")


def warnings(browser: Any, server: Server) -> None:
    person = sign_in(browser, server, "chief", size=(1360, 850))
    person.go("warnings")
    person.page.get_by_role("region", name="预警").locator("tbody tr").first.click()
    expect(person.test("alert")).to_be_visible()
    keep(browser, person, "warnings")


def recovery(browser: Any, server: Server) -> None:
    person = sign_in(browser, server, size=(1360, 850))
    person.go("recovery")
    expect(person.page.locator("section[data-service] canvas").nth(3)).to_be_visible()
    keep(browser, person, "recovery")


def assessment(browser: Any, server: Server) -> None:
    person = sign_in(browser, server, "planner", size=(1360, 850))
    person.go("assessment")
    expect(person.test("matrix").locator("button").nth(11)).to_be_visible()
    keep(browser, person, "assessment")


def phone(browser: Any, server: Server) -> None:
    person = sign_in(browser, server, "power", size=(390, 844))
    person.go("command")
    expect(person.page.locator("article").first).to_be_visible()
    keep(browser, person, "phone")


EARLY: dict[str, Callable[..., None]] = {
    "situation.zh-CN": lambda b, s: situation(b, s, "zh-CN"),
    "situation.en": lambda b, s: situation(b, s, "en"),
    "command": command,
}
"""Before anything is decided."""
DECIDED: dict[str, Callable[..., None]] = {"warnings": warnings, "phone": phone}
LATE: dict[str, Callable[..., None]] = {"recovery": recovery, "assessment": assessment}


def take(wanted: list[str], browser: Any, server: Server) -> None:
    """Play the event; stop three times for pictures."""

    def some(pictures: dict[str, Callable[..., None]]) -> None:
        for name, picture in pictures.items():
            if not wanted or name in wanted:
                picture(browser, server)

    with server.client("duty") as duty:
        start(server)
        wait_for_turn(duty)
        some(EARLY)
        decide(server)
        wait_for_turn(duty)
        some(DECIDED)
        if not wanted or set(wanted) & set(LATE):
            jump(server, DAY3)
            play(server)
            some(LATE)


def main() -> None:
    """Serve, play, take pictures."""
    from playwright.sync_api import sync_playwright

    program = find_browser()
    built = next((folder for folder in BUILT if (folder / "cities").exists()), None)
    if program is None or built is None:
        sys.exit("needs Chromium and a built city: run `make browser city` first")
    with (
        tempfile.TemporaryDirectory() as fresh,
        serving(built, Path(fresh)) as server,
        sync_playwright() as tool,
    ):
        browser = tool.chromium.launch(executable_path=program, args=FLAGS)
        take(sys.argv[1:], browser, server)
        browser.close()


if __name__ == "__main__":
    main()
