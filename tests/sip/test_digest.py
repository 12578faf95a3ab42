"""Digest: published vectors, every algorithm against our own server, and what may go wrong with either."""

from __future__ import annotations

import hashlib
import itertools
import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcarrier.sip.digest import (
    Algorithm,
    Challenge,
    Credentials,
    DigestServer,
    Outcome,
    Secret,
    authorize,
    choose,
    choose_each,
)
from simcarrier.sip.errors import LocalProtocolError, Malformed

SECRET = b"0123456789abcdef"
ALICE = Secret(password="wonderland")
URI = "sip:+4930123456@carrier.example"
BODY = b"v=0\r\ns=-\r\n"


def lookup(username: str) -> Secret | None:
    return ALICE if username == "alice" else None


def answer(challenge: str, **changes: object) -> str:
    """Alice's answer to a challenge; `changes` replace arguments of `authorize`."""
    arguments: dict[str, object] = {
        "username": "alice",
        "password": "wonderland",
        "method": "INVITE",
        "uri": URI,
        "body": BODY,
        "cnonce": "c0ffee",
        "nonce_count": 1,
    }
    return authorize(Challenge.parse(challenge), **(arguments | changes))  # type: ignore[arg-type]  # the call itself checks


def judge(
    server: DigestServer,
    header: str,
    *,
    now: float = 100.0,
    method: str = "INVITE",
    body: bytes = BODY,
    uri: str | None = None,
) -> Outcome:
    return server.verify(header, method=method, body=body, lookup=lookup, now=now, uri=uri).outcome


# Published vectors


def parameter(header: str, name: str) -> str:
    return header.partition(f'{name}="')[2].partition('"')[0]


