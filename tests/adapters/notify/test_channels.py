"""What every channel promises, and how the webhook signs."""

from __future__ import annotations

import importlib
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from ops_kit import T0, Clock
from rencheng.adapters.notify import Manifest, manifests
from rencheng.adapters.notify.console.channel import ConsoleChannel
from rencheng.adapters.notify.webhook.channel import Target, WebhookChannel, signature
from rencheng.domain.errors import ConflictError, InvalidInputError, SourceUnavailableError
from rencheng.domain.provenance import Mode
from rencheng.service.ports import Delivery

ALERT = Delivery(
    id="d1", alert="a1", channel="webhook", subscriber="radio", seq=7, mode=Mode.LIVE,
    expires=T0 + timedelta(hours=1), payload="<alert>海啸</alert>", state="queued", attempts=1,
    next_try=T0, at=None, reason="", run="live",
)  # fmt: skip
TARGETS = {"radio": Target(url="https://radio.example/cap", secret="s3cret")}


def webhook(answer: httpx.Response | Exception, heard: list[httpx.Request] | None = None):
    def handle(request: httpx.Request) -> httpx.Response:
        if heard is not None:
            heard.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return WebhookChannel(TARGETS, Clock(), transport=httpx.MockTransport(handle))


@pytest.mark.parametrize("manifest", manifests().values(), ids=lambda one: one.name)
def test_every_channel_is_what_its_manifest_says(manifest: Manifest) -> None:
    module = importlib.import_module(f"rencheng.adapters.notify.{manifest.name}.channel")
    channel = getattr(module, manifest.channel)
    assert (channel.name, channel.is_live) == (manifest.name, manifest.is_live)
    assert manifest.title_zh
    assert manifest.title_en
    assert callable(channel.send)


def test_the_console_shows_drills_and_has_nothing_to_carry() -> None:
    ConsoleChannel().send(replace(ALERT, mode=Mode.DRILL))
    with pytest.raises(InvalidInputError):
        ConsoleChannel().send(replace(ALERT, payload=""))


def test_the_receiver_can_check_who_sent_what_and_what_it_missed() -> None:
    heard: list[httpx.Request] = []
    webhook(httpx.Response(204), heard).send(ALERT)
    (request,) = heard
    body = request.read()
    assert body.decode() == ALERT.payload
    assert (request.method, request.headers["X-Rencheng-Sequence"]) == ("POST", "7")
    stamp = request.headers["X-Rencheng-Timestamp"]
    assert request.headers["X-Rencheng-Signature"] == signature("s3cret", stamp, 7, body)
    assert signature("other", stamp, 7, body) != signature("s3cret", stamp, 7, body)


@pytest.mark.parametrize("mode", [Mode.DRILL, Mode.TEST, Mode.REPLAY])
def test_the_webhook_itself_refuses_what_is_not_live(mode: Mode) -> None:
    heard: list[httpx.Request] = []
    with pytest.raises(ConflictError):
        webhook(httpx.Response(204), heard).send(replace(ALERT, mode=mode))
    assert heard == []


def test_the_webhook_itself_looks_at_the_expiry() -> None:
    heard: list[httpx.Request] = []
    with pytest.raises(ConflictError):
        webhook(httpx.Response(204), heard).send(replace(ALERT, expires=T0))
    assert heard == []


@pytest.mark.parametrize(
    "answer", [httpx.Response(500), httpx.Response(302), httpx.ConnectTimeout("slow")]
)
def test_what_the_other_side_did_not_take_is_to_be_tried_again(
    answer: httpx.Response | Exception,
) -> None:
    with pytest.raises(SourceUnavailableError):
        webhook(answer).send(ALERT)


def test_a_subscriber_without_an_address_is_named_and_secrets_are_not_printed() -> None:
    with pytest.raises(InvalidInputError):
        webhook(httpx.Response(204)).send(replace(ALERT, subscriber="nobody"))
    assert "s3cret" not in repr(TARGETS)


def test_an_alarm_is_handed_over_as_json_and_no_receiver_takes_it_for_a_warning() -> None:
    heard: list[httpx.Request] = []
    webhook(httpx.Response(204), heard).send(replace(ALERT, about="alarm", payload="{}"))
    assert heard[0].headers["Content-Type"] == "application/json"
    webhook(httpx.Response(204), heard).send(ALERT)
    assert heard[1].headers["Content-Type"].startswith("application/cap+xml")
