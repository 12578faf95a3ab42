"""``simcarrier inspect``: what it tells of messages, cards, PASSporTs and captures, and what it refuses."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.cli import inspecting, main
from simcarrier.cli.inspecting import Unknown, inspected, known
from simcarrier.cli.inspecting.sections import CARD as CARD_SECTIONS
from simcarrier.cli.inspecting.sections import PASSPORT, section_for
from simcarrier.records.pcap import pcap_of
from simcarrier.records.transcript import Passed
from simcarrier.sip.block_codes import MEANINGS, WRITABLE, Damage, Redress, write_block
from simcarrier.trust.card_damage import NAMED, CardDamage
from simcarrier.trust.damaged_card import DamagedCards
from simcarrier.trust.jcard import Address, Contact
from simcarrier.trust.passport import IdentitySigner
from simcarrier.trust.pki import make_authority, make_signer, write_new
from simcarrier.trust.rejection import RejectionSigner, call_info, data_uri

NOW = time.time()
AUTHORITY = make_authority(NOW)
SIGNER = make_signer(AUTHORITY, NOW)
X5U = "https://certs.example/sp.pem"
CARD = RejectionSigner(
    SIGNER.key, X5U, Contact("Desk", "https://a.example/", "x@a.example", "+18005550100", Address(country="USA"))
)
CALLER = IdentitySigner(SIGNER.key, X5U)
REASON = 'SIP;cause=603;text="v=analytics1;url=https://redress.example/;id=7";location=TN'


def response(line: str, *fields: str) -> bytes:
    return "\r\n".join([f"SIP/2.0 {line}", "CSeq: 1 INVITE", *fields, "", ""]).encode()


def run(data: bytes, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["inspect", *arguments], input=data)


def facts(result: Result) -> dict[str, str]:
    lines = [line.strip().split(None, 1) for line in result.stdout.splitlines() if line.startswith("  ")]
    return {label: text for label, text in lines if label not in ("fault", "Reason")}


def faults(result: Result) -> list[str]:
    return [line.strip().split(None, 1)[1] for line in result.stdout.splitlines() if line.startswith("  fault ")]


@pytest.fixture(autouse=True)
def _always_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspecting, "wall", lambda: NOW)


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("pki")
    write_new(folder, {"ca.pem": AUTHORITY.certificate_pem(), "sp.pem": SIGNER.certificate_pem()}, [])
    return ["--ca", f"{folder}/ca.pem", "--certificate", f"{X5U}={folder}/sp.pem"]


def test_a_block_as_the_standard_has_it() -> None:
    result = run(response("603 Network Blocked", f"Reason: {REASON}"))
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "response 603 Network Blocked",
        "  usual phrase Decline",
        '  Reason       SIP 603 Decline, from TN (transit network), "v=analytics1;url=https://redress.example/;id=7"',
        "  block        a conformant 603+: a network blocked the call by analytics",
        "  url          https://redress.example/",
        "  id           7",
    ]


@pytest.mark.parametrize("damage", WRITABLE)
def test_each_damage_is_told_with_the_standard(damage: Damage) -> None:
    answer = write_block(Redress(url="https://a.example/", id="7"), damage=[damage])
    result = run(response(f"{answer.status} {answer.phrase}", *(f"Reason: {reason}" for reason in answer.reasons)))
    harmless = damage is Damage.Q850_FORM
    assert result.exit_code == (0 if harmless else 1)
    told = facts(result).get("note") if harmless else None
    assert told == MEANINGS[damage] if harmless else f"{MEANINGS[damage]} (ATIS-1000099)" in faults(result)


def test_reasons_have_names() -> None:
    result = run(response("503 Service Unavailable", "Reason: Q.850;cause=34;location=RLN, X;a=b", "Reason: ;;"))
    assert (
        "  Reason       Q.850 34 No circuit or channel available, from RLN (public network serving the remote user)"
        in (result.stdout)
    )
    assert "  Reason       X" in result.stdout
    assert faults(result) == ["Reason ;;: Reason without a protocol (RFC 3326 section 2)"]
    strange = run(response("480 x", "Reason: Q.850;cause=300;location=MOON"))
    assert faults(strange) == [
        "Q.850 has no cause 300 (RFC 3326 section 2)", "there is no location MOON (RFC 8606 section 4)",
    ]  # fmt: skip


def test_a_bye_of_a_person_who_does_not_want_the_caller() -> None:
    result = run(b'BYE sip:a@b SIP/2.0\r\nReason: SIP;cause=607;text="Unwanted"\r\n\r\n')
    assert facts(result)["block"] == "607: the person called does not want calls from this number"


def test_a_608_with_its_card(trusted: list[str]) -> None:
    value = call_info(data_uri(CARD.sign(NOW)))
    result = run(response("608 Rejected", f"Call-Info: {value}"), *trusted)
    assert (result.exit_code, faults(result)) == (0, [])
    assert facts(result) | {"issued": ""} == {
        "block": "608: somebody on the way rejected the call, not the person called",
        "name": "Desk", "url": "https://a.example/", "email": "x@a.example", "tel": "+18005550100", "address": "USA",
        "issued": "", "signed": f"by    {X5U}", "signature": "right, by an authority that is believed",
    }  # fmt: skip
    assert facts(run(response("608 Rejected", f"Call-Info: {value}")))["signature"].startswith("not checked")


@pytest.mark.parametrize(
    ("field", "fault"),
    [
        ("X: y", "no Call-Info leads to a contact (RFC 8688 section 3.1)"),
        ("Call-Info: <data:x>", "a Call-Info is there, but its purpose is not jwscard (RFC 8688 section 3.1)"),
        (
            "Call-Info: <data:x>;purpose=jwscard",
            "referent not fetched: not a data: URI (RFC 8688 section 3.1)",
        ),
    ],
)  # fmt: skip
def test_a_608_without_a_card(field: str, fault: str) -> None:
    assert fault in faults(run(response("608 Rejected", field)))


def test_a_reason_has_no_place_in_a_100() -> None:
    result = run(response("100 Trying", 'Reason: STIR;cause=436;text="Bad Identity Info"'))
    assert faults(result) == ["a 100 with a Reason (RFC 6432 section 3, RFC 9410 section 3)"]


WRONG_CARDS = {
    CardDamage.EXPIRED: "RFC 8688 section 3.3",
    CardDamage.FROM_THE_FUTURE: "RFC 8688 section 3.2.2",
    CardDamage.NO_IAT: "RFC 8688 section 3.2.2",
    CardDamage.FORGED: "RFC 7515 section 5.2",
    CardDamage.CHANGED: "RFC 7515 section 5.2",
    CardDamage.DER_SIGNATURE: "RFC 7515 section 5.2",
    CardDamage.ALG_NONE: "RFC 8725 section 3.2",
    CardDamage.ALG_HS256: "RFC 8688 section 3.2.1",
    CardDamage.WRONG_TYP: "RFC 8688 section 3.2.1",
    CardDamage.NO_X5U: "RFC 8688 section 3.2.1",
    CardDamage.WRONG_X5U: "RFC 8688 section 3.2.1",
    CardDamage.NOT_A_JWS: "RFC 8688 section 3.1",
    CardDamage.LINE_BREAKS: "RFC 8688 section 3.1",
    CardDamage.NOT_A_JCARD: "RFC 8688 section 3.2.2",
    CardDamage.NO_CONTACT: "RFC 8688 section 3.2.2",
}


@pytest.mark.parametrize(("damage", "section"), WRONG_CARDS.items())
def test_what_is_wrong_with_a_card(damage: CardDamage, section: str, trusted: list[str]) -> None:
    card = DamagedCards(SIGNER.key, X5U, Contact("Desk", tel="+18005550100")).make(damage, NOW)
    result = run(response("608 Rejected", f"Call-Info: {call_info(data_uri(card))}"), *trusted)
    (fault,) = faults(result)
    assert (result.exit_code, fault.startswith(NAMED[damage])) == (1, True), fault
    assert fault.endswith(f"({section})")


def test_every_fault_of_something_signed_has_its_section() -> None:
    """As docs/trust.md lists them; the others are those of following links, which inspect does not."""
    page = (Path(__file__).parents[2] / "docs" / "trust.md").read_text(encoding="utf-8")
    cards, caller = (
        re.findall(r"`([^`]+)`", "\n".join(line.split("|")[column] for line in table.splitlines() if line[:2] == "| "))
        for column, table in (
            (1, page.partition("## The card of a 608")[2].partition("\n## ")[0]),
            (2, page.partition("## Who makes the call")[2].partition("\n## ")[0]),
        )
    )
    assert len(cards) > 15
    assert len(caller) > 15
    for name in cards:
        assert section_for(name, CARD_SECTIONS)
    for name in caller:
        if name not in ("missing", "cannot be read", "info", "Date"):  # no names of faults
            assert section_for(name, PASSPORT)
    with pytest.raises(KeyError):
        section_for("no such fault", CARD_SECTIONS)


def test_a_card_at_an_address_is_not_fetched() -> None:
    result = run(response("608 Rejected", "Call-Info: <https://127.0.0.1:1/x>;purpose=jwscard"))
    assert facts(result)["card"] == "https://127.0.0.1:1/x (not followed: nothing is fetched)"


def test_a_card_alone(trusted: list[str]) -> None:
    assert run(CARD.sign(NOW).encode() + b"\n", *trusted).exit_code == 0
    old = run(CARD.sign(NOW - 600).encode(), *trusted)
    assert old.stdout.startswith("signed card of a 608\n")
    (fault,) = faults(old)
    assert fault.startswith("expired: issued 6")
    assert fault.endswith("(RFC 8688 section 3.3)")
    forged = RejectionSigner(AUTHORITY.key, X5U, Contact("Desk", tel="+1800")).sign(NOW)
    assert faults(run(forged.encode(), *trusted)) == ["signature does not verify (RFC 7515 section 5.2)"]


def identity(at: float = NOW) -> str:
    return CALLER.sign(from_tn="+12125550100", to_tn="+13035550199", attestation="B", origid="1", now=at)


def test_who_vouches_for_the_caller(trusted: list[str]) -> None:
    lines = [
        "INVITE sip:+13035550199@a.example SIP/2.0",
        "From: <sip:+12125550100@b.example>;tag=1",
        f"Identity: {identity()}",
    ]
    result = run("\r\n".join([*lines, "Feature-Caps: *;+sip.608", "", ""]).encode(), *trusted)
    assert (result.exit_code, faults(result)) == (0, [])
    told = facts(result)
    assert told["attestation"] == "B (partial: the caller is known)"
    assert told["numbers"] == "12125550100 calls 13035550199"
    assert told["Feature-Caps"] == "the caller understands 608"
    other = run("\r\n".join([lines[0].replace("99@", "98@"), *lines[1:], "", ""]).encode(), *trusted)
    (fault,) = faults(other)
    assert fault.startswith("dest does not match")
    assert fault.endswith("(RFC 8224 section 6.2.4)")


def test_a_passport_alone(trusted: list[str]) -> None:
    token = identity().partition(";")[0].encode()
    assert run(token, *trusted).exit_code == 0
    assert run(token).stdout.startswith("PASSporT\n")
    assert "expired" in faults(run(identity(NOW - 600).partition(";")[0].encode(), *trusted))[0]


def test_a_capture(tmp_path: Path, trusted: list[str]) -> None:
    messages = [
        response("100 Trying"),
        response("608 Rejected", f"Call-Info: {call_info(data_uri(CARD.sign(NOW - 3600)))}"),
    ]
    here, there = ("10.0.0.1", 5060), ("10.0.0.2", 5061)
    path = tmp_path / "call.pcap"
    path.write_bytes(
        pcap_of(Passed(NOW - 3600 + at, False, "UDP", here, there, one) for at, one in enumerate(messages))
    )
    result = CliRunner().invoke(main, ["inspect", str(path), *trusted])
    # The card was fresh when it passed.
    assert (result.exit_code, faults(result)) == (0, [])
    assert result.stdout.startswith(
        "response 100 Trying\n  passed       10.0.0.2:5061 -> 10.0.0.1:5060 UDP\n\nresponse 608"
    )
    (tmp_path / "empty.pcap").write_bytes(pcap_of([]))
    empty = CliRunner().invoke(main, ["inspect", f"{tmp_path}/empty.pcap"])
    assert (empty.exit_code, empty.stderr) == (
        2,
        f"Error: {tmp_path}/empty.pcap: has no SIP messages that can be read\n",
    )


def test_json() -> None:
    result = run(response("603 Decline", f"Reason: {REASON}"), "--json")
    told = json.loads(result.stdout)
    assert (told["status"], told["phrase"]) == (603, "Decline")
    assert told["block"] == {"class": "partial", "damage": ["phrase_rewritten"], "location": "TN"}
    assert told["contact"] == {"url": "https://redress.example/", "id": "7"}
    assert told["reasons"][0]["cause"] == 603
    assert len(told["faults"]) == 1


@pytest.mark.parametrize("data", [b"", b"hello", b"\xff\xfe", b"a.b.c", b"GET / HTTP/1.1\r\n\r\n"])
def test_what_is_nothing_known(data: bytes) -> None:
    result = run(data)
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: standard input: is ")
    assert "Traceback" not in result.output


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("x")
    for arguments, why in (
        ([str(tmp_path / "no")], "cannot be read"),
        (["--ca", str(tmp_path / "text")], "holds no certificate"),
        (["--certificate", "x"], "must be URI=FILE"),
    ):
        result = run(response("486 Busy Here"), *arguments)
        assert (result.exit_code, why in result.stderr) == (2, True), result.stderr


def test_nothing_of_a_peer_s_breaks_the_terminal() -> None:
    result = run(b'SIP/2.0 603 \x1b[2J\xff\r\nReason: SIP;cause=603;text="v=analytics1;id=\x1b\xe2\x80\xae"\r\n\r\n')
    assert "\x1b" not in result.output
    assert "\u202e" not in result.output
    assert run(b"SIP/2.0 603 \xff\xfe\r\n\r\n", "--json").exit_code == 0


@given(
    st.binary(max_size=200)
    | st.binary(max_size=200).map(lambda junk: b"SIP/2.0 603 x\r\nReason: " + junk + b"\r\n\r\n")
)
def test_it_never_breaks(data: bytes) -> None:
    try:
        found = inspected(data, known(None, ()))
    except Unknown:
        return
    for one in found:
        json.dumps(one.as_dict())
        assert all(text.isprintable() or " " in text for _, text in one.facts)
