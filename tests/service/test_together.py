"""Small batches of several senders as one: each gets its own answer, nobody waits for nobody."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Thread
from typing import Any

import numpy as np

from ops_kit import DEVICE, T0, Kit
from rencheng.domain.errors import SourceUnavailableError
from rencheng.domain.readings import to_us
from rencheng.service.intake import ACCEPTED, DUPLICATE, Columns, refusal, take_in
from rencheng.service.together import Together

NOW = to_us(T0)


def together(*brought: int, do: Any) -> list[Any]:
    """Bring numbers while one is being done, so that they go together; return what each gets."""
    place: Together[int, int] = Together()
    is_begun, may_end = Event(), Event()

    def first(items: list[int]) -> list[int]:
        is_begun.set()
        may_end.wait()
        return items

    with ThreadPoolExecutor(len(brought) + 1) as pool:
        pool.submit(place.done, 0, first)
        is_begun.wait()
        others = [pool.submit(place.done, one, do) for one in brought]
        while len(place._waiting) < len(brought):
            may_end.wait(0.001)
        may_end.set()
        return [one.exception() or one.result() for one in others]


def test_who_comes_meanwhile_goes_together_and_gets_his_own_answer() -> None:
    groups: list[int] = []

    def doubled(items: list[int]) -> list[int]:
        groups.append(len(items))
        return [2 * one for one in items]

    assert together(1, 2, 3, do=doubled) == [2, 4, 6]
    assert groups == [3]


def test_what_the_disk_refuses_is_refused_to_everybody() -> None:
    def full(_: list[int]) -> list[int]:
        raise SourceUnavailableError("history.disk", "full", hint="Wait")

    assert {type(one) for one in together(1, 2, do=full)} == {SourceUnavailableError}


def test_after_an_error_of_ours_the_others_try_by_themselves() -> None:
    def picky(items: list[int]) -> list[int]:
        if len(items) > 1:
            raise ZeroDivisionError
        return items

    told = together(1, 2, do=picky)
    assert sum(isinstance(one, ZeroDivisionError) for one in told) == 1
    assert [one for one in told if isinstance(one, int)] in ([1], [2])


def test_a_bad_row_among_many_senders_is_answered_to_its_own_alone(kit: Kit) -> None:
    ready = Barrier(8)
    told: dict[int, list[int]] = {}

    def send(n: int) -> None:
        value = np.array([np.nan if n == 3 else float(n), 50.0])
        at = np.array([NOW - 1_000_000 * n, NOW - 900_000_000])
        ident = np.array([n, 99], dtype=np.uint64)  # the second row is the same of all of them
        sent = Columns(stream=np.zeros(2, np.int32), at=at, value=value, ident=ident)
        ready.wait()
        told[n] = take_in(kit.house, kit.order(DEVICE), sent).codes.tolist()

    threads = [Thread(target=send, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told[3][0] == refusal("not_a_number")
    assert all(told[n][0] < DUPLICATE for n in range(8) if n != 3)
    assert [one[1] for one in told.values()].count(DUPLICATE) == 7
    assert sum(n for n, _ in kit.see(lambda w: w.observations.counts("live")).values()) == 8


def test_a_key_of_certain_streams_writes_no_others_among_many(kit: Kit) -> None:
    sent = Columns(
        stream=np.array([0, -1], np.int32), at=np.full(2, NOW), value=np.ones(2),
        ident=np.arange(2, dtype=np.uint64),
    )  # fmt: skip
    taken = take_in(kit.house, kit.order(DEVICE), sent, datastreams=["another"])
    assert taken.codes.tolist() == [refusal("not_allowed"), refusal("unknown_datastream")]
    assert take_in(kit.house, kit.order(DEVICE), sent).codes[0] in (ACCEPTED, ACCEPTED + 1)


def test_one_alone_waits_for_nobody() -> None:
    place: Together[int, int] = Together()
    assert place.done(1, lambda items: items) == 1
