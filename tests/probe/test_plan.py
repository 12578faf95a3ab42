"""Plans: what can be written, and what is said of what cannot, all at once and with its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.conditions import Condition
from simcarrier.probe.plan import Expected, Plan, read_rate
from simcarrier.probe.reading import is_plan, load_plan, read_plan
from simcarrier.records.observation import Outcome
from simcarrier.scenario.faults import ScenarioError
from simcarrier.sip.transport import Transport

GOOD = """\
name: a plan
trunks:
  main: {address: "tls:sip.example.com:5061", caller: "+493012345678"}
calls:
  - {to: "+498912345678", expect: answered}
"""


def read(text: str, **settings: str) -> Plan:
    return read_plan(text, "plan.yaml", None, settings)


def faults(text: str) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        read(text)
    return [str(fault) for fault in caught.value.faults]


def test_a_short_plan() -> None:
    plan = read(GOOD)
    trunk = plan.trunks["main"]
    assert (trunk.address.transport, trunk.address.host, trunk.address.port) == (
        Transport.TLS,
        "sip.example.com",
        5061,
    )
    assert plan.calls[0].to == ("+498912345678",)
    assert plan.calls[0].expect == Expected(outcome=Outcome.ANSWERED)
    assert (plan.stall, plan.ringing, plan.talk, plan.concurrent) == (10.0, 60.0, 1.0, 1)


def test_all_faults_in_one_pass_each_with_its_place() -> None:
    told = faults("""\
name: x
trunk: {}
trunks:
  a: {address: "udp:no host", pasword_env: X, password: hunter2}
  b: {address: "sip.example.com:99999", username: acme}
calls:
  - {to: "+49 30 12", from: "+4930", expect: anserd}
  - {to: [], trunk: c, repeat: 0}
  - {to: "+4930", from: "+4930", expect: {code: 99, cause: banana}}
