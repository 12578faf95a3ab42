"""Every state against every input, for all four machines, beside a reading of the figures made independently.

The figures are written here as one line per arrow. What is not written is ignored; what a server's user must not do is
marked on its own. So each of the 280 pairs has a verdict, and the code must have the same.
"""

from __future__ import annotations

import pytest

from simcarrier.sip.errors import LocalProtocolError
from simcarrier.sip.transaction import (
    INVITE_CLIENT,
    INVITE_SERVER,
    NON_INVITE_CLIENT,
    NON_INVITE_SERVER,
    ClientTransaction,
    Input,
    InviteClientTransaction,
    InviteServerTransaction,
    NonInviteClientTransaction,
    NonInviteServerTransaction,
    ServerTransaction,
    State,
    forbidden,
)
from simcarrier.sip.transaction.tables import Table
from tests.sip.kit import Core, request

# state: event -> what is done; next state
FIGURE_5 = """
Calling:     timer A          -> send INVITE, reset A           ; Calling
Calling:     timer B          -> tell time-out                  ; Terminated
Calling:     transport error  -> tell transport error           ; Terminated
Calling:     1xx              -> stop timers, tell response     ; Proceeding
Calling:     2xx              -> start M, tell response         ; Accepted
Calling:     3xx-6xx          -> send ACK, start D, tell response ; Completed
Proceeding:  1xx              -> tell response                  ; Proceeding
Proceeding:  2xx              -> start M, tell response         ; Accepted
Proceeding:  3xx-6xx          -> send ACK, start D, tell response ; Completed
Completed:   3xx-6xx          -> send ACK                       ; Completed
Completed:   transport error  -> tell transport error           ; Terminated
Completed:   timer D          ->                                ; Terminated
Accepted:    2xx              -> tell response                  ; Accepted
Accepted:    timer M          ->                                ; Terminated
"""

FIGURE_6 = """
Trying:      timer E          -> send request, reset E          ; Trying
Trying:      timer F          -> tell time-out                  ; Terminated
Trying:      transport error  -> tell transport error           ; Terminated
Trying:      1xx              -> tell response                  ; Proceeding
Trying:      2xx              -> start K, tell response         ; Completed
Trying:      3xx-6xx          -> start K, tell response         ; Completed
Proceeding:  timer E          -> send request, reset E to T2    ; Proceeding
Proceeding:  timer F          -> tell time-out                  ; Terminated
Proceeding:  transport error  -> tell transport error           ; Terminated
Proceeding:  1xx              -> tell response                  ; Proceeding
Proceeding:  2xx              -> start K, tell response         ; Completed
Proceeding:  3xx-6xx          -> start K, tell response         ; Completed
Completed:   timer K          ->                                ; Terminated
"""

# RFC 6026 section 7.1: a transport error is told and ends nothing, so that a repeated INVITE makes no second call.
FIGURE_7 = """
Proceeding:  INVITE           -> send last response             ; Proceeding
Proceeding:  200 ms           -> send 100                       ; Proceeding
Proceeding:  user gives 1xx   -> send response                  ; Proceeding
Proceeding:  user gives 2xx   -> start L, send response, let go ; Accepted
Proceeding:  user gives 3xx-6xx -> start G and H, send response ; Completed
Proceeding:  transport error  -> tell transport error           ; Proceeding
Completed:   INVITE           -> send last response             ; Completed
Completed:   timer G          -> send last response, reset G    ; Completed
Completed:   ACK              -> start I, let go, tell ACK      ; Confirmed
Completed:   timer H          -> tell time-out                  ; Terminated
Completed:   transport error  -> tell transport error           ; Completed
Completed:   user gives 1xx   -> forbidden
Completed:   user gives 2xx   -> forbidden
Completed:   user gives 3xx-6xx -> forbidden
Confirmed:   timer I          ->                                ; Terminated
Confirmed:   user gives 1xx   -> forbidden
Confirmed:   user gives 2xx   -> forbidden
Confirmed:   user gives 3xx-6xx -> forbidden
Accepted:    user gives 2xx   -> send response                  ; Accepted
Accepted:    transport error  -> tell transport error           ; Accepted
Accepted:    timer L          ->                                ; Terminated
Accepted:    user gives 1xx   -> forbidden
Accepted:    user gives 3xx-6xx -> forbidden
Terminated:  user gives 1xx   -> forbidden
Terminated:  user gives 2xx   -> forbidden
Terminated:  user gives 3xx-6xx -> forbidden
"""

