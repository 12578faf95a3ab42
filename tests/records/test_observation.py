"""Observations: what is kept of a message, and the way to JSON and back."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.records.audio import Audio, Sound, What
from simcarrier.records.observation import LONGEST_VALUE, MOST_FIELDS, Observation, Outcome, Seen, telling


def test_what_tells_something_is_kept() -> None:
    kept = telling(
        [
            ("Via", "x"),
            ("Reason", "Q.850;cause=21"),
            ("REASON", "SIP;cause=603"),
            ("X-Why", "because"),
            ("P-Asserted-Identity", "<sip:a@b>"),
            ("m", "<sip:c@d>"),
            ("Authorization", "Digest secret"),
            ("Subject", "x"),
        ]
    )
    assert kept == {
        "reason": ("Q.850;cause=21", "SIP;cause=603"),
        "x-why": ("because",),
        "p-asserted-identity": ("<sip:a@b>",),
        "contact": ("<sip:c@d>",),
    }


def test_what_is_kept_is_bounded() -> None:
    kept = telling([(f"X-{number}", "y" * 100_000) for number in range(1000)])
    assert len(kept) == MOST_FIELDS
    assert all(len(value) == LONGEST_VALUE for values in kept.values() for value in values)


def test_delays() -> None:
    seen = Observation(1, "t", "UDP", "", "a", "b", provisionals=[Seen(0.1, 100, "Trying")])
    assert Observation.from_dict(seen.as_dict()).post_dial_delay is None
    seen.final = Seen(2.0, 486, "Busy Here")
    assert Observation.from_dict(seen.as_dict()).post_dial_delay == 2.0
    seen.provisionals.append(Seen(0.7, 183, "Session Progress", sdp=True))
    assert (seen.rang, seen.early_media) == (False, True)
    assert Observation.from_dict(seen.as_dict()).post_dial_delay == 0.7


TIMES = st.floats(0, 1e6).map(lambda value: round(value, 6))
AUDIO = st.builds(
    Audio,
    st.none() | st.sampled_from(["PCMU", "PCMA"]),
    st.none() | TIMES,
    st.integers(0, 10**6),
    st.integers(-5, 10**6),
    st.none() | TIMES,
    st.lists(
        st.builds(
            Sound,
            st.sampled_from(What).filter(lambda what: what.tone),
            TIMES.map(lambda value: round(value, 3)),
            TIMES.map(lambda value: round(value, 3)),
            st.floats(0, 1),
            st.sampled_from([(), ("DE", "ITU")]),
            st.none() | st.just("VC"),
        ),
        max_size=3,
    ).map(tuple),
    st.none() | st.just("call-1.wav"),
    st.text(max_size=20),
)
RESPONSES = st.builds(
    Seen,
    TIMES,
    st.integers(100, 699),
    st.text(max_size=20),
    st.dictionaries(st.text(min_size=1, max_size=8), st.tuples(st.text(max_size=20)), max_size=3),
    st.booleans(),
    st.booleans(),
)
OBSERVATIONS = st.builds(
    Observation,
    st.integers(1, 10**6),
    st.text(max_size=8),
    st.sampled_from(["UDP", "TCP", "TLS", ""]),
    st.text(max_size=20),
    st.text(max_size=20),
    st.text(max_size=20),
    call_id=st.text(max_size=20),
    started=TIMES,
    outcome=st.none() | st.sampled_from(Outcome),
    provisionals=st.lists(RESPONSES, max_size=3),
    earlier=st.lists(RESPONSES, max_size=2),
    final=st.none() | RESPONSES,
    after=st.lists(RESPONSES, max_size=2),
    gave_up=st.none() | TIMES,
    answered=st.none() | TIMES,
    ended=st.none() | TIMES,
    hung_up_by=st.sampled_from([None, "us", "peer"]),
    bye=st.dictionaries(st.text(min_size=1, max_size=8), st.tuples(st.text(max_size=20)), max_size=2),
    targets=st.lists(st.text(max_size=20), max_size=3),
    rounds=st.integers(1, 9),
    concurrent=st.integers(1, 9),
    forks=st.integers(0, 3),
    trouble=st.text(max_size=40),
    audio=st.none() | AUDIO,
)


@given(OBSERVATIONS)
def test_an_observation_comes_back_from_json_as_it_was(seen: Observation) -> None:
    assert Observation.from_dict(json.loads(json.dumps(seen.as_dict()))) == seen


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"number": 1},
        {"number": "x", "trunk": "", "transport": "", "remote": "", "from": "", "to": ""},
        {"number": 1, "trunk": "", "transport": "", "remote": "", "from": "", "to": "", "outcome": "eaten"},
        {"number": 1, "trunk": "", "transport": "", "remote": "", "from": "", "to": "", "final": 3},
        {"number": 1, "trunk": "", "transport": "", "remote": "", "from": "", "to": "", "provisionals": [{}]},
        {"number": 1, "trunk": "", "transport": "", "remote": "", "from": "", "to": "", "bye": 3},
        {"number": 1, "trunk": "", "transport": "", "remote": "", "from": "", "to": "", "audio": {"sounds": [{}]}},
        {"number": 1, "trunk": "", "transport": "", "remote": "", "from": "", "to": "", "audio": 3},
    ],
)
def test_something_else_is_refused(told: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        Observation.from_dict(told)
