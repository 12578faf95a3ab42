"""The keys of blocks, signing, path and shaken: what loads, and what each fault says and where."""

from __future__ import annotations

from pathlib import Path

import pytest

from simcarrier.scenario.actions import RespondAction
from simcarrier.scenario.load import ScenarioError, load, loads
from simcarrier.scenario.steps import Respond
from simcarrier.sip.block_codes import Damage, Redress
from simcarrier.trust.jcard import Address, Contact
from simcarrier.trust.pki import make_authority, make_signer, write_new

NOW = 1_790_000_000.0


def respond(written: str) -> Respond:
    action = loads(f"name: x\ncalls: [{{respond: {written}}}]").calls[0].action
    assert isinstance(action, RespondAction)
    return action.respond


def faults(text: str, folder: Path | None = None) -> list[str]:
    text = f"name: x\n{text}"
    if folder is not None:
        (folder / "f").write_text(text)
    with pytest.raises(ScenarioError) as caught:
        _ = loads(text, "f") if folder is None else load(folder / "f")
    return [fault.partition(": ")[2] for fault in map(str, caught.value.faults)]


def test_a_block_has_code_and_phrase_of_its_own() -> None:
    assert (respond("{block: {}}").code, respond("{block: {}}").phrase) == (603, "Network Blocked")
    damaged = respond("{block: {damage: status_rewritten}, delay: 1s}")
    assert (damaged.code, damaged.phrase) == (480, "Temporarily Unavailable")
    assert respond("{block: {damage: [phrase_rewritten]}}").phrase == "Decline"
    block = respond("{block: {location: RLN, damage: [q850_form, bad_id], id: 'a{uuid}'}}").block
    assert block is not None
    assert (block.location, str(block.id), block.damage) == ("RLN", "a{uuid}", (Damage.Q850_FORM, Damage.BAD_ID))


def test_a_block_made_in_python_is_the_same() -> None:
    read = respond("{block: {damage: phrase_rewritten}}")
    assert read == Respond(code=603, phrase="Decline", block=read.block)


