"""Published messages are taken apart as they come, in whatever pieces."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rencheng.connectors.mqtt.line import Buffered, Published


def published(topic: bytes, body: bytes, number: int, flags: int) -> bytes:
    """Return a packet of MQTT 3.1.1 (3.3)."""
    content = len(topic).to_bytes(2, "big") + topic
    content += (number.to_bytes(2, "big") if flags & 6 else b"") + body
    size, head = len(content), bytes([0x30 | flags])
    while True:
        size, rest = divmod(size, 128)
        head += bytes([rest | (128 if size else 0)])
        if not size:
            return head + content


class Pieces:
    """A network that hands out what it is told to, piece by piece."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces, self.sent = list(pieces), b""
        self.room = 10**9

    def recv(self, most: int) -> bytes:
        if not self.pieces:
            raise BlockingIOError
        return self.pieces.pop(0)

    def send(self, part: bytes) -> int:
        if not self.room:
            raise BlockingIOError
        taken = part[: self.room]
        self.room -= len(taken)
        self.sent += taken
        return len(taken)

    def close(self) -> None:
        self.pieces = []


def heard(line: Buffered, rounds: int) -> Iterator[Published]:
    for _ in range(rounds):
        line.read()
        while (place := line.packet()) is not None:
            found = line.published(*place)
            assert found is not None
            yield found


messages = st.lists(
    st.tuples(
        st.binary(max_size=40),
        st.binary(max_size=200) | st.just(b"x" * 20_000),
        st.integers(1, 65_535),
        st.sampled_from([0, 1, 2, 3, 10, 11]),
    ),
    max_size=8,
)


@given(messages, st.lists(st.integers(0, 25_000), max_size=6))
def test_messages_come_whole_however_they_are_cut(
    said: list[tuple[bytes, bytes, int, int]], cuts: list[int]
) -> None:
    raw = b"".join(published(*one) for one in said)
    edges = [0, *sorted(min(cut, len(raw)) for cut in cuts), len(raw)]
    pieces = [raw[a:b] for a, b in zip(edges, edges[1:], strict=False) if a < b]
    found = list(heard(Buffered(Pieces(*pieces)), len(pieces)))
    assert found == [
        Published(topic, body, number if flags & 6 else 0, flags >> 1 & 3, bool(flags & 8),
                  bool(flags & 1))
        for topic, body, number, flags in said
    ]  # fmt: skip


def test_other_packets_are_left_to_the_client() -> None:
    line = Buffered(Pieces(b"\xd0\x00"))
    line.read()
    place = line.packet()
    assert place is not None and line.published(*place) is None
    assert (line.recv(1), line.recv(1)) == (b"\xd0", b"\x00")
    with pytest.raises(BlockingIOError):
        line.recv(1)


def test_what_is_not_mqtt_ends_the_connection() -> None:
    line = Buffered(Pieces(b"\x30\xff\xff\xff\xff\xff"))
    line.read()
    assert line.packet() is None and line.is_over


def test_who_hangs_up_is_noticed_after_the_last_message() -> None:
    line = Buffered(Pieces(published(b"t", b"1", 1, 2), b""))
    assert len(list(heard(line, 2))) == 1
    assert line.is_over and line.recv(1) == b""


def test_what_the_network_does_not_take_now_goes_out_later() -> None:
    there = Pieces()
    line = Buffered(there)
    there.room = 3
    line.send(b"abcdef")
    line.send(b"gh")
    there.room = 100
    assert there.sent == b"abc" and line.pending() == 0 and there.sent == b"abcdefgh"


def test_a_connection_that_broke_is_told_to_who_reads() -> None:
    ours, theirs = socket.socketpair()
    line = Buffered(ours)
    theirs.close()
    for _ in range(3):
        line.send(b"x" * 1000)
    line.read()
    assert line.is_over and line.recv(1) == b""
    line.close()