FIGURE_8 = """
Trying:      user gives 1xx   -> send response                  ; Proceeding
Trying:      user gives 2xx   -> start J, send response, let go ; Completed
Trying:      user gives 3xx-6xx -> start J, send response, let go ; Completed
Trying:      transport error  -> tell transport error           ; Terminated
Proceeding:  request          -> send last response             ; Proceeding
Proceeding:  user gives 1xx   -> send response                  ; Proceeding
Proceeding:  user gives 2xx   -> start J, send response, let go ; Completed
Proceeding:  user gives 3xx-6xx -> start J, send response, let go ; Completed
Proceeding:  transport error  -> tell transport error           ; Terminated
Completed:   request          -> send last response             ; Completed
Completed:   transport error  -> tell transport error           ; Terminated
Completed:   timer J          ->                                ; Terminated
Completed:   user gives 1xx   -> forbidden
Completed:   user gives 2xx   -> forbidden
Completed:   user gives 3xx-6xx -> forbidden
Terminated:  user gives 1xx   -> forbidden
Terminated:  user gives 2xx   -> forbidden
Terminated:  user gives 3xx-6xx -> forbidden
"""

EVENTS = {
    "INVITE": Input.REQUEST,
    "request": Input.REQUEST,
    "ACK": Input.ACK,
    "1xx": Input.PROVISIONAL,
    "user gives 1xx": Input.PROVISIONAL,
    "2xx": Input.SUCCESS,
    "user gives 2xx": Input.SUCCESS,
    "3xx-6xx": Input.FAILURE,
    "user gives 3xx-6xx": Input.FAILURE,
    **{f"timer {name}": Input.RETRANSMIT for name in "AEG"},
    **{f"timer {name}": Input.TIMEOUT for name in "BFH"},
    **{f"timer {name}": Input.LINGER_OVER for name in "DIJKLM"},
    "transport error": Input.TRANSPORT_ERROR,
    "200 ms": Input.TRYING_DUE,
}

ACTIONS = {
    "send INVITE": "send_again",
    "send request": "send_again",
    "reset A": "restart_a",
    "reset E": "restart_e",
    "reset E to T2": "restart_e_at_t2",
    "reset G": "restart_g",
    "stop timers": "stop_timers",
    "send ACK": "send_ack",
    "send 100": "send_trying",
    "send response": "send",
    "send last response": "send_last",
    **{f"start {name}": f"start_{name.lower()}" for name in "DIJKLM"},
    "start G and H": "start_g_and_h",
    "tell response": "deliver",
    "let go": "let_go",  # ours: only what absorbs repetitions is kept
    "tell ACK": "inform_acknowledged",
    "tell time-out": "inform_timeout",
    "tell transport error": "inform_transport_error",
}

Figure = dict[tuple[State, Input], tuple[frozenset[str], State] | None]


def read_figure(text: str) -> Figure:
    figure: Figure = {}
    for line in text.strip().splitlines():
        left, _, right = line.partition("->")
        state, _, event = left.partition(":")
        key = State[state.strip().upper()], EVENTS[event.strip()]
        assert key not in figure, line
        if right.strip() == "forbidden":
            figure[key] = None
            continue
        done, _, following = right.partition(";")
        actions = frozenset(ACTIONS[name.strip()] for name in done.split(",") if name.strip())
        figure[key] = actions, State[following.strip().upper()]
    return figure


MACHINES: dict[str, tuple[Table, Figure, State]] = {
    "INVITE client": (INVITE_CLIENT, read_figure(FIGURE_5), State.CALLING),
    "non-INVITE client": (NON_INVITE_CLIENT, read_figure(FIGURE_6), State.TRYING),
    "INVITE server": (INVITE_SERVER, read_figure(FIGURE_7), State.PROCEEDING),
    "non-INVITE server": (NON_INVITE_SERVER, read_figure(FIGURE_8), State.TRYING),
}

