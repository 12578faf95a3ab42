"""Giving up on time, by the book: no CANCEL before a response, late ones dealt with, BYEs answered or not, strays."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from simcarrier.probe.attempt import ProbedCall, Stage
from simcarrier.probe.client import Prober
from simcarrier.probe.deadlines import Deadlines
from simcarrier.probe.guard import Guard, Policy
from simcarrier.records.observation import Observation, Outcome
from simcarrier.scenario.load import loads
from simcarrier.service import CarrierService
from simcarrier.sip.message import Request
from simcarrier.sip.transport import ListenAddress
from simcarrier.testing import Peer, fast_loop
from tests.probe.kit import Bench
from tests.probe.network_kit import CALLED, Probed, plan_for, probe, with_certificate, write_pki

CHALLENGE = 'Digest realm="r", nonce="n", algorithm=MD5, qop="auth"'


def dial(bench: Bench, **said: Any) -> tuple[Peer, ProbedCall, Request]:
    """A call to a peer that has the INVITE, and has said nothing."""
    peer = bench.peer()
    call = bench.place(bench.order(**said))
    bench.wire.run(0.05)
    return peer, call, peer.request("INVITE")


def answered(bench: Bench, **said: Any) -> tuple[Peer, ProbedCall]:
    """A call that was answered and talks for a second."""
    peer, call, invite = dial(bench, **said)
    peer.answer(invite, 200, tag="a")
    bench.wire.run(0.1)
    assert call.stage is Stage.TALKING
    return peer, call


# No response


def test_without_a_response_it_is_over_on_time_and_nobody_else_is_called() -> None:
    bench = Bench()
    peer, call, _ = dial(bench, deadlines=Deadlines(no_response=1.0))
    bench.wire.run(1.1)
    (told,) = bench.finished
    assert told[1] == pytest.approx(1.0)
    seen = call.observation
    assert (seen.outcome, seen.final, seen.provisionals) == (Outcome.SILENT, None, [])
    assert seen.gave_up == pytest.approx(1.0)
    bench.wire.settle()
    sent = [one.method for one in peer.received if isinstance(one, Request)]
    assert sent == ["INVITE", "INVITE"], "sent at 0 and 0.5 s; no CANCEL, and not once more"
    bench.nothing_left()


@pytest.mark.parametrize("code", [100, 180])
def test_a_late_provisional_is_cancelled(code: int) -> None:
    bench = Bench()
    peer, call, invite = dial(bench, deadlines=Deadlines(no_response=1.0))
    bench.wire.run(3.0)
    assert call.stage is Stage.OVER
    peer.answer(invite, code, tag="late")
    bench.wire.run(0.1)
    cancel = peer.request("CANCEL")
    assert cancel.via.branch == invite.via.branch
    peer.answer(cancel, 200)
    peer.answer(invite, 487, tag="late")
    bench.wire.run(0.1)
    assert peer.request("ACK").to_tag == "late"
    assert call.observation.after == []
    assert len(bench.late) == 1
    assert f"{code} " in bench.late[0]
    assert bench.late[0].endswith("s after the INVITE, when it had been given up: cancelled")
    bench.nothing_left()


def test_a_late_answer_is_acknowledged_and_hung_up() -> None:
    bench = Bench()
    peer, call, invite = dial(bench, deadlines=Deadlines(no_response=1.0))
    bench.wire.run(3.0)
    peer.answer(invite, 200, tag="late")
    bench.wire.run(0.1)
    assert peer.request("ACK").to_tag == "late"
    bye = peer.request("BYE")
    assert bye.to_tag == "late"
    peer.answer(bye, 200)
    assert call.observation.outcome is Outcome.SILENT
    assert bench.late[0].endswith("hung up")
    bench.nothing_left()


def test_a_late_refusal_is_acknowledged() -> None:
    bench = Bench()
    peer, call, invite = dial(bench, deadlines=Deadlines(no_response=1.0))
    bench.wire.run(3.0)
    peer.answer(invite, 503, tag="late")
    bench.wire.run(0.1)
    assert peer.request("ACK").to_tag == "late"
    assert call.observation.final is None
    bench.nothing_left()


def test_the_next_server_is_tried_on_time_and_the_first_is_not_called_again() -> None:
    bench = Bench()
    silent = bench.peer("10.0.0.2")
    bench.carrier("calls: [{respond: 486}]", "10.0.0.3")
    seen = bench.probe(hosts=["10.0.0.2", "10.0.0.3"], deadlines=Deadlines(no_response=2.0))
    assert seen.final is not None
    assert (seen.final.code, seen.gave_up) == (486, None)
    assert seen.final.at == pytest.approx(2.02)
    bench.wire.settle()
    assert len(silent.received) == 3  # at 0, 0.5 and 1.5 s
    bench.nothing_left()


# BYE


def test_a_call_is_told_when_its_bye_is_answered() -> None:
    bench = Bench()
    peer, call = answered(bench)
    bench.wire.run(1.0)
    assert (call.stage, bench.finished) == (Stage.PARTING, [])
    peer.answer(peer.request("BYE"), 200)
    bench.wire.run(0.1)
    assert len(bench.finished) == 1
    seen = call.observation
    assert seen.answered is not None
    assert seen.ended == pytest.approx(seen.answered + 1.0), "the call ends with the BYE"
    assert seen.notes == []
    bench.nothing_left()


def test_a_bye_that_is_not_answered_holds_nothing() -> None:
    bench = Bench()
    _, call = answered(bench)
    bench.wire.run(3.1)
    assert len(bench.finished) == 1
    assert call.observation.notes == ["our BYE was not answered within 2 s"]
    bench.nothing_left()


def test_a_challenge_to_our_bye_is_answered() -> None:
    bench = Bench()
    peer, call = answered(bench, username="acme", password="secret")
    bench.wire.run(1.0)
    first = peer.request("BYE")
    peer.answer(first, 407, fields=[("Proxy-Authenticate", CHALLENGE)])
    bench.wire.run(0.05)
    second = peer.request("BYE")
    assert second.cseq[0] == first.cseq[0] + 1
    assert 'username="acme"' in (second.get("proxy-authorization") or "")
    assert bench.finished == []
    peer.answer(second, 200)
    bench.wire.run(0.05)
    assert call.observation.notes == []
    bench.nothing_left()


@pytest.mark.parametrize("username", [None, "acme"])
def test_a_bye_that_is_refused_is_noted(username: str | None) -> None:
    bench = Bench()
    peer, call = answered(bench, username=username, password=username)
    bench.wire.run(1.0)
    for _ in range(1 if username is None else 2):
        peer.answer(peer.request("BYE"), 407, fields=[("Proxy-Authenticate", CHALLENGE)])
        bench.wire.run(0.05)
    assert len(bench.finished) == 1
    (note,) = call.observation.notes
    assert note.startswith("our BYE was refused with 407 ")
    bench.nothing_left()


# Answers that are none


@pytest.mark.parametrize("cseq", ["77 INVITE", "1 OPTIONS"])
def test_a_2xx_with_a_wrong_cseq_is_ignored_and_noted(cseq: str) -> None:
    bench = Bench()
    peer, call, invite = dial(bench)
    peer.answer(invite, 100)
    peer.send(wrong(invite, cseq), ("10.0.0.1", 5060))
    bench.wire.run(0.1)
    assert call.stage is Stage.TAKEN
    assert not [one for one in peer.received if isinstance(one, Request) and one.method == "ACK"]
    peer.answer(invite, 486, tag="right")
    bench.wire.run(0.1)
    seen = call.observation
    assert seen.final is not None
    assert seen.final.code == 486
    assert seen.notes == [f"a 200 OK with CSeq {cseq} was ignored: the INVITE had 1 INVITE"]
    assert Observation.from_dict(seen.as_dict()).notes == seen.notes
    bench.nothing_left()


def wrong(invite: Request, cseq: str) -> bytes:
    lines = ["SIP/2.0 200 OK", *(f"{name}: {invite.get(name.lower())}" for name in ("Via", "From", "Call-ID"))]
    lines += [f"To: {invite.get('to')};tag=wrong", f"CSeq: {cseq}", "Contact: <sip:b@10.0.0.2>", "Content-Length: 0"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


# On the network


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_results_do_not_wait_for_late_responses(transport: str, tmp_path: Path) -> None:
    """The verdict comes after a second; the CANCEL of the late 180 goes out when everything has been told."""
    write_pki(tmp_path)
    carried = loads("name: late\ncalls: [{steps: [{wait: 3s}, ringing, silence]}]")
    carried = with_certificate(carried, tmp_path) if transport == "tls" else carried

    async def run() -> tuple[float, float, Prober, list[str | None]]:
        loop = asyncio.get_running_loop()
        listen = [ListenAddress.parse(f"{transport}:127.0.0.1:0")]
        async with CarrierService(carried, listen=listen) as carrier:
            trunk = {"ca": str(tmp_path / "ca.pem")} if transport == "tls" else {}
            plan = plan_for(f"{transport}:{carrier.address}", no_response="1s", trunk=trunk)
            told = Probed()
            prober = Prober(plan, Guard(Policy()), told.results.append)
            began = loop.time()
            async with prober:
                await prober.run()
                took = loop.time() - began
                assert told.ends == [("silent", None)]
            return took, loop.time() - began, prober, [record.ending for record in carrier.journal.recent]

    took, stayed, prober, endings = fast_loop.run(run())
    assert took == pytest.approx(1.0, abs=0.3)
    assert stayed == pytest.approx(3.0, abs=0.3)
    assert endings == ["cancelled"]
    assert prober.idle
    assert "180 Ringing" in prober.summary.notes[0]


@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_via_and_contact_name_the_port_of_the_connection(transport: str, tmp_path: Path) -> None:
    write_pki(tmp_path)
    carried = with_certificate(loads("name: test\ncalls: [{outcome: answered}]"), tmp_path)

    async def run() -> Probed:
        async with CarrierService(carried, listen=[ListenAddress.parse(f"{transport}:127.0.0.1:0")]) as carrier:
            return await probe(plan_for(f"{transport}:{carrier.address}", trunk={"ca": str(tmp_path / "ca.pem")}))

    (transcript,) = fast_loop.run(run()).transcripts
    invite = transcript.messages[0]
    port = invite.local[1]
    assert port > 0
    assert f"Via: SIP/2.0/{transport.upper()} 127.0.0.1:{port};".encode() in invite.data
    assert f"Contact: <sip:127.0.0.1:{port};transport={transport}>".encode() in invite.data
    assert transcript.messages[-1].what == "200 OK"


def test_a_connection_that_does_not_come_about_is_no_silence() -> None:
    """Nothing was sent, so nobody was silent."""

    async def run() -> tuple[Probed, bytes]:
        loop = asyncio.get_running_loop()
        heard = bytearray()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.extend(await reader.read(100))
            writer.close()

        real = loop.create_connection

        async def slowly(*said: Any, **named: Any) -> Any:
            stands = asyncio.Event()
            loop.call_later(2.0, stands.set)
            await stands.wait()
            return await real(*said, **named)

        loop.create_connection = slowly  # type: ignore[method-assign]  # a network that is slow
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            told = await probe(plan_for(f"tcp:127.0.0.1:{port}", no_response="1s"))
        return told, bytes(heard)

    told, heard = fast_loop.run(run())
    assert told.ends == [("transport_failed", None)]
    assert told.seen.trouble.endswith("no connection came about in time")
    assert heard == b""


# Told to stop


class Unanswered:
    """A DNS that takes its time."""

    async def resolve(self, name: str, kind: str, **_: object) -> object:
        return await asyncio.get_running_loop().create_future()


CUSTOMERS = "{customers: [{name: acme, user: acme, password: secret, registration: {required: yes}}]}"
STAGES = {
    "names are looked up": ("udp:sip.example.com", {}),
    "registering": ("", {"register": "yes", "username": "acme", "password_env": "PASSWORD"}),
    "nothing has come": ("", {}),
}


@pytest.mark.parametrize("stage", STAGES)
def test_told_to_stop_while(stage: str) -> None:
    """Nobody at the other end: it ends all the same, and tells what there is."""
    address, trunk = STAGES[stage]

    async def run() -> tuple[Probed, Prober, float]:
        loop = asyncio.get_running_loop()
        deaf, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0))
        port = deaf.get_extra_info("sockname")[1]
        told = Probed()
        plan = plan_for(address or f"udp:127.0.0.1:{port}", to=[CALLED] * 3, trunk=trunk)
        prober = Prober(
            plan,
            Guard(Policy()),
            told.results.append,
            keep=lambda seen, transcript: told.transcripts.append(transcript),
            environment={"PASSWORD": "secret"},
            resolver=Unanswered(),  # type: ignore[arg-type]  # all that is asked of one
        )
        loop.call_later(0.7, prober.stop)
        told.summary = await prober.run()
        took = loop.time()
        deaf.close()
        return told, prober, took

    told, prober, took = fast_loop.run(run())
    assert took < 6.5
    assert prober.summary.interrupted
    if stage == "nothing has come":
        assert told.ends == [("interrupted", None)]
        assert told.results[0].as_dict()["causes"] == []
        assert [one.what for one in told.transcripts[0].messages] == ["INVITE", "INVITE"], "no more after the stop"
    else:
        assert told.results == []
    assert told.summary.not_made + len(told.results) == 3


def test_a_second_word_ends_the_wait_for_late_responses() -> None:
    async def run() -> float:
        loop = asyncio.get_running_loop()
        deaf, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0))
        port = deaf.get_extra_info("sockname")[1]
        prober = Prober(plan_for(f"udp:127.0.0.1:{port}", no_response="1s"), Guard(Policy()), lambda result: None)
        loop.call_later(2.0, prober.stop)
        began = loop.time()
        await prober.run()
        deaf.close()
        assert not prober.summary.interrupted, "the calls were over"
        return loop.time() - began

    assert fast_loop.run(run()) == pytest.approx(2.0, abs=0.3)


def test_what_has_another_branch_is_no_note() -> None:
    """Only what bears the INVITE's branch is spoken of."""
    bench = Bench()
    peer, call, invite = dial(bench)
    data = wrong(invite, "77 INVITE").replace(invite.via.branch.encode(), b"z9hG4bKother")
    peer.send(data, ("10.0.0.1", 5060))
    bench.wire.run(0.1)
    assert (call.stage, call.observation.notes) == (Stage.DIALLED, [])
