"""Every kind of fault, with its exact place and words; and all of them in one pass."""

from __future__ import annotations

import pytest

from simcarrier.scenario.load import Fault, ScenarioError, loads

ACTIONS = "respond, steps, ladder, outcome, mix, sequence"
RULE = "name: x\ncalls:\n  - "

# The text, and the fault as it is printed, up to where it is told exactly enough.
TABLE: dict[str, tuple[str, str]] = {
    "empty": ("", "1:1: the scenario is empty"),
    "a list": ("- a", "1:1: the scenario must be a mapping of keys such as name, carrier and calls"),
    "no name": ("calls: []", '1:1: the key "name" is missing'),
    "empty name": ("name: ''", '1:7: name: "name" must not be empty'),
    "unknown key": ("name: x\ncals: []", '2:1: cals: unknown key "cals"; did you mean "calls"?'),
    "unknown key, nothing near": (
        "name: x\nzzz: []",
        '2:1: zzz: unknown key "zzz"; there are name, description, parameters, carrier, ladders, calls, traffic, '
        "expect",
    ),
    "key twice": ("name: x\nname: y", '2:1: name: the key "name" stands here twice; the first is in line 1'),
    "not a list": ("name: x\ncalls: {a: b}", '2:8: calls: "calls" must be a list, not a mapping'),
    "empty value": ("name: x\ncalls:", "2:7: calls: is empty: write a value, or leave the key out"),
    "empty condition": (f"{RULE}{{to: , respond: 403}}", "3:10: calls[0].to: is empty: write a value"),
    "rule no mapping": (f"{RULE}x", '3:5: calls[0]: "calls[0]" must be a mapping of keys and values, not "x"'),
    "rule key misspelt": (f"{RULE}{{form: '1', respond: 403}}", '3:6: calls[0].form: unknown key "form"; did you mean'),
    "no action": (f"{RULE}to: '1'", f"3:5: calls[0]: does not say what is done with the call: add one of {ACTIONS}"),
    "two actions": (
        f"{RULE}{{respond: 403, outcome: answered}}",
        '3:5: calls[0]: has "respond" and "outcome": exactly one of ' + ACTIONS,
    ),
    "option of another action": (
        f"{RULE}{{respond: 403, talk: 3s}}",
        '3:20: calls[0].talk: "talk" goes with outcome:, not with respond:',
    ),
    "Python's name of a key": (f"{RULE}{{from_: '1', respond: 403}}", '3:6: calls[0].from_: unknown key "from_"'),
    "inner name of a key": (f"{RULE}{{action: {{respond: 403}}}}", "3:6: calls[0].action: unknown key"),
    "number pattern": (
        f"{RULE}{{to: +4*9, respond: 403}}",
        '3:10: calls[0].to: "to" must have its * at the end: "+4*9"',
    ),
    "regex": (f"{RULE}{{from: /(/, respond: 403}}", '3:12: calls[0].from: is not a regular expression: "/(/"'),
    "header pattern": (f"{RULE}{{headers: {{X-A: a*b}}, respond: 403}}", '3:21: calls[0].headers.X-A: "X-A" must have'),
    "header name": (
        f"{RULE}{{headers: {{a b: c}}, respond: 403}}",
        '3:16: calls[0].headers["a b"]: "a b" is not a header name',
    ),
    "network": (f"{RULE}{{source: 10.0.0, respond: 403}}", '3:14: calls[0].source: "source" must be an IP address or'),
    "count": (f"{RULE}{{calls_so_far: many, respond: 403}}", '3:20: calls[0].calls_so_far: "calls_so_far" must be a'),
    "time range": (f"{RULE}{{since_start: 30s, respond: 403}}", '3:19: calls[0].since_start: "since_start" must be a'),
    "priority": (
        f"{RULE}{{priority: high, respond: 403}}",
        '3:16: calls[0].priority: "priority" must be a whole number',
    ),
    "code": (f"{RULE}respond: 4o3", '3:14: calls[0].respond: "respond" must be a final code from 300 to 699, such as'),
    "code 200": (
        f"{RULE}respond: 200",
        '3:14: calls[0].respond: "respond" must be a final code from 300 to 699, not "200": write the step answer',
    ),
    "code 180": (f"{RULE}respond: {{code: 180}}", "write the step ringing for that"),
    "code 183": (f"{RULE}respond: 183", "write the step progress for that"),
    "no code": (f"{RULE}respond:", "calls[0].respond: respond needs its value, such as {respond: 403}"),
    "code missing": (f"{RULE}respond: {{phrase: No}}", '3:14: calls[0].respond: the key "code" is missing'),
    "reason": (
        f"{RULE}respond: {{code: 603, reason: Decline}}",
        '3:26: calls[0].respond.reason: unknown key "reason": write phrase: for the reason phrase; a Reason header',
    ),
    "phrase of two lines": (
        f'{RULE}respond: {{code: 603, phrase: "a\\nb"}}',
        '3:34: calls[0].respond.phrase: "phrase" must be one line',
    ),
    "owned header": (
        f"{RULE}respond: {{code: 603, headers: {{call-id: x}}}}",
        "3:36: calls[0].respond.headers.call-id: the stack writes",
    ),
    "compact owned header": (
        f"{RULE}respond: {{code: 603, headers: {{v: x}}}}",
        "3:36: calls[0].respond.headers.v: the stack writes",
    ),
    "not a header name": (
        f"{RULE}respond: {{code: 603, headers: {{a b: x}}}}",
        '3:36: calls[0].respond.headers["a b"]: "a b" is not',
    ),
    "unknown field": (
        f"{RULE}respond: {{code: 603, headers: {{X-A: ['x', '{{uid}}']}}}}",
        '3:47: calls[0].respond.headers.X-A[1]: "X-A[1]" must not use {uid}; did you mean {uuid}?',
    ),
    "injected header": (
        f'{RULE}respond: {{code: 603, headers: {{X-A: "a\\r\\nB: c"}}}}',
        '3:41: calls[0].respond.headers.X-A: "X-A" must be one line',
    ),
    "headers no mapping": (
        f"{RULE}respond: {{code: 603, headers: x}}",
        '3:35: calls[0].respond.headers: "headers" must be a mapping',
    ),
    "body type": (
        f"{RULE}respond: {{code: 603, body: {{type: text, content: x}}}}",
        '3:39: calls[0].respond.body.type: "type" must be a media type',
    ),
    "bool": (
        f"{RULE}respond: {{code: 603, trying: maybe}}",
        '3:34: calls[0].respond.trying: "trying" must be true or false',
    ),
    "delay": (
        f"{RULE}respond: {{code: 603, delay: 12}}",
        '3:33: calls[0].respond.delay: "delay" must have its unit: write 12s or 12ms',
    ),
    "no steps": (f"{RULE}steps: []", '3:12: calls[0].steps: "steps" must not be empty: write at least one step'),
    "steps no list": (f"{RULE}steps: trying", '3:12: calls[0].steps: "steps" must be a list, not "trying"'),
    "unknown step": (
        f"{RULE}steps: [tring, silence]",
        '3:13: calls[0].steps[0]: unknown step "tring"; did you mean "trying"?',
    ),
    "unknown step with options": (
        f"{RULE}steps: [{{wiat: 2s}}, silence]",
        '3:14: calls[0].steps[0].wiat: unknown step "wiat"; did you mean "wait"?',
    ),
    "step with two keys": (
        f"{RULE}steps: [{{wait: 2s, ringing: }}, silence]",
        '3:13: calls[0].steps[0]: is one step with several keys, "wait" and "ringing"',
    ),
    "step is a list": (
        f"{RULE}steps: [[trying], silence]",
        '3:13: calls[0].steps[0]: "steps[0]" must be a step such as ringing',
    ),
    "wait": (
        f"{RULE}steps: [{{wait: 12 sec}}, silence]",
        '3:20: calls[0].steps[0].wait: "wait" must be a time such as 12s or 200ms, or a range such as 2s..6s, not',
    ),
    "how long it usually rings": (
        f"{RULE}steps: [{{wait: {{span: 2s, usually: 3s}}}}, silence]",
        "3:40: calls[0].steps[0].wait.usually: usually goes with span: ring",
    ),
    "bare wait": (f"{RULE}steps: [wait, silence]", "3:13: calls[0].steps[0]: wait needs its value, such as {wait: 2s}"),
    "option of no step": (
        f"{RULE}steps: [{{silence: {{for: 3s}}}}]",
        '3:24: calls[0].steps[0].silence.for: unknown key "for"; silence takes no options',
    ),
    "progress code": (
        f"{RULE}steps: [{{progress: 180}}, silence]",
        '3:24: calls[0].steps[0].progress: "progress" must be a provisional code from 181 to 199',
    ),
    "drop": (f"{RULE}steps: [{{drop: 0}}, silence]", '3:20: calls[0].steps[0].drop: "drop" must be how many requests'),
    "duplicate": (
        f"{RULE}steps: [trying, {{duplicate: x}}, silence]",
        '3:33: calls[0].steps[1].duplicate: "duplicate" must be how many times',
    ),
    "hang up without answer": (
        f"{RULE}steps: [trying, hang_up]",
        "3:21: calls[0].steps[1]: hang_up needs an answer before it",
    ),
    "after the end": (
        f"{RULE}steps: [{{respond: 403}}, ringing]",
        "3:29: calls[0].steps[1]: ringing cannot come after respond",
    ),
    "never ends": (f"{RULE}steps: [trying]", "3:13: calls[0].steps[0]: leaves the call open: end the ladder with"),
    "unknown ladder": (
        "name: x\nladders: {slow: [silence]}\n" + RULE[8:] + "ladder: slwo",
        '4:13: calls[0].ladder: there is no ladder "slwo"; did you mean "slow"?',
    ),
    "no ladders": (f"{RULE}ladder: a", '3:13: calls[0].ladder: there is no ladder "a"; there are none'),
    "unknown ladder in a mix": (
        f"{RULE}mix: [{{share: 100%, ladder: a}}]",
        '3:33: calls[0].mix[0].ladder: there is no ladder "a"',
    ),
    "unknown ladder in the carrier": (
        "name: x\ncarrier: {unmatched: {ladder: a}}",
        '2:31: carrier.unmatched.ladder: there is no ladder "a"',
    ),
    "outcome": (
        f"{RULE}outcome: answred",
        '3:14: calls[0].outcome: "outcome" must be what happens to a call, such as answered, not "answred"; did',
    ),
    "shares": (
        f"{RULE}mix: [{{share: 90%, respond: 403}}, {{share: 11%, respond: 404}}]",
        "3:10: calls[0].mix: the shares add to 101%, not to 100%",
    ),
    "share": (
        f"{RULE}mix: [{{share: 0.9, respond: 403}}]",
        '3:19: calls[0].mix[0].share: "share" must be a share above 0%',
    ),
    "no share": (f"{RULE}mix: [{{respond: 403}}]", '3:11: calls[0].mix[0]: the key "share" is missing'),
    "empty mix": (f"{RULE}mix: []", '3:10: calls[0].mix: "mix" must not be empty'),
    "mix in a mix": (
        f"{RULE}mix: [{{share: 100%, mix: []}}]",
        '3:11: calls[0].mix[0]: "mix[0]" must not hold a mix of its own',
    ),
    "sequence in a sequence": (
        f"{RULE}sequence: [{{sequence: []}}]",
        '3:16: calls[0].sequence[0]: "sequence[0]" must not hold a sequence',
    ),
    "by": (
        f"{RULE}{{sequence: [403], by: calle}}",
        '3:27: calls[0].by: "by" must be "caller" or "called", not "calle"; did you mean',
    ),
    "never reached": (
        f"{RULE}respond: 403\n  - {{to: '1', respond: 404}}",
        "4:5: calls[1]: is never reached: calls[0] takes every call before it",
    ),
    "never reached, any number": (
        f"{RULE}{{to: '*', respond: 403}}\n  - respond: 404",
        "4:5: calls[1]: is never reached: calls[0] takes",
    ),
    "never reached, same conditions": (
        f"{RULE}{{to: '1', respond: 403}}\n  - {{to: '1', respond: 404}}",
        "4:5: calls[1]: is never reached: calls[0] takes the same calls before it",
    ),
    "never reached by priority": (
        f"{RULE}{{to: '1', respond: 403}}\n  - {{priority: 1, respond: 404}}",
        "3:5: calls[0]: is never reached: calls[1] takes every call before it",
    ),
    "rule names": (
        f"{RULE}{{name: a, to: '1', respond: 403}}\n  - {{name: a, respond: 404}}",
        '4:12: calls[1].name: calls[0] has the name "a" already',
    ),
    "listen": (
        "name: x\ncarrier: {listen: 'udp:nowhere:1'}",
        "2:19: carrier.listen: 'udp:nowhere:1': the host must be an IP address",
    ),
    "listen twice": (
        "name: x\ncarrier: {listen: ['udp:127.0.0.1:1', 'udp:127.0.0.1:1']}",
        '2:19: carrier.listen: "listen" must not name the same',
    ),
    "lines": (
        "name: x\ncarrier: {lines: 0}",
        '2:18: carrier.lines: "lines" must be a number of lines, at least 1, not "0"',
    ),
    "certificate": (
        "name: x\ncarrier: {tls: {certificate: /nowhere/a.pem, key: tests/scenario/test_faults.py}}",
        '2:30: carrier.tls.certificate: "certificate" must be the path of a file',
    ),
    "expectation without a count": ("name: x\nexpect: [{calls: {}}]", "2:10: expect[0]: does not say how many"),
    "expectation with too many": (
        "name: x\nexpect: [{calls: {}, exactly: 1, at_most: 2}]",
        "2:43: expect[0].at_most: has exactly and at_most",
    ),
    "expectation of what": (
        "name: x\nexpect: [{cals: {}, exactly: 1}]",
        '2:10: expect[0]: does not say what is expected; did you mean "calls"?',
    ),
    "expectation of nothing": (
        "name: x\nexpect: [{exactly: 1}]",
        "2:10: expect[0]: does not say what is expected: add one of calls, share, stalled_calls, ",
    ),
    "expectation of two things": (
        "name: x\nexpect: [{stalled_calls: cancelled, conduct: clean}]",
        '2:10: expect[0]: has "stalled_calls" and "conduct": an entry expects one thing, so make two of it',
    ),
    "expectation in a word": (
        "name: x\nexpect: [conduct]",
        '2:10: expect[0]: "expect[0]" must be an expectation such as {stalled_calls: cancelled}, not "conduct"',
    ),
    "expectation that ignores no rule": (
        "name: x\nexpect: [{conduct: clean, ignore: [ack_branch, cancel_erly]}]",
        '2:35: expect[0].ignore: "ignore" must name rules of SIP conduct, and there is no "cancel_erly"; '
        'did you mean "cancel_early"?',
    ),
    "expectation's word": (
        "name: x\nexpect: [{stalled_calls: canceled}]",
        '2:26: expect[0].stalled_calls: "stalled_calls" must be cancelled, not "canceled"; did you mean "cancelled"?',
    ),
    "expectation's key": (
        "name: x\nexpect: [{stalled_calls: cancelled, after_tryin: 1s}]",
        '2:37: expect[0].after_tryin: unknown key "after_tryin"; did you mean "after_trying"?',
    ),
    "expectation's code": (
        "name: x\nexpect: [{failover: 5x}]",
        '2:21: expect[0].failover: "failover" must be a final status code from 200 to 699, 4xx, 603+ or none, not "5x"',
    ),
    "expectation's share": (
        "name: x\nexpect: [{share: {code: 603}, at_most: 101%}]",
        '2:40: expect[0].at_most: "at_most" must be a share from 0% to 100%, such as 5%, not "101%"',
    ),
    "share without a bound": (
        "name: x\nexpect: [{share: {code: 603}}]",
        "2:10: expect[0]: does not say how large: add at_least or at_most",
    ),
    "lines of nobody": (
        "name: x\nexpect: [{lines: obeyed}]",
        "2:10: expect[0]: does not say how many, and neither does the carrier: add at_most, or lines to the carrier",
    ),
    "calls per second of nobody": (
        "name: x\nexpect: [{calls_per_second: obeyed}]",
        "2:10: expect[0]: does not say how many, and neither does a trunk: add at_most, or calls_per_second to a trunk",
    ),
    "registration of nobody": (
        "name: x\nexpect: [{registration: renewed}]",
        "2:25: expect[0].registration: needs a customer that can register: one with user and password",
    ),
    "unknown trunk": (
        f"{RULE}{{respond: 403}}\nexpect: [{{share: {{trunk: a}}, of: {{customer: b}}, at_least: 1%}}]",
        '4:26: expect[0].share.trunk: there is no trunk "a"; the carrier has none',
    ),
    "unknown rule": (
        f"{RULE}{{name: a, respond: 403}}\nexpect: [{{calls: {{rule: b}}, exactly: 1}}]",
        '4:25: expect[0].calls.rule: no rule has the name "b"; there are a',
    ),
    "YAML": ("name: x\n  y: z", "2:4: not YAML: "),
    "quotes forgotten": (f"{RULE}to: *", '; a text that begins with * needs quotes: "*"'),
    "tag": ("name: !!python/name:os.system x", "1:7: name: tags such as"),
}

