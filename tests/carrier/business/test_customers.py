"""Who is calling: by credentials, address or domain; wrong, old and stolen credentials; registrations."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcarrier.carrier.business import customers as customers_module
from simcarrier.carrier.business.customers import Customers, from_host
from simcarrier.conditions import Condition
from simcarrier.records.model import CallRecord
from simcarrier.sip.digest import Algorithm, Challenge
from simcarrier.sip.message import make_request
from simcarrier.testing import CallOut, Phone
from tests.carrier.business.credentials import call_with_password, challenge_in, credentials
from tests.carrier.kit import Exchange

ANSWERED = "calls: [{outcome: answered, ring: 0s}]"


def exchange(entries: str, more: str = "") -> Exchange:
    return Exchange(f"carrier: {{customers: [{entries}]{more}}}\n{ANSWERED}\n")


def customers(carrier: Exchange) -> Customers:
    return carrier.switch.carrier.business.world.customers


def counted(carrier: Exchange) -> dict[str, int]:
    return {name: count for name, count in customers(carrier).counters.as_dict().items() if count}


def over(carrier: Exchange, call: CallOut) -> CallRecord:
    """Let a call go on for a second, hang up, and give its record."""
    carrier.wire.run(1)
    call.hang_up()
    carrier.wire.run(1)
    assert call.endings
    return carrier.record


# By looks


def test_the_most_specific_network_then_the_domain() -> None:
    carrier = exchange(
        "{name: wide, source: 10.0.0.0/8}, {name: near, source: [10.0.0.0/24, '2001:db8::/32']}, "
        "{name: phone, source: 10.0.0.1}, {name: remote, domain: remote.example}"
    )
    known = customers(carrier)

    def name(host: str, caller: str = "<sip:1@h>") -> str | None:
        found = known.identify(make_request("INVITE", "sip:1@h", [("From", caller)]), host)
        return None if found is None else found.name

    assert [name(f"10.{rest}") for rest in ("0.0.1", "0.0.2", "0.1.1", "0.0.1")] == ["phone", "near", "wide", "phone"]
    assert name("2001:db8::7") == name("2001:DB8:0::7") == name("::ffff:10.0.0.9") == "near"
    assert name("192.0.2.1") is name("2002::1") is name("nonsense") is None
    assert name("192.0.2.1", "<sip:1@Remote.Example:5070;x=y>;tag=1") == "remote"
    assert name("10.0.0.1", "<sip:1@remote.example>") == "phone"


@pytest.mark.parametrize(
    ("value", "host"),
    [
        ("<sip:1@h.example>;tag=1", "h.example"),
        ("sip:1@h.example;tag=1", "h.example"),
        ("<sip:h.example>", "h.example"),
        ("A B <sips:1;x=y@H:5060;p>", "h"),
        ('"a <sip:x@evil>" <sip:1@h>', "h"),
        ("<sip:1@[2001:db8::1]:5060>", "2001:db8::1"),
        ("<tel:+49>", ""),
        ("nonsense", ""),
    ],
)
def test_the_host_in_from(value: str, host: str) -> None:
    assert from_host(make_request("INVITE", "sip:1@h", [("From", value)])) == host


def test_reading_from_is_linear() -> None:
    for piece in ("sip:", "<sip:", "a@", '"', "<", "sip:a@"):
        from_host(make_request("INVITE", "sip:1@h", [("From", piece * 15_000)]))


def test_sources_are_remembered_and_no_more_than_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(customers_module, "KNOWN_SOURCES", 3)
    known = customers(exchange("{name: a, source: 10.0.0.0/8}"))
    invite = make_request("INVITE", "sip:1@h", [])
    for n in range(10):
        assert known.identify(invite, f"10.0.0.{n}") is known.all[0]
        assert known.identify(invite, f"11.0.0.{n}") is None
        assert len(known.sources) <= 3


def test_a_call_carries_its_customer() -> None:
    carrier = exchange("{name: phone, source: 10.0.0.1}")
    assert carrier.code() == 200
    assert carrier.record.customer == "phone"


def test_a_stranger() -> None:
    carrier = exchange("{name: a, source: 10.0.0.9}")
    assert carrier.code() != 200
    assert (carrier.record.condition, carrier.record.why) == (Condition.NOT_A_CUSTOMER, "nobody's address 10.0.0.1")
    carrier = exchange("{name: a, domain: a.example}")
    assert carrier.code() != 200
    assert carrier.record.why == "nobody's address 10.0.0.1, From domain 10.0.0.1"


def test_without_customers_anybody_calls() -> None:
    carrier = Exchange(ANSWERED)
    assert carrier.code() == 200
    assert carrier.record.customer is None


# Calls with a password

ALICE = "{name: a, user: alice, password: secret}"


@pytest.mark.parametrize("algorithm", [entry.value for entry in Algorithm])
@pytest.mark.parametrize("code", [401, 407])
def test_a_call_is_challenged_and_taken_with_the_password(algorithm: str, code: int) -> None:
    carrier = exchange(
        f"{{name: a, user: alice, password: secret, algorithms: {algorithm}, challenge: {code}, realm: r.example}}"
    )
    asked = carrier.dial()
    carrier.wire.run(1)
    assert asked.codes == [code]
    challenge = challenge_in(asked.responses[0])
    assert (challenge.algorithm, challenge.realm, challenge.stale) == (Algorithm(algorithm), "r.example", False)
    assert not carrier.switch.taken
    call = carrier.dial(fields=[credentials(challenge)])
    record = over(carrier, call)
    assert (record.code, record.customer, record.number) == (200, "a", 1)
    assert counted(carrier) == {"challenged": 1}
    carrier.close_of_business()


def test_several_algorithms_are_offered_the_preferred_first() -> None:
    carrier = exchange("{name: a, user: alice, password: secret, algorithms: [SHA-512-256, SHA-256, MD5]}")
    asked = carrier.dial()
    carrier.wire.run(1)
    offered = asked.responses[0].get_all("proxy-authenticate")
    assert [value.partition("algorithm=")[2].partition(",")[0] for value in offered] == [
        "SHA-512-256",
        "SHA-256",
        "MD5",
    ]
    for value in offered:
        field = credentials(Challenge.parse(value))
        assert over(carrier, carrier.dial(fields=[field])).code == 200


def test_a_nonce_serves_for_several_calls_with_a_rising_count() -> None:
    carrier = exchange(ALICE)
    asked = carrier.dial()
    carrier.wire.run(1)
    challenge = challenge_in(asked.responses[0])
    for count in (1, 2, 7):
        assert over(carrier, carrier.dial(fields=[credentials(challenge, count=count)])).code == 200


def test_either_field_will_do() -> None:
    carrier = exchange(ALICE)
    asked = carrier.dial()
    carrier.wire.run(1)
    _, value = credentials(challenge_in(asked.responses[0]))
    foreign = ("Proxy-Authorization", value.replace('realm="simcarrier"', 'realm="elsewhere"'))
    fields = [foreign, ("Authorization", "Basic eDp5"), ("Authorization", value)]
    assert over(carrier, carrier.dial(fields=fields)).code == 200


def test_credentials_go_before_the_address() -> None:
    carrier = exchange(f"{{name: office, source: 10.0.0.1}}, {ALICE}")
    assert carrier.code() == 200
    assert carrier.record.customer == "office"
    assert counted(carrier) == {}
    elsewhere = Phone(carrier.wire, "10.0.0.50")
    asked = carrier.dial(phone=elsewhere)
    carrier.wire.run(1)
    field = credentials(challenge_in(asked.responses[0]))
    assert over(carrier, carrier.dial(fields=[field])).customer == "a"


def test_whose_challenge_a_stranger_gets() -> None:
    carrier = exchange(
        "{name: a, user: alice, password: x, realm: a.example}, "
        "{name: b, user: bob, password: x, realm: b.example, challenge: 401}, "
        "{name: c, user: carol, password: x, realm: c.example, source: 10.0.0.3}"
    )

    def asked(caller: str, host: str) -> tuple[int, str]:
        call = carrier.dial(caller=caller, phone=Phone(carrier.wire, host))
        carrier.wire.run(1)
        return call.codes[-1], challenge_in(call.responses[-1]).realm

    assert asked("+4930", "10.0.0.50") == (407, "a.example")
    assert asked("bob", "10.0.0.51") == (401, "b.example")
    assert asked("bob", "10.0.0.3") == (407, "c.example")


def test_a_wrong_password_is_a_call_that_is_refused_as_the_dialect_says() -> None:
    carrier = exchange(ALICE)
    call = call_with_password(carrier, password="wrong")
    record = over(carrier, call)
    assert (record.condition, record.why) == (Condition.CREDENTIALS_WRONG, "user alice, wrong password")
    assert record.customer is None
    assert record.code != 200
    assert counted(carrier) == {"challenged": 1, "wrong": 1}


def test_a_user_that_there_is_not() -> None:
    carrier = exchange(ALICE)
    record = over(carrier, call_with_password(carrier, user="mallory"))
    assert (record.condition, record.why) == (Condition.CREDENTIALS_WRONG, "no user mallory")
    record = over(carrier, call_with_password(carrier, user="m\u202e" + "x" * 100))
    assert record.why is not None
    assert record.why.isprintable()
    assert len(record.why) < 100
    assert counted(carrier) == {"challenged": 2, "unknown_users": 2}


@pytest.mark.parametrize("code", [401, 407])
def test_a_dialect_that_asks_again_does_so_with_a_challenge(code: int, tmp_path: Path) -> None:
    dialect = tmp_path / "asks.yaml"
    dialect.write_text(
        f"name: asks\ndescription: x\n"
        f"conditions: {{credentials_wrong: {{respond: {{code: {code}, headers: {{X-Why: y}}}}}}}}\n"
    )
    carrier = exchange(ALICE, f", dialect: {dialect}")
    call = call_with_password(carrier, password="wrong")
    record = over(carrier, call)
    assert (record.code, record.condition) == (code, Condition.CREDENTIALS_WRONG)
    challenge = challenge_in(call.responses[-1])
    assert call.responses[-1].get("x-why") == "y"
    assert not challenge.stale
    assert over(carrier, carrier.dial(fields=[credentials(challenge)])).code == 200


def test_a_401_of_a_rule_needs_no_challenge_of_ours() -> None:
    assert Exchange("calls: [{respond: 401}]").code() == 401


def test_credentials_that_are_used_again_are_refused() -> None:
    carrier = exchange(ALICE)
    asked = carrier.dial()
    carrier.wire.run(1)
    stolen = credentials(challenge_in(asked.responses[0]))
    assert over(carrier, carrier.dial(fields=[stolen])).code == 200
    again = carrier.dial(fields=[stolen])
    carrier.wire.run(1)
    assert again.codes == [407]
    assert challenge_in(again.responses[0]).stale
    assert (carrier.switch.taken, counted(carrier)) == (1, {"challenged": 1, "replayed": 1})


def test_an_old_nonce_is_asked_for_anew() -> None:
    carrier = exchange(ALICE)
    asked = carrier.dial()
    carrier.wire.run(100)
    late = carrier.dial(fields=[credentials(challenge_in(asked.responses[0]))])
    carrier.wire.run(1)
    fresh = challenge_in(late.responses[0])
    assert fresh.stale
    assert over(carrier, carrier.dial(fields=[credentials(fresh)])).code == 200
    assert counted(carrier) == {"challenged": 1, "stale": 1}


def test_a_forged_nonce_is_worth_nothing() -> None:
    carrier = exchange(ALICE)
    forged = Challenge("simcarrier", "00" * 32, Algorithm.SHA_256, ("auth",))
    call = carrier.dial(fields=[credentials(forged)])
    carrier.wire.run(1)
    assert call.codes == [407]
    assert (carrier.switch.taken, counted(carrier)) == (0, {"stale": 1})


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("Digest nonsense", "credentials that can't be read"),
        ('Digest username="alice", realm="simcarrier"', "credentials that can't be read"),
        (
            'Digest username="alice", realm="simcarrier", nonce="1", uri="sip:x", response="1", algorithm=MD5-sess, '
            'qop=auth, cnonce="1", nc=00000001',
            "user alice, credentials that were not asked for",
        ),
    ],
)
def test_credentials_that_make_no_sense(value: str, why: str) -> None:
    carrier = exchange(ALICE)
    record = over(carrier, carrier.dial(fields=[("Proxy-Authorization", value)]))
    assert (record.condition, record.why) == (Condition.CREDENTIALS_WRONG, why)
    assert counted(carrier) == {"wrong": 1}


def test_what_is_meant_for_others_is_passed_over() -> None:
    carrier = exchange(ALICE)
    elsewhere = Challenge("elsewhere.example", "1", Algorithm.MD5, ("auth",))
    call = carrier.dial(fields=[credentials(elsewhere), ("Authorization", "Bearer x")])
    carrier.wire.run(1)
    assert call.codes == [407]
    assert counted(carrier) == {"challenged": 1}


def test_a_challenged_call_that_is_cancelled_is_over() -> None:
    carrier = exchange(ALICE)
    call = carrier.dial()
    call.cancel()
    carrier.wire.run(40)
    assert call.codes == [407]
    carrier.close_of_business()


def test_nothing_is_left_of_a_flood_without_credentials() -> None:
    carrier = exchange(ALICE)
    for _ in range(200):
        carrier.dial()
    carrier.close_of_business()
    assert (carrier.switch.taken, counted(carrier)) == (0, {"challenged": 200})
    server = next(iter(customers(carrier).door._servers.values()))  # type: ignore[union-attr]  # ALICE has a user
    assert server.remembered == 0


@settings(max_examples=60)
@given(
    name=st.sampled_from(["Authorization", "Proxy-Authorization"]),
    value=st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), max_size=60).map(
        lambda text: f"Digest {text}"
    ),
)
def test_no_credentials_make_it_stumble(name: str, value: str) -> None:
    carrier = exchange(ALICE)
    call = carrier.dial(fields=[(name, value)])
    carrier.wire.run(1)
    assert call.codes
    assert call.codes[-1] != 200
    carrier.close_of_business()
