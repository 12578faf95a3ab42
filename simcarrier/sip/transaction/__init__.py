"""Transactions: a request and its responses, made reliable (RFC 3261 section 17).

`tables` holds the four state machines, `server` and `client` the transactions that they drive.
"""

from __future__ import annotations

from .client import (
    ClientTransaction,
    ClientUser,
    InviteClientTransaction,
    NonInviteClientTransaction,
    client_key,
)
from .server import (
    SPENT,
    InviteServerTransaction,
    NonInviteServerTransaction,
    ServerTransaction,
    ServerUser,
    new_tag,
    reply_head,
    rest_of_head,
    status_line,
)
from .tables import (
    INVITE_CLIENT,
    INVITE_SERVER,
    NON_INVITE_CLIENT,
    NON_INVITE_SERVER,
    Input,
    State,
    forbidden,
)

__all__ = [
    "INVITE_CLIENT",
    "INVITE_SERVER",
    "NON_INVITE_CLIENT",
    "NON_INVITE_SERVER",
    "SPENT",
    "ClientTransaction",
    "ClientUser",
    "Input",
    "InviteClientTransaction",
    "InviteServerTransaction",
    "NonInviteClientTransaction",
    "NonInviteServerTransaction",
    "ServerTransaction",
    "ServerUser",
    "State",
    "client_key",
    "forbidden",
    "new_tag",
    "reply_head",
    "rest_of_head",
    "status_line",
]
