"""The probe against SIPp as a carrier that behaves badly: each call ends in the right verdict, and by the book.

SIPp fails if a request is missing or one comes that it does not expect, so its own exit says that the probe
acknowledged, cancelled and hung up as RFC 3261 wants it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from .harness import peer
from .probing import Probed, probe_call
from .sipp import Dialler
from .uas import Uas, answer_to_bye, expect, go_to, mark, raw, repeated, rest, say, whenever

pytestmark = pytest.mark.interop

CANCELLED = (expect("CANCEL"), say(200, "OK"), say(487, "Request Terminated", to_invite=True), expect("ACK"))


@pytest.fixture
def uas(tmp_path: Path) -> Iterator[Uas]:
    """Starts SIPp as a carrier."""
    made = Uas(peer("sipp"), tmp_path)
    try:
        yield made
    finally:
        made.kill()


def probed(started: tuple[Dialler, str], *options: str) -> Probed:
    """Probe a carrier that has been started; its expectations must hold to the end."""
    carrier, address = started
    told = probe_call(address, *options)
    carrier.finished()
    return told


def branches(carrier: Dialler, method: str) -> set[str]:
    """The branches of the requests of a method."""
    return set(re.findall(rf"{method} sip:.*\s+Via: \S+ \S*branch=([^;\s]+)", carrier.traffic))


# Stalls


def test_a_stall_after_100(uas: Uas) -> None:
    carrier = uas.start(expect("INVITE"), say(100, "Trying"), CANCELLED)
    told = probed(carrier, "--stall", "500ms")

    assert (told.call["verdict"], told.call["code"], told.cause) == ("stalled", None, "stalled_after_trying")
    assert [seen["code"] for seen in told.call["provisionals"]] == [100]
    assert told.call["post_dial_delay"] is None
    assert 0.49 < told.seen["gave_up"] - told.seen["provisionals"][0]["at"] < 1
    assert [seen["code"] for seen in told.seen["after"]] == [487]
    assert told.seen["ended"] < 1.5
    assert branches(carrier[0], "CANCEL") == branches(carrier[0], "INVITE")


def test_a_stall_after_180(uas: Uas) -> None:
    carrier = uas.start(expect("INVITE"), say(100, "Trying"), rest(0.2), say(180, "Ringing"), CANCELLED)
    told = probed(carrier, "--stall", "300ms", "--ringing", "700ms")

    assert (told.call["verdict"], told.call["code"]) == ("rang_out", None)
    assert [seen["code"] for seen in told.call["provisionals"]] == [100, 180]
    assert 0.2 <= told.call["post_dial_delay"] < 0.5
    assert 0.69 < told.seen["gave_up"] - told.call["post_dial_delay"] < 1.2
    assert [seen["code"] for seen in told.seen["after"]] == [487]


# Answers that come late, twice, or never again


def test_183_with_media_then_603(uas: Uas) -> None:
    carrier = uas.start(
        expect("INVITE"),
        say(100, "Trying"),
        say(183, "Session Progress", sdp=True),
        rest(0.3),
        say(603, "Decline"),
        expect("ACK"),
    )
    told = probed(carrier)

    assert (told.call["verdict"], told.call["code"], told.call["phrase"]) == ("refused", 603, "Decline")
    assert told.ladder == [100, 183, 603]
    assert told.call["provisionals"][1]["sdp"] is True
    assert told.seen["final"]["at"] - told.call["post_dial_delay"] >= 0.29


def test_a_late_200_after_cancel(uas: Uas) -> None:
    carrier = uas.start(
        expect("INVITE"),
        say(100, "Trying"),
        say(180, "Ringing"),
        expect("CANCEL"),
        say(200, "OK"),
        say(200, "OK", to_invite=True, sdp=True),
        expect("ACK"),
        answer_to_bye(),
    )
    told = probed(carrier, "--ringing", "500ms")

    # It was answered after we had given up: the verdict stays, and what came is told.
    assert (told.call["verdict"], told.call["code"]) == ("rang_out", None)
    assert [seen["code"] for seen in told.seen["after"]] == [200]
    assert told.seen["answered"] is None


def test_two_answers_with_different_tags(uas: Uas) -> None:
    carrier = uas.start(
        expect("INVITE"),
        say(100, "Trying"),
        say(180, "Ringing", tag="first"),
        say(200, "OK", tag="first", sdp=True),
        expect("ACK"),
        say(200, "OK", tag="second", sdp=True, to_invite=True),
        expect("ACK"),
        answer_to_bye(),
        answer_to_bye(),
    )
    told = probed(carrier, "--talk", "700ms")

    assert (told.call["verdict"], told.call["code"], told.status) == ("answered", 200, 0)
    assert told.seen["forks"] == 1
    assert told.seen["hung_up_by"] == "us"
    assert re.findall(r"(ACK|BYE) sip:(?:.|\n)*?\nTo: .*tag=(\w+)", carrier[0].traffic) == [
        ("ACK", "first"),
        ("ACK", "second"),
        ("BYE", "second"),
        ("BYE", "first"),
    ]


def test_a_storm_of_repetitions(uas: Uas) -> None:
    carrier = uas.start(
        expect("INVITE"),
        say(100, "Trying"),
        repeated("1", 250, say(180, "Ringing", to_invite=True)),
        repeated("2", 60, say(200, "OK", sdp=True, to_invite=True), expect("ACK")),
        answer_to_bye(),
        options=["-nr"],  # SIPp would drop an ACK that it has seen
    )
    told = probed(carrier, "--talk", "1s")

    assert (told.call["verdict"], told.call["code"], told.seen["forks"]) == ("answered", 200, 0)
    assert len(told.call["provisionals"]) <= 251
    assert carrier[0].traffic.count("ACK sip:") == 60  # RFC 3261 section 13.2.2.4: one for each copy of the 2xx
    assert len(branches(carrier[0], "ACK")) == 1


def test_provisionals_without_end(uas: Uas) -> None:
    carrier = uas.start(
        whenever("CANCEL", go_on="2"),
        expect("INVITE"),
        say(100, "Trying"),
        mark("1"),
        say(180, "Ringing", to_invite=True),
        rest(0.02),
        go_to("1"),
        mark("2"),
        CANCELLED[1:],
    )
    told = probed(carrier, "--ringing", "700ms")

    assert (told.call["verdict"], told.call["code"]) == ("rang_out", None)
    assert 0.69 < told.seen["gave_up"] - told.call["post_dial_delay"] < 1.2
    assert 15 < len(told.call["provisionals"]) <= 36
    assert told.seen["after"][-1]["code"] == 487


# What is lost, and what does not belong here


def test_the_first_invite_is_lost(uas: Uas) -> None:
    # SIPp takes the first INVITE and says nothing; without -nr it would not see that the second is one.
    carrier = uas.start(
        expect("INVITE"), expect("INVITE"), say(100, "Trying"), say(403, "Forbidden"), expect("ACK"), options=["-nr"]
    )
    told = probed(carrier)

    assert (told.call["verdict"], told.call["code"]) == ("refused", 403)
    assert 0.5 <= told.call["post_dial_delay"] < 1
    assert told.seen["rounds"] == 1
    assert carrier[0].traffic.count("INVITE sip:") == 2
    assert len(branches(carrier[0], "INVITE")) == 1


def test_a_response_from_another_port(uas: Uas) -> None:
    # RFC 3261 section 17.1.3: responses are matched by branch and method, not by where they come from.
    carrier, address = uas.start(expect("INVITE"), say(100, "Trying"), expect("ACK"))
    with ThreadPoolExecutor() as beside:
        telling = beside.submit(probe_call, address)
        carrier.wait_for("INVITE sip:")
        invite = carrier.traffic.partition("INVITE sip:")[2]
        fields = re.findall(r"^(?:Via|From|To|Call-ID|CSeq): .*", invite, re.MULTILINE)[:5]
        source = re.search(r"^Via: \S+ (\S+?);", invite, re.MULTILINE)
        assert source is not None
        lines = ["SIP/2.0 404 Not Found", *(f"{line};tag=b" if line[:2] == "To" else line for line in fields)]
        uas.send("\n".join([*lines, "Content-Length: 0"]) + "\n\n", source[1]).finished()
        told = telling.result()
    carrier.finished()

    assert (told.call["verdict"], told.call["code"], told.ladder) == ("refused", 404, [100, 404])
    assert told.seen["remote"] == address


def test_a_wrong_cseq(uas: Uas) -> None:
    carrier = uas.start(
        expect("INVITE"),
        say(100, "Trying"),
        say(403, "Wrong Method", cseq="1 OPTIONS"),
        rest(0.3),
        say(486, "Busy Here"),
        expect("ACK"),
    )
    told = probed(carrier)

    assert (told.call["verdict"], told.call["code"], told.ladder) == ("refused", 486, [100, 486])


@pytest.mark.parametrize("cseq", ["77 INVITE", "1 OPTIONS"])
def test_a_2xx_with_a_wrong_cseq(uas: Uas, cseq: str) -> None:
    # It answers no INVITE of ours: an ACK to it would have to bear its number (RFC 3261 section 13.2.2.4).
    carrier = uas.start(
        expect("INVITE"),
        say(100, "Trying"),
        say(200, "OK", cseq=cseq, sdp=True, tag="wrong"),
        rest(0.3),
        say(486, "Busy Here"),
        expect("ACK"),
    )
    told = probed(carrier)

    assert (told.call["verdict"], told.call["code"], told.ladder) == ("refused", 486, [100, 486])
    assert told.seen["notes"] == [f"a 200 OK with CSeq {cseq} was ignored: the INVITE had 1 INVITE"]
    assert re.findall(r"^ACK(?:.|\n)*?\nCSeq: (.*?)\s*$", carrier[0].traffic, re.MULTILINE) == ["1 ACK"]


def test_no_response_in_time_and_then_one(uas: Uas) -> None:
    # RFC 3261 section 9.1: no CANCEL before a response. It goes out after the result was told.
    carrier = uas.start(expect("INVITE"), rest(1.2), say(180, "Ringing"), CANCELLED, options=["-nr"])
    told = probed(carrier, "--no-response", "400ms")

    assert (told.call["verdict"], told.call["code"], told.ladder) == ("silent", None, [])
    assert 0.39 < told.seen["ended"] < 0.8
    assert carrier[0].traffic.count("INVITE sip:") == 1


def test_a_wrong_number_in_cseq(uas: Uas) -> None:
    # Branch and method match, so it is the answer (RFC 3261 section 17.1.3); the ACK has the INVITE's number.
    carrier = uas.start(
        expect("INVITE"), say(100, "Trying"), say(503, "Service Unavailable", cseq="77 INVITE"), expect("ACK")
    )
    told = probed(carrier)

    assert (told.call["verdict"], told.call["code"], told.ladder) == ("refused", 503, [100, 503])
    assert re.findall(r"CSeq: (\d+ ACK)", carrier[0].traffic) == ["1 ACK"]


GARBAGE = (
    "SIP/2.0 200 OK\n\n",
    "SIP/2.0 200 OK\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKother\n[last_From:]\n[last_To:];tag=other\n"
    "[last_Call-ID:]\n[last_CSeq:]\n\n",
    "SIP/2.0 404 Not Found\n[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\nCSeq: x INVITE\n\n",
    "SIP/3.0 404 Not Found\n[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]\n\n",
    "GET / HTTP/1.1\nHost: here\n\n",
    "\u00ff\u00fe garbage \u2603 : : :\n" + "x" * 3000 + "\n\n",
)


def test_garbage(uas: Uas) -> None:
    carrier = uas.start(
        expect("INVITE"), say(100, "Trying"), map(raw, GARBAGE), rest(0.3), say(404, "Not Found"), expect("ACK")
    )
    told = probed(carrier)

    assert (told.call["verdict"], told.call["code"], told.ladder) == ("refused", 404, [100, 404])


def test_nothing_but_garbage(uas: Uas) -> None:
    carrier = uas.start(expect("INVITE"), say(100, "Trying"), map(raw, GARBAGE), CANCELLED)
    told = probed(carrier, "--stall", "500ms")

    assert (told.call["verdict"], told.call["code"]) == ("stalled", None)
    assert [seen["code"] for seen in told.seen["after"]] == [487]


# Blocks


def test_a_608_with_its_card(uas: Uas) -> None:
    card = "https://block.example/why.jcard"
    carrier = uas.start(
        expect("INVITE"),
        say(100, "Trying"),
        say(608, "Rejected", f"Call-Info: <{card}>;purpose=jwscard"),
        expect("ACK"),
    )
    told = probed(carrier)

    assert (told.call["verdict"], told.call["code"], told.cause) == ("refused", 608, "blocked_by_analytics")
    assert told.call["contacts"] == {"card": card}
    assert card in told.call["advice"]
    assert (told.call["retry"], told.call["refused_by"]) == ("never", "network")


def test_a_603_that_names_its_blocker(uas: Uas) -> None:
    reason = (
        'SIP;cause=603;text="v=analytics1;url=https://redress.example/form;tel=+18005550100;email=block@redress.example'
        ';id=A1B2";location=TN'
    )
    carrier = uas.start(
        expect("INVITE"),
        say(100, "Trying"),
        say(603, "Network Blocked", f"Reason: {reason}"),
        expect("ACK"),
    )
    told = probed(carrier)

    assert (told.call["verdict"], told.call["code"], told.cause) == ("refused", 603, "blocked_by_analytics")
    assert told.call["phrase"] == "Network Blocked"
    assert told.call["reasons"] == [reason]
    assert told.call["contacts"] == {
        "url": "https://redress.example/form",
        "tel": "+18005550100",
        "email": "block@redress.example",
        "id": "A1B2",
    }
    assert "https://redress.example/form" in told.call["advice"]