def test_rfc_2617_section_3_5() -> None:
    challenge = Challenge.parse(
        'Digest realm="testrealm@host.com", qop="auth,auth-int", '
        'nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
        'opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )
    header = authorize(
        challenge,
        username="Mufasa",
        password="Circle Of Life",
        method="GET",
        uri="/dir/index.html",
        cnonce="0a4f113b",
        nonce_count=1,
    )
    assert parameter(header, "response") == "6629fae49393a05397450978507c4ef1"
    assert parameter(header, "opaque") == "5ccc069c403ebaf9f0171e9517f40e41"
    assert "qop=auth, nc=00000001" in header


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        pytest.param("MD5", "8ca523f5e9506fed4657c9700eebdbec", id="MD5"),
        pytest.param("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1", id="SHA-256"),
    ],
)
def test_rfc_7616_section_3_9_1(algorithm: str, response: str) -> None:
    challenge = Challenge.parse(
        f'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm}, '
        'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
        'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    )
    header = authorize(
        challenge,
        username="Mufasa",
        password="Circle of Life",
        method="GET",
        uri="/dir/index.html",
        cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        nonce_count=1,
    )
    assert parameter(header, "response") == response


def test_rfc_7616_section_3_9_2_as_erratum_4897_corrects_it() -> None:
    challenge = Challenge.parse(
        'Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, '
        'nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", '
        'opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS"'
    )
    header = authorize(
        challenge,
        username="Jäsøn Doe",
        password="Secret, or not?",
        method="GET",
        uri="/doe.json",
        cnonce="NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v",
        nonce_count=1,
    )
    assert parameter(header, "response") == "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"


def test_sha_512_256_is_not_sha_512_cut_short() -> None:
    assert (  # FIPS 180-4's own example for "abc"
        Algorithm.SHA_512_256.digest("abc") == "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23"
    )


def test_without_qop_as_rfc_2069_has_it() -> None:
    # By hand from the formula: H(H(A1):nonce:H(A2)).
    challenge = Challenge.parse('Digest realm="r", nonce="n"')
    header = authorize(challenge, username="u", password="p", method="REGISTER", uri="sip:r", cnonce="x", nonce_count=1)
    md5 = Algorithm.MD5.digest
    assert parameter(header, "response") == md5(md5("u", "r", "p"), "n", md5("REGISTER", "sip:r"))
    assert "cnonce" not in header
    assert "nc=" not in header
    assert "qop" not in header


@pytest.mark.parametrize("algorithm", [Algorithm.MD5_SESS, Algorithm.SHA_256_SESS, Algorithm.SHA_512_256_SESS])
@pytest.mark.parametrize("qop", ["auth", "auth-int"])
def test_sess_by_hand_from_the_formula(algorithm: Algorithm, qop: str) -> None:
    header = authorize(
        Challenge.parse(f'Digest realm="r", nonce="n", algorithm={algorithm}, qop="{qop}"'),
        username="u",
        password="p",
        method="INVITE",
        uri="sip:r",
        body=BODY,
        cnonce="x",
        nonce_count=0x1A,
    )
    digest = {"MD5-sess": hashlib.md5, "SHA-256-sess": hashlib.sha256}.get(
        algorithm, lambda data: hashlib.new("sha512_256", data)
    )

    def h(text: str) -> str:
        return digest(text.encode()).hexdigest()

    ha1 = h(h("u:r:p") + ":n:x")
    ha2 = h("INVITE:sip:r" + (f":{h(BODY.decode())}" if qop == "auth-int" else ""))
    assert parameter(header, "response") == h(f"{ha1}:n:0000001a:x:{qop}:{ha2}")


# Round trips

ROUND_TRIPS = [
    pytest.param(algorithm, qop, id=f"{algorithm}-{qop}")
    for algorithm, qop in itertools.product(Algorithm, ("auth", "auth-int"))
]


@pytest.mark.parametrize(("algorithm", "qop"), ROUND_TRIPS)
def test_round_trip(algorithm: Algorithm, qop: str) -> None:
    server = DigestServer("carrier.example", SECRET, (algorithm,), qop=qop)
    (challenge,) = server.challenges(100.0)
    assert Challenge.parse(challenge).algorithm is algorithm
    header = answer(challenge)
    assert f"qop={qop}," in header
    verdict = server.verify(header, method="INVITE", body=BODY, lookup=lookup, now=101.0, uri=URI)
    assert verdict.ok
    assert verdict.username == "alice"


@pytest.mark.parametrize("algorithm", Algorithm)
def test_a_client_without_qop_is_let_in_once_per_nonce(algorithm: Algorithm) -> None:
    server = DigestServer("carrier.example", SECRET, (algorithm,))
    (text,) = server.challenges(100.0)
    header = authorize(
        replace(Challenge.parse(text), qop=()),
        username="alice",
        password="wonderland",
        method="INVITE",
        uri=URI,
        cnonce="c",
        nonce_count=1,
    )
    assert judge(server, header) is Outcome.OK
    assert judge(server, header) is Outcome.REPLAYED


def test_a_client_without_qop_is_refused_where_only_auth_int_is_offered() -> None:
    server = DigestServer("carrier.example", SECRET, (Algorithm.MD5,), qop="auth-int")
    (text,) = server.challenges(100.0)
    header = authorize(
        replace(Challenge.parse(text), qop=()),
        username="alice",
        password="wonderland",
        method="INVITE",
        uri=URI,
        cnonce="c",
        nonce_count=1,
    )
    assert judge(server, header) is Outcome.MALFORMED


def test_both_qualities_offered_and_the_client_may_prefer_integrity() -> None:
    server = DigestServer("carrier.example", SECRET, qop="auth,auth-int")
    first, second = server.challenges(100.0)
    assert "qop=auth," in answer(first)
    header = answer(second, prefer_auth_int=True)
    assert "qop=auth-int," in header
    assert judge(server, header) is Outcome.OK


@pytest.mark.parametrize("algorithm", Algorithm)
def test_a_server_may_keep_ha1_instead_of_the_password(algorithm: Algorithm) -> None:
    server = DigestServer("carrier.example", SECRET, (algorithm,))
    ha1 = algorithm.base.digest("alice", "carrier.example", "wonderland")
    (challenge,) = server.challenges(100.0)
    header = answer(challenge)

    def only_hash(kept: Secret) -> Outcome:
        return server.verify(header, method="INVITE", body=BODY, lookup=lambda username: kept, now=100.0).outcome

    assert only_hash(Secret(hashes={algorithm.base: ha1.replace("a", "b")})) is Outcome.WRONG
    assert only_hash(Secret(hashes={})) is Outcome.WRONG
    assert only_hash(Secret(hashes={algorithm.base: ha1.upper()})) is Outcome.OK


def test_a_secret_does_not_print_itself() -> None:
    assert "wonderland" not in repr(ALICE)
    assert "feed" not in repr(Secret(hashes={Algorithm.MD5: "feed"}))


@given(
    st.text(st.characters(exclude_categories=("Cc", "Cs"))),
    st.text(),
    st.text(st.characters(exclude_categories=("Cc", "Cs"))),
)
def test_any_name_password_and_realm_round_trip(username: str, password: str, realm: str) -> None:
    server = DigestServer(realm, SECRET, (Algorithm.SHA_256,))
    (challenge,) = server.challenges(100.0)
    header = answer(challenge, username=username, password=password.replace("\ud800", ""))
    verdict = server.verify(header, method="INVITE", body=BODY, lookup=lambda name: Secret(password), now=100.0)
    assert verdict.ok
    assert verdict.username == username


# Refusals


@pytest.mark.parametrize("qop", ["auth", "auth-int"])
@pytest.mark.parametrize("algorithm", Algorithm)
def test_a_wrong_password_is_wrong(algorithm: Algorithm, qop: str) -> None:
    server = DigestServer("carrier.example", SECRET, (algorithm,), qop=qop)
    (challenge,) = server.challenges(100.0)
    assert judge(server, answer(challenge, password="Wonderland")) is Outcome.WRONG


def test_a_tampered_method_is_wrong() -> None:
    server = DigestServer("carrier.example", SECRET)
    assert judge(server, answer(server.challenges(100.0)[0]), method="BYE") is Outcome.WRONG


def test_a_tampered_uri_is_wrong() -> None:
    server = DigestServer("carrier.example", SECRET)
    header = answer(server.challenges(100.0)[0])
    assert judge(server, header.replace("+4930123456", "+4930123457")) is Outcome.WRONG
    assert judge(server, header, uri="sip:+1900555@carrier.example") is Outcome.WRONG
    assert judge(server, header, uri=URI) is Outcome.OK


def test_a_tampered_body_is_wrong_with_auth_int_and_not_seen_with_auth() -> None:
    careful = DigestServer("carrier.example", SECRET, qop="auth-int")
    assert judge(careful, answer(careful.challenges(100.0)[0]), body=b"v=1\r\n") is Outcome.WRONG
    plain = DigestServer("carrier.example", SECRET, qop="auth")
    assert judge(plain, answer(plain.challenges(100.0)[0]), body=b"v=1\r\n") is Outcome.OK


def test_an_unknown_user_is_told_with_its_name() -> None:
    server = DigestServer("carrier.example", SECRET)
    header = answer(server.challenges(100.0)[0], username="mallory")
    verdict = server.verify(header, method="INVITE", body=BODY, lookup=lookup, now=100.0)
    assert verdict.outcome is Outcome.UNKNOWN_USER
    assert verdict.username == "mallory"
    assert not verdict.ok


def test_another_realm_is_foreign() -> None:
    server = DigestServer("carrier.example", SECRET)
    other = DigestServer("proxy.example", SECRET)
    assert judge(server, answer(other.challenges(100.0)[0])) is Outcome.FOREIGN


def test_an_algorithm_that_was_not_offered_is_malformed() -> None:
    server = DigestServer("carrier.example", SECRET, (Algorithm.SHA_256,))
    weak = DigestServer("carrier.example", SECRET, (Algorithm.MD5,))
    assert judge(server, answer(weak.challenges(100.0)[0])) is Outcome.MALFORMED


# Nonces


def test_a_nonce_is_good_for_its_lifetime_and_then_stale() -> None:
    server = DigestServer("carrier.example", SECRET, nonce_lifetime=60.0)
    challenge = server.challenges(100.0)[0]
    assert judge(server, answer(challenge, nonce_count=1), now=159.9) is Outcome.OK
    assert judge(server, answer(challenge, nonce_count=2), now=160.1) is Outcome.STALE
    again = server.challenges(160.1, stale=True)[0]
    assert Challenge.parse(again).stale
    assert not Challenge.parse(challenge).stale
    assert judge(server, answer(again), now=160.1) is Outcome.OK


def test_an_old_nonce_with_a_wrong_password_is_wrong_not_stale() -> None:
    server = DigestServer("carrier.example", SECRET)
    header = answer(server.challenges(100.0)[0], password="guess")
    assert judge(server, header, now=1000.0) is Outcome.WRONG


def test_a_nonce_from_the_future_is_stale() -> None:
    server = DigestServer("carrier.example", SECRET)
    assert judge(server, answer(server.challenges(500.0)[0]), now=100.0) is Outcome.STALE


@pytest.mark.parametrize("now", [0.0, -3.7, 0.0004, 1e9 + 0.12345], ids=str)
def test_any_origin_of_the_clock_will_do(now: float) -> None:
    server = DigestServer("carrier.example", SECRET)
    assert judge(server, answer(server.challenges(now)[0]), now=now) is Outcome.OK


def test_a_forged_nonce_is_stale() -> None:
    server = DigestServer("carrier.example", SECRET)
    challenge = server.challenges(100.0)[0]
    nonce = Challenge.parse(challenge).nonce
    forgeries = [
        nonce[:-1] + ("0" if nonce[-1] != "0" else "1"),
        ("1" if nonce[0] == "0" else "0") + nonce[1:],
        nonce.upper() if nonce.upper() != nonce else nonce[:-1],
        nonce[:-2],
        nonce + "00",
        "z" * len(nonce),
        " " * len(nonce),
        "",
        "é" * len(nonce),
    ]
    for forged in forgeries:
        assert judge(server, answer(challenge.replace(nonce, forged))) is Outcome.STALE, forged
    assert server.remembered == 0
    stranger = DigestServer("carrier.example", b"another secret of ours")
    assert judge(server, answer(stranger.challenges(100.0)[0])) is Outcome.STALE


def test_a_nonce_made_for_one_algorithm_is_not_good_for_another() -> None:
    server = DigestServer("carrier.example", SECRET, (Algorithm.SHA_256, Algorithm.MD5))
    strong, weak = server.challenges(100.0)
    mixed = strong.replace("algorithm=SHA-256", "algorithm=MD5")
    assert judge(server, answer(mixed)) is Outcome.STALE
    assert judge(server, answer(weak)) is Outcome.OK


def test_servers_that_share_a_secret_accept_each_others_nonces() -> None:
    one, other = DigestServer("carrier.example", SECRET), DigestServer("carrier.example", SECRET)
    assert judge(other, answer(one.challenges(100.0)[0])) is Outcome.OK


# Replays


def test_the_nonce_count_must_rise() -> None:
    server = DigestServer("carrier.example", SECRET)
    challenge = server.challenges(100.0)[0]
    counts = [
        (1, Outcome.OK),
        (1, Outcome.REPLAYED),
        (2, Outcome.OK),
        (0x1F, Outcome.OK),
        (3, Outcome.REPLAYED),
    ]
    for count, expected in counts:
        assert judge(server, answer(challenge, nonce_count=count)) is expected, count
    assert server.remembered == 1


def test_a_nonce_count_of_zero_is_never_good() -> None:
    server = DigestServer("carrier.example", SECRET)
    challenge = Challenge.parse(server.challenges(100.0)[0])
    credentials = Credentials.parse(answer(server.challenges(100.0)[0]))
    zero = replace(credentials, nonce=challenge.nonce, nc="00000000")
    ha1 = challenge.algorithm.digest("alice", "carrier.example", "wonderland")
    response = zero.expected_response(ha1, method="INVITE", body=BODY)
    header = (
        f'Digest username="alice", realm="carrier.example", nonce="{zero.nonce}", uri="{URI}", '
        f'response="{response}", algorithm={challenge.algorithm}, cnonce="c0ffee", qop=auth, nc=00000000'
    )
    assert judge(server, header) is Outcome.REPLAYED


def test_a_wrong_password_does_not_use_a_nonce_up() -> None:
    server = DigestServer("carrier.example", SECRET)
    challenge = server.challenges(100.0)[0]
    assert judge(server, answer(challenge, password="guess", nonce_count=9)) is Outcome.WRONG
    assert server.remembered == 0
    assert judge(server, answer(challenge, nonce_count=1)) is Outcome.OK


def test_two_clients_challenged_in_the_same_instant_do_not_collide() -> None:
    server = DigestServer("carrier.example", SECRET)
    first, second = server.challenges(100.0)[0], server.challenges(100.0)[0]
    assert judge(server, answer(first)) is Outcome.OK
    assert judge(server, answer(second)) is Outcome.OK


def test_the_replay_table_is_capped_and_forgetting_lets_no_replay_in() -> None:
    server = DigestServer("carrier.example", SECRET, (Algorithm.MD5,), max_nonces=8)
    headers = []
    for i in range(100):
        header = answer(server.challenges(100.0 + i / 1000)[0])
        assert judge(server, header, now=101.0) is Outcome.OK
        headers.append(header)
        assert server.remembered <= 8
    outcomes = [judge(server, header, now=101.0) for header in headers]
    assert outcomes == [Outcome.STALE] * 92 + [Outcome.REPLAYED] * 8


def test_a_full_table_costs_an_older_nonce_one_more_round_trip() -> None:
    server = DigestServer("carrier.example", SECRET, (Algorithm.MD5,), max_nonces=1)
    early, late, last = (server.challenges(100.0 + i)[0] for i in range(3))
    assert judge(server, answer(late), now=103.0) is Outcome.OK
    assert judge(server, answer(last), now=103.0) is Outcome.OK
    assert judge(server, answer(early), now=103.0) is Outcome.STALE
    assert judge(server, answer(server.challenges(103.0, stale=True)[0]), now=103.0) is Outcome.OK


def test_the_replay_table_forgets_what_has_expired() -> None:
    server = DigestServer("carrier.example", SECRET, (Algorithm.MD5,), nonce_lifetime=60.0, max_nonces=1000)
    for i in range(500):
        assert judge(server, answer(server.challenges(100.0 + i / 100)[0]), now=110.0) is Outcome.OK
    assert server.remembered == 500
    assert judge(server, answer(server.challenges(200.0)[0]), now=200.0) is Outcome.OK
    assert server.remembered == 1


@settings(deadline=None)  # a shared machine may pause in the middle
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5)), max_size=40))
def test_no_answer_is_ever_accepted_twice(events: list[tuple[int, int]]) -> None:
    server = DigestServer("carrier.example", SECRET, (Algorithm.MD5,), nonce_lifetime=10.0, max_nonces=3)
    headers = [answer(server.challenges(float(i))[0]) for i in range(10)]
    accepted: list[int] = []
    now = 10.0
    for which, step in events:
        now += step / 10
        if judge(server, headers[which], now=now) is Outcome.OK:
            accepted.append(which)
        assert server.remembered <= 3
    assert len(accepted) == len(set(accepted))


