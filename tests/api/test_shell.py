"""The front end's files: served, never more than them, and said clearly when they are missing."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI

from api_kit import TestClient
from rencheng.api.problems import add_problem_handlers
from rencheng.api.shell import SecurityHeaders, add_front_end


def served(folder: Path) -> TestClient:
    app = FastAPI()
    app.add_middleware(SecurityHeaders)
    add_problem_handlers(app)
    add_front_end(app, folder)
    return TestClient(app)


@pytest.fixture
def built(tmp_path: Path) -> TestClient:
    web = tmp_path / "web_dist"
    (web / "assets").mkdir(parents=True)
    (web / "index.html").write_text("<title>console</title>")
    (web / "assets" / "app-1a2b.js").write_text("1")
    (tmp_path / "secret.txt").write_text("secret")
    return served(web)


@pytest.mark.parametrize("path", ["/", "/command", "/data/sensors/tide-1"])
def test_every_page_is_the_one_page(built: TestClient, path: str) -> None:
    answer = built.get(path)
    assert "console" in answer.text and answer.headers["cache-control"] == "no-cache"


def test_files_named_by_content_are_kept_for_ever(built: TestClient) -> None:
    assert "immutable" in built.get("/assets/app-1a2b.js").headers["cache-control"]


@pytest.mark.parametrize("path", ["/assets/old.js", "/api", "/api/v2/x", "/api/v1/nothing"])
def test_what_is_not_there_is_not_a_page(built: TestClient, path: str) -> None:
    answer = built.get(path)
    assert answer.status_code == 404 and answer.json()["problem"]["zh"]


@pytest.mark.parametrize(
    "path",
    ["/../secret.txt", "/..%2fsecret.txt", "/%2e%2e/secret.txt", "/assets/..%2f..%2fsecret.txt"],
)
def test_nothing_outside_the_folder_is_served(built: TestClient, path: str) -> None:
    assert "secret" not in built.get(path).text.replace("secret.txt", "")


@pytest.mark.parametrize("path", ["/%00", "/assets/%00", "/" + "x" * 3000])
def test_a_path_that_no_file_can_have_is_answered(built: TestClient, path: str) -> None:
    assert built.get(path).status_code in (200, 404)


def test_a_front_end_that_is_not_built_says_how_to_build_it(tmp_path: Path) -> None:
    answer = served(tmp_path / "nothing").get("/")
    assert answer.status_code == 503
    assert "前端尚未构建" in answer.text and "not built" in answer.text
