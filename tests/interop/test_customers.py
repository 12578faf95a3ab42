"""SIPp registers, calls with a password, lets its registration lapse; and talks until a prepaid account is empty."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .harness import Carrier, peer
from .ladder import ACK, INVITE, SDP, Asked, Ladder, got
from .sipp import Dialler, Sipp

pytestmark = pytest.mark.interop

PASSWORD = "[authentication username=gateway password=secret]"
COMMON = """\
From: <sip:gateway@[local_ip]:[local_port]>;tag=[pid]-[call_number]
To: <sip:%s@[remote_ip]:[remote_port]>%s
Call-ID: [call_id]
CSeq: %d %s
Max-Forwards: 70
Contact: <sip:gateway@[local_ip]:[local_port]>
"""


class Script:
    """A SIPp scenario with credentials, which the ladders of the other tests do not have."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.cseq = 0

    def send(
        self, method: str, *more: str, tag: str = "", branch: str = "", body: str = "", user: str = "+4915112345678"
    ) -> None:
        if method not in ("ACK", "CANCEL"):
            self.cseq += 1
        branch = branch or f"{method.lower()}{self.cseq}"
        uri = "sip:[remote_ip]:[remote_port]" if method == "REGISTER" else f"sip:{user}@[remote_ip]:[remote_port]"
        head = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/[transport] [local_ip]:[local_port];rport;branch=z9hG4bK-[pid]-[call_number]-{branch}",
            COMMON.rstrip("\n") % ("gateway" if method == "REGISTER" else user, tag, self.cseq, method),
            *more,
        ]
        if body:
            head.append("Content-Type: application/sdp")
        text = "\n".join([*head, "Content-Length: [len]"]) + "\n\n" + body
        retrans = "" if method == "ACK" else ' retrans="500"'
        self.lines.append(f"<send{retrans}><![CDATA[\n{text}\n]]></send>")

    def receive(self, status: int, *, asks: bool = False, pattern: str = "", header: str = "") -> None:
        asking = ' auth="true"' if asks else ""
        action = ""
        if pattern:
            check = f'regexp="{pattern}" search_in="hdr" header="{header}:" check_it="true" assign_to="seen"'
            action = f"<action><ereg {check}/></action>"
        self.lines.append(f'<recv response="{status}"{asking}>{action}</recv>')

    def register(self, expires: int, *, granted: int, most: int) -> None:
        """REGISTER, the challenge, and REGISTER with the password."""
        self.send("REGISTER", f"Expires: {expires}")
        self.receive(401, asks=True)
        self.send("REGISTER", PASSWORD, f"Expires: {expires}")
        if granted == 200:
            self.receive(200, pattern=f"expires={most}", header="Contact")
        else:
            self.receive(granted)

    def invite(self, *statuses: int, password: str = PASSWORD) -> None:
        """INVITE, the challenge, and INVITE with the password, up to its final response and the ACK."""
        body = SDP.format(version=1)
        self.send("INVITE", body=body)
        self.receive(407, asks=True)
        self.send("ACK", tag="[peer_tag_param]", branch=f"invite{self.cseq}")
        self.send("INVITE", password, body=body)
        for status in statuses:
            self.receive(status)
        refused = statuses[-1] >= 300
        self.send("ACK", tag="[peer_tag_param]", branch=f"invite{self.cseq}" if refused else "")

    def hang_up(self) -> None:
        self.send("BYE", tag="[peer_tag_param]")
        self.receive(200)

    def pause(self, milliseconds: int) -> None:
        self.lines.append(f'<pause milliseconds="{milliseconds}"/>')

    @property
    def xml(self) -> str:
        reference = ['<Reference variables="seen"/>'] if any("seen" in line for line in self.lines) else []
        return "\n".join(
            [
                '<?xml version="1.0" encoding="UTF-8"?>',
                '<scenario name="gateway">',
                *self.lines,
                *reference,
                "</scenario>",
            ]
        )


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Callable[[Script, Carrier], Dialler]]:
    """Plays scripts."""
    program = peer("sipp")
    started: list[Dialler] = []

    def play(script: Script, carrier: Carrier) -> Dialler:
        file = tmp_path / f"script{len(started)}.xml"
        file.write_text(script.xml)
        options = ["-m", "1", "-nostdin", "-timeout", "9", "-timeout_error", "-i", "127.0.0.1"]
        dialler = Dialler([program, carrier.address, "-sf", str(file), *options], tmp_path, f"gateway{len(started)}")
        started.append(dialler)
        dialler.finished()
        return dialler

    yield play
    for dialler in started:
        dialler.kill()


