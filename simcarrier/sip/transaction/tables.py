"""The four transactions as tables (RFC 3261 section 17, figures 5 to 8, as changed by RFC 6026).

A row is ``(state, input): (actions, next state)``; the actions are methods of the transaction, told in order after the
state has changed. A pair that is not in a table either cannot happen to a correct caller of ours, and then `forbidden`
names it, or changes nothing. So every state has a verdict for every input, and a test tries them all.

Inputs are named for what they carry: a request or ACK received, a response received (client) or given by the
transaction user (server), a timer, or a transport error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any


class State(IntEnum):
    """States of all four machines."""

    CALLING = 0
    TRYING = 1
    PROCEEDING = 2
    COMPLETED = 3
    CONFIRMED = 4
    ACCEPTED = 5
    TERMINATED = 6


class Input(IntEnum):
    """What can happen to a transaction."""

    REQUEST = 0
    """The same request once more (server)."""
    ACK = 1
    PROVISIONAL = 2
    SUCCESS = 3
    FAILURE = 4
    """A final response of class 3 to 6."""
    RETRANSMIT = 5
    """Timer A, E or G: send again."""
    TIMEOUT = 6
    """Timer B, F or H: give up."""
    LINGER_OVER = 7
    """Timer D, I, J, K, L or M: nothing more can come."""
    TRANSPORT_ERROR = 8
    TRYING_DUE = 9
    """200 ms have passed without a response (invite server)."""


Row = tuple[tuple[str, ...], State]
Table = Mapping[tuple[State, Input], Row]

_S, _I = State, Input

INVITE_CLIENT: Table = {
    # figure 5; Accepted and Timer M from RFC 6026 section 7.2
    (_S.CALLING, _I.RETRANSMIT): (("send_again", "restart_a"), _S.CALLING),
    (_S.CALLING, _I.TIMEOUT): (("inform_timeout",), _S.TERMINATED),
    (_S.CALLING, _I.TRANSPORT_ERROR): (("inform_transport_error",), _S.TERMINATED),
    (_S.CALLING, _I.PROVISIONAL): (("stop_timers", "deliver"), _S.PROCEEDING),
    (_S.CALLING, _I.SUCCESS): (("start_m", "deliver"), _S.ACCEPTED),
    (_S.CALLING, _I.FAILURE): (("send_ack", "start_d", "deliver"), _S.COMPLETED),
    (_S.PROCEEDING, _I.PROVISIONAL): (("deliver",), _S.PROCEEDING),
    (_S.PROCEEDING, _I.SUCCESS): (("start_m", "deliver"), _S.ACCEPTED),
    (_S.PROCEEDING, _I.FAILURE): (("send_ack", "start_d", "deliver"), _S.COMPLETED),
    (_S.COMPLETED, _I.FAILURE): (("send_ack",), _S.COMPLETED),
    (_S.COMPLETED, _I.TRANSPORT_ERROR): (("inform_transport_error",), _S.TERMINATED),
    (_S.COMPLETED, _I.LINGER_OVER): ((), _S.TERMINATED),
    (_S.ACCEPTED, _I.SUCCESS): (("deliver",), _S.ACCEPTED),
    (_S.ACCEPTED, _I.LINGER_OVER): ((), _S.TERMINATED),
}

NON_INVITE_CLIENT: Table = {
    # figure 6
    (_S.TRYING, _I.RETRANSMIT): (("send_again", "restart_e"), _S.TRYING),
    (_S.TRYING, _I.TIMEOUT): (("inform_timeout",), _S.TERMINATED),
    (_S.TRYING, _I.TRANSPORT_ERROR): (("inform_transport_error",), _S.TERMINATED),
    (_S.TRYING, _I.PROVISIONAL): (("deliver",), _S.PROCEEDING),
    (_S.TRYING, _I.SUCCESS): (("start_k", "deliver"), _S.COMPLETED),
    (_S.TRYING, _I.FAILURE): (("start_k", "deliver"), _S.COMPLETED),
    (_S.PROCEEDING, _I.RETRANSMIT): (("send_again", "restart_e_at_t2"), _S.PROCEEDING),
    (_S.PROCEEDING, _I.TIMEOUT): (("inform_timeout",), _S.TERMINATED),
    (_S.PROCEEDING, _I.TRANSPORT_ERROR): (("inform_transport_error",), _S.TERMINATED),
    (_S.PROCEEDING, _I.PROVISIONAL): (("deliver",), _S.PROCEEDING),
    (_S.PROCEEDING, _I.SUCCESS): (("start_k", "deliver"), _S.COMPLETED),
    (_S.PROCEEDING, _I.FAILURE): (("start_k", "deliver"), _S.COMPLETED),
    (_S.COMPLETED, _I.LINGER_OVER): ((), _S.TERMINATED),
}

INVITE_SERVER: Table = {
    # figure 7; Accepted, Timer L, and that a transport error ends nothing, from RFC 6026 section 7.1
    (_S.PROCEEDING, _I.REQUEST): (("send_last",), _S.PROCEEDING),
    (_S.PROCEEDING, _I.TRYING_DUE): (("send_trying",), _S.PROCEEDING),
    (_S.PROCEEDING, _I.PROVISIONAL): (("send",), _S.PROCEEDING),
    (_S.PROCEEDING, _I.SUCCESS): (("start_l", "send", "let_go"), _S.ACCEPTED),
    (_S.PROCEEDING, _I.FAILURE): (("start_g_and_h", "send"), _S.COMPLETED),
    (_S.PROCEEDING, _I.TRANSPORT_ERROR): (("inform_transport_error",), _S.PROCEEDING),
    (_S.COMPLETED, _I.REQUEST): (("send_last",), _S.COMPLETED),
    (_S.COMPLETED, _I.RETRANSMIT): (("send_last", "restart_g"), _S.COMPLETED),
    (_S.COMPLETED, _I.ACK): (("start_i", "let_go", "inform_acknowledged"), _S.CONFIRMED),
    (_S.COMPLETED, _I.TIMEOUT): (("inform_timeout",), _S.TERMINATED),
    (_S.COMPLETED, _I.TRANSPORT_ERROR): (("inform_transport_error",), _S.COMPLETED),
    (_S.CONFIRMED, _I.LINGER_OVER): ((), _S.TERMINATED),
    (_S.ACCEPTED, _I.SUCCESS): (("send",), _S.ACCEPTED),
    (_S.ACCEPTED, _I.TRANSPORT_ERROR): (("inform_transport_error",), _S.ACCEPTED),
    (_S.ACCEPTED, _I.LINGER_OVER): ((), _S.TERMINATED),
}

NON_INVITE_SERVER: Table = {
    # figure 8
    (_S.TRYING, _I.PROVISIONAL): (("send",), _S.PROCEEDING),
    (_S.TRYING, _I.SUCCESS): (("start_j", "send", "let_go"), _S.COMPLETED),
    (_S.TRYING, _I.FAILURE): (("start_j", "send", "let_go"), _S.COMPLETED),
    (_S.TRYING, _I.TRANSPORT_ERROR): (("inform_transport_error",), _S.TERMINATED),
    (_S.PROCEEDING, _I.REQUEST): (("send_last",), _S.PROCEEDING),
    (_S.PROCEEDING, _I.PROVISIONAL): (("send",), _S.PROCEEDING),
    (_S.PROCEEDING, _I.SUCCESS): (("start_j", "send", "let_go"), _S.COMPLETED),
    (_S.PROCEEDING, _I.FAILURE): (("start_j", "send", "let_go"), _S.COMPLETED),
    (_S.PROCEEDING, _I.TRANSPORT_ERROR): (("inform_transport_error",), _S.TERMINATED),
    (_S.COMPLETED, _I.REQUEST): (("send_last",), _S.COMPLETED),
    (_S.COMPLETED, _I.TRANSPORT_ERROR): (("inform_transport_error",), _S.TERMINATED),
    (_S.COMPLETED, _I.LINGER_OVER): ((), _S.TERMINATED),
}

_RESPONSES = (Input.PROVISIONAL, Input.SUCCESS, Input.FAILURE)


def forbidden(table: Table, state: State, what: Input) -> bool:
    """Whether our own side breaks the protocol by this input: a response given where none may be sent any more.

    Only servers are given responses by us; what a client receives out of place is the peer's affair and is ignored.
    """
    is_server = table is INVITE_SERVER or table is NON_INVITE_SERVER
    return is_server and what in _RESPONSES and (state, what) not in table


Action = Callable[[Any, float, Any], None]
Compiled = tuple[tuple[tuple[tuple[Action, ...], State] | None, ...], ...]


def compile_table(table: Table, owner: type) -> Compiled:
    """The table as tuples indexed by state and input, with the owner's methods for the actions' names."""
    return tuple(
        tuple(
            (tuple(getattr(owner, name) for name in table[state, what][0]), table[state, what][1])
            if (state, what) in table
            else None
            for what in Input
        )
        for state in State
    )
