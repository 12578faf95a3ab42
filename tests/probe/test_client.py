"""The probe on real sockets: transports, certificates, bad peers, registration, and the end by Ctrl-C."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from simcarrier.net.tls import server_context
from simcarrier.probe.client import LoadElsewhere, Prober
from simcarrier.probe.guard import Guard, Policy
from simcarrier.probe.resolve import Unresolved
from simcarrier.probe.result import Result
from simcarrier.probe.secrets import MissingSecret
from simcarrier.records.observation import Outcome
from simcarrier.scenario.load import loads
from simcarrier.scenario.models import Scenario
from simcarrier.scenario.patterns import NumberPattern
from simcarrier.service import CarrierService
from simcarrier.sip.transport import ListenAddress
from simcarrier.testing import fast_loop
from simcarrier.trust.fetch import Fetched
from simcarrier.trust.jcard import Contact
from simcarrier.trust.passport import verify_identity
from simcarrier.trust.pki import make_authority, make_server, make_signer, write_new
from simcarrier.trust.rejection import RejectionSigner, data_uri
from simcarrier.trust.store import Certificates, TrustList
from tests.probe.network_kit import CALLED, CALLER, Probed, plan_for, probe, probe_carrier, write_pki

X5U = "https://certs.example/sp.pem"


def scenario(calls: str, carrier: str = "{}") -> Scenario:
    return loads(f"name: test\ncarrier: {carrier}\ncalls: {calls}")


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@asynccontextmanager
async def saying(data: bytes, *, tls: ssl.SSLContext | None = None, close: bool = False) -> AsyncIterator[int]:
    """A TCP server that answers whatever comes with the same bytes; gives its port."""
    over: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        over.append(writer)
        await reader.read(100)
        writer.write(data)
        await writer.drain()
        if close:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in over:
            writer.close()


# Transports


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_an_answered_call(transport: str, tmp_path: Path) -> None:
    write_pki(tmp_path)
    told = probe_carrier(
        scenario("[{outcome: answered, ring: 1s}]"),
        transport=transport,
        pki=tmp_path if transport == "tls" else None,
    )
    seen = told.seen
    assert (seen.outcome, seen.hung_up_by, seen.transport) == (Outcome.ANSWERED, "us", transport.upper())
    assert seen.answered == pytest.approx(1.0, abs=0.2)
    assert told.journal == ["hung_up_by_peer"]
    (transcript,) = told.transcripts
    assert [passed.what for passed in transcript.messages] == [
        "INVITE",
        "100 Trying",
        "180 Ringing",
        "200 OK",
        "ACK",
        "BYE",
        "200 OK",
    ]
    assert [passed.sent for passed in transcript.messages] == [True, False, False, False, True, True, False]


def test_a_transcript_ends_with_the_acknowledgement() -> None:
    told = probe_carrier(scenario("[{respond: 486}]"))
    assert [passed.what for passed in told.transcripts[0].messages] == ["INVITE", "486 Busy Here", "ACK"]


def test_ipv6() -> None:
    async def run() -> Probed:
        async with CarrierService(scenario("[{respond: 486}]"), listen=[ListenAddress.parse("udp:[::1]:0")]) as carrier:
            return await probe(plan_for(f"udp:{carrier.address}"))

    told = fast_loop.run(run())
    assert told.ends == [("refused", 486)]
    assert told.seen.remote.startswith("[::1]:")


def test_an_outbound_proxy_is_sent_what_names_the_address() -> None:
    async def run() -> Probed:
        listen = [ListenAddress.parse("udp:127.0.0.1:0")]
        async with CarrierService(scenario("[{respond: 486}]"), listen=listen) as carrier:
            return await probe(plan_for("udp:192.0.2.1", trunk={"proxy": f"udp:{carrier.address}"}))

    told = fast_loop.run(run())
    assert told.ends == [("refused", 486)]
    assert told.transcripts[0].messages[0].data.startswith(f"INVITE sip:{CALLED}@192.0.2.1 SIP/2.0".encode())


def test_what_the_invite_says() -> None:
    told = probe_carrier(
        scenario("[{respond: 486}]"),
        trunk={"domain": "acme.example", "asserted": "yes", "headers": {"X-Team": "probes"}},
    )
    invite = told.transcripts[0].messages[0].data.decode()
    for line in (
        f"INVITE sip:{CALLED}@acme.example SIP/2.0",
        f"From: <sip:{CALLER}@acme.example>;tag=",
        f"P-Asserted-Identity: <sip:{CALLER}@acme.example>",
        "X-Team: probes",
        "Feature-Caps: *;+sip.608",
        "Supported: 100rel, timer",
        "m=audio",
    ):
        assert line in invite


# Certificates


def test_a_certificate_that_nobody_vouches_for_says_how_to_trust_it(tmp_path: Path) -> None:
    write_pki(tmp_path)

    async def run(trunk: dict[str, str], host: str = "127.0.0.1") -> Probed:
        tls = server_context(tmp_path / "server.pem", tmp_path / "server-key.pem")
        async with saying(b"", tls=tls) as port:
            return await probe(plan_for(f"tls:{host}:{port}", trunk=trunk, no_response="1s"))

    told = asyncio.run(run({}))
    assert told.ends == [("transport_failed", None)]
    assert "the certificate is not trusted" in told.seen.trouble
    assert "name its CA with ca: in the plan, or with --ca" in told.seen.trouble


def test_a_certificate_for_another_name(tmp_path: Path) -> None:
    now = time.time()
    authority = make_authority(now)
    server = make_server(authority, now, hosts=["sip.example"])
    files = {"ca.pem": authority.certificate_pem(), "s.pem": server.certificate_pem(), "k.pem": server.key_pem()}
    write_new(tmp_path, files, ["k.pem"])

    async def run() -> Probed:
        async with saying(b"", tls=server_context(tmp_path / "s.pem", tmp_path / "k.pem")) as port:
            return await probe(plan_for(f"tls:127.0.0.1:{port}", trunk={"ca": str(tmp_path / "ca.pem")}))

    told = asyncio.run(run())
    assert told.ends == [("transport_failed", None)]
    assert "the certificate is for another name" in told.seen.trouble


def test_no_tls_at_the_port() -> None:
    async def run() -> Probed:
        async with saying(b"SIP/2.0 400 Bad Request\r\n\r\n", close=True) as port:
            return await probe(plan_for(f"tls:127.0.0.1:{port}"))

    told = asyncio.run(run())
    assert told.ends == [("transport_failed", None)]
    assert "is there TLS at this port?" in told.seen.trouble


def test_a_ca_file_without_a_certificate(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    plan = plan_for("tls:127.0.0.1:1", trunk={"ca": str(tmp_path / "ca.pem")})
    with pytest.raises(OSError, match="no certificate in PEM") as caught:
        asyncio.run(probe(plan))
    assert caught.value.filename == str(tmp_path / "ca.pem")


# Peers that are not there, or talk nonsense


@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_a_refused_connection_is_told_in_words(transport: str) -> None:
    told = asyncio.run(probe(plan_for(f"{transport}:127.0.0.1:{free_port()}")))
    assert told.ends == [("transport_failed", None)]
    assert told.seen.trouble.endswith(": connection refused")
    assert told.seen.targets == [told.seen.remote]


def test_a_name_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nobody(*_: object, **__: object) -> None:
        raise OSError(-2, "Name or service not known")

    monkeypatch.setattr("asyncio.base_events.BaseEventLoop.getaddrinfo", nobody)
    told = asyncio.run(probe(plan_for("udp:nowhere.invalid:5060")))
    assert told.ends == [("unresolved", None)]
    assert told.seen.trouble == "nowhere.invalid: Name or service not known"


GARBAGE = [
    b"\x00\xff\xfe" * 50,
    b"SIP/2.0 200\r\n\r\n",
    b"SIP/2.0 999 Strange\r\nVia: SIP/2.0/UDP x\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    b"SIP/2.0 200 OK\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
    b"",
]


@pytest.mark.parametrize("data", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_over_udp_is_as_good_as_nothing(data: bytes) -> None:
    class Babbler(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def datagram_received(self, _: bytes, address: Any) -> None:
            self.transport.sendto(data[:60_000], address)  # type: ignore[attr-defined]  # a DatagramTransport

    async def run() -> Probed:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(Babbler, local_addr=("127.0.0.1", 0))
        port = transport.get_extra_info("sockname")[1]
        told = await probe(plan_for(f"udp:127.0.0.1:{port}"))
        transport.close()
        return told

    assert fast_loop.run(run()).ends == [("silent", None)]


@pytest.mark.parametrize("data", GARBAGE, ids=range(len(GARBAGE)))
@pytest.mark.parametrize("close", [True, False])
def test_garbage_over_tcp_is_a_verdict_too(data: bytes, close: bool) -> None:
    async def run() -> Probed:
        async with saying(data, close=close) as port:
            return await probe(plan_for(f"tcp:127.0.0.1:{port}"))

    ((outcome, code),) = fast_loop.run(run()).ends
    assert code is None
    assert outcome in ("transport_failed", "silent")


def test_the_next_server_after_one_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> Probed:
        listen = [ListenAddress.parse("tcp:127.0.0.1:0")]
        async with CarrierService(scenario("[{respond: 486}]"), listen=listen) as carrier:
            good = carrier.addresses[0].port

            async def found(*_: object) -> tuple[Any, ...]:
                from simcarrier.probe.target import Target
                from simcarrier.sip.transport import Transport

                return tuple(Target(Transport.TCP, ("127.0.0.1", port)) for port in (free_port(), good))

            monkeypatch.setattr("simcarrier.probe.client.resolve", found)
            return await probe(plan_for("tcp:sip.example:5060"))

    told = fast_loop.run(run())
    assert told.ends == [("refused", 486)]
    assert (len(told.seen.targets), told.seen.rounds) == (2, 2)


# Credentials

CUSTOMERS = "{customers: [{name: acme, user: acme, password: secret, algorithms: %s%s}]}"
ACME = {"username": "acme", "password_env": "PASSWORD"}


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256", "SHA-512-256"])
def test_a_password_from_the_environment(algorithm: str) -> None:
    told = probe_carrier(
        scenario("[{respond: 486}]", CUSTOMERS % (algorithm, "")), trunk=ACME, environment={"PASSWORD": "secret"}
    )
    assert told.ends == [("refused", 486)]
    seen = told.seen
    assert ([one.code for one in seen.earlier], seen.rounds) == ([407], 2)
    sent = b"".join(passed.data for passed in told.transcripts[0].messages)
    assert b"Proxy-Authorization: (left out)" in sent
    assert b"response=" not in sent


def test_a_challenge_that_was_met_is_no_result() -> None:
    """What follows it is silence: the 407 before is not what the call came to."""
    customers = CUSTOMERS % ("MD5", "")
    told = probe_carrier(
        scenario("[{steps: [trying, silence]}]", customers), trunk=ACME, environment={"PASSWORD": "secret"}, stall="2s"
    )
    assert told.ends == [("stalled", None)]
    assert told.results[0].as_dict()["code"] is None


def test_a_missing_variable_is_named() -> None:
    plan = plan_for("udp:127.0.0.1:5060", trunk=ACME)
    with pytest.raises(MissingSecret, match="PASSWORD is not set"):
        asyncio.run(probe(plan))


def test_a_registration_is_kept_and_withdrawn() -> None:
    carrier = CUSTOMERS % ("MD5", ", registration: {required: yes, min_expires: 1s, max_expires: 10s}")

    async def run() -> tuple[Probed, int]:
        listen = [ListenAddress.parse("udp:127.0.0.1:0")]
        async with CarrierService(scenario("[{outcome: answered, ring: 1s}]", carrier), listen=listen) as service:
            plan = plan_for(
                f"udp:{service.address}",
                to=[CALLED] * 4,
                trunk=ACME | {"register": "yes"},
                calls_per_second="6/m",
            )
            told = Probed()
            prober = Prober(plan, Guard(Policy()), told.results.append, environment={"PASSWORD": "secret"})
            told.summary = await prober.run()
            counters = service.switch.carrier.business.world.customers.counters.as_dict()
            return told, counters["registrations"]

    told, registered = fast_loop.run(run())
    assert told.ends == [("answered", 200)] * 4
    assert registered >= 6
    assert told.summary.notes == []


def test_a_registration_that_is_refused_is_noted() -> None:
    carrier = CUSTOMERS % ("MD5", ", registration: {required: yes}")
    told = probe_carrier(
        scenario("[{outcome: answered}]", carrier),
        trunk=ACME | {"register": "yes"},
        environment={"PASSWORD": "wrong"},
    )
    (note,) = told.summary.notes
    assert note.startswith("trunk trunk: not registered: ")
    assert told.ends[0][0] in ("refused", "unauthorised")


# Signatures and cards


def test_calls_are_signed(tmp_path: Path) -> None:
    now = time.time()
    authority = make_authority(now)
    signer = make_signer(authority, now)
    write_new(tmp_path, {"s.pem": signer.certificate_pem(), "k.pem": signer.key_pem()}, ["k.pem"])
    identity = {"certificate": str(tmp_path / "s.pem"), "key": str(tmp_path / "k.pem"), "x5u": X5U, "attestation": "B"}
    told = probe_carrier(scenario("[{respond: 486}]"), trunk={"identity": identity})
    invite = told.transcripts[0].messages[0].data.decode()
    (value,) = [line.partition(": ")[2] for line in invite.splitlines() if line.startswith("Identity: ")]
    verdict = verify_identity(
        [value],
        from_tn=CALLER,
        to_tn=CALLED,
        now=time.time(),
        certificate_for=Certificates([(X5U, signer.chain)]),
        trust=TrustList(authority.chain),
    )
    assert verdict.names == ()
    assert verdict.attestation == "B"


def test_a_caller_that_is_no_number_cannot_be_signed(tmp_path: Path) -> None:
    now = time.time()
    signer = make_signer(make_authority(now), now)
    write_new(tmp_path, {"s.pem": signer.certificate_pem(), "k.pem": signer.key_pem()}, ["k.pem"])
    identity = {"certificate": str(tmp_path / "s.pem"), "key": str(tmp_path / "k.pem"), "x5u": X5U}
    told = probe_carrier(scenario("[{respond: 486}]"), trunk={"identity": identity, "caller": "anonymous"})
    assert told.summary.notes == [f"anonymous -> {CALLED}: not signed: a PASSporT needs telephone numbers"]
    assert b"Identity" not in told.transcripts[0].messages[0].data


def test_a_key_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "x.pem").write_text("nothing")
    identity = {"certificate": str(tmp_path / "x.pem"), "key": str(tmp_path / "x.pem"), "x5u": X5U}
    with pytest.raises(MissingSecret, match=r"identity: .*x\.pem"):
        asyncio.run(probe(plan_for("udp:127.0.0.1:5060", trunk={"identity": identity})))


class Web:
    """Serves a card and its certificate, and counts."""

    def __init__(self, pages: dict[str, bytes]) -> None:
        self.pages = pages
        self.asked: list[str] = []

    async def fetch(self, uri: str) -> Fetched:
        self.asked.append(uri)
        return Fetched(uri, self.pages[uri])


def test_the_card_of_a_608(tmp_path: Path) -> None:
    now = time.time()
    authority = make_authority(now)
    signer = make_signer(authority, now)
    contact = Contact("Robocall desk", "https://block.example", "desk@block.example", "+18005550100")
    card = RejectionSigner(signer.key, X5U, contact).sign(now)
    (tmp_path / "ca.pem").write_bytes(authority.certificate_pem())
    link = "https://block.example/card"
    answer = f"[{{respond: {{code: 608, headers: {{Call-Info: '<{link}>;purpose=jwscard'}}}}}}]"

    async def run(web: Web | None, text: str = answer, **further: Any) -> Result:
        listen = [ListenAddress.parse("udp:127.0.0.1:0")]
        async with CarrierService(scenario(text), listen=listen) as carrier:
            told = await probe(plan_for(f"udp:{carrier.address}", **further), fetcher=web)
        (result,) = told.results
        return result

    web = Web({link: card.encode(), X5U: signer.certificate_pem()})
    result = fast_loop.run(run(web, card_ca=str(tmp_path / "ca.pem")))
    assert result.card is not None
    assert (result.card.verified, result.card.faults) == (True, ())
    assert (result.card.name, result.card.url, result.card.email, result.card.tel) == (
        "Robocall desk",
        "https://block.example",
        "desk@block.example",
        "+18005550100",
    )
    assert web.asked == [link, X5U]
    assert json.dumps(result.as_dict()["card"])

    assert fast_loop.run(run(None)).card is None, "a link is followed only when asked for"

    unknown = fast_loop.run(run(web)).card
    assert unknown is not None
    assert not unknown.verified
    assert unknown.name == "Robocall desk"

    inside = answer.replace(link, data_uri(card))
    told = fast_loop.run(run(None, inside)).card
    assert told is not None
    assert (told.name, told.verified) == ("Robocall desk", False)
    assert any("fetching is off" in fault for fault in told.faults)


def test_a_card_that_is_none() -> None:
    link = f"data:application/jose,{base64.urlsafe_b64encode(b'nothing').decode()}"
    answer = f"[{{respond: {{code: 608, headers: {{Call-Info: '<{link}>;purpose=jwscard'}}}}}}]"
    told = probe_carrier(scenario(answer))
    (result,) = told.results
    assert result.card is not None
    assert result.card.faults


# The end


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize(
    ("after", "outcome", "journal"),
    [(0.5, Outcome.INTERRUPTED, "cancelled"), (3.0, Outcome.ANSWERED, "hung_up_by_peer")],
    ids=["ringing", "talking"],
)
def test_told_to_stop_it_ends_every_call_in_order(transport: str, after: float, outcome: Outcome, journal: str) -> None:
    async def run() -> tuple[Probed, list[str | None]]:
        listen = [ListenAddress.parse(f"{transport}:127.0.0.1:0")]
        async with CarrierService(scenario("[{outcome: answered, ring: 2s}]"), listen=listen) as carrier:
            plan = plan_for(
                f"{transport}:{carrier.address}", to=[CALLED] * 9, talk="60s", calls_per_second="1000", concurrent="4"
            )
            told = Probed()
            prober = Prober(plan, Guard(Policy()), told.results.append)
            asyncio.get_running_loop().call_later(after, prober.stop)
            asyncio.get_running_loop().call_later(after, prober.stop)
            told.summary = await prober.run()
            assert prober.idle
            assert not carrier.switch.calls
            return told, [record.ending for record in carrier.journal.recent]

    told, journalled = fast_loop.run(run())
    assert [each.observation.outcome for each in told.results if each.observation] == [outcome] * 4
    assert journalled == [journal] * 4
    assert (told.summary.interrupted, told.summary.not_made, told.summary.calls) == (True, 5, 4)


def test_told_to_stop_while_nobody_answers_it_does_not_hang() -> None:
    async def run() -> tuple[Probed, float]:
        loop = asyncio.get_running_loop()
        told = Probed()
        port = free_port(socket.SOCK_DGRAM)
        prober = Prober(plan_for(f"udp:127.0.0.1:{port}"), Guard(Policy()), told.results.append)
        loop.call_later(1.0, prober.stop)
        told.summary = await prober.run()
        return told, loop.time()

    told, took = fast_loop.run(run())
    assert told.ends == [("interrupted", None)]
    assert took < 7


def test_told_to_stop_before_it_has_begun() -> None:
    async def run() -> Probed:
        told = Probed()
        prober = Prober(plan_for("udp:127.0.0.1:9", to=[CALLED] * 3), Guard(Policy()), told.results.append)
        prober.stop()
        told.summary = await prober.run()
        return told

    told = fast_loop.run(run())
    assert (told.results, told.summary.not_made) == ([], 3)


def test_calls_that_end_at_once_on_a_slow_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """However late the prober looks, it sees that its last call has ended."""

    async def nothing(*_: object) -> None:
        raise Unresolved("nowhere")

    monkeypatch.setattr("simcarrier.probe.client.SLICE", -1.0)
    monkeypatch.setattr("simcarrier.probe.client.resolve", nothing)
    told = asyncio.run(probe(plan_for("udp:nowhere.invalid", to=[CALLED] * 3, calls_per_second="1000")))
    assert len(told.results) == 3


def test_results_that_cannot_be_written_end_the_run() -> None:
    async def run() -> None:
        listen = [ListenAddress.parse("udp:127.0.0.1:0")]
        async with CarrierService(scenario("[{outcome: answered, ring: 1s}]"), listen=listen) as carrier:

            def full(result: Result) -> None:
                raise OSError(28, "No space left on device")

            plan = plan_for(f"udp:{carrier.address}", to=[CALLED] * 50)
            prober = Prober(plan, Guard(Policy()), full)
            with pytest.raises(OSError, match="No space left"):
                await prober.run()
            assert prober.summary.calls == 1
            assert prober.idle

    fast_loop.run(run())


# Rounds, load, leave


def test_rounds_are_counted_on_and_resolved_anew() -> None:
    async def run() -> tuple[Probed, int]:
        listen = [ListenAddress.parse("udp:127.0.0.1:0")]
        async with CarrierService(scenario("[{respond: 486}]"), listen=listen) as carrier:
            told = Probed()
            plan = plan_for(f"udp:{carrier.address}", to=[CALLED] * 2, every="60s", rounds="3")
            prober = Prober(plan, Guard(Policy()), told.results.append)
            for _ in range(3):
                told.summary = await prober.run()
                assert await prober.pause(60) is False
            return told, len(carrier.journal.recent)

    told, calls = fast_loop.run(run())
    assert calls == 6
    assert [each.wanted.number for each in told.results] == [1, 2, 3, 4, 5, 6]
    assert told.summary.codes == {"486": 6}


def test_a_load() -> None:
    told = probe_carrier(
        scenario("[{respond: 486}]"), load={"calls": "300", "calls_per_second": "1000", "concurrent": "100"}
    )
    assert told.summary.codes == {"486": 300}


def test_a_load_goes_to_this_machine_only() -> None:
    plan = plan_for("udp:192.0.2.1", load={"calls": "2", "calls_per_second": "1"})
    guard = Guard(Policy(live=True, allow=NumberPattern.parse("*")))
    with pytest.raises(LoadElsewhere, match="on this machine only"):
        asyncio.run(probe(plan, guard))
    assert not guard.usage.calls


def test_without_leave_nothing_goes_out() -> None:
    told = asyncio.run(probe(plan_for("udp:192.0.2.1", to=[CALLED, "+49112"])))
    assert [each.refusal.rule for each in told.results if each.refusal] == ["live", "emergency"]
    assert told.transcripts == []
    assert told.summary.refused == 2
    assert told.results[0].as_dict()["verdict"] == "not called"


def test_a_redirect_needs_leave_of_its_own() -> None:
    answer = "[{respond: {code: 302, headers: {Contact: '<sip:%s@127.0.0.1>'}}}]"
    for number in ("112", "%31%31%32", "+49112;x=y", ""):
        told = probe_carrier(scenario(answer % number), follow_redirects="5")
        assert told.ends == [("redirected", 302)]
        assert told.seen.rounds == 1
    told = probe_carrier(scenario(answer % "+4940222333"), follow_redirects="2")
    assert (told.ends, told.seen.rounds) == ([("redirected", 302)], 3)


def test_the_callers_of_the_ledger_are_told_before_a_live_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loopback address that the guard takes for another machine: the record is written before the call is placed."""
    monkeypatch.setattr("simcarrier.probe.guard.is_local", lambda targets: False)
    monkeypatch.setattr("simcarrier.probe.client.is_local", lambda targets: False)
    seen: list[tuple[int, int]] = []
    guard = Guard(Policy(live=True, allow=NumberPattern.parse("+49*")))

    async def run() -> Probed:
        listen = [ListenAddress.parse("udp:127.0.0.1:0")]
        async with CarrierService(scenario("[{respond: 486}]"), listen=listen) as carrier:

            def used() -> None:
                seen.append((len(guard.usage.calls), len(carrier.journal.recent)))

            return await probe(plan_for(f"udp:{carrier.address}", to=[CALLED, CALLED]), guard, used=used)

    assert fast_loop.run(run()).ends == [("refused", 486)] * 2
    assert seen == [(1, 0), (2, 1)]
    assert guard.usage.up == 0
