"""Blocks that explain themselves: 603+ and 607 and 608 as a caller hears them, through ISUP, and with signatures."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from simcarrier.carrier import cards as cards_room
from simcarrier.carrier.business.unwanted import Unwanted
from simcarrier.carrier.cards import CERTIFICATE, FORGOTTEN_AFTER, Cards
from simcarrier.conditions import Condition
from simcarrier.records.model import CallRecord
from simcarrier.records.row import row_of_call
from simcarrier.scenario.load import loads
from simcarrier.sip.block_codes import Block, BlockKind, Damage, read_block
from simcarrier.sip.message import Response
from simcarrier.testing import CallOut
from simcarrier.trust.card_damage import NAMED, SERVED_ONLY, CardDamage
from simcarrier.trust.fetch import read_data_uri
from simcarrier.trust.jcard import Address, Contact
from simcarrier.trust.passport import IdentitySigner
from simcarrier.trust.pki import make_authority, make_signer, parse_chain, write_new
from simcarrier.trust.rejection import RejectionVerdict, read_rejection
from simcarrier.trust.store import Certificates, TrustList
from tests.carrier.kit import WALL, Exchange

REDRESS = "redress: {name: Desk, url: https://a.example/b, email: x@a.example, tel: +18005550100}"
X5U = "https://certs.example/sp.pem"


def heard(carrier: Exchange, call: CallOut) -> Response:
    """The final response to a call that is placed now."""
    carrier.wire.run_until(lambda: bool(call.endings), 700)
    carrier.wire.run(1)
    return call.responses[-1]


def block_of(response: Response) -> Block:
    return read_block(response.status, response.phrase, response.get_all("reason"), response.get_all("call-info"))


# 603+


@pytest.mark.parametrize(
    ("scenario", "kind", "reasons"),
    [
        (
            f'carrier: {{{REDRESS}}}\ncalls: [{{respond: {{block: {{location: TN, id: "a-{{uuid}}"}}}}}}]',
            "conformant",
            1,
        ),
        ("calls: [{respond: 603}]", "plain", 0),
        ("carrier: {path: [sip, isup, sip]}\ncalls: [{respond: {block: {location: RLN}}}]", "plain", 1),
        ("carrier: {path: [sip, isup, sip]}\ncalls: [{outcome: subscriber_unavailable}]", None, 1),
        ("calls: [{respond: {code: 503, headers: {Retry-After: 7}}}]", None, 0),
    ],
    ids=["603+", "603", "603+ through ISUP", "480 through ISUP", "503"],
)
def test_the_record_has_the_reason_that_was_sent(scenario: str, kind: str | None, reasons: int) -> None:
    carrier = Exchange(scenario)
    response = heard(carrier, carrier.dial())
    record = carrier.record
    assert len(record.reason) == reasons
    assert record.reason == tuple(response.get_all("reason"))
    row = row_of_call(record, None)
    assert (row.class_603, row.reason) == (kind, ", ".join(record.reason) or None)


def test_a_block_names_the_carrier_s_contact() -> None:
    carrier = Exchange(f'carrier: {{{REDRESS}}}\ncalls: [{{respond: {{block: {{location: TN, id: "a-{{uuid}}"}}}}}}]')
    response = heard(carrier, carrier.dial())
    assert (response.status, response.phrase) == (603, "Network Blocked")
    block = block_of(response)
    assert (block.kind, block.location) == (BlockKind.CONFORMANT, "TN")
    assert (block.redress.url, block.redress.email) == ("https://a.example/b", "x@a.example")
    assert block.redress.tel == "+18005550100"
    assert re.fullmatch(r"a-[0-9a-f-]{36}", block.redress.id or "")
    assert block_of(heard(carrier, carrier.dial())).redress.id != block.redress.id


@pytest.mark.parametrize("damage", [one for one in Damage if one not in (Damage.NO_CALL_INFO, Damage.WRONG_PURPOSE)])
def test_each_damage_is_heard_as_that(damage: Damage) -> None:
    carrier = Exchange(f"calls: [{{respond: {{block: {{damage: {damage}}}}}}}]")
    block = block_of(heard(carrier, carrier.dial()))
    assert damage in block.damage
    assert block.kind is (BlockKind.CONFORMANT if damage is Damage.Q850_FORM else BlockKind.PARTIAL)


def test_a_dialect_s_block_names_the_carrier_s_contact() -> None:
    scenario = f"carrier: {{dialect: us-2026, {REDRESS}}}\ncalls: [{{outcome: blocked_by_analytics}}]"
    carrier = Exchange(scenario)
    assert block_of(heard(carrier, carrier.dial())).redress.url == "https://a.example/b"
    assert carrier.record.condition is Condition.BLOCKED_BY_ANALYTICS


# 608


def card_in(response: Response) -> str:
    (value,) = response.get_all("call-info")
    found = re.fullmatch(r"<data:application/jose,(.*)>;purpose=jwscard", value)
    assert found, value
    return found[1]


def judged(token: str, certificate: bytes, now: float, where: str) -> RejectionVerdict:
    chain = parse_chain(certificate)
    trust = TrustList(chain[:1])
    return read_rejection(token, certificate_for=Certificates([(where, chain)]), trust=trust, now=now)


def test_a_card_is_signed_when_the_response_goes_out() -> None:
    address = "address: {street: 1 Main Street, locality: Springfield, country: USA}"
    carrier = Exchange(
        f"carrier: {{{REDRESS[:-1]}, {address}}}}}\n"
        "calls: [{respond: {code: 608, call_info: signed, trying: true, delay: 50s}}]"
    )
    carrier.wire.run(100)
    call = carrier.dial()
    response = heard(carrier, call)
    placed = carrier.record.started
    cards = carrier.switch.carrier.cards
    verdict = judged(card_in(response), cards.certificate, WALL + carrier.wire.clock.now, cards_room.NOWHERE)
    assert verdict.names == ()
    assert verdict.issued == int(placed + 50)
    assert verdict.contact == Contact(
        "Desk", "https://a.example/b", "x@a.example", "+18005550100",
        Address(street="1 Main Street", locality="Springfield", country="USA"),
    )  # fmt: skip


def test_the_legacy_dialect_signs() -> None:
    scenario = "carrier: {dialect: us-legacy}\ncalls: [{outcome: blocked_by_analytics}]"
    carrier = Exchange(scenario)
    for _ in range(40):
        response = heard(carrier, carrier.dial())
        if response.status == 608:
            break
    assert card_in(response).count(".") == 2


def test_a_certificate_of_one_s_own(tmp_path: Path) -> None:
    signer = make_signer(make_authority(WALL), WALL)
    write_new(tmp_path, {"c.pem": signer.certificate_pem(), "k.pem": signer.key_pem()}, ["k.pem"])
    carrier = Exchange(
        f"carrier: {{signing: {{certificate: {tmp_path}/c.pem, key: {tmp_path}/k.pem, x5u: '{X5U}'}}}}\n"
        "calls: [{respond: {code: 608, call_info: signed}}]"
    )
    verdict = judged(card_in(heard(carrier, carrier.dial())), signer.certificate_pem(), carrier.record.started, X5U)
    assert (verdict.names, verdict.x5u) == ((), X5U)


def test_nobody_signs_what_nobody_reads() -> None:
    config = loads("name: x\ncalls: [{respond: {code: 608, call_info: signed}}]").carrier
    cards = Cards(config, 0.0, WALL)
    cards.begin()
    assert (cards.call_info(1.0), cards.certificate) == ("", b"")
    carrier = Exchange("calls: [{respond: 608}]")
    assert carrier.switch.cards.certificate == b""


@pytest.mark.parametrize("damage", [one for one in CardDamage if one not in SERVED_ONLY])
def test_a_card_that_is_wrong_on_purpose(damage: CardDamage) -> None:
    carrier = Exchange(f"calls: [{{respond: {{code: 608, call_info: signed, card_damage: {damage}}}}}]")
    response = heard(carrier, carrier.dial())
    assert response.status == 608
    block = block_of(response)
    assert (block.kind, block.damage) == (BlockKind.REJECTED, ())
    assert block.referent is not None
    body = read_data_uri(block.referent).body
    now = WALL + carrier.wire.clock.now
    verdict = judged(body.decode(), carrier.switch.cards.certificate, now, cards_room.NOWHERE)
    assert verdict.names == (NAMED[damage],)


def test_some_cards_wrong_and_some_not() -> None:
    good, bad = "call_info: signed", "call_info: signed, card_damage: expired"
    mix = ", ".join(f"{{share: 50%, respond: {{code: 608, {one}}}}}" for one in (good, bad))
    carrier = Exchange(f"calls: [{{mix: [{mix}]}}]")
    found = set()
    for _ in range(20):
        token = card_in(heard(carrier, carrier.dial()))
        now = WALL + carrier.wire.clock.now
        found.add(judged(token, carrier.switch.cards.certificate, now, cards_room.NOWHERE).names)
    assert found == {(), ("expired",)}


def test_a_card_that_cannot_be_wrong_without_a_server_leads_nowhere() -> None:
    """Rules that are put in later are not checked against the rest of the file."""
    cards = Cards(loads("name: x").carrier, 0.0, WALL)
    cards.live = True
    cards.begin()
    for damage in SERVED_ONLY:
        assert re.search(r"<https://cards[.]carrier[.]example/[A-Za-z0-9_-]+>", cards.call_info(1.0, damage))
    assert len(cards) == 0


def served() -> Cards:
    cards = Cards(loads("name: x\ncarrier: {signing: {deliver: http}}").carrier, 0.0, WALL)
    cards.live = True
    cards.begin()
    cards.serve_at("http://127.0.0.1:8080")
    return cards


def test_a_card_is_served_under_a_name_that_nobody_can_guess() -> None:
    cards = served()
    lines = [cards.call_info(10.0) for _ in range(100)]
    names = {
        re.fullmatch(r"Call-Info: <http://127\.0\.0\.1:8080/([\w-]{22})>;purpose=jwscard\r\n", line) for line in lines
    }
    found = {name[1] for name in names if name}
    assert len(found) == 100
    name = found.pop()
    card = cards.find(name, 10.0 + FORGOTTEN_AFTER - 1)
    certificate = cards.find(CERTIFICATE, 10.0)
    assert isinstance(card, bytes)
    assert isinstance(certificate, bytes)
    verdict = judged(card.decode(), certificate, WALL + 10, "http://127.0.0.1:8080/certificate.pem")
    assert verdict.ok
    assert cards.find(name, 10.0 + FORGOTTEN_AFTER) is None
    assert cards.find("nothing", 10.0) is cards.find("", 10.0) is None


def test_cards_that_are_kept_are_bounded_and_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cards_room, "KEPT", 5)
    cards = served()
    for at in range(20):
        cards.call_info(float(at))
    assert len(cards) == 5
    cards.call_info(1000.0)
    assert len(cards) == 1


# The announcement

ANNOUNCED = "calls: [{respond: {code: 608, call_info: signed, announce: %s, announcement: 3s}}]"


@pytest.mark.parametrize(
    ("announce", "caps", "codes"),
    [
        ("if_not_understood", (), [183, 608]),
        ("if_not_understood", [("Feature-Caps", "*;+sip.608")], [608]),
        ("if_not_understood", [("Feature-Caps", "*;+sip.607")], [183, 608]),
        ("always", [("Feature-Caps", "*;+sip.608")], [183, 608]),
    ],
)
def test_who_is_told_by_a_voice(announce: str, caps: Any, codes: list[int]) -> None:
    carrier = Exchange(ANNOUNCED % announce)
    call = carrier.dial(fields=caps)
    response = heard(carrier, call)
    assert call.codes == codes
    assert card_in(response)
    assert carrier.record.responded_after == pytest.approx(3.0 if 183 in codes else 0.0, abs=0.01)
    assert carrier.record.provisional == tuple(codes[:-1])
    if 183 in codes:
        assert call.responses[0].content_type == "application/sdp"
        assert call.responses[0].body
    carrier.close_of_business()


def test_it_is_reliable_where_the_caller_can_do_that() -> None:
    carrier = Exchange(ANNOUNCED % "if_not_understood")
    call = carrier.dial(fields=[("Supported", "100rel")])
    heard(carrier, call)
    assert call.responses[0].get("require") == "100rel"
    assert "PRACK" in carrier.wire.ladder()
    assert call.codes == [183, 608]
    carrier.close_of_business()


def test_a_caller_that_hangs_up_in_the_midst_of_it() -> None:
    carrier = Exchange(ANNOUNCED % "always")
    call = carrier.dial()
    carrier.wire.run_until(lambda: 183 in call.codes, 5)
    call.cancel()
    assert heard(carrier, call).status == 487
    carrier.close_of_business()


# 607


def test_unwanted_is_said_again_at_later_calls() -> None:
    carrier = Exchange("carrier: {remember_unwanted: true}\ncalls: [{steps: [ringing, {wait: 1s}, {respond: 607}]}]")
    assert [carrier.code() for _ in range(3)] == [607, 607, 607]
    first, *later = carrier.records
    assert (first.rule, first.why, first.provisional) == ("calls[0]", None, (180,))
    for record in later:
        assert (record.rule, record.condition, record.provisional) == (None, Condition.UNWANTED, (100,))
        assert record.why == "+4930123456 has said before that it does not want calls from +4940999"
    carrier.code(caller="+4940888")
    assert carrier.record.rule == "calls[0]"
    carrier.close_of_business()


def test_unwanted_after_the_answer_is_the_reason_of_the_bye() -> None:
    carrier = Exchange(
        "carrier: {remember_unwanted: true}\ncalls: [{steps: [answer, {hang_up: {after: 2s, unwanted: true}}]}]"
    )
    call = carrier.dial()
    carrier.wire.run_until(lambda: bool(call.endings), 60)
    carrier.wire.run(1)
    (bye,) = carrier.wire.trace.requests("BYE")
    assert bye.get("reason") == 'SIP;cause=607;text="Unwanted"'
    assert (carrier.record.code, carrier.record.cut) == (200, "unwanted by the person called")
    assert carrier.code() == 607


def test_without_the_key_nothing_is_remembered() -> None:
    carrier = Exchange("calls: [{sequence: [{respond: 607}, {respond: 486}]}]")
    assert [carrier.code(), carrier.code()] == [607, 486]


def test_a_dialect_may_say_it_otherwise() -> None:
    carrier = Exchange(
        "carrier: {dialect: germany, remember_unwanted: true}\n"
        "calls: [{sequence: [{outcome: unwanted}, {outcome: answered}]}]"
    )
    assert [carrier.code(), carrier.code()] == [603, 603]


def test_the_memory_is_bounded() -> None:
    carrier = Exchange("carrier: {remember_unwanted: true}\ncalls: [{respond: 607}]")
    (memory,) = [check for check in carrier.switch.carrier.business.checks if isinstance(check, Unwanted)]
    memory._most = 2
    for number in ("+1", "+2", "+3"):
        carrier.code(number)
    assert len(memory) == 2


# ISUP on the path


def through(path: str, rule: str) -> tuple[int, str, list[str], CallRecord]:
    carrier = Exchange(f"carrier: {{path: {path}}}\ncalls: [{rule}]")
    response = heard(carrier, carrier.dial())
    return response.status, response.phrase, response.get_all("reason"), carrier.record


@pytest.mark.parametrize(
    ("path", "rule", "status", "reason"),
    [
        ("[sip, isup, sip]", "{outcome: unwanted}", 603, "21;text=\"Call rejected\";location=U"),
        ("[sip, isup, sip]", "{outcome: blocked_by_analytics}", 403, '21;text="Call rejected";location=RLN'),
        ("[sip, isup, sip]", "{respond: {block: {location: RLN}}}", 603, '21;text="Call rejected";location=U'),
        ("[sip, isup, sip]", "{respond: {code: 608, call_info: signed}}", 403, '21;text="Call rejected";location=RLN'),
        (
            "[sip, {through: isup, profile: rfc}, sip]",
            "{respond: 608}", 480, '31;text="Normal, unspecified";location=RLN',
        ),
        ("[sip, {through: isup, location: lost}, sip]", "{respond: 603}", 603, '21;text="Call rejected"'),
        (
            "[sip, isup, sip, {through: isup, location: lost}, sip]",
            "{respond: 603}", 403, '21;text="Call rejected";location=BI',
        ),
        ("[sip, isup, sip, isup, sip]", "{respond: 603}", 603, '21;text="Call rejected";location=U'),
        ("[sip, isup, sip]", "{steps: [trying, {respond: 480}]}", 408, '18;text="No user responding";location=U'),
        (
            "[sip, isup, sip]",
            "{sequence: [{mix: [{share: 100%, respond: 600}]}]}", 486, '17;text="User busy";location=U',
        ),
    ],
)  # fmt: skip
def test_what_is_left_of_a_refusal(path: str, rule: str, status: int, reason: str) -> None:
    heard_status, _, reasons, _ = through(path, rule)
    assert (heard_status, reasons) == (status, [f"Q.850;cause={reason}"])


def test_the_record_tells_what_really_happened() -> None:
    assert through("[sip, isup, sip]", "{outcome: blocked_by_analytics}")[3].condition is Condition.BLOCKED_BY_ANALYTICS


def test_ladders_by_name_and_what_nobody_takes_go_the_same_way() -> None:
    carrier = Exchange(
        "carrier: {path: [sip, isup, sip], lines: 1, lines_full: 486}\n"
        "ladders: {a: [trying, {respond: 480}]}\ncalls: [{to: '+1', ladder: a}, {to: '+2', steps: [answer]}]"
    )
    assert [carrier.code("+1"), carrier.code("+3")] == [408, 404]
    carrier.dial("+2")
    carrier.wire.run(1)
    assert carrier.code("+1") == 486
    assert carrier.record.condition is Condition.LINES_FULL


def test_a_path_of_sip_alone_changes_nothing() -> None:
    assert through("[sip, sip]", "{respond: 480}")[:3] == (480, "Temporarily Unavailable", [])


# STIR/SHAKEN

AUTHORITY = make_authority(WALL)
SIGNER = make_signer(AUTHORITY, WALL)
IDENTITY = IdentitySigner(SIGNER.key, X5U)
TO, FROM = "+12125550100", "+13035550199"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("pki")
    files = {"ca.pem": AUTHORITY.certificate_pem(), "sp.pem": SIGNER.certificate_pem()}
    write_new(made, files, [])
    return made


def verifying(folder: Path, options: str = "", more: str = "") -> Exchange:
    trust = f"trust: {folder}/ca.pem, certificates: {{'{X5U}': {folder}/sp.pem}}"
    return Exchange(f"carrier: {{shaken: {{{trust}{options}}}{more}}}\ncalls: [{{steps: [ringing, answer]}}]")


def signed(attestation: str = "A", at: float = 0.0, **other: Any) -> list[tuple[str, str]]:
    named = {"from_tn": FROM, "to_tn": TO, "attestation": attestation, "origid": "1", "now": WALL + at, **other}
    return [("Identity", IDENTITY.sign(**named))]


@pytest.mark.parametrize("attestation", ["A", "B", "C"])
def test_what_is_verified_is_told(folder: Path, attestation: str) -> None:
    carrier = verifying(folder, ", policy: answer, demand: true")
    assert carrier.code(TO, FROM, signed(attestation)) == 200
    assert (carrier.record.attestation, carrier.record.identity) == (attestation, "verified")
    assert carrier.record.as_dict()["attestation"] == attestation


WRONG: list[tuple[list[tuple[str, str]], int, str, str]] = [
    ([], 428, "Use Identity Header", "no Identity"),
    (signed(at=-61), 403, "Stale Date", "expired"),
    (signed(to_tn="+12125550101"), 438, "Invalid Identity Header", "dest does not match"),
    (
        [("Identity", "x.y.z;info=<https://other.example/>;ppt=shaken")],
        438,
        "Invalid Identity Header",
        "not a PASSporT",
    ),
    ([("Identity", signed()[0][1].replace(X5U, "https://other.example/"))], 436, "Bad Identity Info", "x5u"),
]


@pytest.mark.parametrize(("fields", "code", "phrase", "fault"), WRONG)
def test_what_fails_is_answered(
    folder: Path, fields: list[tuple[str, str]], code: int, phrase: str, fault: str
) -> None:
    carrier = verifying(folder, ", policy: answer, demand: true")
    response = heard(carrier, carrier.dial(TO, FROM, fields))
    assert (response.status, response.phrase) == (code, phrase)
    record = carrier.record
    assert record.condition is Condition.IDENTITY_REFUSED
    assert record.attestation is None
    assert fault in (record.identity or "")
    assert fault in (record.why or "")


def test_nobody_is_trusted_without_an_authority(folder: Path) -> None:
    carrier = Exchange(
        f"carrier: {{shaken: {{certificates: {{'{X5U}': {folder}/sp.pem}}, policy: answer}}}}\n"
        "calls: [{respond: 486}]"
    )
    response = heard(carrier, carrier.dial(TO, FROM, signed()))
    assert (response.status, response.phrase) == (437, "Unsupported Credential")


def test_a_dialect_may_forbid_instead(folder: Path) -> None:
    carrier = verifying(folder, ", policy: answer, demand: true", ", dialect: opaque")
    response = heard(carrier, carrier.dial(TO, FROM))
    assert (response.status, response.phrase) == (403, "Forbidden")


def test_policy_pass(folder: Path) -> None:
    carrier = verifying(folder, ", demand: true")
    call = carrier.dial(TO, FROM, signed(at=-61))
    carrier.wire.run_until(lambda: call.is_up, 60)
    assert [response.get("reason") for response in call.responses] == [None, None]
    carrier.code(TO, FROM)
    assert carrier.record.identity == "no Identity"


def test_policy_label_tells_on_a_call_that_goes_on(folder: Path) -> None:
    carrier = verifying(folder, ", policy: label")
    call = carrier.dial(TO, FROM, signed(at=-61))
    carrier.wire.run_until(lambda: call.is_up, 60)
    assert call.codes == [180, 200]
    assert {response.get("reason") for response in call.responses} == {'STIR;cause=403;text="Stale Date"'}
    good = carrier.dial(TO, FROM, signed())
    carrier.wire.run_until(lambda: good.is_up, 60)
    assert {response.get("reason") for response in good.responses} == {None}


def test_without_an_identity_that_nobody_demands(folder: Path) -> None:
    carrier = verifying(folder, ", policy: answer")
    assert carrier.code(TO, FROM) == 200
    assert (carrier.record.attestation, carrier.record.identity) == (None, "missing")
    plain = Exchange("calls: [{respond: 486}]")
    plain.code()
    assert (plain.record.attestation, plain.record.identity) == (None, None)


def test_the_asserted_number_counts_and_the_freshness_is_a_key(folder: Path) -> None:
    carrier = verifying(folder, ", policy: answer, demand: true, freshness: 10s")
    asserted = [("P-Asserted-Identity", f'"A, B" <sip:{FROM}@a.example>, <tel:+19>')]
    assert carrier.code(TO, "+1999", signed() + asserted) == 200
    assert carrier.code(TO, FROM, [*signed(), ("P-Asserted-Identity", "<foo:bar>, nonsense")]) == 200
    assert carrier.code(TO, FROM, signed(at=-11)) == 403
    stale = [("Date", "Sun, 06 Nov 1994 08:49:37 GMT")]
    assert carrier.code(TO, FROM, signed() + stale) == 403
    assert carrier.code(TO, FROM, [*signed(), ("Date", "soon")]) == 200


@pytest.mark.parametrize(
    ("fields", "trusted", "doubted"),
    [(signed("A"), 1, 0), (signed("B"), 0, 0), (signed("C"), 0, 1), (signed("A", at=-61), 0, 1), ([], 0, 0)],
)
def test_the_reputation_is_fed(folder: Path, fields: list[tuple[str, str]], trusted: int, doubted: int) -> None:
    carrier = verifying(folder, "", ", analytics: {}")
    carrier.code(TO, FROM, fields)
    analytics = carrier.switch.carrier.business.world.analytics
    assert analytics is not None
    total = analytics.reputation.history(FROM, 1.0).total
    assert (total.trusted, total.doubted) == (trusted, doubted)


# Keys


def test_no_key_is_printed_or_kept_in_what_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    signer = make_signer(make_authority(WALL), WALL)
    write_new(tmp_path, {"c.pem": signer.certificate_pem(), "k.pem": signer.key_pem()}, ["k.pem"])
    assert (tmp_path / "k.pem").stat().st_mode & 0o777 == 0o600
    carrier = Exchange(
        f"carrier: {{signing: {{certificate: {tmp_path}/c.pem, key: {tmp_path}/k.pem, x5u: '{X5U}'}}}}\n"
        "calls: [{respond: {code: 608, call_info: signed}}]"
    )
    response = heard(carrier, carrier.dial())
    cards = carrier.switch.cards
    secret = "".join(signer.key_pem().decode().splitlines()[1:-1])
    number = str(signer.key.private_numbers().private_value)
    told = [repr(cards), repr(vars(cards)), repr(carrier.switch.carrier), repr(carrier.record), str(response.lines)]
    told += [cards.certificate.decode(), caplog.text]
    for text in told:
        assert secret[:40] not in text
        assert number not in text
        assert "PRIVATE" not in text