SEVERAL = {"inner name of a key", "unknown trunk"}
"""Faults that bring another with them."""


@pytest.mark.parametrize("kind", TABLE)
def test_a_fault_has_its_place_and_plain_words(kind: str) -> None:
    text, expected = TABLE[kind]
    with pytest.raises(ScenarioError) as caught:
        loads(text, "a.yaml")
    told = [str(fault) for fault in caught.value.faults]
    where = f"a.yaml:{expected}" if expected[0].isdigit() else expected
    assert any(line.startswith(where) if expected[0].isdigit() else where in line for line in told), "\n".join(told)
    for machine in ("Value error", "Input should", "valid ", "validation", "pydantic", "<", "not understood: "):
        assert not any(machine in line for line in told)


@pytest.mark.parametrize("kind", [kind for kind in TABLE if kind not in SEVERAL])
def test_a_fault_is_told_once(kind: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        loads(TABLE[kind][0])
    assert len(caught.value.faults) == 1, str(caught.value)


EIGHT = """\
name: Eight things are wrong
carrier:
  listen: udp:127.0.0.1:5060
  lines: none
ladders:
  odd: [silence, ringing]
calls:
  - to: +49*1
    respond: 403
  - to: 0441632
    steps: [trying, {wait: 5}, {respond: {code: 603, reason: Decline}}]
  - form: +4930*
    respond: 403
  - to: 7*
    mix:
      - {share: 50%, ladder: od}
      - {share: 40%, outcome: answered}
"""


def test_all_faults_come_in_one_pass_in_the_order_of_the_file() -> None:
    with pytest.raises(ScenarioError) as caught:
        loads(EIGHT, "eight.yaml")
    assert [(fault.line, fault.column, fault.where) for fault in caught.value.faults] == [
        (4, 10, "carrier.lines"),
        (6, 18, "ladders.odd[1]"),
        (8, 9, "calls[0].to"),
        (11, 28, "calls[1].steps[1].wait"),
        (11, 54, "calls[1].steps[2].respond.reason"),
        (12, 5, "calls[2].form"),
        (16, 7, "calls[3].mix"),
        (16, 30, "calls[3].mix[0].ladder"),
    ]
    assert str(caught.value).splitlines()[0].startswith("eight.yaml:4:10: carrier.lines: ")


def test_a_thousand_faults_are_told_too() -> None:
    text = "name: x\ncalls:\n" + "".join(f"  - {{to: +{n}, ladder: l{n}, rspond: 3}}\n" for n in range(1000))
    with pytest.raises(ScenarioError) as caught:
        loads(text)
    assert len(caught.value.faults) == 2000


def test_a_fault_is_printed_with_its_place() -> None:
    assert str(Fault("a.yaml", 3, 9, "calls[0].to", "is wrong")) == "a.yaml:3:9: calls[0].to: is wrong"
    assert str(Fault("a.yaml", 1, 1, "", "is empty")) == "a.yaml:1:1: is empty"
