"""What is lost between SIP and the telephone network: status codes, Q.850 causes, and how they turn into each other.

A call that crosses a network which speaks ISUP (SS7) is refused there with a cause, one number from 1 to 127 and the
place where it arose, and nothing else: phrase, header fields and body do not pass. RFC 3398 has a table for each
direction (sections 7.2.4.1 and 8.2.6.1), and the two are not each other's inverse: 480 goes in as cause 18 and comes
out as 408. So it is by design that what a caller hears behind a gateway is not what was said before it.

RFC 3398 is older than 607 and 608. By its default rule they become cause 31; carriers send 21, as for 603, and the
rules for blocked calls in the United States want it too. Hence the two profiles.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from .reason import Q850_CAUSES

__all__ = [
    "CAUSE_TO_STATUS",
    "LOCATIONS",
    "Q850_CAUSES",
    "STATUS_TO_CAUSE",
    "Profile",
    "cause_for",
    "status_for",
]


class Profile(StrEnum):
    """Whose word counts for 607 and 608."""

    RFC = "rfc"
    """RFC 3398: 31, since it does not list them."""
    PRACTICE = "practice"
    """What carriers do: 21, call rejected."""


CALL_REJECTED: Final = 21
NUMBER_CHANGED: Final = 22
NORMAL_UNSPECIFIED: Final = 31
BEARER_NOT_IMPLEMENTED: Final = 65

CAUSE_TO_STATUS: Final[Mapping[int, int]] = {
    1: 404,
    2: 404,
    3: 404,
    17: 486,
    18: 408,
    19: 480,
    20: 480,
    21: 403,  # 603 if the user rejected it
    22: 410,  # 301 if the new number is known
    23: 410,
    26: 404,
    27: 502,
    28: 484,
    29: 501,
    31: 480,
    34: 503,
    38: 503,
    41: 503,
    42: 503,
    47: 503,
    55: 403,
    57: 403,
    58: 503,
    65: 488,
    70: 488,
    79: 501,
    87: 403,
    88: 503,
    102: 504,
    111: 500,
    127: 500,
}
"""RFC 3398 section 7.2.4.1; a cause that is not listed is 500."""

STATUS_TO_CAUSE: Final[Mapping[int, int | None]] = {
    400: 41,
    401: 21,
    402: 21,
    403: 21,
    404: 1,
    405: 63,
    406: 79,
    407: 21,
    408: 102,
    410: 22,
    413: 127,
    414: 127,
    415: 79,
    416: 127,
    420: 127,
    421: 127,
    423: 127,
    480: 18,
    481: 41,
    482: 25,
    483: 25,
    484: 28,
    485: 1,
    486: 17,
    487: None,  # the caller's own CANCEL: nothing is left to be released
    488: 31,  # 65 if the Warning speaks of the bearer
    500: 41,
    501: 79,
    502: 38,
    503: 41,
    504: 102,
    505: 127,
    513: 127,
    600: 17,
    603: 21,
    604: 1,
    606: 31,  # as 488
}
"""RFC 3398 section 8.2.6.1; a status that is not listed is cause 31."""

LOCATIONS: Final[Mapping[str, tuple[int, str]]] = {
    "U": (0, "user"),
    "LPN": (1, "private network serving the local user"),
    "LN": (2, "public network serving the local user"),
    "TN": (3, "transit network"),
    "RLN": (4, "public network serving the remote user"),
    "RPN": (5, "private network serving the remote user"),
    "LOC-6": (6, "spare"),
    "INTL": (7, "international network"),
    "LOC-8": (8, "spare"),
    "LOC-9": (9, "spare"),
    "BI": (10, "network beyond the interworking point"),
    "LOC-11": (11, "spare"),
    "LOC-12": (12, "reserved for national use"),
    "LOC-13": (13, "reserved for national use"),
    "LOC-14": (14, "reserved for national use"),
    "LOC-15": (15, "reserved for national use"),
}
"""Where a cause arose, by the name that RFC 8606 gives it in a Reason header field: the number of Q.850, and what it
means."""

_REJECTED_IN_PRACTICE: Final = frozenset({607, 608})


def cause_for(status: int, profile: Profile, *, warning_bearer: bool = False) -> int | None:
    """The cause with which a gateway releases the call on the ISUP side.

    Args:
        status: the final response's, 400 to 699.
        profile: whose word counts for 607 and 608.
        warning_bearer: its Warning says that the media was the matter; tells for 488 and 606.

    Returns:
        The cause; None for 487, where the release has come from that side.

    Raises:
        ValueError: the status is no refusal.
    """
    if not 400 <= status <= 699:
        raise ValueError(f"{status} refuses nothing")
    if status in _REJECTED_IN_PRACTICE and profile is Profile.PRACTICE:
        return CALL_REJECTED
    if warning_bearer and status in (488, 606):
        return BEARER_NOT_IMPLEMENTED
    return STATUS_TO_CAUSE.get(status, NORMAL_UNSPECIFIED)


def status_for(cause: int, location: str | None = None, *, new_number_known: bool = False) -> int:
    """The status with which a gateway refuses the call on the SIP side.

    Args:
        cause: of the release.
        location: where it arose, by its name in `LOCATIONS`; None if that is not known.
        new_number_known: the release brought the number that replaces this one; tells for cause 22.
    """
    if cause == CALL_REJECTED and location == "U":
        return 603
    if cause == NUMBER_CHANGED and new_number_known:
        return 301
    return CAUSE_TO_STATUS.get(cause, 500)
