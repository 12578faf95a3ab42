"""The ``run`` command with SIPp as its dialler: what ends a run, how calls end with it, and its exit status."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .harness import Carrier, wait_until
from .ladder import ACK, BYE, INVITE, Asked, Ladder, Pause, got
from .sipp import Sipp

pytestmark = pytest.mark.interop

Start = Callable[..., Carrier]

UP = got(200, "OK", sdp=True)
REFUSED: Ladder = [INVITE, got(100), got(403), ACK]
RINGING: Ladder = [INVITE, got(100), got(180)]


@pytest.fixture
def alone(tmp_path: Path) -> Path:
    """A scenario in which phones ring for ever, or are answered at once, or the call is refused."""
    file = tmp_path / "scenario.yaml"
    file.write_text(
        "name: Three ways\n"
        "calls:\n"
        "  - {name: rings, to: '1', steps: [trying, ringing, {wait: 60s}, answer]}\n"
        "  - {name: up, to: '2', steps: [answer]}\n"
        "  - {name: refused, respond: 403}\n"
        "expect:\n"
        "  - {calls: {rule: refused}, at_most: 1}\n"
    )
    return file


@pytest.fixture
def ended() -> Iterator[Start]:
    """Starts carriers that end by themselves, with any exit status: it is what is tested."""
    made: list[Carrier] = []

    def start(*arguments: object, **options: object) -> Carrier:
        made.append(Carrier(*arguments, **options))  # type: ignore[arg-type]  # passed on as they are
        return made[-1]

    try:
        yield start
    finally:
        for each in made:
            each.kill()


@pytest.mark.parametrize(
    ("ladder", "status", "failures"),
    [
        (REFUSED, 0, []),
        ([INVITE, got(100), got(404), ACK], 1, ["the dialler ended with status 1"]),
    ],
    ids=["dialler content", "dialler not content"],
)
def test_exec(ladder: Ladder, status: int, failures: list[str], ended: Start, sipp: Sipp) -> None:
    command = sipp.shell_command(ladder, caller="+15551234567", calls=3)
    carrier = ended("germany-403", "--exec", command)
    assert carrier.wait() == status, carrier.errors
    assert carrier.summary["codes"] == {"403": 3}
    assert carrier.summary["failures"] == failures


@pytest.mark.parametrize(
    ("listen", "uri"),
    [("udp:127.0.0.1:0", "sip:$SIMCARRIER_ADDRESS"), ("tcp:[::1]:0", "sip:$SIMCARRIER_ADDRESS;transport=tcp")],
    ids=["udp", "tcp on ipv6"],
)
def test_exec_tells_the_dialler_whom_to_call(listen: str, uri: str, ended: Start) -> None:
    carrier = ended("germany-403", "--exec", f'[ "$SIMCARRIER_URI" = "{uri}" ] && exit 7', listen=[listen])
    assert carrier.wait() == 1
    assert carrier.summary["failures"] == ["the dialler ended with status 7"]


def test_an_expectation_fails_the_run(alone: Path, ended: Start, sipp: Sipp) -> None:
    carrier = ended(alone, "--exec", sipp.shell_command([INVITE, got(403), ACK], calls=2))
    assert carrier.wait() == 1
    assert carrier.errors == ""
    assert carrier.summary["failures"] == [f"{alone}:7:5: calls: wanted at most 1 call by rule refused, got 2"]


def test_a_number_of_calls(carrier: Start, sipp: Sipp) -> None:
    called = carrier("unavailable-503", "--calls", "3")
    sipp.call([INVITE, got(100), got(503), ACK], called.address, calls=3)
    assert called.wait() == 0
    assert called.summary["calls"] == 3


def test_a_time(carrier: Start, sipp: Sipp) -> None:
    called = carrier("lines-full-603", "--for", "1500ms")
    ladder: Ladder = [*RINGING, UP, ACK, Asked("BYE")]
    dialler = sipp.start(ladder, called.address)
    assert called.wait() == 0
    dialler.finished()
    assert called.calls[0]["ending"] == "hung_up_by_us"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_signal_ends_calls_in_order(number: signal.Signals, alone: Path, carrier: Start, sipp: Sipp) -> None:
    called = carrier(alone)
    up = sipp.start([INVITE, UP, ACK, Asked("BYE")], called.address, to="2", calls=3)
    ringing = sipp.start([*RINGING, got(487, "Request Terminated"), ACK], called.address, to="1", calls=3)
    up.wait_for("ACK sip:", times=3)
    ringing.wait_for("SIP/2.0 180 Ringing", times=3)
    called.signal(number)
    assert called.wait() == 0
    up.finished()
    ringing.finished()
    assert sorted((call["code"], call["ending"]) for call in called.calls) == [
        *[(200, "hung_up_by_us")] * 3,
        *[(487, "refused")] * 3,
    ]
    assert called.summary["codes"] == {"200": 3, "487": 3}


def test_a_signal_ends_the_dialler_too(alone: Path, carrier: Start, sipp: Sipp, tmp_path: Path) -> None:
    messages = tmp_path / "messages"
    ladder: Ladder = [INVITE, UP, ACK, Pause(8), BYE, got(200)]
    dialler = sipp.shell_command(ladder, "-trace_msg", "-message_file", str(messages), to="2")
    called = carrier(alone, "--exec", f"echo $$ > {tmp_path}/pid; exec {dialler}")
    wait_until(lambda: messages.exists() and "ACK sip:" in messages.read_text(), "the call to be up")
    called.signal(signal.SIGINT)
    assert called.wait() == 0
    assert called.calls[0]["ending"] == "hung_up_by_us"
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_an_address_that_is_taken(transport: str, alone: Path, carrier: Start, ended: Start) -> None:
    taken = carrier(alone, listen=[f"{transport}:127.0.0.1:0"])
    second = ended(alone, listen=[f"{transport}:{taken.address}"])
    assert second.wait() == 3
    assert taken.address in second.errors
    assert second.events == []