# Choosing


def test_parse_reads_every_field() -> None:
    challenge = Challenge.parse(
        'DIGEST  realm = "a \\"quoted\\" realm, with comma" ,nonce=abc==,ALGORITHM=sha-256-SESS,, '
        'qop="Auth, auth-int",opaque="", stale=TRUE, domain="sip:a.example sip:b.example", extra=1'
    )
    assert challenge == Challenge(
        realm='a "quoted" realm, with comma',
        nonce="abc==",
        algorithm=Algorithm.SHA_256_SESS,
        qop=("auth", "auth-int"),
        opaque="",
        stale=True,
        domain=("sip:a.example", "sip:b.example"),
    )


SHA = 'Digest realm="a", nonce="1", algorithm=SHA-256, qop="auth"'
MD5 = 'Digest realm="a", nonce="2", algorithm=MD5, qop="auth"'
FUTURE = 'Digest realm="a", nonce="3", algorithm=SHA3-512, qop="auth"'
ODD_QOP = 'Digest realm="a", nonce="4", qop="auth-conf"'
BASIC = 'Basic realm="a"'
OTHER = 'Digest realm="b", nonce="5"'


@pytest.mark.parametrize(
    ("values", "nonces"),
    [
        pytest.param([SHA, MD5], ["1"], id="the topmost"),
        pytest.param([MD5, SHA], ["2"], id="the topmost, though weaker"),
        pytest.param([FUTURE, ODD_QOP, BASIC, MD5, SHA], ["2"], id="the topmost that we support"),
        pytest.param([MD5, OTHER, SHA], ["2", "5"], id="one for each realm"),
        pytest.param([f"{FUTURE}, {BASIC},{SHA} , {OTHER}"], ["1", "5"], id="several in one field"),
        pytest.param([f"{BASIC}, {SHA}", f"{OTHER}, {MD5}"], ["1", "5"], id="several in several fields"),
        pytest.param(["", "Digest", 'Digest realm="a', MD5], ["2"], id="broken ones are passed over"),
        pytest.param([FUTURE, BASIC, ODD_QOP], [], id="none that we support"),
        pytest.param([], [], id="none at all"),
    ],
)
def test_choose(values: list[str], nonces: list[str]) -> None:
    assert [challenge.nonce for challenge in choose_each(values)] == nonces
    topmost = choose(values)
    assert (topmost.nonce if topmost else None) == (nonces[0] if nonces else None)


