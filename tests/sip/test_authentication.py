"""The client's side of digest over a whole call: what is answered, how often, and when it gives up."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from simcarrier.sip.authentication import MOST_STALE, Authenticator
from simcarrier.sip.digest.challenge import Algorithm
from simcarrier.sip.digest.response import Secret
from simcarrier.sip.digest.server import DigestServer, Outcome
from simcarrier.sip.message import Response
from simcarrier.sip.parse import parse

URI = "sip:+4940222333@carrier.example"
FIELDS = {401: "WWW-Authenticate", 407: "Proxy-Authenticate"}


def challenge(values: Sequence[str], status: int = 407) -> Response:
    lines = [f"SIP/2.0 {status} Unauthorized", "Via: SIP/2.0/UDP h;branch=z9hG4bKa", "From: <sip:a@h>;tag=1"]
    lines += ["To: <sip:b@h>;tag=2", "Call-ID: c", "CSeq: 1 INVITE", "Content-Length: 0"]
    lines += [f"{FIELDS.get(status, 'WWW-Authenticate')}: {value}" for value in values]
    message = parse("\r\n".join([*lines, "", ""]).encode())
    assert isinstance(message, Response)
    return message


def server(algorithm: Algorithm = Algorithm.MD5, realm: str = "carrier.example", qop: str = "auth") -> DigestServer:
    return DigestServer(realm, b"0123456789abcdef", (algorithm,), qop=qop)


def verdict(asked: DigestServer, value: str, *, password: str = "secret", method: str = "INVITE") -> Outcome:
    def lookup(user: str) -> Secret | None:
        return Secret(password) if user == "acme" else None

    return asked.verify(value, method=method, lookup=lookup, now=1.0, uri=URI).outcome


def acme(password: str = "secret") -> Authenticator:
    return Authenticator("acme", password)


@pytest.mark.parametrize("algorithm", [each for each in Algorithm if each.available])
@pytest.mark.parametrize(("status", "told"), [(401, "Authorization"), (407, "Proxy-Authorization")])
def test_every_algorithm_is_answered(algorithm: Algorithm, status: int, told: str) -> None:
    asked = server(algorithm)
    fields = acme().answer(challenge(asked.challenges(0.0), status), method="INVITE", uri=URI)
    assert fields is not None
    ((name, value),) = fields
    assert name == told
    assert verdict(asked, value) is Outcome.OK
    assert verdict(asked, value, password="other") is not Outcome.OK


def test_the_body_is_covered_where_that_is_all_that_is_offered() -> None:
    asked = server(Algorithm.SHA_256, qop="auth-int")
    fields = acme().answer(challenge(asked.challenges(0.0)), method="INVITE", uri=URI, body=b"v=0")
    assert fields is not None
    assert "qop=auth-int" in fields[0][1]


def test_a_second_challenge_means_that_the_password_is_wrong() -> None:
    asked, client = server(), acme("wrong")
    assert client.answer(challenge(asked.challenges(0.0)), method="INVITE", uri=URI) is not None
    assert client.answer(challenge(asked.challenges(0.5)), method="INVITE", uri=URI) is None


def test_a_stale_nonce_is_believed_a_few_times() -> None:
    asked, client = server(), acme()
    assert client.answer(challenge(asked.challenges(0.0)), method="INVITE", uri=URI) is not None
    answers = [
        client.answer(challenge(asked.challenges(float(number), stale=True)), method="INVITE", uri=URI)
        for number in range(MOST_STALE + 2)
    ]
    assert [answer is not None for answer in answers] == [True] * MOST_STALE + [False, False]


def test_the_count_of_a_nonce_that_is_used_again_rises() -> None:
    client = acme()
    told = []
    for stale in ("false", "true", "true"):
        value = f'Digest realm="r", nonce="n", algorithm=MD5, qop="auth", stale={stale}'
        fields = client.answer(challenge([value]), method="INVITE", uri=URI)
        assert fields is not None
        told.append(fields[0][1])
    assert [f"nc=0000000{number}" in value for number, value in enumerate(told, 1)] == [True] * 3


def test_a_proxy_and_the_server_behind_it_both_get_theirs() -> None:
    proxy, behind, client = server(realm="proxy"), server(realm="behind"), acme()
    first = client.answer(challenge(proxy.challenges(0.0), 407), method="INVITE", uri=URI)
    second = client.answer(challenge(behind.challenges(0.0), 401), method="INVITE", uri=URI)
    assert first is not None
    assert second is not None
    fields = dict(second)
    assert set(fields) == {"Proxy-Authorization", "Authorization"}
    assert verdict(behind, fields["Authorization"]) is Outcome.OK
    assert client.answer(challenge(behind.challenges(1.0), 401), method="INVITE", uri=URI) is None


def test_the_first_algorithm_that_is_known_is_taken() -> None:
    values = ['Digest realm="r", nonce="n", algorithm=BLAKE3', *server(Algorithm.SHA_256, "r").challenges(0.0)]
    fields = acme().answer(challenge(values), method="INVITE", uri=URI)
    assert fields is not None
    assert "algorithm=SHA-256" in fields[0][1]


@pytest.mark.parametrize(
    "values",
    [
        [],
        ["Basic realm=x"],
        ["Digest"],
        ['Digest realm="r"'],
        ['Digest realm="r", nonce="n", algorithm=BLAKE3'],
        ["\x01"],
    ],
)
def test_what_cannot_be_answered(values: list[str]) -> None:
    assert acme().answer(challenge(values), method="INVITE", uri=URI) is None


def test_other_responses_are_no_challenges() -> None:
    assert acme().answer(challenge(server().challenges(0.0), 403), method="INVITE", uri=URI) is None


def test_the_password_is_not_shown() -> None:
    client = Authenticator("acme", "hunter2")
    fields = client.answer(challenge(server().challenges(0.0)), method="INVITE", uri=URI)
    assert "hunter2" not in f"{client!r} {fields}"
    assert "acme" in repr(client)


def test_no_two_answers_are_alike() -> None:
    asked = challenge(server().challenges(0.0))
    first, second = (acme().answer(asked, method="INVITE", uri=URI) for _ in range(2))
    assert first != second
    fixed = [Authenticator("acme", "x", lambda: "c").answer(asked, method="INVITE", uri=URI) for _ in range(2)]
    assert fixed[0] == fixed[1]