stall: 10
calls_per_second: fast
rounds: 3
""")
    assert [fault.split(": ")[0] for fault in told] == [
        f"plan.yaml:{place}"
        for place in (
            "2:1",
            "4:16",
            "4:31",
            "4:47",
            "5:6",
            "5:16",
            "7:10",
            "7:46",
            "8:5",
            "8:10",
            "8:21",
            "8:32",
            "9:49",
            "9:60",
            "10:8",
            "11:19",
            "12:9",
        )
    ]
    text = "\n".join(told)
    for words in (
        'did you mean "trunks"?',
        "must be a trunk such as udp:sip.example.com",
        'did you mean "password_env"?',
        "a plan holds no password: name the environment variable",
        "has a user or a password only",
        "without blanks",
        'did you mean "answered"?',
        "which number to show",
        'there is no trunk "c"',
        "from 200 to 699",
        "rounds",
    ):
        assert words in text
    assert "hunter2" not in text


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ("name: x", "trunks"),
        ("- 1", "the probe plan must be a mapping"),
        ("", "the probe plan is empty"),
        (GOOD.replace("answered", "{}"), "says nothing"),
        (GOOD + "every: 0s", "a second or more"),
        (GOOD + "region: Germany", "two letters"),
        (GOOD + "load: {calls: 5}", "calls_per_second"),
        (GOOD + "caps: {calls_per_day: 100000}", "from 1 to 10000"),
        (GOOD + "follow_redirects: 9", "from 0 to 5"),
        (GOOD.replace('"+498912345678"', '"<sip:112@x>"'), "must be a number as it is sent"),
        (GOOD.replace('caller: "+493012345678"', 'caller: "a>b"'), "must be a number as it is sent"),
        (GOOD.replace("caller:", 'domain: "evil>", caller:'), "must be a domain"),
        (GOOD.replace("caller:", "register: yes, caller:"), "needs a user and a password"),
        (GOOD.replace("caller:", "ca: no.pem, caller:"), "there is no"),
        (GOOD.replace("caller:", 'headers: {Via: "x"}, caller:'), "the stack writes Via itself"),
        (GOOD.replace("caller:", 'headers: {Authorization: "Digest x"}, caller:'), "credentials come from"),
        (GOOD.replace("caller:", 'headers: {X-A: "a\\r\\nTo: b"}, caller:'), "X-A"),
        (GOOD.replace("caller:", "identity: {x5u: http://a}, caller:"), "begins with https://"),
        (GOOD.replace("expect:", 'headers: {CSeq: "1"}, expect:'), "the stack writes CSeq itself"),
        (GOOD.replace("expect: answered", "repeat: 100000").replace('to: "+498912345678"', "to: ['1', '2']"), "200000"),
    ],
)
def test_what_is_wrong_is_said(changed: str, words: str) -> None:
    assert any(words in fault for fault in faults(changed))


def test_parameters() -> None:
    text = GOOD.replace("sip.example.com:5061", "$host") + "parameters: {host: a.example}\n"
    assert read(text).trunks["main"].address.host == "a.example"
    assert read(text, host="b.example").trunks["main"].address.host == "b.example"
    with pytest.raises(ScenarioError, match="no parameter"):
        read(text, hots="x")


def test_a_plan_is_told_from_a_scenario() -> None:
    assert is_plan(GOOD)
    assert not is_plan("name: x\ncalls: [{respond: 403}]")
    assert not is_plan("name: x\ncarrier: {trunks: []}\ntrunks: []")
    assert not is_plan("{")


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="cannot be read"):
        load_plan(tmp_path / "no.yaml")


@pytest.mark.parametrize(
    ("written", "rate"), [("2", 2.0), ("0.5", 0.5), ("30/m", 0.5), ("3600/h", 1.0), ("10/s", 10.0), ("4 / m", 4 / 60)]
)
def test_rates(written: str, rate: float) -> None:
    assert read_rate(written) == pytest.approx(rate)


@pytest.mark.parametrize("written", ["0", "-1", "x", "", "1/", "1/d", "1e9", "nan", "inf", None, [], True])
def test_what_is_no_rate(written: object) -> None:
    with pytest.raises(ValueError, match="must be calls per second"):
        read_rate(written)


def test_expectations() -> None:
    wanted = Expected(outcome=Outcome.REFUSED, code=603, cause=Condition.LINES_FULL)
    assert wanted.difference(Outcome.REFUSED, 603, Condition.LINES_FULL) is None
    assert wanted.difference(Outcome.ANSWERED, 200, None) == "outcome: wanted refused, got answered"
    assert wanted.difference(Outcome.REFUSED, None, None) == "code: wanted 603, got none"
    assert wanted.difference(Outcome.REFUSED, 603, Condition.DECLINED) == "cause: wanted lines_full, got declined"


def is_read_or_faulty(text: str) -> bool:
    try:
        return isinstance(read(text), Plan)
    except ScenarioError as error:
        return bool(error.faults)


@given(st.text(max_size=200))
def test_any_text_is_a_plan_or_has_faults(text: str) -> None:
    assert is_read_or_faulty(text)


LEAF = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8))
ANY = st.recursive(
    LEAF, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3))
)
KEYS = st.sampled_from(["name", "trunks", "calls", "caps", "load", "every", "rounds", "allow", "region", "parameters"])


@given(st.dictionaries(KEYS, ANY, max_size=6))
def test_any_mapping_is_a_plan_or_has_faults(data: dict[str, object]) -> None:
    assert is_read_or_faulty(json.dumps(data))


@pytest.mark.parametrize(
    ("line", "ports"),
    [
        ("listen: yes", (30000, 30999)),
        ("listen: {}", (30000, 30999)),
        ("listen: {ports: 40000..40001}", (40000, 40001)),
    ],
)
def test_listening(line: str, ports: tuple[int, int]) -> None:
    plan = read(f"{GOOD}{line}\n")
    assert plan.listen is not None
    assert plan.listen.ports == ports
    assert read(GOOD).listen is None


def test_listening_that_cannot_be() -> None:
    load = "load: {calls: 10, calls_per_second: 10}"
    assert faults(f"{GOOD}listen: yes\n{load}\n") == [
        "plan.yaml:6:9: listen: goes without load: calls in great number are not listened to"
    ]
    assert "must be a range of ports" in faults(f"{GOOD}listen: {{ports: 5}}\n")[0]
    assert "plan.yaml:6:9" in faults(f"{GOOD}listen: never\n")[0]
