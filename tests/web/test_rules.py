"""Rules are added, replaced and removed between two calls, as a whole or not at all."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from simcarrier.client import ControlProblem
from simcarrier.web import rules as room
from tests.web.kit import Controlled


def names(carrier: Controlled) -> list[str]:
    return [rule["name"] for rule in carrier.client.rules()["rules"]]


def test_the_file_s_rules_have_the_names_that_records_give_them(carrier: Controlled) -> None:
    assert names(carrier) == ["refused", "by name", "calls[2]"]
    carrier.dial("+411")
    assert carrier.client.calls()[0]["rule"] == "calls[2]"


def test_an_added_rule_takes_the_next_call(carrier: Controlled) -> None:
    assert carrier.dial("+4989") == [403]
    (added,) = carrier.client.add_rules({"name": "busy", "to": "+4989*", "respond": 486})
    assert (added["asks"], added["does"], added["added"]) == ({"to": "+4989*"}, "respond", True)
    assert carrier.dial("+4989") == [486]
    assert carrier.dial("+4930") == [403]
    hits = {rule["name"]: rule["hits"] for rule in carrier.client.rules()["rules"]}
    assert hits == {"busy": 1, "refused": 2, "by name": 0, "calls[2]": 0}
    assert carrier.request("GET", "/v1/rules/busy").body["hits"] == 1


def test_a_text_of_yaml_and_several_rules_in_their_order(carrier: Controlled) -> None:
    made = carrier.client.add_rules("""
calls:
  - {to: +491, respond: 480}
  - {to: +49*, outcome: busy}
""")
    assert [rule["name"] for rule in made] == ["added[1]", "added[2]"]
    assert (carrier.dial("+491"), carrier.dial("+492")[-1]) == ([480], 486)


def test_the_last_one_added_comes_first_unless_it_is_to_be_last(carrier: Controlled) -> None:
    carrier.client.add_rules({"name": "one", "to": "+49*", "respond": 480})
    carrier.client.add_rules({"name": "two", "to": "+49*", "respond": 486})
    carrier.client.add_rules({"name": "rest", "respond": 600}, place="last")
    assert names(carrier) == ["two", "one", "refused", "by name", "calls[2]", "rest"]
    assert (carrier.dial("+491"), carrier.dial("+7")) == ([486], [600])
    carrier.client.remove_rule("two")
    assert carrier.dial("+491") == [480]


def test_priorities_go_first_as_they_do_in_a_file(carrier: Controlled) -> None:
    carrier.client.add_rules({"name": "urgent", "to": "+49*", "priority": 5, "respond": 480})
    carrier.client.add_rules({"name": "later", "to": "+49*", "respond": 486})
    assert names(carrier)[:2] == ["urgent", "later"]
    assert carrier.dial("+491") == [480]


def test_ladders_and_parameters_of_the_scenario_can_be_used(carrier: Controlled) -> None:
    carrier.client.add_rules({"to": "+49*", "respond": "$refusal"})
    assert carrier.dial("+491") == [486]
    carrier.client.add_rules({"to": "+49*", "ladder": "ringing"})
    assert carrier.dial("+491", patience=0.1) == [100, 180, 487]


def test_a_call_that_is_up_goes_on_as_it_began(carrier: Controlled) -> None:
    carrier.client.add_rules({"to": "+49*", "steps": ["trying", {"wait": "150ms"}, {"respond": 480}]})
    with carrier.dialled("+491") as call:
        assert call.response(1) == 100
        carrier.client.replace_rules({"to": "+49*", "respond": 603})
        assert carrier.dial("+491") == [603]
        assert call.response(1) == 480
        call.send("ACK")


def test_a_rule_that_stays_counts_on(carrier: Controlled) -> None:
    assert carrier.dial("+411") == [486]
    carrier.client.add_rules({"to": "+42*", "respond": 480})
    assert carrier.dial("+411") == [603]
    carrier.client.reset("rules")
    assert carrier.dial("+411") == [486]


def test_removing(carrier: Controlled) -> None:
    carrier.client.remove_rule("calls[2]")
    carrier.client.remove_rule("refused")
    assert names(carrier) == ["by name"]
    assert carrier.dial("+491") == [404]
    with pytest.raises(ControlProblem, match="there is no rule 'refused'") as raised:
        carrier.client.remove_rule("refused")
    assert (raised.value.status, raised.value.kind) == (404, "not-found")


@pytest.mark.parametrize("name", ["a/b", "50% off", "ä ö", "what?", "#1", "😀", "%2F"])
def test_names_of_all_kinds(carrier: Controlled, name: str) -> None:
    carrier.client.add_rules({"name": name, "to": "+7", "respond": 480})
    answer = carrier.request("POST", "/v1/rules", {"name": name + "!", "to": "+8", "respond": 480})
    assert carrier.request("GET", answer.headers["location"]).body["name"] == name + "!"
    carrier.client.remove_rule(name)
    assert name not in names(carrier)


def test_hits_of_a_name_that_comes_back_begin_anew(carrier: Controlled) -> None:
    carrier.dial("+491")
    carrier.client.remove_rule("refused")
    (made,) = carrier.client.add_rules({"name": "refused", "to": "+49*", "respond": 480})
    assert made["hits"] == 0
    carrier.dial("+491")
    assert carrier.request("GET", "/v1/rules/refused").body["hits"] == 1


def test_a_reset_puts_the_file_s_rules_back(carrier: Controlled) -> None:
    before = names(carrier)
    carrier.client.replace_rules({"respond": 480})
    carrier.client.reset()
    assert names(carrier) == before
    assert carrier.dial("+491") == [403]


# Two clients at once


def test_two_clients_who_add_both_have_their_rules(carrier: Controlled) -> None:
    def add(number: int) -> None:
        carrier.client.add_rules({"name": f"n{number}", "to": f"+49{number}", "respond": 480})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, range(24)))
    assert set(names(carrier)) >= {f"n{number}" for number in range(24)}
    assert carrier.dial("+4917") == [480]


def test_of_two_clients_who_replace_one_gets_409(carrier: Controlled) -> None:
    revision = carrier.client.rules()["revision"]
    carrier.client.replace_rules({"name": "first", "respond": 480}, revision=revision)
    with pytest.raises(ControlProblem) as raised:
        carrier.client.replace_rules({"name": "second", "respond": 486}, revision=revision)
    assert (raised.value.status, raised.value.kind) == (409, "changed")
    assert raised.value.document["revision"] == revision + 1
    assert names(carrier) == ["first"]
    carrier.client.replace_rules({"name": "second", "respond": 486}, revision=raised.value.document["revision"])
    assert names(carrier) == ["second"]


def test_of_many_who_replace_at_once_one_wins(carrier: Controlled) -> None:
    revision = carrier.client.rules()["revision"]

    def replace(number: int) -> int:
        try:
            carrier.client.replace_rules({"name": f"n{number}", "respond": 480}, revision=revision)
        except ControlProblem as problem:
            return problem.status
        return 200

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(replace, range(12))) == [200] + [409] * 11
    assert carrier.client.rules()["revision"] == revision + 1


def test_a_name_that_is_taken_is_409(carrier: Controlled) -> None:
    answer = carrier.request(
        "POST", "/v1/rules", {"calls": [{"to": "1", "respond": 480}, {"name": "refused", "respond": 480}]}
    )
    assert (answer.status, answer.kind) == (409, "name-taken")
    assert answer.body["errors"] == [{"field": "calls[1].name", "detail": "there is a rule 'refused' already"}]
    assert names(carrier) == ["refused", "by name", "calls[2]"]


# What is wrong changes nothing

YAML_FAULTS = """
calls:
  - {to: +49 30, respond: 403}
  - to: +49*
    steps:
      - trying
      - {wait: 12}
  - {to: +43*, respnd: 403}
  - {to: +44*, ladder: rining}
