"""The messages of all calls: bounded, found by Call-ID, without credentials."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.carrier.switch import Switch
from simcarrier.dashboard import recent
from simcarrier.dashboard.recent import RecentMessages
from simcarrier.scenario.load import loads
from simcarrier.sip.transport import Channel
from simcarrier.testing import ManualClock, Wire
from tests.dashboard.kit import Dashed
from tests.web.kit import SCENARIO

PEER = ("192.0.2.7", 5060)


@pytest.fixture(scope="module")
def channel() -> Channel:
    return Wire(ManualClock()).attach(Switch(loads(SCENARIO), now=0.0, wall=0.0).engine, "192.0.2.1")


def message(call_id: str, more: str = "", size: int = 0) -> bytes:
    return f"INVITE sip:+49@x SIP/2.0\r\nCall-ID: {call_id}\r\n{more}\r\n{'x' * size}".encode()


def kept(messages: RecentMessages) -> list[bytes]:
    return [noted[1] for batch in messages._kept for noted in batch.messages()]


def test_the_messages_of_a_call_as_its_caller_saw_them(channel: Channel) -> None:
    messages = RecentMessages()
    messages.came([(message("a"), PEER), (message("b"), PEER), (message("ab"), PEER)], channel, 1.0)
    messages.went([(channel, PEER, message("b")), (channel, PEER, message("a", size=3))], 1.5)
    messages.came([(message("a", "X: Call-ID: b\r\n"), PEER)], channel, 2.0)
    found = messages.of("a", 1000.0).messages
    assert [(each.at, each.sent) for each in found] == [(1001.0, True), (1001.5, False), (1002.0, True)]
    assert {each.local for each in found} == {PEER}
    assert [each.data for each in messages.of("b", 0.0).messages] == 2 * [message("b")]
    assert messages.of("none", 0.0).messages == []


def test_credentials_are_left_out(channel: Channel) -> None:
    messages = RecentMessages()
    secret = 'Proxy-Authorization: Digest username="bob", response="0123456789abcdef"\r\n'
    messages.came([(message("a", secret), PEER)], channel, 1.0)
    (found,) = messages.of("a", 0.0).messages
    assert b"0123456789abcdef" not in found.data
    assert b"Proxy-Authorization" in found.data


batches = st.lists(st.lists(st.integers(0, 400), min_size=1, max_size=8), max_size=60)


@given(batches, st.integers(8, 40), st.integers(4_000, 10_000))
def test_the_newest_are_kept_within_both_bounds(
    channel: Channel, sizes: list[list[int]], most: int, most_bytes: int
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(recent, "MOST_MESSAGES", most)
        patched.setattr(recent, "MOST_BYTES", most_bytes)
        messages, all_of_them = RecentMessages(), list[list[bytes]]()
        for number, batch in enumerate(sizes):
            data = [message(f"{number}.{at}", size=size) for at, size in enumerate(batch)]
            all_of_them.append(data)
            if number % 2:
                messages.came([(each, PEER) for each in data], channel, float(number))
            else:
                messages.went([(channel, PEER, each) for each in data], float(number))
        wanted = list[bytes]()
        for data in reversed(all_of_them):
            if len(wanted) + len(data) > most or sum(map(len, [*data, *wanted])) > most_bytes:
                break
            wanted = [*data, *wanted]
        assert kept(messages) == wanted


def test_a_carrier_shows_what_comes_and_what_goes() -> None:
    with Dashed() as carrier:
        assert carrier.dial("+498912345678")[-1] == 403
        (record,) = carrier.ask(lambda service: list(service.journal.recent))
        messages = carrier.ask(lambda service: carrier.running.messages)
        found = messages.of(record.call_id, 0.0).messages
        assert [(each.sent, each.what) for each in found][-2:] == [(False, "403 Forbidden"), (True, "ACK")]
        assert found[0].what == "INVITE"
