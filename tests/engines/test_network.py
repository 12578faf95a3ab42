"""pjproject on the network: what it sends, calls that are given up, connections, certificates, credentials."""

from __future__ import annotations

import gc
import logging
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from simcarrier.net.driver import source_host
from simcarrier.probe.engine import Unfit
from simcarrier.probe.engines import make_engine
from simcarrier.probe.guard import Guard, Policy
from simcarrier.scenario.load import loads
from simcarrier.scenario.models import Scenario
from simcarrier.scenario.patterns import NumberPattern
from simcarrier.trust.pki import make_authority, make_server, write_new
from tests.engines.kit import probe_carrier
from tests.probe.network_kit import CALLED, CALLER, plan_for, write_pki
from tests.probe.network_kit import probe_carrier as probe_by_builtin
from tests.probe.test_scenarios import FOLDER

ANSWERS = "name: test\ncalls: [{outcome: answered, ring: 1s}]\n"
STALLS = "name: test\ncalls: [{steps: [trying, silence]}]\n"


def carrier(text: str = ANSWERS) -> Scenario:
    return loads(text)


def closed_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
    return port


# What it sends


def test_the_invite_has_what_the_built_in_engine_sends() -> None:
    told = probe_carrier(
        carrier(), trunk={"asserted": "yes", "headers": {"X-Route": "7"}, "domain": "sip.example.com"}, talk="2s"
    )
    (transcript,) = told.transcripts
    invite = transcript.messages[0].data.decode()
    assert invite.startswith(f"INVITE sip:{CALLED}@sip.example.com SIP/2.0\r\n")
    for line in (
        f"To: <sip:{CALLED}@sip.example.com>",
        f"P-Asserted-Identity: <sip:{CALLER}@sip.example.com>",
        "X-Route: 7",
        "Feature-Caps: *;+sip.608",
        "User-Agent: simcarrier-probe",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:8 PCMA/8000",
    ):
        assert f"\r\n{line}\r\n" in invite
    assert f"\r\nFrom: <sip:{CALLER}@sip.example.com>;tag=" in invite
    assert "\r\nRoute:" not in invite
    assert "m=audio" in invite
    assert "speex" not in invite
    assert f"\r\nCall-ID: {told.seen.call_id}\r\n" in invite


def test_the_messages_of_a_call_are_kept_with_both_addresses() -> None:
    told = probe_carrier(carrier())
    (transcript,) = told.transcripts
    assert [(passed.sent, passed.what) for passed in transcript.messages] == [
        (True, "INVITE"),
        (False, "100 Trying"),
        (False, "180 Ringing"),
        (False, "200 OK"),
        (True, "ACK"),
        (True, "BYE"),
        (False, "200 OK"),
    ]
    assert {passed.remote for passed in transcript.messages} == {
        ("127.0.0.1", int(told.seen.remote.rpartition(":")[2]))
    }
    assert {passed.local[0] for passed in transcript.messages} == {"127.0.0.1"}
    assert len({passed.local for passed in transcript.messages}) == 1


def test_a_long_response_is_seen_whole() -> None:
    card = "data:application/json;base64," + "QUJD" * 860
    text = f'name: test\ncalls: [{{respond: {{code: 608, headers: {{Call-Info: "<{card}>;purpose=jwscard"}}}}}}]\n'
    told = probe_carrier(carrier(text), transport="tcp")
    assert told.seen.final is not None
    (value,) = told.seen.final.values("call-info")
    assert value == f"<{card}>;purpose=jwscard"
    # pjproject's log cuts a message off a little before that; what is kept is what it shows.
    assert all(len(passed.data) < 4000 for passed in told.transcripts[0].messages)


def test_media_can_be_encrypted() -> None:
    told = probe_carrier(carrier(), trunk={"srtp": "optional"})
    assert "a=crypto:" in told.transcripts[0].messages[0].data.decode()
    assert told.ends == [("answered", 200)]


def test_candidates_are_offered() -> None:
    try:
        host = source_host(("192.0.2.1", 9))
    except OSError:
        pytest.skip("this machine has no address but loopback's, which is no candidate")
    guard = Guard(Policy(live=True, allow=NumberPattern.parse("*")))
    told = probe_carrier(carrier(), trunk={"ice": "yes"}, host=host, guard=guard)
    invite = told.transcripts[0].messages[0].data.decode()
    assert "a=ice-ufrag:" in invite
    assert f" {host} " in next(line for line in invite.split("\r\n") if line.startswith("a=candidate:"))
    assert told.ends == [("answered", 200)]


