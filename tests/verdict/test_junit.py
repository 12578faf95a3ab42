"""The JUnit report: what CI systems take, and nothing that XML forbids."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from hypothesis import given, settings
from hypothesis import strategies as st

from simcarrier.verdict.junit import JunitRun, allowed, render
from simcarrier.verdict.outcome import Outcome

MET = Outcome("calls", "at least 1 call", "3", met=True, place="a.yaml:3:5")
UNMET = Outcome("lines", 'at most "2"\n<b>', "3 & more", False, "a.yaml:4:5", ("id",), ("+49 -> +44: too many",))

# What may stand where, as the schemas of Jenkins and others have it: attributes (the needed ones first), and elements.
GRAMMAR: dict[str, tuple[set[str], set[str], list[str]]] = {
    "testsuites": (set(), {"name", "tests", "failures", "errors", "disabled", "time"}, ["testsuite"]),
    "testsuite": (
        {"name", "tests", "failures", "errors", "time", "timestamp", "hostname"},
        {"skipped", "id", "package"},
        ["properties", "testcase", "system-out", "system-err"],
    ),
    "testcase": (
        {"name", "classname", "time"},
        {"status", "assertions"},
        ["skipped", "error", "failure", "system-out"],
    ),
    "failure": ({"type", "message"}, set(), []),
    "system-out": (set(), set(), []),
}


def parsed(run: JunitRun) -> ET.Element:
    """The report, checked against the grammar."""
    root = ET.fromstring(render(run).encode())
    assert root.tag == "testsuites"
    for element in root.iter():
        needed, more, inside = GRAMMAR[element.tag]
        assert needed <= set(element.keys()) <= needed | more, element.tag
        places = [inside.index(child.tag) for child in element]
        assert places == sorted(places), element.tag
    for counted in (root, root[0]):
        assert int(counted.attrib["tests"]) == len(root.findall(".//testcase"))
        assert int(counted.attrib["failures"]) == len(root.findall(".//testcase/failure"))
        assert counted.attrib["errors"] == "0"
    return root


def test_a_case_for_each_expectation_and_one_for_the_run() -> None:
    root = parsed(JunitRun("Nightly", 1_700_000_000.0, 1.5, (MET, UNMET), said=("2 calls: 2 x 403",)))
    suite = root[0]
    assert (suite.attrib["name"], suite.attrib["time"], suite.attrib["timestamp"]) == (
        "Nightly",
        "1.500",
        "2023-11-14T22:13:20",
    )
    assert [case.attrib["name"] for case in suite] == ["calls: at least 1 call", 'lines: at most "2"\n<b>', "the run"]
    assert {case.attrib["classname"] for case in suite} == {"Nightly"}
    met, unmet, run = suite
    assert met.findtext("system-out") == "got 3"
    failure = unmet[0]
    assert failure.attrib == {"type": "lines", "message": 'wanted at most "2"\n<b>, got 3 & more'}
    assert failure.text == ('a.yaml:4:5: lines: wanted at most "2"\n<b>, got 3 & more\n    +49 -> +44: too many')
    assert run.findtext("system-out") == "2 calls: 2 x 403"


def test_a_run_that_failed_for_another_reason() -> None:
    root = parsed(JunitRun("Nightly", 0.0, 1.0, failures=("the dialler ended with status 3", "and more")))
    (case,) = root[0]
    assert case[0].attrib["message"] == "the dialler ended with status 3"
    assert case[0].text == "the dialler ended with status 3\nand more"


def test_the_same_expectation_twice() -> None:
    root = parsed(JunitRun("n", 0.0, 1.0, (MET, MET)))
    assert [case.attrib["name"] for case in root[0]][:2] == ["calls: at least 1 call #1", "calls: at least 1 call #2"]


def test_what_xml_forbids_is_escaped() -> None:
    assert allowed("a\x00b\x1b\ud800\uffff\t\n") == "a\\x00b\\x1b\\ud800\\uffff\t\n"


@settings(deadline=None)  # the machine may be busy
@given(st.text(), st.text(), st.text())
def test_any_text_can_stand_in_it(name: str, wanted: str, evidence: str) -> None:
    outcome = Outcome("calls", wanted, evidence, False, evidence=(evidence,))
    root = parsed(JunitRun(name, 0.0, 1.0, (outcome,), (evidence,), (wanted,)))
    assert root[0].attrib["name"] == allowed(name)
    assert root[0][0].attrib["name"] == f"calls: {allowed(wanted)}"
