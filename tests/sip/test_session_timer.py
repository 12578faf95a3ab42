"""Session timers: the RFC's tables row by row, and the clock's arithmetic."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.sip.errors import Malformed
from simcarrier.sip.session_timer import (
    Refresher,
    SessionExpires,
    SessionTimer,
    TimerRequest,
    TooSmall,
    after_too_small,
    agreed_by_response,
    negotiate,
    parse_min_se,
    parse_session_expires,
)

UAC, UAS = Refresher.UAC, Refresher.UAS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("1800", SessionExpires(1800), id="bare"),
        pytest.param("1800;refresher=uac", SessionExpires(1800, UAC), id="uac"),
        pytest.param(" 90 ; Refresher = UAS ", SessionExpires(90, UAS), id="spaces and capitals"),
        pytest.param('120;x="a;refresher=uac";refresher=uas', SessionExpires(120, UAS), id="other parameter"),
        pytest.param("120;refresher=proxy", SessionExpires(120), id="unknown refresher"),
        pytest.param("120;refresher", SessionExpires(120), id="refresher without a value"),
        pytest.param("4294967295", SessionExpires(2**32 - 1), id="longest"),
    ],
)
def test_parse_session_expires(text: str, expected: SessionExpires) -> None:
    assert parse_session_expires(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        ";refresher=uac",
        "0",
        "-90",
        "+90",
        "90.5",
        "9 0",
        "٩٠",
        "4294967296",
        "9" * 5000,
        "90;refresher=uac;refresher=uas",
        '90;x="open',
    ],
)
def test_a_broken_session_expires_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        parse_session_expires(text)


def test_min_se() -> None:
    assert parse_min_se("90") == 90
    assert parse_min_se(" 120 ;lr") == 120
    for text in ("", "x", "0", ";90", "-1", "9" * 5000):
        with pytest.raises(Malformed):
            parse_min_se(text)


def test_every_truncation_is_read_or_malformed() -> None:
    whole = '1800;x="a;b";refresher=uac'
    for end in range(len(whole)):
        try:
            value = parse_session_expires(whole[:end])
        except Malformed:
            continue
        assert str(value.interval) == whole[: min(end, 4)]


@given(st.text())
def test_any_text_is_read_or_malformed(text: str) -> None:
    for parse in (parse_session_expires, parse_min_se):
        with contextlib.suppress(Malformed):
            parse(text)


@pytest.mark.parametrize("text", ["90" + ";" * 65536, "9" * 65536, "90;" + "refresher" * 7000, '90;"' + "\\" * 65536])
def test_long_text_is_cheap(text: str) -> None:
    def cost() -> float:
        began = time.thread_time()
        for parse in (parse_session_expires, parse_min_se):
            with contextlib.suppress(Malformed):
                parse(text)
        return time.thread_time() - began

    assert min(cost() for _ in range(3)) < 0.01


@pytest.mark.parametrize("value", [SessionExpires(1800), SessionExpires(90, UAC), SessionExpires(91, UAS)], ids=str)
def test_what_is_written_is_read_again(value: SessionExpires) -> None:
    assert parse_session_expires(str(value)) == value


def asks(interval: int, refresher: Refresher | None = None, min_se: int | None = None) -> TimerRequest:
    return TimerRequest(SessionExpires(interval, refresher), min_se, supported=True)


def inserted(interval: int, refresher: Refresher | None = None, min_se: int | None = None) -> TimerRequest:
    """A proxy asks on behalf of a UAC that knows no timers."""
    return TimerRequest(SessionExpires(interval, refresher), min_se, supported=False)


# Table 2 of RFC 4028, with the two rows that cannot be


@pytest.mark.parametrize(
    ("request_", "prefer", "refresher", "require"),
    [
        pytest.param(inserted(1800), UAC, UAS, False, id="no support, none -> uas"),
        pytest.param(inserted(1800, UAC), UAC, UAS, False, id="no support, uac (cannot be) -> uas"),
        pytest.param(inserted(1800, UAS), UAC, UAS, False, id="no support, uas (cannot be) -> uas"),
        pytest.param(asks(1800), UAC, UAC, True, id="support, none -> our choice of uac"),
        pytest.param(asks(1800), UAS, UAS, True, id="support, none -> our choice of uas"),
        pytest.param(asks(1800, UAC), UAS, UAC, True, id="support, uac -> uac"),
        pytest.param(asks(1800, UAS), UAC, UAS, True, id="support, uas -> uas"),
    ],
)
def test_who_refreshes(request_: TimerRequest, prefer: Refresher, refresher: Refresher, require: bool) -> None:
    timer = negotiate(request_, prefer=prefer)
    assert isinstance(timer, SessionTimer)
    assert timer.refresher is refresher
    assert timer.role is UAS
    assert timer.we_refresh is (refresher is UAS)
    assert timer.require_timer is require
    assert timer.session_expires == f"1800;refresher={refresher}"


@pytest.mark.parametrize(
    ("request_", "min_se", "preferred", "interval"),
    [
        pytest.param(asks(1800), 90, 1800, 1800, id="taken as asked"),
        pytest.param(asks(600), 90, 1800, 600, id="never raised"),
        pytest.param(asks(3600), 90, 1800, 1800, id="lowered to ours"),
        pytest.param(asks(3600), 90, None, 3600, id="no wish of ours"),
        pytest.param(asks(3600, min_se=2400), 90, 1800, 2400, id="not below the request's Min-SE"),
        pytest.param(asks(3600, min_se=7200), 90, 1800, 3600, id="Min-SE above Session-Expires"),
        pytest.param(asks(3600), 2000, 1800, 2000, id="not below our own minimum"),
        pytest.param(asks(90), 90, 1800, 90, id="exactly the minimum"),
        pytest.param(TimerRequest(supported=True), 90, 1800, 1800, id="support, nothing asked: ours"),
        pytest.param(TimerRequest(None, 2400, True), 90, 1800, 2400, id="nothing asked, but Min-SE"),
        pytest.param(TimerRequest(supported=True), 90, 30, 90, id="our wish is not below 90 s"),
        pytest.param(inserted(300), 600, None, 600, id="proxy asks for too little: raised, not refused"),
        pytest.param(inserted(300, min_se=700), 600, None, 700, id="raised to the request's Min-SE"),
        pytest.param(inserted(30), 90, 1800, 90, id="a proxy below 90 s"),
    ],
)
def test_the_interval(request_: TimerRequest, min_se: int, preferred: int | None, interval: int) -> None:
    timer = negotiate(request_, min_se=min_se, preferred=preferred)
    assert isinstance(timer, SessionTimer)
    assert timer.interval == interval


@pytest.mark.parametrize(
    ("request_", "min_se", "told"),
    [
        pytest.param(asks(60), 90, 90, id="below the RFC's minimum"),
        pytest.param(asks(89), 10, 90, id="below it, whatever we say"),
        pytest.param(asks(599, UAC), 600, 600, id="below ours"),
        pytest.param(asks(599, UAS, min_se=700), 600, 600, id="the 422 tells ours, not the request's"),
    ],
)
def test_too_small_is_a_422(request_: TimerRequest, min_se: int, told: int) -> None:
    assert negotiate(request_, min_se=min_se) == TooSmall(told)


@pytest.mark.parametrize(
    ("request_", "preferred", "supported"),
    [
        pytest.param(TimerRequest(), 1800, True, id="the UAC knows no timers and nobody asked"),
        pytest.param(TimerRequest(supported=True), None, True, id="nobody asks"),
        pytest.param(asks(1800, UAC), 1800, False, id="we know no timers"),
        pytest.param(asks(10), 1800, False, id="we know no timers, not even to refuse"),
    ],
)
def test_no_timer(request_: TimerRequest, preferred: int | None, supported: bool) -> None:
    assert negotiate(request_, preferred=preferred, supported=supported) is None


def test_facts_from_headers() -> None:
    assert TimerRequest.from_headers("1800;refresher=uas", "120", True) == asks(1800, UAS, min_se=120)
    assert TimerRequest.from_headers(None, None, False) == TimerRequest()
    with pytest.raises(Malformed):
        TimerRequest.from_headers("soon", None, True)
    with pytest.raises(Malformed):
        TimerRequest.from_headers("1800", "soon", True)


@given(
    st.one_of(st.none(), st.integers(1, 10_000)),
    st.sampled_from([None, UAC, UAS]),
    st.one_of(st.none(), st.integers(1, 10_000)),
    st.booleans(),
    st.integers(1, 5000),
    st.one_of(st.none(), st.integers(1, 10_000)),
)
def test_what_always_holds(
    interval: int | None,
    refresher: Refresher | None,
    min_se: int | None,
    supported: bool,
    ours: int,
    preferred: int | None,
) -> None:
    asked = None if interval is None else SessionExpires(interval, refresher)
    result = negotiate(TimerRequest(asked, min_se, supported), min_se=ours, preferred=preferred)
    if isinstance(result, TooSmall):
        assert supported
        assert interval is not None
        assert interval < result.min_se
    elif result is not None:
        assert result.interval >= max(90, ours)
        if supported and interval is not None:
            assert result.interval <= interval
            assert refresher in (None, result.refresher)
        if not supported:
            assert result.we_refresh
        assert 0 < result.refresh_after < result.bye_after < result.interval


# The clock


@pytest.mark.parametrize(
    ("interval", "refresh", "bye"),
    [
        pytest.param(1800, 900, 1768, id="half an hour: 32 s early"),
        pytest.param(96, 48, 64, id="96 s: where a third is 32 s"),
        pytest.param(90, 45, 60, id="90 s: a third early"),
    ],
)
@pytest.mark.parametrize("role", [UAC, UAS], ids=str)
def test_due_times(interval: int, refresh: float, bye: float, role: Refresher) -> None:
    ours = SessionTimer(interval, role, role)
    assert ours.refresh_at(1000.0) == 1000.0 + refresh
    assert ours.bye_at(1000.0) == 1000.0 + bye
    theirs = SessionTimer(interval, UAS if role is UAC else UAC, role)
    assert theirs.refresh_at(1000.0) is None
    assert theirs.bye_at(1000.0) == 1000.0 + bye


# The UAC's view


def test_both_ends_agree_on_who_refreshes() -> None:
    for refresher in (UAC, UAS):
        server = negotiate(asks(1800, refresher))
        assert isinstance(server, SessionTimer)
        client = agreed_by_response(parse_session_expires(server.session_expires), required=True)
        assert client is not None
        assert client.interval == server.interval
        assert client.we_refresh is (refresher is UAC)
        assert client.we_refresh is not server.we_refresh


def test_a_uas_without_timers_leaves_the_refresh_to_us_or_drops_it() -> None:
    alone = agreed_by_response(None, requested=1800)
    assert alone == SessionTimer(1800, UAC, UAC, peer_supports=False)
    assert alone.we_refresh
    assert agreed_by_response(None) is None


def test_a_2xx_that_names_no_refresher_is_refreshed_by_us() -> None:
    timer = agreed_by_response(SessionExpires(1800))
    assert timer is not None
    assert timer.we_refresh


def test_a_2xx_that_requires_timer_without_session_expires_is_malformed() -> None:
    with pytest.raises(Malformed):
        agreed_by_response(None, required=True)


@pytest.mark.parametrize(
    ("min_se", "interval", "previous", "expected"),
    [
        pytest.param(600, 300, None, (600, 600), id="raised to Min-SE"),
        pytest.param(600, 300, 900, (900, 900), id="the highest Min-SE met"),
        pytest.param(600, 1800, None, (1800, 600), id="long enough already"),
        pytest.param(10, 30, None, (90, 90), id="never below 90 s"),
    ],
)
def test_after_a_422(min_se: int, interval: int, previous: int | None, expected: tuple[int, int]) -> None:
    assert after_too_small(min_se, interval=interval, previous_min_se=previous) == expected