EVERY_PAIR = [
    pytest.param(name, state, what, id=f"{name}: {state.name} {what.name}")
    for name in MACHINES
    for state in State
    for what in Input
]


@pytest.mark.parametrize(("name", "state", "what"), EVERY_PAIR)
def test_every_state_against_every_input(name: str, state: State, what: Input) -> None:
    table, figure, _ = MACHINES[name]
    verdict = figure.get((state, what), "ignored")
    row = table.get((state, what))
    if verdict is None:
        assert row is None
        assert forbidden(table, state, what)
    elif verdict == "ignored":
        assert row is None
        # A server's user that gives responses in a state that the machine never has is wrong as well.
        reachable = {key[0] for key in figure}
        assert not forbidden(table, state, what) or state not in reachable
    else:
        assert row is not None
        assert (frozenset(row[0]), row[1]) == verdict
        assert len(set(row[0])) == len(row[0])
        assert not forbidden(table, state, what)


@pytest.mark.parametrize("name", MACHINES)
def test_what_is_kept_for_repeating_is_sent_after_its_timers_start(name: str) -> None:
    """Users may end the transaction from within what they are told, so telling comes last."""
    for actions, _ in MACHINES[name][0].values():
        told = [at for at, action in enumerate(actions) if action == "deliver" or action.startswith("inform")]
        assert told in ([], [len(actions) - 1])


@pytest.mark.parametrize("name", MACHINES)
def test_every_state_in_the_table_is_reached_and_every_state_reached_ends(name: str) -> None:
    table, _, first = MACHINES[name]
    reached, seen = {first}, set[State]()
    while reached - seen:
        state = (reached - seen).pop()
        seen.add(state)
        reached |= {following for (origin, _), (_, following) in table.items() if origin is state}
    assert {state for state, _ in table} == reached - {State.TERMINATED}
    assert State.TERMINATED in reached
    for state in reached - {State.TERMINATED}:
        ways, walked = {state}, set[State]()
        while ways - walked:
            at = (ways - walked).pop()
            walked.add(at)
            ways |= {following for (origin, _), (_, following) in table.items() if origin is at}
        assert State.TERMINATED in ways, f"{state.name} has no way out"


@pytest.mark.parametrize("name", MACHINES)
def test_the_terminated_state_has_no_exits(name: str) -> None:
    assert not [key for key in MACHINES[name][0] if key[0] is State.TERMINATED]


KINDS: dict[str, type[ServerTransaction] | type[ClientTransaction]] = {
    "INVITE client": InviteClientTransaction,
    "non-INVITE client": NonInviteClientTransaction,
    "INVITE server": InviteServerTransaction,
    "non-INVITE server": NonInviteServerTransaction,
}


@pytest.mark.parametrize("name", MACHINES)
def test_the_compiled_tables_say_the_same(name: str) -> None:
    table, kind = MACHINES[name][0], KINDS[name]
    assert kind._first_state is MACHINES[name][2]
    for state in State:
        for what in Input:
            row = kind._table[state][what]
            if row is None:
                assert (state, what) not in table
            else:
                names, following = table[state, what]
                assert row == (tuple(getattr(kind, action) for action in names), following)


RESPONSES = {Input.PROVISIONAL: 183, Input.SUCCESS: 200, Input.FAILURE: 486}


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS"])
@pytest.mark.parametrize("what", RESPONSES, ids=lambda what: what.name)
@pytest.mark.parametrize("state", State, ids=lambda state: state.name)
def test_a_response_given_out_of_place_is_our_own_fault(method: str, state: State, what: Input) -> None:
    side = Core()
    side.wire.receive(request(method))
    (transaction,) = side.core.requests
    transaction.state = state
    table = INVITE_SERVER if method == "INVITE" else NON_INVITE_SERVER
    if (state, what) in table:
        transaction.respond(RESPONSES[what], 0.0)
        assert [one.response.status for one in side.wire.take()] == [RESPONSES[what]]
    else:
        with pytest.raises(LocalProtocolError, match=state.name):
            transaction.respond(RESPONSES[what], 0.0)
        assert side.wire.take() == []
        assert transaction.state is state
        assert transaction.last_status == 0
