"""RFC 3398's two tables, written out; the profiles for 607 and 608; and that the way there and back is none."""

from __future__ import annotations

import pytest

from simcarrier.sip.isup import (
    CAUSE_TO_STATUS,
    LOCATIONS,
    STATUS_TO_CAUSE,
    Profile,
    cause_for,
    status_for,
)
from simcarrier.sip.reason import Q850_CAUSES
from simcarrier.sip.status import PHRASES

FROM_ISUP = """
1 404, 2 404, 3 404, 26 404, 17 486, 18 408, 19 480, 20 480, 31 480, 21 403, 22 410, 23 410, 27 502, 28 484, 29 501,
79 501, 34 503, 38 503, 41 503, 42 503, 47 503, 58 503, 88 503, 55 403, 57 403, 87 403, 65 488, 70 488, 102 504,
111 500, 127 500
"""
TO_ISUP = """
400 41, 481 41, 500 41, 503 41, 401 21, 402 21, 403 21, 407 21, 603 21, 404 1, 485 1, 604 1, 405 63, 406 79, 415 79,
501 79, 408 102, 504 102, 410 22, 413 127, 414 127, 416 127, 420 127, 421 127, 423 127, 505 127, 513 127, 480 18,
482 25, 483 25, 484 28, 486 17, 600 17, 488 31, 606 31, 502 38
"""


def pairs(text: str) -> list[tuple[int, int]]:
    return [(int(first), int(second)) for first, second in (pair.split() for pair in text.split(","))]


@pytest.mark.parametrize(("cause", "status"), pairs(FROM_ISUP))
def test_a_cause_becomes_a_status(cause: int, status: int) -> None:
    assert status_for(cause) == status


@pytest.mark.parametrize(("status", "cause"), pairs(TO_ISUP))
@pytest.mark.parametrize("profile", Profile)
def test_a_status_becomes_a_cause(status: int, cause: int, profile: Profile) -> None:
    assert cause_for(status, profile) == cause


def test_the_tables_hold_nothing_else() -> None:
    assert sorted(CAUSE_TO_STATUS) == sorted(cause for cause, _ in pairs(FROM_ISUP))
    assert sorted(STATUS_TO_CAUSE) == sorted([487, *(status for status, _ in pairs(TO_ISUP))])
    assert set(CAUSE_TO_STATUS) <= set(Q850_CAUSES)
    assert set(CAUSE_TO_STATUS.values()) | set(STATUS_TO_CAUSE) <= set(PHRASES)


@pytest.mark.parametrize(
    ("cause", "location", "status"),
    [(21, "U", 603), (21, "LN", 403), (21, "RLN", 403), (21, None, 403), (17, "U", 486), (31, "U", 480)],
)
def test_only_a_rejection_by_the_user_declines(cause: int, location: str | None, status: int) -> None:
    assert status_for(cause, location) == status


@pytest.mark.parametrize(("cause", "known", "status"), [(22, True, 301), (22, False, 410), (23, True, 410)])
def test_a_new_number_redirects_if_it_is_known(cause: int, known: bool, status: int) -> None:
    assert status_for(cause, new_number_known=known) == status


@pytest.mark.parametrize("cause", [0, 16, 44, 63, 95, 128, -1])
def test_any_other_cause_is_500(cause: int) -> None:
    assert status_for(cause) == 500


@pytest.mark.parametrize(
    ("profile", "status", "cause", "back"),
    [
        (Profile.RFC, 607, 31, 480),
        (Profile.RFC, 608, 31, 480),
        (Profile.PRACTICE, 607, 21, 603),
        (Profile.PRACTICE, 608, 21, 603),
        (Profile.RFC, 603, 21, 603),
        (Profile.PRACTICE, 603, 21, 603),
    ],
)
def test_the_profiles(profile: Profile, status: int, cause: int, back: int) -> None:
    assert cause_for(status, profile) == cause
    assert status_for(cause, "U") == back


@pytest.mark.parametrize(("status", "cause"), [(488, 65), (606, 65), (486, 17), (603, 21)])
def test_a_warning_about_the_bearer_tells_for_488_and_606(status: int, cause: int) -> None:
    assert cause_for(status, Profile.RFC, warning_bearer=True) == cause


@pytest.mark.parametrize("status", [422, 428, 433, 436, 493, 580, 699])
@pytest.mark.parametrize("profile", Profile)
def test_any_other_status_is_unspecified(status: int, profile: Profile) -> None:
    assert cause_for(status, profile) == 31


def test_a_cancelled_call_leaves_nothing_to_release() -> None:
    assert cause_for(487, Profile.RFC) is None


@pytest.mark.parametrize("status", [0, 100, 200, 302, 399, 700])
def test_what_refuses_nothing_has_no_cause(status: int) -> None:
    with pytest.raises(ValueError, match=f"{status} refuses nothing"):
        cause_for(status, Profile.RFC)


def test_the_way_there_and_back_is_none() -> None:
    changed = {
        status: status_for(cause, "U")
        for status, cause in STATUS_TO_CAUSE.items()
        if cause and status_for(cause) != status
    }
    assert changed[480] == 408
    assert (changed[600], changed[604], changed[402]) == (486, 404, 603)


def test_the_locations_are_those_of_rfc_8606() -> None:
    named = {name: number for name, (number, _) in LOCATIONS.items()}
    assert {name: number for name, number in named.items() if not name.startswith("LOC-")} == {
        "U": 0, "LPN": 1, "LN": 2, "TN": 3, "RLN": 4, "RPN": 5, "INTL": 7, "BI": 10,
    }  # fmt: skip
    assert sorted(named.values()) == list(range(16))
    assert all(name == f"LOC-{number}" for name, number in named.items() if name.startswith("LOC-"))
