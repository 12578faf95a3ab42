"""The probe against a Kamailio as carrier: refusals of its own, digest, a registrar, and phones behind it.

The phones are SIPp; one that never answers is a socket of the test's own.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .harness import free_udp_port, peer, running
from .kamailio import Kamailio
from .probing import CALLER, Probed, plan_file, probe, probe_call
from .uas import Uas, answer_to_bye, expect, say

pytestmark = pytest.mark.interop

CARRIER = """\
#!KAMAILIO
debug=1
log_stderror=yes
children=1
disable_tcp=yes
auto_aliases=no
dns=no
rev_dns=no
listen=udp:127.0.0.1:{port}

loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "auth.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"

modparam("tm", "cancel_b_method", 0)
modparam("auth", "algorithm", "{algorithm}")
modparam("usrloc", "db_mode", 0)

request_route {{
    if (is_method("OPTIONS") && !has_totag()) {{ sl_send_reply("200", "OK"); exit; }}
    if (is_method("CANCEL")) {{
        if (t_check_trans()) t_relay();
        exit;
    }}
    if (has_totag()) {{
        if (loose_route()) {{ t_relay(); exit; }}
        if (is_method("ACK") && t_check_trans()) {{ t_relay(); exit; }}
        if (!is_method("ACK")) sl_send_reply("404", "Not here");
        exit;
    }}
    t_check_trans();
    if (is_method("REGISTER")) {{
        if (!pv_www_authenticate("carrier.test", "{password}", "0")) {{ www_challenge("carrier.test", "1"); exit; }}
        save("location");
        exit;
    }}
    if (!is_method("INVITE")) {{ sl_send_reply("405", "Method Not Allowed"); exit; }}

    # By the last digits, or the first.
    if ($rU =~ "403$") {{ sl_send_reply("403", "Forbidden"); exit; }}
    if ($rU =~ "603$") {{ sl_send_reply("603", "Decline"); exit; }}
    if ($rU =~ "503$") {{
        append_to_reply("Retry-After: 30\\r\\n");
        sl_send_reply("503", "Service Unavailable");
        exit;
    }}
    if ($rU =~ "^7") {{ sl_send_reply("404", "Not Found"); exit; }}
    if ($rU =~ "407$") {{
        if (!pv_proxy_authenticate("carrier.test", "{password}", "0")) {{
            proxy_challenge("carrier.test", "1");
            exit;
        }}
        consume_credentials();
    }}
    if ($rU =~ "200$" && !registered("location", "$fu")) {{ sl_send_reply("403", "Not Registered"); exit; }}

    record_route();
    if ($rU =~ "100$") $du = "sip:{silent}"; else $du = "sip:{phone}";
    t_relay();
}}
"""

PASSWORD = "tr0ub4dor"
ENVIRONMENT = {"CARRIER_PASSWORD": PASSWORD}

NEEDS_REGISTRATION, NEEDS_CREDENTIALS = "+4940222200", "+4940222407"

ANSWERS = (
    expect("INVITE"),
    say(180, "Ringing"),
    say(200, "OK", sdp=True),
    expect("ACK"),
    answer_to_bye(),
)

PLAN = """\
name: Calls that need a registration
trunks:
  carrier: {{address: "udp:{address}", caller: "{caller}", username: "{caller}", password_env: CARRIER_PASSWORD{more}}}
talk: 200ms
calls:
  - to: "{called}"
    expect: {expect}
"""

REFUSALS = """\
name: Refusals and a stall
trunks:
  carrier: {{address: "udp:{address}", caller: "{caller}"}}
calls:
  - to: ["+4940222403", "+4940222603", "+4940222503", "74940222000", "+4940222100"]