def test_media_that_must_be_encrypted_are_refused_by_a_carrier_that_does_not() -> None:
    told = probe_carrier(carrier(), trunk={"srtp": "mandatory"})
    assert "RTP/SAVP" in told.transcripts[0].messages[0].data.decode()
    assert told.ends == [("refused", 488)]


# Calls that are given up


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_call_that_stalls_is_cancelled_at_its_deadline(transport: str) -> None:
    told = probe_carrier(carrier(STALLS), transport=transport, stall="3s")
    assert told.ends == [("stalled", None)]
    assert told.seen.gave_up == pytest.approx(3.0, abs=0.05)
    assert [seen.code for seen in told.seen.after] == [487]
    assert told.journal == ["cancelled"]
    assert [passed.what for passed in told.transcripts[0].messages][-2:] == ["487 Request Terminated", "ACK"]


def test_nobody_answers_at_all() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        told = probe_carrier(
            carrier(), address=f"udp:127.0.0.1:{deaf.getsockname()[1]}", no_response="2s", to=[CALLED] * 4
        )
    assert told.ends == [("silent", None)] * 4


def test_more_calls_than_lines_wait_for_one() -> None:
    told = probe_carrier(carrier(), to=[CALLED] * 12, concurrent="12", calls_per_second="1000")
    assert told.ends == [("answered", 200)] * 12


# Connections


@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_a_connection_that_is_refused(transport: str) -> None:
    told = probe_carrier(carrier(), address=f"{transport}:127.0.0.1:{closed_port(socket.SOCK_STREAM)}")
    assert told.ends == [("transport_failed", None)]
    assert "refused" in told.seen.trouble


def test_a_certificate_that_nobody_vouches_for(tmp_path: Path) -> None:
    write_pki(tmp_path)
    other = tmp_path / "other.pem"
    other.write_bytes(make_authority(time.time()).certificate_pem())
    told = probe_carrier(carrier(), transport="tls", pki=tmp_path, trunk={"ca": str(other)})
    assert told.ends == [("transport_failed", None)]
    assert "the certificate is not trusted; name its CA" in told.seen.trouble
    assert told.journal == []


@pytest.mark.parametrize(
    ("hosts", "days_ago", "words"),
    [(["sip.example.com"], 0, "for another name"), (["127.0.0.1"], 30, "not valid at this time")],
)
def test_a_certificate_that_is_wrong(tmp_path: Path, hosts: list[str], days_ago: int, words: str) -> None:
    now = time.time()
    authority = make_authority(now)
    server = make_server(authority, now - days_ago * 86_400, 10, hosts)
    files = {"ca.pem": authority.certificate_pem(), "server.pem": server.certificate_pem()}
    write_new(tmp_path, {**files, "server-key.pem": server.key_pem()}, ["server-key.pem"])
    told = probe_carrier(carrier(), transport="tls", pki=tmp_path)
    assert told.ends == [("transport_failed", None)]
    assert words in told.seen.trouble
    assert told.journal == []


def test_a_name_in_a_certificate(tmp_path: Path) -> None:
    write_pki(tmp_path)
    told = probe_carrier(carrier(), transport="tls", pki=tmp_path)
    assert told.ends == [("answered", 200)]


def test_a_port_without_tls() -> None:
    told = probe_carrier(carrier(), transport="tcp", to=CALLED)
    assert told.ends == [("answered", 200)]


# Credentials

DEMANDS = """\
name: test
parameters: {algorithm: MD5}
carrier:
  customers: [{name: gateway, user: gateway, password: s3cr3t-of-the-trunk, algorithms: $algorithm}]
calls: [{outcome: answered}]
"""
GATEWAY = {"username": "gateway", "password_env": "SECRET"}


@pytest.mark.parametrize(
    ("algorithm", "password", "ends"),
    [
        ("MD5", "s3cr3t-of-the-trunk", ("answered", 200)),
        ("SHA-256", "s3cr3t-of-the-trunk", ("answered", 200)),
        ("MD5", "wrong", ("refused", 403)),
    ],
)
def test_a_challenge_is_answered_by_pjproject(algorithm: str, password: str, ends: tuple[str, int]) -> None:
    text = DEMANDS.replace("{algorithm: MD5}", f"{{algorithm: {algorithm}}}")
    told = probe_carrier(carrier(text), trunk=GATEWAY, environment={"SECRET": password})
    assert told.ends == [ends]
    assert [seen.code for seen in told.seen.earlier] == [407]
    assert told.seen.rounds == 2


