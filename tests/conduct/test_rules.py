"""Every rule: a caller that breaks it is told of exactly that, in words that hold what was seen."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from simcarrier.conduct import RULES
from simcarrier.sip.transport import Transport
from tests.conduct.kit import THERE, Talk, sdp

Story = Callable[[Talk], None]

STORIES: list[tuple[str, str, Story]] = []
"""The rule, words that must be said, what the caller does."""


def breaks(rule: str, *words: str) -> Callable[[Story], Story]:
    """A story in which the caller breaks exactly this rule."""

    def note(story: Story) -> Story:
        STORIES.append((rule, "|".join(words), story))
        return story

    return note


TCP = "over TCP"
"""Part of the name of stories that are told over TCP."""


# Fields and framing


@breaks("malformed", "INVITE sip:+49 891@10.0.0.2 SIP/2.0: bad request line")
def blank_in_the_uri(talk: Talk) -> None:
    talk.asks("INVITE", uri="sip:+49 891@10.0.0.2")


@breaks("malformed", "Request-URI sip:a@[::1 cannot be read")
def half_a_bracket(talk: Talk) -> None:
    talk.asks("INVITE", uri="sip:a@[::1")


@breaks("malformed", "2.1")
def another_version(talk: Talk) -> None:
    data = talk.asks("OPTIONS").replace(b"SIP/2.0\r\nVia", b"SIP/2.1\r\nVia").replace(b"call1", b"call2")
    talk.hears(data)


@breaks("malformed", "From", "cannot be read")
def broken_from(talk: Talk) -> None:
    talk.asks("OPTIONS", change={"From": '"Unclosed <sip:a@b>;tag=1'}, from_tag="")


@breaks("malformed", "not to be read")
def no_request_line(talk: Talk) -> None:
    talk.hears(b"sip:+4930@h SIP/2.0\r\nCall-ID: x\r\n\r\n")


@breaks("line_ends", "OPTIONS without CRLF")
def bare_line_ends(talk: Talk) -> None:
    data = talk.asks("OPTIONS")
    talk.hears(data.replace(b"\r\n", b"\n").replace(b"call1", b"call2").replace(b"-r1", b"-r2"))


@breaks("field_missing", "INVITE without To")
def no_to(talk: Talk) -> None:
    talk.asks("INVITE", change={"To": None})


@breaks("field_missing", "OPTIONS without CSeq and Call-ID")
def no_call_id(talk: Talk) -> None:
    talk.asks("OPTIONS", change={"CSeq": None, "Call-ID": None})


@breaks("field_repeated", "Call-Id 2 times: call1 and other")
def two_call_ids(talk: Talk) -> None:
    talk.asks("OPTIONS", add=["i: other"])


@breaks("max_forwards_missing", "ACK without Max-Forwards")
def ack_without_max_forwards(talk: Talk) -> None:
    talk.invites()
    talk.says(486, tag="r1")
    talk.asks("ACK", to_tag="r1", change={"Max-Forwards": None})


@breaks("max_forwards_value", "is 0")
def no_hops_left(talk: Talk) -> None:
    talk.asks("INVITE", change={"Max-Forwards": "0"})


@breaks("max_forwards_value", "is 700")
def too_many_hops(talk: Talk) -> None:
    talk.asks("INVITE", change={"Max-Forwards": "700"})


@breaks("from_tag_missing", "INVITE with From <sip:+4930@10.0.0.1>")
def no_from_tag(talk: Talk) -> None:
    talk.asks("INVITE", from_tag="")


@breaks("contact", "INVITE without Contact")
def no_contact(talk: Talk) -> None:
    talk.asks("INVITE", change={"Contact": None})


@breaks("contact", "2 contacts")
def two_contacts(talk: Talk) -> None:
    talk.asks("INVITE", change={"Contact": "<sip:a@h>, <sip:b@h>"})


@breaks("contact", "no SIP URI")
def contact_by_mail(talk: Talk) -> None:
    talk.asks("INVITE", change={"Contact": "<mailto:a@h>"})


@breaks("contact", "REGISTER only")
def contact_for_all(talk: Talk) -> None:
    talk.asks("INVITE", change={"Contact": "*"})


@breaks("cseq_method", "CSeq is 1 INVITE", "should be ACK")
def ack_with_cseq_invite(talk: Talk) -> None:
    talk.invites()
    talk.says(486, tag="r1")
    talk.asks("ACK", to_tag="r1", change={"CSeq": "1 INVITE"})


@breaks("cseq_method", "4294967295")
def number_too_high(talk: Talk) -> None:
    talk.asks("INVITE", change={"CSeq": "4294967295 INVITE"})


@breaks("content_length", "Content-Length is 900, but")
def body_too_short(talk: Talk) -> None:
    talk.asks("INVITE", body=sdp(), change={"Content-Length": "900"})


@breaks("content_length", "cut off")
def body_too_long(talk: Talk) -> None:
    talk.asks("OPTIONS", body=b"abcdef", change={"Content-Length": "3", "Content-Type": "text/plain"})


@breaks("content_length", "over a stream without")
def no_length_over_tcp(talk: Talk) -> None:
    talk.asks("OPTIONS", change={"Content-Length": None})


@breaks("content_type_missing", "INVITE with a body")
def no_type(talk: Talk) -> None:
    talk.asks("INVITE", body=sdp(), change={"Content-Type": None})


# Transactions and ACK


@breaks("branch_cookie", "is 12345")
def old_branch(talk: Talk) -> None:
    talk.asks("OPTIONS", change={"Via": "SIP/2.0/UDP 10.0.0.1:5060;branch=12345"})


@breaks("branch_cookie", "is missing")
def no_branch(talk: Talk) -> None:
    talk.asks("OPTIONS", change={"Via": "SIP/2.0/UDP 10.0.0.1:5060"})


@breaks("via_transport", "Via says TCP", "by UDP")
def wrong_transport(talk: Talk) -> None:
    talk.asks("OPTIONS", change={"Via": "SIP/2.0/TCP 10.0.0.1:5060;branch=z9hG4bK1"})


@breaks("branch_reused", "z9hG4bKsame of INVITE 1 of call call1")
def one_branch_for_all_calls(talk: Talk) -> None:
    talk.asks("INVITE", branch="same")
    talk.call_id = "call2"
    talk.asks("INVITE", branch="same")


@breaks("branch_reused", "BYE has the branch z9hG4bKcall1-i1 of INVITE 1 of this call")
def bye_with_the_branch_of_invite(talk: Talk) -> None:
    talk.answered()
    talk.asks("BYE", 2, to_tag="c1", branch="call1-i1")


@breaks("branch_changed", "with the branch z9hG4bKsecond, it should be z9hG4bKfirst")
def repeated_with_another_branch(talk: Talk) -> None:
    talk.asks("INVITE", branch="first")
    talk.wait(0.5)
    talk.asks("INVITE", branch="second")


@breaks("repeat_changed", "INVITE repeated, but Max-Forwards is 69, it was 70")
def repeated_with_changes(talk: Talk) -> None:
    talk.asks("INVITE")
    talk.wait(0.5)
    talk.asks("INVITE", change={"Max-Forwards": "69"})


@breaks("ack_branch", "the ACK to 403 is z9hG4bKnew, that of the INVITE z9hG4bKcall1-i1")
def ack_with_a_new_branch(talk: Talk) -> None:
    talk.invites()
    talk.says(403, tag="r1")
    talk.asks("ACK", to_tag="r1", branch="new")


@breaks("ack_uri", "goes to sip:10.0.0.2:5060", "sip:+49891@10.0.0.2:5060 as the INVITE")
def ack_to_the_contact(talk: Talk) -> None:
    talk.invites()
    talk.says(603, tag="r1")
    talk.asks("ACK", to_tag="r1", uri="sip:10.0.0.2:5060")


@breaks("ack_to_tag", "no tag, it should be r1")
def ack_without_to_tag(talk: Talk) -> None:
    talk.invites()
    talk.says(486, tag="r1")
    talk.asks("ACK", branch="call1-i1")


@breaks("ack_to_tag", "the tag other, it should be r1")
def ack_with_another_to_tag(talk: Talk) -> None:
    talk.invites()
    talk.says(486, tag="r1")
    talk.asks("ACK", branch="call1-i1", to_tag="other")


@breaks("ack_route", "is missing, it should be <sip:10.0.0.2;lr>")
def ack_without_route(talk: Talk) -> None:
    talk.invites(add=["Route: <sip:10.0.0.2;lr>"])
    talk.says(486, tag="r1")
    talk.asks("ACK", to_tag="r1")


@breaks("ack_cseq", "CSeq is 2 ACK, the INVITE had 1")
def ack_counts_on(talk: Talk) -> None:
    talk.invites()
    talk.says(486, tag="r1")
    talk.asks("ACK", 2, branch="call1-i1", to_tag="r1")


@breaks("ack_cseq", "CSeq is 2 ACK, the INVITE had 1")
def ack_to_200_counts_on(talk: Talk) -> None:
    talk.invites()
    talk.says(200, body=sdp(session=9))
    talk.asks("ACK", 2, to_tag="c1", uri="sip:10.0.0.2:5060")


@breaks("ack_2xx_branch", "the ACK to 200 has the INVITE's branch z9hG4bKcall1-i1")
def ack_to_200_with_the_branch_of_invite(talk: Talk) -> None:
    talk.invites()
    talk.says(200, body=sdp(session=9))
    talk.acks(branch="call1-i1")


# CANCEL


@breaks("cancel_early", "CANCEL 10.000 s after INVITE", "no response at all")
def cancel_in_silence(talk: Talk) -> None:
    talk.asks("INVITE")
    talk.wait(10)
    talk.asks("CANCEL")
    talk.says(200, "CANCEL")
    talk.says(487, tag="r1")
    talk.asks("ACK", to_tag="r1")


@breaks("cancel_late", "CANCEL 0.500 s after the ACK to 486")
def cancel_after_ack_over_tcp(talk: Talk) -> None:
    talk.refused(486)
    talk.wait(0.5)
    talk.asks("CANCEL")


@breaks("cancel_late", "CANCEL 5.000 s after the ACK to 486")
def cancel_after_ack_in_call_after_call(talk: Talk) -> None:
    for call in range(4):
        talk.call_id = f"call{call}"
        talk.refused(486)
        talk.wait(5)
        talk.asks("CANCEL")
        talk.says(481, "CANCEL")


@breaks("cancel_branch", "z9hG4bKown, that of the INVITE z9hG4bKcall1-i1")
def cancel_with_its_own_branch(talk: Talk) -> None:
    talk.invites()
    talk.asks("CANCEL", branch="own")


@breaks("cancel_fields", "To of CANCEL has the tag c1, that of the INVITE none")
def cancel_with_to_tag(talk: Talk) -> None:
    talk.invites()
    talk.says(180)
    talk.asks("CANCEL", to_tag="c1")


@breaks("cancel_fields", "CSeq is 2 CANCEL, the INVITE had 1")
def cancel_counts_on(talk: Talk) -> None:
    talk.invites()
    talk.asks("CANCEL", 2, branch="call1-i1")


@breaks("cancel_fields", "goes to sip:else@10.0.0.2, the INVITE went to")
def cancel_goes_elsewhere(talk: Talk) -> None:
    talk.invites()
    talk.asks("CANCEL", uri="sip:else@10.0.0.2")


@breaks("cancel_fields", "Route of CANCEL is missing")
def cancel_without_route(talk: Talk) -> None:
    talk.invites(add=["Route: <sip:10.0.0.2;lr>"])
    talk.asks("CANCEL")


@breaks("cancel_require", "CANCEL with Require: 100rel")
def cancel_with_require(talk: Talk) -> None:
    talk.invites()
    talk.asks("CANCEL", add=["Require: 100rel"])


# Dialogs


@breaks("to_tag_missing", "BYE without a To tag, it should be c1")
def bye_without_to_tag(talk: Talk) -> None:
    talk.answered()
    talk.ends(to_tag="")


@breaks("to_tag_wrong", "BYE is zz, it should be c1")
def bye_with_another_tag(talk: Talk) -> None:
    talk.answered()
    talk.ends(to_tag="zz")


@breaks("from_tag_changed", "BYE is d2, that of the INVITE d1")
def bye_with_another_from_tag(talk: Talk) -> None:
    talk.answered()
    talk.ends(from_tag="d2")


@breaks("cseq_order", "CSeq is 1 BYE, it should be above the INVITE's 1")
def bye_does_not_count_on(talk: Talk) -> None:
    talk.answered()
    talk.ends(1)


@breaks("cseq_order", "CSeq is 2 BYE, but UPDATE had this number")
def number_used_twice(talk: Talk) -> None:
    talk.answered()
    talk.asks("UPDATE", 2, to_tag="c1", branch="u")
    talk.says(200, "UPDATE", 2, branch="u")
    talk.ends(2)


@breaks("cseq_order", "CSeq is 3 BYE, but 4 came before it on this connection")
def counts_down_over_tcp(talk: Talk) -> None:
    talk.answered()
    talk.asks("UPDATE", 4, to_tag="c1", branch="u")
    talk.says(200, "UPDATE", 4, branch="u")
    talk.ends(3)


@breaks("cseq_retry", "INVITE again after 407 with CSeq 1, it should be 2")
def credentials_with_the_same_number(talk: Talk) -> None:
    talk.refused(407)
    talk.wait(0.1)
    talk.asks("INVITE", 1, branch="again", body=sdp())
    talk.says(100, branch="again")


@breaks("request_uri", "BYE goes to sip:+49891@carrier.example, it should go to the Contact sip:10.0.0.2:5060")
def bye_goes_where_the_invite_went(talk: Talk) -> None:
    talk.answered()
    talk.ends(uri="sip:+49891@carrier.example")


@breaks("request_uri", "should go to the Contact sip:leg7@10.0.0.2:5060")
def ack_forgets_the_user(talk: Talk) -> None:
    talk.invites()
    talk.says(200, contact="<sip:leg7@10.0.0.2:5060>", body=sdp(session=9))
    talk.acks(uri="sip:+49891@10.0.0.2:5060")


@breaks("route_set", "BYE with Route <sip:proxy.example;lr>, though there was no Record-Route")
def bye_with_a_route_of_its_own(talk: Talk) -> None:
    talk.answered()
    talk.ends(add=["Route: <sip:proxy.example;lr>"])


@breaks("route_set", "BYE came past the proxy of Record-Route <sip:10.0.0.9;lr>")
def bye_past_the_proxy(talk: Talk) -> None:
    proxy = "SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bKcall1-i1"
    talk.asks("INVITE", branch="inner", via=[proxy], add=["Record-Route: <sip:10.0.0.9;lr>"], body=sdp())
    data = "SIP/2.0 200 OK", f"Via: {proxy}", "From: <sip:a@b>;tag=d1", "To: <sip:b@c>;tag=c1", "Call-ID: call1"
    text = "\r\n".join([*data, "CSeq: 1 INVITE", "Contact: <sip:10.0.0.2:5060>", "Content-Length: 0", "", ""])
    talk.conduct.observe("out", text.encode(), talk.channel, THERE, talk.now)
    talk.acks(via=["SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bKa"])
    talk.ends()


@breaks("ack_missing", "no ACK in 32 s to 486")
def no_ack_over_tcp(talk: Talk) -> None:
    talk.invites()
    talk.says(486, tag="r1")
    talk.wait(33)


def never_acknowledged(talk: Talk, status: int) -> None:
    for call in range(2):
        talk.call_id = f"call{call}"
        talk.invites()
        for interval in (0, 0.5, 1, 2, 4, 4, 4, 4, 4, 4, 4):
            talk.wait(interval)
            talk.says(status, tag="c1")
        talk.asks("OPTIONS", 9, change={"Call-ID": f"alive{call}"}, branch=f"alive{call}")
        talk.wait(2)


@breaks("ack_missing", "no ACK in 32 s to 603, which was sent 11 times")
def no_ack_in_call_after_call(talk: Talk) -> None:
    never_acknowledged(talk, 603)


@breaks("ack_2xx_missing", "no ACK in 32 s to 200, which was sent 11 times")
def no_ack_to_200_in_call_after_call(talk: Talk) -> None:
    never_acknowledged(talk, 200)


@breaks("bye_unanswered", "no response in 32 s to the carrier's BYE")
def bye_unanswered_over_tcp(talk: Talk) -> None:
    talk.answered()
    talk.carrier_asks("BYE")
    talk.wait(33)


@breaks("response_copies", "To tag of the 200 to BYE is other, it should be d1")
def response_with_another_tag(talk: Talk) -> None:
    talk.answered()
    talk.carrier_asks("BYE")
    talk.answers(200, "BYE", tag="other")


# Repetition


@breaks("invite_interval", "INVITE came 5 times in 0.400 s, after 0.100, 0.100, 0.100, 0.100 s")
def invite_every_100_ms(talk: Talk) -> None:
    for _ in range(5):
        talk.asks("INVITE")
        talk.wait(0.1)


@breaks("invite_interval", "INVITE came 9 times in 4.000 s")
def invite_never_doubles(talk: Talk) -> None:
    for _ in range(9):
        talk.asks("INVITE")
        talk.wait(0.5)


@breaks("request_interval", "OPTIONS came")
def options_every_100_ms(talk: Talk) -> None:
    for _ in range(6):
        talk.asks("OPTIONS", branch="same")
        talk.wait(0.1)


@breaks("invite_after_provisional", "INVITE again 4.000 s after the caller's CANCEL or PRACK")
def invite_after_its_cancel(talk: Talk) -> None:
    talk.invites()
    talk.wait(0.4)
    talk.asks("CANCEL")
    talk.says(200, "CANCEL")
    talk.wait(4)
    talk.asks("INVITE", body=sdp())


@breaks("invite_after_provisional", "after 100 was sent, as in the calls before")
def trying_is_ignored(talk: Talk) -> None:
    for call in range(8):
        talk.call_id = f"call{call}"
        talk.invites()
        for interval in (0.5, 1, 2, 4):
            talk.wait(interval)
            talk.invites()
        talk.says(486, tag="r1")
        talk.asks("ACK", to_tag="r1")


@breaks("repeated_after_final", "INVITE again 5.000 s after the caller's own ACK to 486")
def invite_after_its_ack(talk: Talk) -> None:
    talk.refused(486)
    talk.wait(5)
    talk.asks("INVITE", body=sdp())


@breaks("repeated_after_final", "BYE came 3 times more", "as in the calls before")
def bye_does_not_stop(talk: Talk) -> None:
    for call in range(5):
        talk.call_id = f"call{call}"
        talk.answered()
        talk.ends()
        for interval in (0.6, 1, 2, 4):
            talk.wait(interval)
            talk.ends()


@breaks("repeated_on_stream", "INVITE again 0.500 s later over TCP")
def repeated_over_tcp(talk: Talk) -> None:
    talk.asks("INVITE")
    talk.wait(0.5)
    talk.asks("INVITE")


@breaks("never_repeated", "one INVITE in 4.0 s without a response, as in the calls before; it should be 4")
def no_timer_a(talk: Talk) -> None:
    for call in range(5):
        talk.call_id = f"call{call}"
        talk.asks("INVITE")
        talk.wait(4)
        talk.says(486, tag="r1")
        talk.asks("ACK", to_tag="r1")
        talk.wait(5)


# Offer, answer and PRACK


@breaks("sdp_malformed", "INVITE cannot be read")
def no_sdp_at_all(talk: Talk) -> None:
    talk.asks("INVITE", body=b"hello\r\n")


@pytest.mark.parametrize("line", ["s=", "t=", "c="])
def test_a_line_of_the_description_that_is_missing(line: str) -> None:
    talk = Talk()
    talk.asks("INVITE", body=sdp(without=line))
    assert talk.found() == ["sdp_incomplete"]
    assert f"without {line}" in talk.said()


@breaks("sdp_incomplete", "without c=")
def no_connection(talk: Talk) -> None:
    talk.asks("INVITE", body=sdp(without="c="))


def test_port_0_in_a_first_offer_is_allowed() -> None:
    talk = Talk()
    talk.asks("INVITE", body=sdp(port=0))
    assert talk.found() == []


@breaks("sdp_version", "its version is 1, it should be 2")
def hold_with_the_same_version(talk: Talk) -> None:
    talk.answered()
    talk.asks("INVITE", 2, to_tag="c1", uri="sip:10.0.0.2:5060", body=sdp(more="a=sendonly\n"))


@breaks("answer_missing", "the 200 has an offer")
def ack_without_answer(talk: Talk) -> None:
    talk.asks("INVITE")
    talk.says(200, body=sdp(session=9))
    talk.acks()


@breaks("answer_streams", "the answer in ACK are audio video, those of the offer audio")
def answer_with_a_stream_more(talk: Talk) -> None:
    talk.asks("INVITE")
    talk.says(200, body=sdp(session=9))
    talk.acks(body=sdp(more="m=video 4002 RTP/AVP 31\n"))


@breaks("answer_streams", "the answer in 200 to INVITE are none, those of the offer audio")
def answer_to_a_reinvite_with_a_stream_less(talk: Talk) -> None:
    talk.answered()
    talk.carrier_asks("INVITE", body=sdp(session=9))
    talk.answers(200, "INVITE", body=sdp(without="m="))


def ringing_reliably(talk: Talk) -> None:
    talk.invites(add=["Supported: 100rel"])
    for interval in (0, 0.5, 1, 2):
        talk.wait(interval)
        talk.says(183, add=["Require: 100rel", "RSeq: 17"], body=sdp(session=9))


@breaks("prack_missing", "no PRACK for 183 with RSeq 17, which was sent 4 times")
def no_prack_over_tcp(talk: Talk) -> None:
    ringing_reliably(talk)
    talk.wait(30)


@breaks("prack_rack", "RAck is 18 1 INVITE, it should be 17 1 INVITE")
def wrong_rack(talk: Talk) -> None:
    ringing_reliably(talk)
    talk.asks("PRACK", 2, to_tag="c1", add=["RAck: 18 1 INVITE"])


# Digest

CHALLENGE = 'WWW-Authenticate: Digest realm="carrier", nonce="{nonce}", qop="auth", algorithm=MD5{more}'


def credentials(nonce: str = "n1", nc: str = "00000001", *, realm: str = "carrier", qop: str = ", qop=auth") -> str:
    count = f'{qop}, cnonce="x", nc={nc}' if qop else ""
    return (
        f'Authorization: Digest username="dialler", realm="{realm}", nonce="{nonce}", '
        f'uri="sip:10.0.0.2", response="{"0" * 32}", algorithm=MD5{count}'
    )


def challenged(talk: Talk, number: int = 1, nonce: str = "n1", more: str = "", answer: str = "") -> None:
    """An INVITE that is asked for credentials, with its ACK."""
    talk.invites(number, add=[answer] if answer else [])
    talk.says(401, number=number, tag=f"r{number}", add=[CHALLENGE.format(nonce=nonce, more=more)])
    talk.asks("ACK", number, to_tag=f"r{number}")


@breaks("digest_malformed", "credentials without uri")
def no_uri(talk: Talk) -> None:
    challenged(talk)
    talk.invites(2, add=[credentials().replace('uri="sip:10.0.0.2", ', "")])


@breaks("digest_malformed", "not in quotes")
def bare_uri(talk: Talk) -> None:
    challenged(talk)
    talk.invites(2, add=[credentials().replace('"sip:10.0.0.2"', "sip:10.0.0.2")])


@breaks("digest_realm", "the realm is asterisk, that of the challenge carrier")
def another_realm(talk: Talk) -> None:
    challenged(talk)
    talk.invites(2, add=[credentials(realm="asterisk")])


@breaks("digest_qop", "without qop")
def no_qop(talk: Talk) -> None:
    challenged(talk)
    talk.invites(2, add=[credentials(qop="")])


@breaks("digest_count", "nc is 00000001 again with the same nonce; CSeq 2 of call call1 had it")
def the_same_count(talk: Talk) -> None:
    challenged(talk)
    talk.invites(2, add=[credentials()])
    talk.says(486, number=2, tag="r1")
    talk.asks("ACK", 2, to_tag="r1", add=[credentials()])
    talk.call_id = "call2"
    talk.invites(add=[credentials()])


@breaks("digest_stale", "the nonce of CSeq 2 is used again in CSeq 3")
def a_stale_nonce(talk: Talk) -> None:
    challenged(talk)
    challenged(talk, 2, "n2", ", stale=true", credentials())
    talk.invites(3, add=[credentials(nc="00000002")])


@breaks("digest_retry", "credentials of dialler, which were refused 2 times in this call")
def again_and_again(talk: Talk) -> None:
    challenged(talk)
    challenged(talk, 2, "n2", answer=credentials("n1"))
    challenged(talk, 3, "n3", answer=credentials("n2"))
    talk.invites(4, add=[credentials("n3")])


def name_of(story: Story) -> str:
    return story.__name__.replace("_", " ")


@pytest.mark.parametrize(
    ("rule", "words", "story"), [pytest.param(*story, id=f"{story[0]}: {name_of(story[2])}") for story in STORIES]
)
def test_a_broken_rule_is_told_and_no_other(rule: str, words: str, story: Story) -> None:
    talk = Talk(Transport.TCP if TCP in name_of(story).replace("tcp", "TCP") else Transport.UDP)
    story(talk)
    assert talk.found() == [rule], talk.said()
    for word in words.split("|"):
        assert word in talk.said()
    breach = talk.conduct.breaches[0]
    assert (breach.section, breach.rule) == (RULES[rule].section, rule)
    assert breach.source.endswith(":5060") or rule == "bye_unanswered"


def test_every_rule_has_its_story() -> None:
    assert {rule for rule, _, _ in STORIES} == set(RULES)