calls_per_second: 20
stall: 500ms
"""

Carrier = Callable[..., str]


@pytest.fixture
def carrier(tmp_path: Path) -> Iterator[Carrier]:
    """Starts a Kamailio as carrier, with a phone at an address or none; returns its own address."""
    program = peer("kamailio")
    started: list[Kamailio] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))

        def start(phone: str = "", algorithm: str = "MD5") -> str:
            started.append(
                Kamailio(
                    program,
                    tmp_path,
                    CARRIER,
                    phone=phone or f"127.0.0.1:{free_udp_port()}",
                    silent=f"127.0.0.1:{silent.getsockname()[1]}",
                    algorithm=algorithm,
                    password=PASSWORD,
                )
            )
            return started[-1].address

        try:
            yield start
        finally:
            for each in started:
                each.stop()


@pytest.fixture
def phone(tmp_path: Path) -> Iterator[Uas]:
    """Starts phones."""
    made = Uas(peer("sipp"), tmp_path)
    try:
        yield made
    finally:
        made.kill()


# Refusals


def test_refusals_and_a_stall_in_one_run(carrier: Carrier, tmp_path: Path) -> None:
    told = probe(plan_file(tmp_path, REFUSALS.format(address=carrier(), caller=CALLER)))

    found = {call["to"]: (call["verdict"], call["code"], call["phrase"]) for call in told.calls}
    assert found == {
        "+4940222403": ("refused", 403, "Forbidden"),
        "+4940222603": ("refused", 603, "Decline"),
        "+4940222503": ("refused", 503, "Service Unavailable"),
        "74940222000": ("refused", 404, "Not Found"),
        "+4940222100": ("stalled", None, None),
    }
    assert told.summary["codes"] == {"403": 1, "404": 1, "503": 1, "603": 1, "none": 1}
    assert told.status == 0
    by_number = {call["to"]: call for call in told.calls}
    assert by_number["+4940222503"]["retry_after"] == 30
    assert by_number["74940222000"]["retry"] == "other_number_form"
    assert all(call["observation"]["final"]["headers"]["server"] for call in told.calls if call["code"])


def test_100_and_silence(carrier: Carrier) -> None:
    told = probe_call(carrier(), "--stall", "500ms", "--expect", "stalled", to="+4940222100")

    assert (told.call["verdict"], told.call["code"], told.cause) == ("stalled", None, "stalled_after_trying")
    assert (told.call["expected"], told.status) == (True, 0)
    assert [seen["code"] for seen in told.call["provisionals"]] == [100]
    assert 0.49 < told.seen["gave_up"] - told.call["provisionals"][0]["at"] < 1
    assert [seen["code"] for seen in told.seen["after"]] == [487]
    assert told.seen["ended"] < 1.5


def test_something_else_than_expected(carrier: Carrier) -> None:
    told = probe_call(carrier(), "--expect", "answered", to="+4940222403")
    assert (told.status, told.summary["unexpected"]) == (1, 1)
    assert told.call["difference"] == "outcome: wanted answered, got refused"


# Prefixes: 7 is refused, 8 rings


def test_8_rings_where_7_is_refused(carrier: Carrier, phone: Uas) -> None:
    desk, address = phone.start(ANSWERS)
    trunk = carrier(address)
    refused, answered = probe_call(trunk, to="74940222333"), probe_call(trunk, "--talk", "300ms", to="84940222333")
    desk.finished()

    assert (refused.call["verdict"], refused.call["code"], refused.ladder) == ("refused", 404, [404])
    assert (answered.call["verdict"], answered.call["code"]) == ("answered", 200)
    assert answered.ladder == [100, 180, 200]
    assert answered.seen["hung_up_by"] == "us"
    assert 0.29 < answered.seen["ended"] - answered.seen["answered"] < 0.6
    # ACK and BYE went by the proxy's Record-Route.
    for method in ("ACK", "BYE"):
        assert desk.traffic.partition(f"{method} sip:")[2].partition("\n\n")[0].count("Via: ") == 2


def test_8_rings_and_is_cancelled(carrier: Carrier) -> None:
    with running("ringing-then-declined") as desk:
        told = probe_call(carrier(desk.address), "--ringing", "700ms", to="84940222333")
        assert [(call["code"], call["ending"]) for call in desk.ended_calls(1)] == [(487, "cancelled")]

    assert (told.call["verdict"], told.call["code"]) == ("rang_out", None)
    assert [seen["code"] for seen in told.call["provisionals"]] == [100, 180]
    assert 0.69 < told.seen["gave_up"] - told.call["post_dial_delay"] < 1.2
    assert [seen["code"] for seen in told.seen["after"]] == [487]


# Digest


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_digest(carrier: Carrier, phone: Uas, tmp_path: Path, algorithm: str) -> None:
    desk, address = phone.start(ANSWERS)
    results = tmp_path / "results.jsonl"
    told = probe_call(
        carrier(address, algorithm),
        *("--user", "dialler", "--password-env", "CARRIER_PASSWORD", "--talk", "100ms", "--results", str(results)),
        to=NEEDS_CREDENTIALS,
        environment=ENVIRONMENT,
    )
    desk.finished()

    assert (told.call["verdict"], told.call["code"], told.seen["rounds"]) == ("answered", 200, 2)
    kept = results.read_text()
    assert f"algorithm={algorithm}" in kept.replace('\\"', "")
    assert "Proxy-Authorization: (left out)" in kept
    assert PASSWORD not in kept
    messages = [message["data"].split("\r\n", 1)[0] for message in json.loads(kept.splitlines()[0])["messages"]]
    assert [line.split()[1 if line.startswith("SIP") else 0] for line in messages[:9]] == [
        *("INVITE", "407", "ACK", "INVITE", "100", "180", "200", "ACK", "BYE")
    ]


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_a_wrong_password(carrier: Carrier, algorithm: str) -> None:
    told = probe_call(
        carrier(algorithm=algorithm),
        *("--user", "dialler", "--password-env", "CARRIER_PASSWORD"),
        to=NEEDS_CREDENTIALS,
        environment={"CARRIER_PASSWORD": "guessed"},
    )
    assert (told.call["verdict"], told.call["code"], told.seen["rounds"]) == ("unauthorised", 407, 2)
    assert told.cause == "credentials_wrong"


def test_no_credentials(carrier: Carrier) -> None:
    told = probe_call(carrier(), to=NEEDS_CREDENTIALS)
    assert (told.call["verdict"], told.call["code"], told.seen["rounds"]) == ("unauthorised", 407, 1)


# The registrar


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_registering(carrier: Carrier, phone: Uas, tmp_path: Path, algorithm: str) -> None:
    desk, address = phone.start(ANSWERS, options=["-timeout", "40"])  # its call is the second one
    trunk = carrier(address, algorithm)

    def call(expect: str, more: str = "") -> Probed:
        plan = PLAN.format(address=trunk, caller=CALLER, called=NEEDS_REGISTRATION, expect=expect, more=more)
        return probe(plan_file(tmp_path, plan), environment=ENVIRONMENT)

    before = call("{code: 403}")
    registered = call("answered", ", register: yes")
    desk.finished()
    after = call("{code: 403}")  # the registration was withdrawn

    assert (before.call["verdict"], before.call["phrase"], before.status) == ("refused", "Not Registered", 0)
    assert (registered.call["verdict"], registered.call["code"], registered.status) == ("answered", 200, 0)
    assert registered.summary["notes"] == []
    assert (after.call["verdict"], after.call["phrase"], after.status) == ("refused", "Not Registered", 0)
    assert before.cause == "registration_inactive"


def test_registering_with_a_wrong_password(carrier: Carrier, tmp_path: Path) -> None:
    plan = PLAN.format(
        address=carrier(), caller=CALLER, called=NEEDS_REGISTRATION, expect="{code: 403}", more=", register: yes"
    )
    told = probe(plan_file(tmp_path, plan), environment={"CARRIER_PASSWORD": "guessed"})

    assert (told.call["verdict"], told.call["code"], told.status) == ("refused", 403, 0)
    (note,) = told.summary["notes"]
    assert "not registered" in note
    assert "guessed" not in note
