"""Jobs in the background go on, whatever becomes of one of them."""

from __future__ import annotations

import logging
from threading import Event

import pytest

from rencheng.bootstrap.rounds import go_round
from rencheng.domain.errors import SourceUnavailableError


@pytest.mark.parametrize(
    ("error", "level"),
    [
        (SourceUnavailableError("store.busy", "held", hint="wait"), logging.WARNING),
        (ZeroDivisionError("unforeseen"), logging.ERROR),
    ],
)
def test_a_job_that_fails_holds_up_no_other_and_is_tried_again(
    caplog: pytest.LogCaptureFixture, error: Exception, level: int
) -> None:
    stop, done = Event(), list[str]()

    def broken() -> None:
        done.append("broken")
        raise error

    def whole() -> None:
        done.append("whole")
        if len(done) == 4:
            stop.set()

    with caplog.at_level(logging.WARNING, "rencheng"):
        go_round("delivery", (broken, whole), stop, 0.0)
    assert done == ["broken", "whole"] * 2
    assert [one.levelno for one in caplog.records] == [level] * 2