"""


def test_every_fault_is_told_with_line_and_column(carrier: Controlled) -> None:
    answer = carrier.request("POST", "/v1/rules", YAML_FAULTS)
    assert (answer.status, answer.kind) == (422, "faulty")
    found = [(each["field"], each["line"], each["column"]) for each in answer.body["errors"]]
    assert found == [
        ("calls[0].to", 3, 10),
        ("calls[1].steps[1]", 7, 9),
        ("calls[1].steps[1].wait", 7, 16),
        ("calls[2]", 8, 5),
        ("calls[2].respnd", 8, 16),
        ("calls[3].ladder", 9, 24),
    ]
    assert "must be written without spaces" in answer.body["errors"][0]["detail"]
    assert 'did you mean "ringing"' in answer.body["errors"][-1]["detail"]
    assert "6 faults" in answer.body["detail"]


def test_faults_of_json_have_their_places_too(carrier: Controlled) -> None:
    text = '{"calls": [\n\t{"to": "+49*", "respond": {"code": 99}},\n\t{"name": "\\ud83d\\ude00", "respond": "x"}\n]}'
    answer = carrier.request("POST", "/v1/rules", text, kind="application/json; charset=utf-8")
    found = [(each["field"], each["line"]) for each in answer.body["errors"]]
    assert found == [("calls[0].respond.code", 2), ("calls[1].respond", 3)]


def test_one_rule_alone_is_placed_without_a_list(carrier: Controlled) -> None:
    answer = carrier.request("POST", "/v1/rules", "to: +49*\nrespond: {code: 99}\n")
    (error,) = answer.body["errors"]
    assert (error["field"], error["line"], error["column"]) == ("respond.code", 2, 17)
    assert answer.body["detail"].startswith("line 2, column 17: respond.code: ")


JSON = "application/json"
YAML = "application/yaml"

MALFORMED: list[Any] = [
    pytest.param(b"", YAML, 400, "unreadable", id="nothing"),
    pytest.param(b"", JSON, 400, "unreadable", id="nothing, JSON"),
    pytest.param(b"\xff\xfe\x00", YAML, 400, "unreadable", id="no UTF-8"),
    pytest.param(b"{", YAML, 400, "unreadable", id="half a mapping"),
    pytest.param(b"{to: 1}", JSON, 400, "unreadable", id="YAML that says it is JSON"),
    pytest.param(b'{"a": NaN}', JSON, 400, "unreadable", id="NaN"),
    pytest.param(b'{"a": "\\ud83d"}', JSON, 400, "unreadable", id="half a surrogate pair"),
    pytest.param(b"[" * 100_000, JSON, 400, "unreadable", id="deep JSON"),
    pytest.param(b"[" * 100_000, YAML, 400, "unreadable", id="deep YAML"),
    pytest.param(b"[]", JSON, 400, "unreadable", id="a list"),
    pytest.param(b"42", JSON, 400, "unreadable", id="a number"),
    pytest.param(b"null", JSON, 400, "unreadable", id="null"),
    pytest.param(b"a: &a [*a]", YAML, 400, "unreadable", id="a cycle"),
    pytest.param(b"--- {respond: 403}\n--- {respond: 403}", YAML, 400, "unreadable", id="two documents"),
    pytest.param(b"{}", JSON, 422, "faulty", id="no rule"),
    pytest.param(b"calls: {}", YAML, 422, "faulty", id="rules that are no list"),
    pytest.param(b"calls: [1, null, x]", YAML, 422, "faulty", id="rules that are no mappings"),
    pytest.param(b"{calls: [{respond: 403}], name: x}", YAML, 422, "faulty", id="more than rules"),
    pytest.param(b"{to: , respond: 403}", YAML, 422, "faulty", id="an empty condition"),
    pytest.param(b"{to: '/(/', respond: 403}", YAML, 422, "faulty", id="no regular expression"),
    pytest.param(b"{respond: $nothing}", YAML, 422, "faulty", id="no such parameter"),
    pytest.param(b"{respond: !!python/object:os.system 403}", YAML, 422, "faulty", id="a tag"),
    pytest.param(b"calls: [{respond: 403}, {respond: 486}]", YAML, 422, "faulty", id="never reached"),
    pytest.param(
        b"calls: [{name: a, to: '1', respond: 403}, {name: a, to: '2', respond: 403}]",
        YAML,
        422,
        "faulty",
        id="one name twice",
    ),
    pytest.param(b"respond=403", "application/x-www-form-urlencoded", 415, "wrong-type", id="a form"),
    pytest.param(b'{"respond": 403}', "text/plain", 415, "wrong-type", id="plain text"),
    pytest.param(b'{"respond": 403}', "", 415, "wrong-type", id="no type"),
    pytest.param(b"#" * 300_000, YAML, 413, "too-large", id="too large"),
]


@pytest.mark.parametrize(("body", "kind", "status", "problem"), MALFORMED)
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_malformed_request_changes_nothing(
    carrier: Controlled, method: str, body: bytes, kind: str, status: int, problem: str
) -> None:
    before = carrier.state()
    query = "" if method == "POST" else f"?revision={before[0]['revision']}"
    answer = carrier.request(method, f"/v1/rules{query}", body, kind=kind)
    assert (answer.status, answer.kind) == (status, problem)
    assert answer.body["detail"]
    if status in (400, 422):
        assert all(each["line"] >= 1 and each["column"] >= 1 for each in answer.body["errors"])
    assert carrier.state() == before


def test_replacing_wants_a_revision(carrier: Controlled) -> None:
    answer = carrier.request("PUT", "/v1/rules", {"respond": 403})
    assert (answer.status, answer.kind) == (400, "bad-parameters")
    assert answer.body["errors"] == [{"field": "revision", "detail": "is missing"}]


def test_there_can_be_so_many_rules_and_no_more(carrier: Controlled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST_RULES", 20)
    many = {"calls": [{"to": f"+49{number}", "respond": 480} for number in range(20)]}
    assert carrier.request("POST", "/v1/rules", many).status == 201
    answer = carrier.request("POST", "/v1/rules", {"respond": 480})
    assert (answer.status, answer.kind) == (409, "too-many-rules")
    many["calls"].append({"to": "+48", "respond": 480})
    assert carrier.request("PUT", "/v1/rules?revision=1", many).kind == "faulty"
    carrier.client.remove_rule("added[1]") if "added[1]" in names(carrier) else carrier.client.reset()
    assert carrier.request("POST", "/v1/rules", {"to": "+48", "respond": 480}).status == 201


def test_a_large_body_is_read_beside_the_carrier(carrier: Controlled) -> None:
    rules = [{"name": f"r{number}", "to": f"+49{number}*", "respond": {"code": 480}} for number in range(300)]
    body = json.dumps({"calls": rules})
    assert len(body) > 4096
    assert carrier.request("POST", "/v1/rules", body, kind=JSON).status == 201
    assert len(names(carrier)) == 303