def test_the_servers_own_challenges_come_preferred_first() -> None:
    server = DigestServer("carrier.example", SECRET, (Algorithm.SHA_512_256, Algorithm.SHA_256, Algorithm.MD5))
    values = server.challenges(1.0)
    assert [Challenge.parse(value).algorithm.value for value in values] == ["SHA-512-256", "SHA-256", "MD5"]
    assert all(Challenge.parse(value).qop == ("auth",) for value in values)
    chosen = choose(values)
    assert chosen is not None
    assert chosen.algorithm is Algorithm.SHA_512_256


def test_no_more_challenges_are_read_than_a_response_could_need() -> None:
    assert choose([FUTURE] * 1000 + [MD5]) is None


# Our caller's faults


@pytest.mark.parametrize("count", [0, -1, 2**32], ids=str)
def test_a_nonce_count_out_of_range_is_our_callers_fault(count: int) -> None:
    with pytest.raises(LocalProtocolError):
        answer(MD5, nonce_count=count)


@pytest.mark.parametrize("name", ["username", "uri", "cnonce"])
def test_a_line_break_cannot_be_smuggled_into_a_header(name: str) -> None:
    with pytest.raises(LocalProtocolError):
        answer(MD5, **{name: "a\r\nX: y"})


def test_an_unsupported_challenge_cannot_be_answered() -> None:
    with pytest.raises(LocalProtocolError):
        answer(ODD_QOP)


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param({"algorithms": ()}, id="no algorithm"),
        pytest.param({"secret": b"short"}, id="short secret"),
        pytest.param({"qop": "auth-conf"}, id="unknown qop"),
        pytest.param({"qop": ""}, id="no qop"),
        pytest.param({"max_nonces": 0}, id="no room"),
    ],
)
def test_a_server_that_cannot_be(arguments: dict[str, object]) -> None:
    with pytest.raises(LocalProtocolError):
        DigestServer(**({"realm": "r", "secret": SECRET} | arguments))  # type: ignore[arg-type]  # wrong on purpose