def test_credentials_that_are_challenged_again() -> None:
    told = probe_carrier(
        carrier(
            "name: test\ncalls: [{respond: {code: 407, headers: {Proxy-Authenticate: 'Digest realm=x, nonce=y'}}}]\n"
        ),
        trunk=GATEWAY,
        environment={"SECRET": "wrong"},
    )
    assert told.ends == [("unauthorised", 407)]


@pytest.mark.parametrize("password", ["secret", "wrong"])
def test_a_registration_comes_to_the_same_with_both_engines(password: str) -> None:
    text = (FOLDER / "registration-lapses.yaml").read_text()
    said: dict[str, Any] = {"trunk": {**GATEWAY, "register": "yes"}, "environment": {"SECRET": password}}
    told, expected = probe_carrier(carrier(text), **said), probe_by_builtin(carrier(text), **said)
    assert told.ends == expected.ends
    assert told.summary.notes == expected.summary.notes
    assert bool(told.summary.notes) == (password == "wrong")


def test_a_registration_is_made_anew_for_each_round() -> None:
    text = (FOLDER / "registration-lapses.yaml").read_text()
    trunk = {**GATEWAY, "register": "yes"}
    told = probe_carrier(carrier(text), trunk=trunk, environment={"SECRET": "secret"}, rounds=3)
    assert told.ends == [("answered", 200)] * 3
    assert told.summary.notes == []


def test_credentials_are_neither_logged_nor_kept(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "simcarrier.pjsua2"):
        told = probe_carrier(carrier(DEMANDS), trunk=GATEWAY, environment={"SECRET": "s3cr3t-of-the-trunk"})
    assert [seen.code for seen in told.seen.earlier] in ([401], [407])
    kept = b"".join(passed.data for passed in told.transcripts[0].messages)
    assert b"(left out)" in kept
    assert b"response=" not in kept
    assert caplog.records  # pjproject's log comes into ours
    assert "s3cr3t" not in caplog.text
    assert "response=" not in caplog.text


# The stack


def test_a_process_has_one_endpoint_and_may_have_another_after_it() -> None:
    from simcarrier.probe.pjsua2.stack import Stack

    threads = threading.active_count()
    for _ in range(3):
        first, second = Stack(lambda events: None), Stack(lambda events: None)
        first.start()
        with pytest.raises(OSError, match="one endpoint in a process"):
            second.start()
        gc.collect()
        first.stop()
        first.stop()
    assert threading.active_count() == threads


def test_the_collector_may_run_on_any_thread_and_no_thread_is_left() -> None:
    threads, over = threading.active_count(), threading.Event()

    def collect() -> None:
        while not over.wait(0.001):
            gc.collect(0)

    collector = threading.Thread(target=collect)
    collector.start()
    try:
        told = probe_carrier(carrier(), to=[CALLED] * 12, concurrent="4", calls_per_second="1000")
    finally:
        over.set()
        collector.join()
    assert told.ends == [("answered", 200)] * 12
    assert threading.active_count() <= threads + 1  # asyncio's own pool keeps one


def test_it_is_silent_while_it_starts_and_ends(capfd: pytest.CaptureFixture[str]) -> None:
    assert probe_carrier(carrier()).ends == [("answered", 200)]
    assert capfd.readouterr() == ("", "")


def test_a_load_is_not_for_it() -> None:
    plan = plan_for("udp:127.0.0.1:5060", load={"calls": 10, "calls_per_second": 10})
    with pytest.raises(Unfit, match="built-in engine only"):
        make_engine("pjsua2", plan, lambda response: None, None)


@pytest.mark.parametrize(
    ("said", "word"),
    [({"srtp": "mandatory"}, "srtp: mandatory"), ({"ice": "yes"}, "ice"), ({"codecs": ["G722"]}, "codecs")],
)
def test_what_the_built_in_engine_does_not_have(said: dict[str, Any], word: str) -> None:
    plan = plan_for("udp:127.0.0.1:5060", trunk=said)
    with pytest.raises(Unfit, match=f"trunk trunk: {word} needs another engine"):
        make_engine("asyncio", plan, lambda response: None, None)
