"""Registrations by REGISTER: granted, refreshed, lapsed, refused; and what calls get without one."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simcarrier.carrier.business.customers import Customer, Customers
from simcarrier.conditions import Condition
from simcarrier.sip.digest import Algorithm, Challenge
from simcarrier.sip.message import Response
from simcarrier.testing.phone import Peer
from tests.carrier.business.credentials import Gateway, challenge_in, credentials
from tests.carrier.kit import Exchange

SCENARIO = """
carrier:
  customers:
    - name: gateway
      source: 10.0.0.1
      user: alice
      password: secret
      registration: {min_expires: 10s, max_expires: 600s%s}
    - {name: other, user: bob, password: else}
calls: [{outcome: answered, ring: 0s}]
"""


def exchange(more: str = "") -> Exchange:
    return Exchange(SCENARIO % more)


def customers(carrier: Exchange) -> Customers:
    return carrier.switch.carrier.business.world.customers


def alice(carrier: Exchange) -> Customer:
    return customers(carrier).by_user["alice"]


def counted(carrier: Exchange) -> dict[str, int]:
    return {name: count for name, count in customers(carrier).counters.as_dict().items() if count}


def call(carrier: Exchange) -> int:
    """Call with the password, and give the final code."""
    asked = carrier.dial()
    carrier.wire.run(0.1)
    return carrier.code(fields=[credentials(challenge_in(asked.responses[0]))])


def contacts(response: Response) -> list[str]:
    return response.get_all("contact")


def test_registered_calls_and_lapses() -> None:
    carrier = exchange()
    gateway = Gateway(carrier)
    assert call(carrier) != 200
    assert carrier.record.condition is Condition.REGISTRATION_INACTIVE
    assert (carrier.record.why, carrier.record.customer) == ("the registration of gateway is not there", "gateway")
    granted = gateway.bind(60)
    assert (granted.status, contacts(granted)) == (200, ["<sip:gw@10.0.0.7:5060>;expires=60"])
    assert call(carrier) == 200
    carrier.wire.run(60)
    assert call(carrier) != 200
    assert carrier.record.condition is Condition.REGISTRATION_INACTIVE
    assert (carrier.record.why or "").startswith("the registration of gateway ran out ")
    gateway.challenge = None
    assert gateway.bind(60).status == 200
    assert call(carrier) == 200
    carrier.close_of_business()


def test_a_registration_is_refreshed_and_taken_back() -> None:
    carrier = exchange()
    gateway = Gateway(carrier)
    gateway.bind(30)
    carrier.wire.run(20)
    assert contacts(gateway.bind(30)) == ["<sip:gw@10.0.0.7:5060>;expires=30"]
    carrier.wire.run(20)
    assert call(carrier) == 200
    assert contacts(gateway.bind(0)) == []
    assert call(carrier) != 200
    assert carrier.record.why == "the registration of gateway is not there"


def test_several_contacts_all_taken_back_at_once() -> None:
    carrier = exchange()
    gateway = Gateway(carrier)
    assert len(contacts(gateway.bind(60))) == 1
    assert len(contacts(gateway.bind(60, "10.0.0.8"))) == 2
    assert len(contacts(gateway.register())) == 2
    assert gateway.register("Contact: *", "Expires: 0").status == 200
    assert alice(carrier).contacts(carrier.wire.now) == ()


def test_more_than_ten_contacts_are_refused() -> None:
    carrier = exchange()
    gateway = Gateway(carrier)
    assert [gateway.bind(60, f"10.1.0.{n}").status for n in range(11)] == [200] * 10 + [403]
    assert len(alice(carrier).registration.bindings) == 10


def test_too_short_and_too_long() -> None:
    carrier = exchange()
    gateway = Gateway(carrier)
    brief = gateway.bind(9)
    assert (brief.status, brief.get("min-expires")) == (423, "10")
    assert contacts(gateway.bind(6000)) == ["<sip:gw@10.0.0.7:5060>;expires=600"]
    assert counted(carrier) == {"challenged": 1, "registrations": 1, "refused_registrations": 1}


def test_an_older_request_is_refused() -> None:
    carrier = exchange()
    gateway = Gateway(carrier)
    gateway.bind(60)
    carrier.wire.run(33)  # until the transactions of the first two are gone: before, it would be a merged request
    stale = gateway.register("Contact: <sip:gw@10.0.0.7:5060>;expires=0", cseq=1)
    assert stale.status == 500
    assert call(carrier) == 200


@pytest.mark.parametrize(("starts", "code"), [("active", 200), ("inactive", 403)])
def test_how_it_starts(starts: str, code: int) -> None:
    assert call(exchange(f", starts: {starts}")) == code


def test_a_registration_that_was_there_from_the_start_runs_out() -> None:
    carrier = exchange(", starts: active")
    carrier.wire.run(605)
    assert call(carrier) == 403
    assert carrier.record.why == "the registration of gateway ran out 5.1 s ago"


def test_a_registration_that_was_there_from_the_start_can_be_taken_back() -> None:
    carrier = exchange(", starts: active")
    Gateway(carrier).register("Contact: *", "Expires: 0")
    assert call(carrier) == 403


def test_a_registration_need_not_be_required() -> None:
    carrier = exchange(", required: no")
    assert call(carrier) == 200
    assert Gateway(carrier).bind(60).status == 200


# Who may


def test_without_a_user_nobody_registers() -> None:
    carrier = Exchange("carrier: {customers: [{name: a, source: 10.0.0.0/8}]}")
    gateway = Gateway(carrier)
    refused = gateway.send()
    assert refused.status == 405
    assert "REGISTER" not in (refused.get("allow") or "")


def test_register_is_told_among_what_is_allowed() -> None:
    carrier = exchange()
    peer = Peer(carrier.wire, "10.0.0.9")
    peer.send(
        "OPTIONS sip:c SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bK1\nFrom: <sip:a@h>;tag=1\n"
        "To: <sip:c>\nCall-ID: o\nCSeq: 1 OPTIONS",
        carrier.channel.local,
    )
    carrier.wire.run(1)
    assert "REGISTER" in (peer.response(200).get("allow") or "")


def test_a_challenge_is_always_401() -> None:
    asked = Gateway(exchange()).send()
    assert (asked.status, asked.get("proxy-authenticate")) == (401, None)


def test_a_wrong_password_is_asked_again_and_counted() -> None:
    carrier = exchange()
    gateway = Gateway(carrier, password="wrong")
    again = gateway.bind(60)
    assert again.status == 401
    assert not challenge_in(again).stale
    assert alice(carrier).registration.bindings == ()
    assert counted(carrier) == {"challenged": 1, "wrong": 1}


def test_a_user_that_there_is_not() -> None:
    carrier = exchange()
    assert Gateway(carrier, user="mallory").bind(60).status == 401
    assert counted(carrier) == {"challenged": 1, "unknown_users": 1}


def test_credentials_that_are_used_again_are_refused() -> None:
    carrier = exchange()
    gateway = Gateway(carrier)
    assert gateway.bind(60).status == 200
    assert gateway.challenge is not None
    _, stolen = credentials(gateway.challenge, method="REGISTER", count=1)
    thief = Gateway(carrier, "10.6.6.6")
    thief.call_id = "thief"
    again = thief.send("Contact: <sip:thief@10.6.6.6>", authorization=stolen)
    assert again.status == 401
    assert challenge_in(again).stale
    assert len(alice(carrier).registration.bindings) == 1
    assert counted(carrier) == {"challenged": 1, "registrations": 1, "replayed": 1}


def test_credentials_for_a_call_do_not_register() -> None:
    carrier = exchange()
    asked = carrier.dial()
    carrier.wire.run(0.1)
    _, stolen = credentials(challenge_in(asked.responses[0]), method="INVITE")
    refused = Gateway(carrier).send("Contact: <sip:gw@10.0.0.7>", authorization=stolen)
    assert refused.status == 401
    assert counted(carrier) == {"challenged": 1, "wrong": 1}


def test_a_forged_nonce_is_worth_nothing() -> None:
    carrier = exchange()
    forged = Challenge("simcarrier", "00" * 32, Algorithm.SHA_256, ("auth",))
    refused = Gateway(carrier).send(authorization=credentials(forged, method="REGISTER")[1])
    assert refused.status == 401
    assert counted(carrier) == {"stale": 1}


def test_nobody_registers_for_somebody_else() -> None:
    carrier = exchange()
    gateway = Gateway(carrier)
    refused = gateway.register("Contact: <sip:gw@10.0.0.7>", to="bob")
    assert refused.status == 403
    assert customers(carrier).by_user["bob"].registration.bindings == ()
    assert gateway.register("Contact: <sip:gw@10.0.0.7>", to="+4930123").status == 200
    assert counted(carrier) == {"challenged": 1, "registrations": 1, "refused_registrations": 1}


def test_a_carrier_that_closes_registers_nobody() -> None:
    carrier = exchange()
    carrier.switch.close(carrier.wire.now)
    assert Gateway(carrier).send().status == 503


def test_a_repeated_register_gets_the_same_answer() -> None:
    carrier = exchange()
    gateway = Gateway(carrier)
    gateway.bind(60)
    sent = carrier.wire.trace[-2].data
    gateway.peer.out.append((gateway.peer.channel, carrier.channel.local, sent))
    carrier.wire.run(0.1)
    first, second = gateway.peer.received[-2:]
    assert first.raw == second.raw
    assert counted(carrier) == {"challenged": 1, "registrations": 1}


LINE = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), max_size=40)


@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(contacts_=st.lists(LINE | st.sampled_from(["*", "<sip:a@h>", "<sip:a@h>;expires=x"]), max_size=3), expires=LINE)
def test_whatever_is_sent_is_answered_and_nothing_is_kept_beyond_the_limits(contacts_: list[str], expires: str) -> None:
    carrier = exchange()
    gateway = Gateway(carrier)
    response = gateway.register(*(f"Contact: {text}" for text in contacts_), f"Expires: {expires}")
    assert response.status in (200, 400, 403, 423, 500)
    assert len(alice(carrier).registration.bindings) <= 10
    carrier.close_of_business()