def test_the_contact_in_both_its_forms() -> None:
    redress = loads(
        "name: x\ncarrier: {redress: {name: Desk, tel: +18005550100, address: {street: 1 Main, country: USA}}}"
    ).carrier.redress
    assert redress is not None
    assert redress.contact() == Contact("Desk", tel="+18005550100", adr=Address(street="1 Main", country="USA"))
    assert redress.redress("7") == Redress(tel="+18005550100", id="7")


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ("respond: {code: 486, block: {}}", "calls[0].respond.code: is the block's own affair"),
        ("respond: {phrase: No, block: {}}", "calls[0].respond.phrase: is the block's own affair"),
        ("respond: {block: {}, headers: {reason: x}}", "calls[0].respond.headers.reason: is the block's own affair"),
        ("respond: {block: }", "calls[0].respond.block: is empty"),
        ("respond: {block: {damage: bad_contct}}", 'did you mean "bad_contact"?'),
        ("respond: {block: {damage: no_call_info}}", "must be damages of a 603+"),
        ("respond: {block: {location: U}}", "must be LN, TN, RLN, LPN or RPN"),
        ("respond: {block: {id: '{call_id}'}}", "must be letters, digits, - and _"),
        (f"respond: {{block: {{id: '{'x' * 29}{{uuid}}'}}}}", "must have 1 to 64 characters"),
        ("respond: {code: 607, call_info: signed}", "calls[0].respond.call_info: goes with code: 608"),
        ("respond: {code: 603, announce: always}", "calls[0].respond.announce: goes with code: 608"),
        ("respond: {code: 608, card_damage: expired}", "calls[0].respond.card_damage: goes with call_info: signed"),
        ("respond: {code: 608, call_info: signed, card_damage: expird}", 'did you mean "expired"?'),
        ("respond: {code: 608, call_info: signed, card_damage: [expired]}", "must be the damage of a card"),
        (
            "respond: {code: 608, call_info: signed, card_damage: redirect_loop}",
            "calls[0].respond.card_damage: redirect_loop is of cards that are served: say deliver: http under signing",
        ),
        (
            "mix: [{share: 100%, steps: [trying, {respond: {code: 608, call_info: signed, card_damage: not_there}}]}]",
            "calls[0].mix[0].steps[1].respond.card_damage: not_there is of cards that are served",
        ),
        ("respond: {code: 608, announcement: 2s}", "goes with announce: if_not_understood or always"),
        ("respond: {code: 608, announce: perhaps}", "must be never, if_not_understood or always"),
        ("steps: [{respond: 607}, {hang_up: {unwanted: true}}]", "hang_up needs an answer before it"),
    ],
)
def test_faults_of_refusals(written: str, fault: str) -> None:
    assert any(fault in one for one in faults(f"calls: [{{{written}}}]")), faults(f"calls: [{{{written}}}]")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("redress: {url: https://a.example/}", 'carrier.redress: the key "name" is missing'),
        ("redress: {name: A}", "names no way to reach anybody: add url, email or tel"),
        ("redress: {name: A, url: http://a.example/}", "must be an https address without semicolons"),
        ("redress: {name: A, url: 'https://a.example/;b'}", "must be an https address without semicolons"),
        ("redress: {name: A, tel: 0800}", "must be a number such as +18005550100"),
        ("redress: {name: A, email: a}", "must be an e-mail address"),
        ('redress: {name: A, email: "a@b\\u00a0c"}', "must be an e-mail address"),
        ("redress: {name: A, tel: +1800, address: {}}", "says nothing: add street"),
        ("redress: {name: A, tel: +1800, address: {town: B}}", 'unknown key "town"'),
        ("signing: {key: k.pem}", "needs certificate beside it"),
        ("signing: {listen: 'http:127.0.0.1:0'}", "carrier.signing.listen: goes with deliver: http"),
        ("signing: {deliver: http, listen: 'udp:127.0.0.1:1'}", "must be http: or https:, an IP address and a port"),
        ("signing: {deliver: http, listen: 'http:localhost'}", "must be http: or https:, an IP address and a port"),
        ("signing: {deliver: http, tls: {certificate: a, key: b}}", "goes with listen: https:HOST:PORT"),
        ("signing: {x5u: ftp://a.example/}", "must be the web address of the certificate"),
        ("signing: {deliver: mail}", "must be data or http"),
        ("path: [isup, sip]", 'carrier.path[0]: "path[0]" must be sip'),
        ("path: [sip, isup]", 'carrier.path[1]: "path[1]" must be sip'),
        ("path: [sip, isup, {through: isup}, sip]", 'carrier.path[2]: "path[2]" must not follow another isup'),
        ("path: [sip, ss7, sip]", "must be sip or isup"),
        ("path: [{through: sip, profile: rfc}]", "goes with through: isup"),
        ("path: [sip, {through: isup, profile: mine}, sip]", "must be practice or rfc"),
        ("shaken: {trust: nowhere.pem}", "there is no"),
        ("shaken: {policy: refuse}", "must be pass, label or answer"),
        ("shaken: {freshness: 0s}", "must be a time from 1s to 24h"),
    ],
)
def test_faults_of_the_carrier(written: str, expected: str) -> None:
    told = faults(f"carrier: {{{written}}}")
    assert any(expected in one for one in told), told


def test_files_that_do_not_fit(tmp_path: Path) -> None:
    authority = make_authority(NOW)
    one, other = make_signer(authority, NOW), make_signer(authority, NOW)
    files = {"c.pem": one.certificate_pem(), "k.pem": one.key_pem(), "other.pem": other.key_pem(), "text": b"x"}
    write_new(tmp_path, files, ["k.pem", "other.pem"])
    signing = "carrier: {signing: {certificate: c.pem, key: %s, x5u: 'https://a.example/'}}"
    (told,) = faults(signing % "other.pem", tmp_path)
    assert "the key does not belong to the certificate" in told
    assert "PRIVATE" not in told
    (told,) = faults(signing % "text", tmp_path)
    assert "holds no private key" in told
    (told,) = faults("carrier: {shaken: {trust: text}}", tmp_path)
    assert "holds no certificate" in told
    (told,) = faults("carrier: {signing: {certificate: c.pem, key: k.pem}}", tmp_path)
    assert "needs x5u" in told
    (tmp_path / "good").write_text(f"name: x\n{signing % 'k.pem'}")
    signs = load(tmp_path / "good").carrier.signing
    assert signs is not None
    assert signs.x5u == "https://a.example/"
    (tmp_path / "good").write_text("name: x\ncarrier: {signing: {certificate: c.pem, key: k.pem, deliver: http}}")
    load(tmp_path / "good")


def test_the_path_is_read_from_words() -> None:
    hops = loads("name: x\ncarrier: {path: [sip, isup, sip, {through: isup, profile: rfc, location: lost}, sip]}")
    assert [(hop.through, hop.profile, hop.location) for hop in hops.carrier.path[1::2]] == [
        ("isup", "practice", "kept"), ("isup", "rfc", "lost"),
    ]  # fmt: skip
