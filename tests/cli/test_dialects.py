"""``simcarrier dialects``: the list, a table, JSON, files, and what is said of a name that there is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from simcarrier.cli.check import check
from simcarrier.cli.dialects import dialects
from simcarrier.conditions import Condition
from simcarrier.scenario.dialects import FOLDER, SHIPPED


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(dialects, [str(argument) for argument in arguments])


def table(*arguments: str | Path) -> dict[str, list[str]]:
    """The lines of a table by their condition, columns made one space."""
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    lines: dict[str, list[str]] = {}
    for line in result.stdout.splitlines():
        if not line:
            continue
        first, *rest = line.split()
        if not line.startswith(" ") and first in tuple(Condition):
            last = lines.setdefault(first, [" ".join(rest)])
        elif lines and line.startswith(" "):
            last.append(" ".join([first, *rest]))
    return lines


def test_the_list() -> None:
    result = run()
    assert result.exit_code == 0
    names = [line.split()[0] for line in result.stdout.splitlines()]
    assert [name for name in names if "/" not in name] == list(SHIPPED)
    assert [name for name in names if "/" in name] == [
        "textbook/gone", "textbook/moved", "cis/403", "cis/404", "cis/503",
    ]  # fmt: skip
    assert "germany           Germany: 403 for a caller ID" in result.stdout


@pytest.mark.parametrize("name", SHIPPED)
def test_a_table_has_every_condition(name: str) -> None:
    assert list(table(name)) == list(Condition)


def test_it_is_told_in_short_words() -> None:
    said = table("textbook")
    assert said["no_answer"] == ["100, ringing 30s, 480 Temporarily Unavailable"]
    assert said["answered"] == ["100, ringing 1s, 200 OK"]
    assert said["busy"] == ["100, after 0.2s..1s 486 Busy Here"]
    assert said["lines_full"] == ["503 Service Unavailable"]
    assert said["rate_exceeded"] == ["503 Service Unavailable with Retry-After"]
    assert said["stalled_after_trying"] == ["100, silence"]
    assert said["silent"] == ["nothing is heard"]
    assert "(" not in run("textbook").stdout.partition("\n\n")[2]


def test_alternatives_have_their_shares_and_what_is_inherited_its_origin() -> None:
    said = table("us-legacy")
    assert said["blocked_by_analytics"] == [
        "50%: 100, after 0.1s..0.4s 603 Decline",
        "20%: 100, after 0.1s..0.4s 607 Unwanted",
        "30%: 100, after 0.1s..0.4s 608 Rejected with Call-Info",
    ]
    assert said["screened"][0] == "60%: 100, ringing 1s..3s, 603 Decline (us-2026)"
    assert said["busy"] == ["100, after 0.2s..1s 486 Busy Here (textbook)"]
    assert said["number_changed"][0].endswith("(textbook/gone)")


def test_a_gateway_has_been_gone_through() -> None:
    said = table("isup-gateway")
    assert said["ringing_mis_signalled"] == ["100, after 0.3s..1s 408 Request Timeout with Reason (textbook)"]


@pytest.mark.parametrize(
    ("announce", "told"),
    [
        ("announce: if_not_understood", "after 0.1s 183 with an announcement unless 608 is understood, "),
        ("announce: always, announcement: 1s..3s", "after 0.1s 183 with an announcement of 1s..3s, "),
    ],
)
def test_an_announcement_before_a_608(tmp_path: Path, announce: str, told: str) -> None:
    path = tmp_path / "mine.yaml"
    step = f"{{code: 608, call_info: signed, trying: true, delay: 100ms, {announce}}}"
    path.write_text(f"name: mine\ndescription: My own.\nconditions:\n  blocked_by_analytics: {{respond: {step}}}\n")
    assert table(path)["blocked_by_analytics"] == [f"100, {told}608 Rejected with Call-Info"]
    said = json.loads(run(path, "--format", "json").stdout)["conditions"]
    blocked = next(entry for entry in said if entry["condition"] == "blocked_by_analytics")
    assert blocked["alternatives"][0]["codes"] == [100, 183, 608]


def test_a_variant_and_a_file(tmp_path: Path) -> None:
    assert "404 Not Found" in table("cis/404")["registration_inactive"][0]
    path = tmp_path / "mine.yaml"
    path.write_text(
        "name: mine\ndescription: My own.\nconditions:\n  busy: {steps: [{drop: 2}, trying, progress, {wait: 2s}, "
        "{duplicate: 2}, {respond: 600}]}\n  declined: {steps: [{wait: 1s}, answer, {hang_up: 3s}]}\n"
        "variants: {a: {description: One.}, b: {description: Two., conditions: {busy: 486}}}"
    )
    said = table(path)
    assert said["busy"] == ["2 requests lost, 100, 183 Session Progress 2s, sent again, 600 Busy Everywhere"]
    assert said["declined"] == ["after 1s 200 OK, BYE after 3s"]
    assert run(path).stdout.startswith("My own.\nVariants:\n  a  One.\n  b  Two.\n\nanswered ")
    assert table(f"{path}/b")["busy"] == ["486 Busy Here"]


def test_json() -> None:
    listed = json.loads(run("--format", "json").stdout)
    assert [entry["name"] for entry in listed] == list(SHIPPED)
    assert listed[4]["variants"][1] == {
        "name": "404", "description": "A gateway that is not registered is not found.",
    }  # fmt: skip
    told = json.loads(run("us-legacy", "--format", "json").stdout)
    assert (told["name"], told["isup"]) == ("us-legacy", None)
    said = {entry["condition"]: entry for entry in told["conditions"]}
    assert list(said) == list(Condition)
    assert said["busy"]["inherited_from"] == "textbook"
    blocked = said["blocked_by_analytics"]
    assert blocked["inherited_from"] is None
    assert [(each["share"], each["codes"]) for each in blocked["alternatives"]] == [
        (0.5, [100, 603]), (0.2, [100, 607]), (0.3, [100, 608]),
    ]  # fmt: skip
    assert blocked["alternatives"][2]["headers"] == {"Call-Info": "a signed card;purpose=jwscard"}
    assert said["answered"]["alternatives"][0]["codes"] == [100, 180, 200]
    assert json.loads(run("isup-gateway", "--format", "json").stdout)["isup"] == "practice"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("gemany", 'did you mean "germany"?'),
        ("cis/402", "must name a variant"),
        ("no.yaml", "there is no file"),
    ],
)
def test_a_name_that_there_is_not(name: str, why: str) -> None:
    result = run(name)
    assert result.exit_code == 2
    assert why in result.stderr
    assert result.stdout == ""


def test_a_file_with_faults(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("name: x\nconditions: {bsy: 486}")
    result = run(tmp_path / "bad.yaml")
    assert result.exit_code == 2
    assert [line.rpartition("bad.yaml:")[2][:5] for line in result.stderr.splitlines()] == ["1:1: ", "2:14:"]


# check


def test_check_takes_dialects_too(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("name: x\ndescription: x\nconditions: {busy: 600}")
    (tmp_path / "b.yaml").write_text("name: x\ndescription: x\nconditions: {busi: 600}")
    (tmp_path / "c.yaml").write_text("name: x\ncarrier: {dialect: a.yaml}")
    result = CliRunner().invoke(check, [str(tmp_path)])
    assert result.exit_code == 2
    first, second, third = result.stdout.splitlines()
    assert first == f"{tmp_path}/a.yaml: ok (dialect, 1 condition)"
    assert second.startswith(f"{tmp_path}/b.yaml:3:14: conditions.busi: unknown condition")
    assert third == f"{tmp_path}/c.yaml: ok (0 rules)"


def test_check_finds_nothing_wrong_with_what_ships() -> None:
    result = CliRunner().invoke(check, [str(FOLDER)])
    assert result.exit_code == 0
    assert result.stdout.count(": ok (dialect, ") == len(SHIPPED)
