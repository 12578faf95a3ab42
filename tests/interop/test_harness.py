"""The harness itself: a call that goes otherwise than by its ladder is told, whatever is different."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .harness import Carrier, peer, running
from .ladder import ACK, INVITE, Ladder, Pause, got
from .sipp import Sipp

pytestmark = pytest.mark.interop

WRONG: dict[str, Ladder] = {
    "another code": [INVITE, got(404), ACK],
    "another phrase": [INVITE, got(503, "Service"), ACK],
    "a header that is missing": [INVITE, got(503, warning=".*"), ACK],
    "a header with another value": [INVITE, got(503, retry_after="30.*"), ACK],
    "a header that should not be there": [INVITE, got(503, retry_after=None), ACK],
    "a body that is missing": [INVITE, got(503, sdp=True), ACK],
    "a response to another request": [INVITE, got(503, to="BYE"), ACK],
    "a response that is missing": [INVITE, got(100), got(503), ACK],
    "a response too many": [INVITE, Pause(0.3)],
}


@pytest.fixture(scope="module")
def overloaded() -> Iterator[Carrier]:
    with running("overload-503-retry-after") as made:
        yield made


@pytest.mark.parametrize("ladder", WRONG.values(), ids=WRONG)
def test_a_wrong_ladder_is_told(ladder: Ladder, overloaded: Carrier, sipp: Sipp) -> None:
    with pytest.raises(AssertionError, match="SIPp ended with 1"):
        sipp.call(ladder, overloaded.address)


def test_the_right_ladder_is_not(overloaded: Carrier, sipp: Sipp) -> None:
    sipp.call([INVITE, got(503, "Service Unavailable", retry_after="10 .*", sdp=False), ACK], overloaded.address)


def test_a_provisional_too_many_is_told(carrier: Callable[..., Carrier], sipp: Sipp) -> None:
    called = carrier("unavailable-503")
    with pytest.raises(AssertionError, match="SIPp ended with 1"):
        sipp.call([INVITE, got(503), ACK], called.address)


def test_a_carrier_that_ends_badly_is_told(tmp_path: Path) -> None:
    file = tmp_path / "scenario.yaml"
    file.write_text("calls: [{respond: 403}]\nexpect: [{calls: {}, at_least: 1}]\nname: Nobody calls\n")
    carrier = Carrier(file).listening()
    try:
        with pytest.raises(AssertionError, match="exit status 1"):
            carrier.stop()
    finally:
        carrier.kill()


def test_a_missing_peer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no-such-peer is not installed"):
        peer("no-such-peer")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no-such-peer is not installed"):
        peer("no-such-peer")