Play = Callable[[Script, Carrier], Dialler]


@pytest.mark.parametrize(("dialect", "code"), [("textbook", 403), ("cis/404", 404), ("cis/503", 503)])
def test_a_registration_lapses(carrier: Callable[..., Carrier], gateway: Play, dialect: str, code: int) -> None:
    called = carrier("registration-lapses", "--set", "lasts=1s", "--set", f"dialect={dialect}")
    script = Script()
    script.register(3600, granted=200, most=1)
    script.invite(100, 180, 200)
    script.hang_up()
    script.pause(1200)
    script.invite(100, code)
    script.register(30, granted=200, most=1)
    script.invite(100, 180, 200)
    script.hang_up()
    gateway(script, called)
    calls = called.ended_calls(3)
    assert [call["code"] for call in calls] == [200, code, 200]
    assert [call["condition"] for call in calls] == ["answered", "registration_inactive", "answered"]
    assert {call["customer"] for call in calls} == {"gateway"}
    assert calls[1]["why"].startswith("the registration of gateway ran out ")


def test_without_a_registration_and_after_it_was_taken_back(carrier: Callable[..., Carrier], gateway: Play) -> None:
    called = carrier("registration-lapses")
    script = Script()
    script.invite(100, 403)
    script.register(10, granted=200, most=10)
    script.invite(100, 180, 200)
    script.hang_up()
    script.send("REGISTER", "Expires: 0")
    script.receive(401, asks=True)
    script.send("REGISTER", PASSWORD, "Expires: 0")
    script.receive(200)
    script.invite(100, 403)
    gateway(script, called)
    calls = called.ended_calls(3)
    assert [call["why"] for call in calls[::2]] == ["the registration of gateway is not there"] * 2


def test_a_dialler_that_registers_again(carrier: Callable[..., Carrier], gateway: Play) -> None:
    called = carrier("dialler-registration")
    script = Script()
    script.invite(100, 403)
    script.register(60, granted=200, most=60)
    script.invite(100, 180, 200)
    script.hang_up()
    gateway(script, called)
    assert [call["code"] for call in called.ended_calls(2)] == [403, 200]


def test_a_wrong_password(carrier: Callable[..., Carrier], gateway: Play) -> None:
    called = carrier("registration-lapses")
    script = Script()
    script.send("REGISTER", "Expires: 5")
    script.receive(401, asks=True)
    script.send("REGISTER", "[authentication username=gateway password=wrong]", "Expires: 5")
    script.receive(401)
    script.invite(100, 403, password="[authentication username=gateway password=wrong]")
    gateway(script, called)
    (call,) = called.ended_calls(1)
    assert (call["condition"], call["why"]) == ("credentials_wrong", "user gateway, wrong password")


def test_a_balance_runs_out(carrier: Callable[..., Carrier], sipp: Sipp) -> None:
    called = carrier("prepaid-balance", "--set", "balance=0.25 EUR")
    ladder: Ladder = [INVITE, got(100), got(180), got(200), ACK, Asked("BYE")]
    dialler = sipp.call(ladder, called.address)
    assert 'Reason: Q.850;cause=16;text="balance exhausted"' in dialler.traffic
    sipp.call([INVITE, got(100), got(402), ACK], called.address)
    cut, refused = called.ended_calls(2)
    assert (cut["code"], cut["ending"]) == (200, "hung_up_by_us")
    assert cut["cut"] == "balance_exhausted: balance 0.05 EUR, the next 1 s cost 0.10 EUR"
    assert 2.0 < cut["ended_after"] - cut["responded_after"] < 3.5
    assert (refused["condition"], refused["code"]) == ("balance_exhausted", 402)
    assert refused["why"] == "balance 0.05 EUR, the call costs 6.00 EUR a minute"