# The peer's faults


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("", id="empty"),
        pytest.param("Digest", id="scheme only"),
        pytest.param('Basic realm="a", nonce="b"', id="another scheme"),
        pytest.param('Digest nonce="b"', id="no realm"),
        pytest.param('Digest realm="a"', id="no nonce"),
        pytest.param('Digest realm="a", nonce="b', id="open quote"),
        pytest.param('Digest realm="a", nonce="b"x', id="text after the quote"),
        pytest.param('Digest realm="a", nonce="b\\"', id="escaped closing quote"),
        pytest.param('Digest realm="a", nonce=b"c"', id="quote in the middle"),
        pytest.param('Digest realm="a", nonce=', id="no value"),
        pytest.param('Digest realm="a", nonce="b", realm="c"', id="given twice"),
        pytest.param('Digest realm="a", nonce="b", loose', id="no pair"),
        pytest.param('Digest realm="a", nonce="b", =c', id="no name"),
        pytest.param('Digest realm="a", nonce="b", algorithm=CRC', id="unknown algorithm"),
        pytest.param('"Digest" realm="a", nonce="b"', id="quoted scheme"),
    ],
)
def test_a_broken_challenge_is_malformed(value: str) -> None:
    with pytest.raises(Malformed):
        Challenge.parse(value)


