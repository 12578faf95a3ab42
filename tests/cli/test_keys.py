"""Private keys: no command tells one, whatever is said to it, and no traceback does."""

from __future__ import annotations

import logging
import os
import stat
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric import ec

from simcarrier.carrier.cards import Cards
from simcarrier.cli import COMMANDS, main
from simcarrier.scenario.load import load
from simcarrier.trust import jws
from simcarrier.trust.pki import load_credential
from simcarrier.trust.rejection import RejectionSigner

X5U = "https://certs.example/signing.pem"

SCENARIO = f"""name: Signs and verifies
carrier:
  shaken: {{trust: pki/ca.pem, certificates: {{"{X5U}": pki/signing.pem}}, policy: label, demand: true}}
  redress: {{name: Desk, tel: +18005550100}}
  signing:
    certificate: pki/signing.pem
    key: pki/signing-key.pem
    x5u: {X5U}
    deliver: http
    listen: https:127.0.0.1:0
    tls: {{certificate: pki/server.pem, key: pki/server-key.pem}}
calls:
  - {{to: /1$/, respond: {{code: 608, call_info: signed, card_damage: alg_hs256}}}}
  - {{respond: {{code: 608, call_info: signed}}}}
"""

PLAN = f"""name: Signs
parameters: {{carrier: "udp:127.0.0.1:5060"}}
trunks:
  a:
    address: $carrier
    caller: "+12125550100"
    identity: {{certificate: pki/signing.pem, key: pki/signing-key.pem, x5u: "{X5U}"}}
calls: [{{to: ["+13035550191", "+13035550192"]}}]
"""

MIXED_UP = SCENARIO.replace("key: pki/signing-key.pem", "key: pki/ca-key.pem")
NOT_A_KEY = SCENARIO.replace("trust: pki/ca.pem", "trust: pki/ca-key.pem")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("keys")
    done = CliRunner().invoke(main, ["pki", "init", str(made / "pki")])
    assert done.exit_code == 0
    files = {"signs.yaml": SCENARIO, "plan.yaml": PLAN, "mixed.yaml": MIXED_UP, "swapped.yaml": NOT_A_KEY}
    for name, text in files.items():
        (made / name).write_text(text)
    (made / "pki.txt").write_text(done.output)
    return made


def secrets(folder: Path) -> list[str]:
    """Every private key, in every way in which one may be written."""
    found = ["PRIVATE KEY"]
    for path in sorted((folder / "pki").glob("*-key.pem")):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        key = load_credential(folder / "pki" / path.name.replace("-key", ""), path).key
        number = key.private_numbers().private_value
        raw = number.to_bytes(32)
        found += [*path.read_text().splitlines()[1:-1], str(number), raw.hex(), jws.encode(raw).decode(), repr(raw)]
    assert len(found) > 18
    return found


def shell(folder: Path, command: str) -> str:
    """What a command prints, on both ways, with all that Python itself would tell."""
    verbose = {"PYTHONASYNCIODEBUG": "1", "PYTHONWARNINGS": "default"}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=os.environ | verbose | {"PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout


def hidden_in(told: str, folder: Path) -> list[str]:
    return [one for one in secrets(folder) if one in told]


def test_calls_that_are_signed_and_cards_that_are(folder: Path) -> None:
    """The carrier, the probe, and what they leave behind."""
    probe = "simcarrier probe plan.yaml --json --results results.jsonl --set carrier=udp:$SIMCARRIER_ADDRESS"
    told = shell(folder, f"simcarrier run signs.yaml --format json --listen udp:127.0.0.1:0 --exec '{probe}'")
    assert '"identity":"verified"' in told.replace(" ", "")
    assert "Traceback" not in told
    assert hidden_in(told, folder) == []
    results = (folder / "results.jsonl").read_text()
    assert "Call-Info" in results
    assert hidden_in(results, folder) == []


A_KEY = ["pki/signing-key.pem"]
SAID: dict[str, list[list[str]]] = {
    "pki": [["init", "pki"], ["init", "pki/ca.pem"]],
    "check": [["signs.yaml", "mixed.yaml", "swapped.yaml", "plan.yaml", "pki/ca-key.pem"]],
    "run": [["mixed.yaml"], A_KEY],
    "probe": [["plan.yaml", "--dry-run"], A_KEY],
    "inspect": [A_KEY, ["--ca", "pki/ca-key.pem", "pki.txt"]],
    "dialects": [["us-legacy"], ["pki/ca-key.pem"]],
    "schema": [[]],
    "simulate": [["signs.yaml", "--hours", "1", "--calls-per-hour", "20", "--quiet"], ["mixed.yaml"]],
}
"""What else is said to each command, if more than a key where there should be none."""


@pytest.mark.parametrize("name", COMMANDS)
def test_no_command_tells_a_key(
    folder: Path, name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.chdir(folder)
    for arguments in SAID.get(name, [A_KEY]):
        done = CliRunner().invoke(main, [name, *arguments])
        assert done.output
        assert done.exception is None or isinstance(done.exception, SystemExit)
        assert hidden_in(done.output + caplog.text, folder) == []


def test_what_making_them_prints(folder: Path) -> None:
    assert hidden_in((folder / "pki.txt").read_text(), folder) == []


def test_no_traceback_tells_a_key(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """With the names and values of every frame of ours that holds something signed, as a debugger would show them."""
    caplog.set_level(logging.DEBUG)
    cards = Cards(load(folder / "signs.yaml").carrier, 0.0, 1_790_000_000.0)
    cards.live = True
    cards.begin()

    def broken(*given: object) -> str:
        raise RuntimeError("the signer is broken")

    monkeypatch.setattr(jws.Signer, "sign", broken)
    with pytest.raises(RuntimeError) as caught:
        cards.call_info(1.0)
    # Without the frame of this test.
    stack = traceback.StackSummary.extract(traceback.walk_tb(caught.tb.tb_next), capture_locals=True)
    told = "".join(stack.format())
    assert "self = <simcarrier.carrier.cards.Cards" in told
    signer = cards._signer
    assert isinstance(signer, RejectionSigner)
    told += repr(vars(signer)) + repr(vars(signer._signer)) + repr(cards._credential) + caplog.text
    told += repr(ec.generate_private_key(ec.SECP256R1()))
    assert hidden_in(told, folder) == []
