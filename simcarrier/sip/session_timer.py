"""Session timers (RFC 4028): how a call that lost its BYE still ends.

The two ends agree in INVITE (or UPDATE) and 2xx on an interval and on who refreshes. The refresher sends a
re-INVITE or UPDATE at half the interval; whoever sees the interval run out without a refresh sends BYE, a
little early: by a third of the interval, 32 seconds at most (section 10). Pure functions here: headers and
facts in, a value out; the caller keeps the clock.

Who refreshes (section 9, table 2):

    UAC supports timer   refresher in request   refresher in 2xx
    no                   none                   uas
    no                   uac, uas               cannot be; read as uas
    yes                  none                   either: our choice
    yes                  uac                    uac
    yes                  uas                    uas
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .errors import Malformed
from .grammar import split_outside_quotes

SMALLEST_INTERVAL = 90
"""Seconds; below this a Session-Expires or Min-SE is against the RFC (sections 4 and 5)."""

_LONGEST_DELTA = 2**32 - 1  # what peers keep in 32 bits; also bounds the digits read


class Refresher(StrEnum):
    """Who sends the refresh, by its part in the transaction that agreed on it."""

    UAC = "uac"
    UAS = "uas"


@dataclass(frozen=True, slots=True)
class SessionExpires:
    """The value of Session-Expires: seconds, and who refreshes if that was said."""

    interval: int
    refresher: Refresher | None = None

    def __str__(self) -> str:
        return f"{self.interval};refresher={self.refresher}" if self.refresher else str(self.interval)


def parse_session_expires(value: str) -> SessionExpires:
    """Read ``1800;refresher=uac`` (section 4); other parameters and unknown refreshers are passed over.

    Raises:
        Malformed: the interval is not a number of seconds, or refresher stands twice.
    """
    interval, *params = split_outside_quotes(value, ";")
    refresher: Refresher | None = None
    seen = False
    for param in params:
        name, _, text = param.partition("=")
        if name.strip().lower() != "refresher":
            continue
        if seen:
            raise Malformed("Session-Expires names two refreshers")
        seen = True
        text = text.strip().lower()
        refresher = Refresher(text) if text in ("uac", "uas") else None
    return SessionExpires(_seconds(interval, "Session-Expires"), refresher)


def parse_min_se(value: str) -> int:
    """Read Min-SE (section 5): seconds; parameters are passed over.

    Raises:
        Malformed: not a number of seconds.
    """
    return _seconds(value.partition(";")[0], "Min-SE")


def _seconds(text: str, header: str) -> int:
    text = text.strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= 10):
        raise Malformed(f"{header} is not a number of seconds")
    number = int(text)
    if not 0 < number <= _LONGEST_DELTA:
        raise Malformed(f"{header} is out of range")
    return number


@dataclass(frozen=True, slots=True)
class TimerRequest:
    """What a session refresh request says about timers.

    Attributes:
        session_expires: the field read, None if it is absent (a proxy may have put it there, not the UAC).
        min_se: seconds, None if absent.
        supported: ``timer`` stands in Supported or Require.
    """

    session_expires: SessionExpires | None = None
    min_se: int | None = None
    supported: bool = False

    @classmethod
    def from_headers(cls, session_expires: str | None, min_se: str | None, supported: bool) -> TimerRequest:
        """The facts from the header fields' values, None for one that is absent.

        Raises:
            Malformed: a value cannot be read; answer 400.
        """
        return cls(
            None if session_expires is None else parse_session_expires(session_expires),
            None if min_se is None else parse_min_se(min_se),
            supported,
        )


@dataclass(frozen=True, slots=True)
class TooSmall:
    """Answer 422 Session Interval Too Small with ``Min-SE: min_se`` (section 6)."""

    min_se: int


@dataclass(frozen=True, slots=True)
class SessionTimer:
    """What both ends agreed on, seen from ours.

    Attributes:
        interval: seconds from one refresh to the end of the session.
        refresher: whose task it is.
        role: what we were in the transaction that agreed on it. A refresh is a new transaction and may turn
            the roles.
        peer_supports: the other end understands ``timer``.
    """

    interval: int
    refresher: Refresher
    role: Refresher
    peer_supports: bool = True

    @property
    def we_refresh(self) -> bool:
        """Whether the refresh is ours to send."""
        return self.refresher is self.role

    @property
    def refresh_after(self) -> float:
        """Seconds from the 2xx to the refresh: half the interval (section 10)."""
        return self.interval / 2

    @property
    def bye_after(self) -> float:
        """Seconds from the 2xx to our BYE if no refresh came: early by a third, 32 s at most (section 10)."""
        return self.interval - min(32.0, self.interval / 3)

    def refresh_at(self, agreed: float) -> float | None:
        """When our refresh is due if the 2xx passed at ``agreed``; None if the peer refreshes."""
        return agreed + self.refresh_after if self.we_refresh else None

    def bye_at(self, agreed: float) -> float:
        """When to give the session up if the 2xx passed at ``agreed``; holds for both ends."""
        return agreed + self.bye_after

    @property
    def session_expires(self) -> str:
        """The value of Session-Expires for the 2xx, or for the next refresh request in the same role."""
        return str(SessionExpires(self.interval, self.refresher))

    @property
    def require_timer(self) -> bool:
        """Whether the 2xx needs ``Require: timer`` (section 9): the UAC is to refresh, or can watch."""
        return self.refresher is Refresher.UAC or self.peer_supports


def negotiate(
    request: TimerRequest,
    *,
    min_se: int = SMALLEST_INTERVAL,
    preferred: int | None = 1800,
    supported: bool = True,
    prefer: Refresher = Refresher.UAC,
) -> SessionTimer | TooSmall | None:
    """The UAS's decision (section 9).

    Args:
        request: what the INVITE or UPDATE says.
        min_se: the shortest interval we take, seconds.
        preferred: the interval we ask for where the UAC knows timers and names none, and to which we lower a
            longer one; None leaves both to the UAC.
        supported: whether we do timers at all.
        prefer: who refreshes where the choice is ours.

    Returns:
        The timer to put into the 2xx; TooSmall for a 422; None for a call without a timer.
    """
    if not supported:
        return None
    asked = request.session_expires
    floor = max(request.min_se or 0, min_se, SMALLEST_INTERVAL)
    if asked is None:
        # A UAC that does not know timers and was asked for none by a proxy is left alone.
        if preferred is None or not request.supported:
            return None
        return SessionTimer(max(preferred, floor), prefer, Refresher.UAS)
    if not request.supported:
        # A proxy asked. A 422 would only lose the call, so a short interval is raised (erratum 1687), and we
        # refresh.
        return SessionTimer(_lowered(asked.interval, preferred, floor), Refresher.UAS, Refresher.UAS, False)
    if asked.interval < max(min_se, SMALLEST_INTERVAL):
        return TooSmall(max(min_se, SMALLEST_INTERVAL))
    # The UAC's own Min-SE may stand above its Session-Expires; the interval is then raised no further than
    # asked.
    interval = _lowered(asked.interval, preferred, min(floor, asked.interval))
    return SessionTimer(interval, asked.refresher or prefer, Refresher.UAS)


def _lowered(asked: int, preferred: int | None, floor: int) -> int:
    return max(asked if preferred is None else min(asked, preferred), floor)


def agreed_by_response(
    session_expires: SessionExpires | None, *, requested: int | None = None, required: bool = False
) -> SessionTimer | None:
    """The UAC's reading of a 2xx (section 7.2).

    Args:
        session_expires: the field of the 2xx, None if absent.
        requested: the interval that we asked for. If the UAS knows no timers we keep it alone, refreshing
            ourselves; None for a UAC that does without then.
        required: ``timer`` stands in Require of the 2xx; Session-Expires must then be there.

    Raises:
        Malformed: required, but absent.
    """
    if session_expires is None:
        if required:
            raise Malformed("2xx requires timer but has no Session-Expires")
        return None if requested is None else SessionTimer(requested, Refresher.UAC, Refresher.UAC, False)
    # A 2xx that names nobody is broken; refreshing ourselves keeps the call up whatever the peer meant.
    return SessionTimer(session_expires.interval, session_expires.refresher or Refresher.UAC, Refresher.UAC, True)


def after_too_small(min_se: int, *, interval: int, previous_min_se: int | None = None) -> tuple[int, int]:
    """What to try again with after a 422 (section 7.3).

    Args:
        min_se: Min-SE of the 422, seconds.
        interval: the Session-Expires that was refused.
        previous_min_se: the highest Min-SE met in this call so far.

    Returns:
        Session-Expires and Min-SE of the next request.
    """
    highest = max(min_se, previous_min_se or 0, SMALLEST_INTERVAL)
    return max(interval, highest), highest