GOOD = (
    'Digest username="alice", realm="carrier.example", nonce="n", uri="sip:x", response="r", '
    'algorithm=MD5, cnonce="c", qop=auth, nc=00000001'
)


def test_good_credentials_parse() -> None:
    credentials = Credentials.parse(GOOD)
    assert (credentials.username, credentials.qop, credentials.nc) == ("alice", "auth", "00000001")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(('username="alice", ', ""), id="no username"),
        pytest.param(('response="r", ', ""), id="no response"),
        pytest.param((", nc=00000001", ""), id="no nc"),
        pytest.param((", nc=00000001", ", nc=1"), id="short nc"),
        pytest.param((", nc=00000001", ", nc=0000000g"), id="nc not hexadecimal"),
        pytest.param((", nc=00000001", ", nc=+0000001"), id="nc with a sign"),
        pytest.param((", nc=00000001", ", nc=٠٠٠٠٠٠٠١"), id="nc in other digits"),
        pytest.param(('cnonce="c", ', ""), id="no cnonce"),
        pytest.param(('MD5, cnonce="c", qop=auth, nc=00000001', "MD5-sess"), id="sess without cnonce"),
        pytest.param(("qop=auth", "qop=auth-int"), id="a quality that was not offered"),
        pytest.param(("Digest", "Basic"), id="another scheme"),
    ],
)
def test_broken_credentials_are_malformed(change: tuple[str, str]) -> None:
    assert change[0] in GOOD
    server = DigestServer("carrier.example", SECRET, (Algorithm.MD5, Algorithm.MD5_SESS))
    assert judge(server, GOOD.replace(*change)) is Outcome.MALFORMED


