"""sipsak: OPTIONS over every transport, methods that nobody knows, and what it breaks on purpose."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .harness import Carrier, peer, running
from .ladder import ACK, INVITE, got
from .sipp import Sipp

pytestmark = pytest.mark.interop

Start = Callable[..., Carrier]


def sipsak(*arguments: str, environment: dict[str, str] | None = None) -> tuple[int, str]:
    """Run it; returns its exit status and what it printed."""
    done = subprocess.run(
        [peer("sipsak"), *arguments],
        capture_output=True,
        check=False,
        timeout=9,
        env=os.environ | (environment or {}),
    )
    return done.returncode, (done.stdout + done.stderr).decode(errors="replace")


def still_answers(called: Carrier, sipp: Sipp) -> None:
    """The carrier takes a call as if nothing had been."""
    before = len(called.calls)
    sipp.call([INVITE, got(500), ACK], called.address)
    assert called.ended_calls(before + 1)[-1]["code"] == 500


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_options(transport: str, carrier: Start, tmp_path: Path) -> None:
    called = carrier("server-error-500", listen=[f"{transport}:127.0.0.1:0"])
    # With TLS 1.3 sipsak 0.9.8 takes the server's session ticket for the end of the connection.
    priorities = tmp_path / "gnutls"
    priorities.write_text("[overrides]\ndisabled-version = tls1.3\n")
    status, output = sipsak(
        *("-v", "-E", transport, "--tls-ignore-cert-failure", "-s", f"sip:carrier@{called.address}"),
        environment={"GNUTLS_SYSTEM_PRIORITY_FILE": str(priorities)},
    )
    assert status == 0, output
    assert "SIP/2.0 200 OK" in output
    assert "Allow: INVITE, ACK, CANCEL, BYE" in output
    assert called.stop()["calls"] == 0


@pytest.fixture(scope="module")
def troubled() -> Iterator[Carrier]:
    with running("server-error-500") as made:
        yield made


REQUEST = """\
{method} sip:carrier@{address} SIP/2.0
From: <sip:sipsak@127.0.0.1>;tag=1
To: <sip:carrier@{address}>
Call-ID: interop@127.0.0.1
CSeq: 1 {cseq}
Max-Forwards: 70
{more}Content-Length: 0

"""


@pytest.mark.parametrize(
    ("method", "cseq", "more", "status"),
    [
        ("JUMP", "JUMP", "", "501 Not Implemented"),
        ("REGISTER", "REGISTER", "", "405 Method Not Allowed"),
        ("OPTIONS", "INVITE", "", "400 "),
        ("OPTIONS", "OPTIONS", "Require: holography\n", "420 Bad Extension"),
        ("BYE", "BYE", "", "481 "),
    ],
    ids=["unknown method", "method not served", "CSeq of another method", "unknown extension", "no such call"],
)
def test_requests_that_are_refused(
    method: str, cseq: str, more: str, status: str, troubled: Carrier, tmp_path: Path
) -> None:
    file = tmp_path / "request"
    file.write_text(REQUEST.format(method=method, cseq=cseq, more=more, address=troubled.address))
    _, output = sipsak("-vv", "-f", str(file), "-s", f"sip:carrier@{troubled.address}")
    assert f"SIP/2.0 {status}" in output


def test_random_garbage_ends_nothing(carrier: Start, sipp: Sipp) -> None:
    called = carrier("server-error-500")
    for characters in (5, 30, 100, 300):
        # It breaks ever more of a request until no answer comes; a short T1 makes it give up sooner.
        sipsak("-R", "-t", str(characters), "--timer-t1=5", "-s", f"sip:carrier@{called.address}")
    still_answers(called, sipp)


def test_a_flood_ends_nothing(carrier: Start, sipp: Sipp) -> None:
    called = carrier("server-error-500")
    status, output = sipsak("-F", "-e", "2000", "-s", f"sip:carrier@{called.address}")
    assert status == 0, output
    still_answers(called, sipp)
