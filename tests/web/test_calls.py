"""Calls are searched, waited for and judged; a reset looks away from all that came before."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from simcarrier.client import ControlProblem
from simcarrier.web import seen
from tests.web.kit import Controlled


def numbers(calls: list[dict[str, Any]]) -> list[str]:
    return [call["to"] for call in calls]


@pytest.fixture
def three(carrier: Controlled) -> Controlled:
    """Three calls: refused by a rule, by another, and by none; and one that stalls."""
    carrier.dial("+491", caller="+44")
    carrier.dial("+431", caller="+12")
    carrier.dial("+431", caller="+7")
    return carrier


@pytest.mark.parametrize(
    ("which", "found"),
    [
        pytest.param({}, [0, 1, 2], id="all"),
        pytest.param({"to": "+49*"}, [0], id="to"),
        pytest.param({"from_": "+12"}, [1], id="from"),
        pytest.param({"to": "/1$/", "from_": "/^.[17]/"}, [1, 2], id="regular expressions"),
        pytest.param({"code": 403}, [0], id="code"),
        pytest.param({"code": "4xx"}, [0, 1, 2], id="a class of codes"),
        pytest.param({"code": "none"}, [], id="no code"),
        pytest.param({"rule": "by name"}, [1], id="rule"),
        pytest.param({"matched": False}, [2], id="unmatched"),
        pytest.param({"matched": True}, [0, 1], id="matched"),
        pytest.param({"ending": "refused"}, [0, 1, 2], id="ending"),
        pytest.param({"condition": "busy"}, [], id="condition"),
        pytest.param({"since": 0}, [0, 1, 2], id="since 1970"),
        pytest.param({"since": "2999-01-01"}, [], id="since another time"),
        pytest.param({"since": "2020-01-01T00:00:00+01:00"}, [0, 1, 2], id="since, with a zone"),
        pytest.param({"state": "ended"}, [0, 1, 2], id="ended"),
        pytest.param({"state": "up"}, [], id="up"),
    ],
)
def test_searching(three: Controlled, which: Any, found: list[int]) -> None:
    everything = three.client.calls()
    assert three.client.calls(**which) == [everything[at] for at in found]


def test_a_plus_sign_may_be_written_as_it_is(three: Controlled) -> None:
    assert numbers(three.request("GET", "/v1/calls?to=+49*").body["calls"]) == ["+491"]
    assert numbers(three.request("GET", "/v1/calls?to=%2B49*&from=%2B44").body["calls"]) == ["+491"]


def test_a_call_by_its_number_and_by_its_call_id(three: Controlled) -> None:
    first = three.client.calls()[0]
    assert three.client.call(first["number"]) == first
    assert three.client.calls(call_id=first["call_id"]) == [first]
    with pytest.raises(ControlProblem, match="there is no call 999999"):
        three.client.call(999999)


def test_paging(carrier: Controlled) -> None:
    for number in range(7):
        carrier.dial(f"+49{number}")
    first = carrier.request("GET", "/v1/calls?limit=3").body
    assert (numbers(first["calls"]), first["matching"]) == (["+490", "+491", "+492"], 7)
    second = carrier.request("GET", f"/v1/calls?limit=3&after={first['next']}").body
    assert numbers(second["calls"]) == ["+493", "+494", "+495"]
    third = carrier.request("GET", f"/v1/calls?limit=3&after={second['next']}").body
    assert (numbers(third["calls"]), third["next"]) == (["+496"], None)


def test_calls_that_are_up(carrier: Controlled) -> None:
    carrier.client.add_rules({"name": "stalls", "to": "+49*", "steps": ["trying", "silence"]})
    with carrier.dialled("+491") as call:
        assert call.response(1) == 100
        (up,) = carrier.client.calls()
        assert (up["ending"], up["code"], up["ended_after"], up["provisional"]) == (None, None, None, [100])
        assert carrier.client.call(up["number"])["rule"] == "stalls"
        assert (carrier.client.calls(state="ended"), carrier.client.calls(state="up")) == ([], [up])
        assert carrier.request("GET", "/v1/rules/stalls").body["hits"] == 1
        assert carrier.client.verify(exactly=1)["calls"] == [up["number"]]
        call.send("CANCEL")
        assert call.response(1) == 487
        call.send("ACK")
    carrier.client.wait(ending="cancelled")
    assert [each["number"] for each in carrier.client.calls(state="ended")] == [up["number"]]


def test_near_misses(carrier: Controlled) -> None:
    carrier.dial("+431", caller="+7")
    missed, *others = carrier.client.near_misses()
    assert {each["rule"] for each in others} == {"refused", "calls[2]"}
    assert {key: missed[key] for key in ("rule", "field", "got", "wanted", "to")} == {
        "rule": "by name",
        "field": "from",
        "got": "+7",
        "wanted": "+1*",
        "to": "+431",
    }


WRONG = [
    ("to=a b*", "to"),
    ("to=", "to"),
    ("to=4*9", "to"),
    ("to=/(/", "to"),
    ("from=" + "9" * 300, "from"),
    ("code=99", "code"),
    ("code=1xx", "code"),
    ("condition=bussy", "condition"),
    ("matched=yes", "matched"),
    ("ending=over", "ending"),
    ("since=yesterday", "since"),
    ("since=nan", "since"),
    ("state=open", "state"),
    ("limit=0", "limit"),
    ("limit=1001", "limit"),
    ("limit=٣", "limit"),
    ("after=-1", "after"),
    ("too=1", "too"),
    ("to=1&to=2", "to"),
]


@pytest.mark.parametrize(("query", "field"), WRONG, ids=[query[:20] for query, _ in WRONG])
def test_wrong_parameters_are_named(carrier: Controlled, query: str, field: str) -> None:
    answer = carrier.request("GET", f"/v1/calls?{query}")
    assert (answer.status, answer.kind) == (400, "bad-parameters")
    assert [each["field"] for each in answer.body["errors"]] == [field]


def test_all_wrong_parameters_are_told_at_once(carrier: Controlled) -> None:
    answer = carrier.request("GET", "/v1/calls?code=x&limit=y&what=z")
    assert [each["field"] for each in answer.body["errors"]] == ["code", "limit", "what"]


# Waiting


def test_waiting_ends_when_the_call_comes(carrier: Controlled) -> None:
    threading.Timer(0.1, carrier.dial, ["+491"]).start()
    began = time.monotonic()
    assert carrier.client.wait(to="+49*", timeout=5)["count"] == 1
    assert time.monotonic() - began < 3


def test_waiting_counts_what_is_there_and_what_comes(carrier: Controlled) -> None:
    carrier.dial("+491")
    threading.Timer(0.05, carrier.dial, ["+492"]).start()
    threading.Timer(0.1, carrier.dial, ["+493"]).start()
    assert carrier.client.wait(at_least=3, state="ended", code=403, timeout=5)["met"]


def test_waiting_for_a_call_that_is_up(carrier: Controlled) -> None:
    carrier.client.add_rules({"to": "+49*", "steps": ["trying", {"wait": "100ms"}, "ringing", "silence"]})
    with carrier.dialled("+491") as call:
        assert carrier.client.wait(state="up", timeout=5)["count"] == 1
        call.send("CANCEL")


def test_waiting_in_vain_tells_what_came_instead(carrier: Controlled) -> None:
    carrier.dial("+491", caller="+44")
    with pytest.raises(ControlProblem) as raised:
        carrier.client.wait(to="+43*", at_least=2, timeout=0.1)
    problem = raised.value
    assert (problem.status, problem.kind, problem.document["count"]) == (409, "unmet", 0)
    assert "waited 0.1 s for at least 2, got 0" in str(problem)
    (instead,) = problem.document["instead"]
    assert (instead["to"], instead["code"], instead["rule"]) == ("+491", 403, "refused")


def test_a_reset_is_noticed_by_those_who_wait(carrier: Controlled) -> None:
    carrier.dial("+491")
    threading.Timer(0.05, carrier.client.reset).start()
    with pytest.raises(ControlProblem, match="got 0"):
        carrier.client.wait(at_least=2, timeout=0.3)


@pytest.mark.parametrize("query", ["timeout=61s", "timeout=5", "at_most=3", "exactly=-1"])
def test_waiting_is_bounded(carrier: Controlled, query: str) -> None:
    assert carrier.request("GET", f"/v1/wait?{query}").kind == "bad-parameters"


def test_only_so_many_may_wait(carrier: Controlled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen, "MOST_WAITERS", 0)
    answer = carrier.request("GET", "/v1/wait")
    assert (answer.status, answer.kind, answer.headers["retry-after"]) == (503, "too-many-clients", "1")


# Verdicts


@pytest.mark.parametrize(
    ("query", "field"),
    [("exactly=1&at_least=1", "exactly"), ("at_most=2&exactly=0", "exactly"), ("at_least=3&at_most=2", "at_least")],
)
def test_what_no_number_of_calls_can_be_is_refused(carrier: Controlled, query: str, field: str) -> None:
    answer = carrier.request("GET", f"/v1/verify?{query}")
    assert (answer.status, answer.kind) == (400, "bad-parameters")
    assert [each["field"] for each in answer.body["errors"]] == [field]


def test_verdicts(three: Controlled) -> None:
    client = three.client
    assert client.verify(exactly=3)["met"]
    assert client.verify(at_least=1, at_most=3)["wanted"] == "at least 1 and at most 3"
    assert client.verify(to="+43*", exactly=2)["count"] == 2
    assert client.verify(to="+43*", at_most=2)["met"]
    assert client.verify(to="+99*", exactly=0)["calls"] == []
    for wanted in ({"exactly": 2}, {"at_least": 4}, {"at_most": 2}, {"to": "+99*"}):
        with pytest.raises(ControlProblem) as raised:
            client.verify(**wanted)
        assert (raised.value.status, raised.value.kind) == (409, "unmet")
    assert "instead: " in str(raised.value)


def test_a_reset_looks_away_from_what_came(carrier: Controlled) -> None:
    carrier.client.add_rules({"name": "stalls", "to": "+49*", "steps": ["trying", "silence"]})
    with carrier.dialled("+491") as old:
        assert old.response(1) == 100
        carrier.client.reset("calls")
        assert carrier.client.calls() == []
        assert carrier.request("GET", "/v1/rules/stalls").body["hits"] == 0
        old.send("CANCEL")
        assert old.response(1) == 487
        old.send("ACK")
        carrier.settle()
        assert carrier.client.verify(exactly=0)["met"]
    carrier.dial("+411")
    assert numbers(carrier.client.calls()) == ["+411"]
    assert carrier.client.carrier()["calls"]["ended"] == 1


def test_a_search_is_an_error_where_records_are_gone_and_it_matters() -> None:
    with Controlled() as carrier:
        records = carrier.ask(lambda service: service.journal)
        assert records.calls == 0
        for number in range(4):
            carrier.dial(f"+49{number}")
        # As if the journal kept two.
        api = carrier.control._api
        assert api is not None
        kept = carrier.ask(lambda service: [api.seen.records.popleft() for _ in range(2)])
        assert len(kept) == 2
        assert carrier.client.verify(exactly=4)["met"]  # all calls: only counted
        assert carrier.client.verify(to="+49*", at_least=2)["met"]
        with pytest.raises(ControlProblem, match="2 calls are seen and 2 forgotten") as raised:
            carrier.client.verify(to="+49*", exactly=2)
        assert (raised.value.status, raised.value.kind) == (409, "forgotten")
        assert carrier.request("GET", "/v1/calls").body["forgotten"] == 2


def test_the_run(three: Controlled) -> None:
    told = three.client.carrier()
    assert told["name"] == "under control"
    assert told["codes"] == {"403": 1, "404": 1, "486": 1}
    assert told["calls"]["ended"] == 3
    assert told["uri"] == f"sip:127.0.0.1:{three.sip[1]}"