def test_every_truncation_is_refused() -> None:
    server = DigestServer("carrier.example", SECRET, (Algorithm.SHA_256_SESS,))
    header = answer(server.challenges(100.0)[0])
    for end in range(len(header)):
        assert judge(server, header[:end]) is not Outcome.OK, header[:end]
    assert judge(server, header) is Outcome.OK


def test_every_truncation_of_a_challenge_is_read_or_malformed() -> None:
    whole = f'{SHA}, opaque="x\\"y", domain="sip:a", stale=true'
    for end in range(len(whole)):
        choose([whole[:end]])
        try:
            challenge = Challenge.parse(whole[:end])
        except Malformed:
            continue
        assert challenge.realm == "a"


HOSTILE = {
    "quotes": '"' * 65536,
    "backslashes in quotes": 'Digest realm="' + "\\" * 65536,
    "escaped quotes": 'Digest realm="' + '\\"' * 32000,
    "commas": "Digest " + "," * 65536,
    "spaces": "Digest " + " " * 65536,
    "equals": "Digest " + "=" * 65536,
    "pairs": "Digest " + "a=b," * 16000,
    "schemes": "Digest a=b," * 6000,
    "one long value": 'Digest realm="' + "a" * 65536 + '"',
    "no scheme": "a" * 65536,
    "surrogates": "Digest realm=\udcff" * 4000,
    "just below the limit, escaped quotes": 'Digest realm="' + '\\"' * 4000 + '"',
    "just below the limit, backslashes": 'Digest realm="' + "\\" * 8000 + '"',
    "just below the limit, pairs": "Digest " + "a=b," * 2000,
    "just below the limit, schemes": "Digest a=b," * 740,
    "just below the limit, quotes": "Digest a=" + '"' * 8100,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_is_refused_quickly(text: str) -> None:
    server = DigestServer("carrier.example", SECRET)

    def cost() -> float:
        began = time.thread_time()
        assert choose([text]) is None
        assert judge(server, text) is Outcome.MALFORMED
        return time.thread_time() - began

    assert min(cost() for _ in range(3)) < 0.02  # 10 ms for each of the two, ample for a shared machine


@given(st.text())
def test_no_text_makes_the_readers_fail_otherwise(text: str) -> None:
    server = DigestServer("carrier.example", SECRET)
    assert judge(server, text) is not Outcome.OK
    assert judge(server, f"Digest {text}") is not Outcome.OK
    choose([text, f"Digest {text}"])


@given(st.lists(st.sampled_from(["Digest ", "realm", "nonce", "=", '"', "\\", ",", " ", "a", "\udcff"])))
def test_no_arrangement_of_pieces_makes_the_readers_fail_otherwise(pieces: list[str]) -> None:
    text = "Digest " + "".join(pieces)
    choose([text])
    server = DigestServer("carrier.example", SECRET)
    assert judge(server, text) is Outcome.MALFORMED


def test_wire_text_outside_utf_8_round_trips() -> None:
    challenge = Challenge.parse('Digest realm="caf\udce9", nonce="n\udcff"')
    header = authorize(
        challenge, username="u\udce9", password="p", method="INVITE", uri="sip:x", cnonce="c", nonce_count=1
    )
    credentials = Credentials.parse(header)
    assert (credentials.realm, credentials.nonce, credentials.username) == ("caf\udce9", "n\udcff", "u\udce9")
    ha1 = Algorithm.MD5.digest(b"u\xe9", b"caf\xe9", b"p")
    assert credentials.response == credentials.expected_response(ha1, method="INVITE", body=b"")
