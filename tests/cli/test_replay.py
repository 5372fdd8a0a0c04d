from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest

from rencheng.cli import main, replay

CLOCK = {
    "run": "r1", "now": "2015-09-16T22:24:33+00:00", "speed": 60.0, "is_over": False,
    "sim_start": "2015-09-16T22:24:33+00:00", "sim_end": "2015-09-16T22:25:33+00:00",
}  # fmt: skip
Answer = Callable[[httpx.Request], httpx.Response]


def serve(monkeypatch: pytest.MonkeyPatch, answer: Answer) -> list[httpx.Request]:
    """Answer the command's requests in place of a server, without waiting between them."""
    asked: list[httpx.Request] = []

    def take(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return answer(request)

    def client(url: str, token: str) -> httpx.Client:
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.Client(base_url=url, headers=headers, transport=httpx.MockTransport(take))

    monkeypatch.setattr(replay, "client_of", client)
    monkeypatch.setattr(replay, "sleep", lambda seconds: None)
    return asked


def test_starting_a_replay_watches_it_to_its_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    left = iter([False, False, True])

    def answer(request: httpx.Request) -> httpx.Response:
        is_over = request.method == "GET" and next(left)
        return httpx.Response(200, json={**CLOCK, "is_over": is_over})

    asked = serve(monkeypatch, answer)
    main(["replay", "illapel_2015", "--speed", "600", "--token", "t", "--lang", "en"])
    assert json.loads(asked[0].content) == {"scenario": "illapel_2015", "speed": 600.0}
    assert asked[0].headers["Authorization"] == "Bearer t"
    assert len(asked) == 4
    assert "The replay is over" in capsys.readouterr().out


def test_steering_sends_only_what_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = serve(monkeypatch, lambda request: httpx.Response(200, json=CLOCK))
    main(["replay", "steer", "--stop", "--token", "t"])
    assert json.loads(asked[0].content) == {"speed": None, "stop": True, "jump_to": None}


def test_a_refusal_is_said_in_the_readers_language(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    problem = {"problem": {"zh": "无权", "en": "Not allowed"}, "hint": {"zh": "问", "en": "Ask"}}
    serve(monkeypatch, lambda request: httpx.Response(403, json=problem))
    with pytest.raises(SystemExit) as ended:
        main(["replay", "illapel_2015", "--token", "t", "--lang", "zh"])
    assert ended.value.code == 1
    assert "无权" in capsys.readouterr().err


def test_a_server_that_is_not_there_is_said_to_be_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def down(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("down")

    serve(monkeypatch, down)
    with pytest.raises(SystemExit):
        main(["replay", "list", "--token", "t", "--lang", "en"])
    assert "does not answer" in capsys.readouterr().err
