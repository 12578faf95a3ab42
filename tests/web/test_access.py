"""Who is let in: this machine, by a name that says so; others with the token; no page of elsewhere."""

from __future__ import annotations

import http.client
import socket
from pathlib import Path

import pytest

from simcarrier.client import Client, ControlProblem, Unreachable
from simcarrier.web import body
from simcarrier.web.access import Access, NoToken, WebAddress, read_token
from tests.web.kit import Controlled

TOKEN = "a-token-of-many-characters"


@pytest.mark.parametrize(
    ("text", "host", "port", "loopback"),
    [
        ("127.0.0.1:8080", "127.0.0.1", 8080, True),
        ("localhost:0", "127.0.0.1", 0, True),
        ("[::1]:80", "::1", 80, True),
        ("127.9.9.9:1", "127.9.9.9", 1, True),
        ("0.0.0.0:8080", "0.0.0.0", 8080, False),
        ("[::]:8080", "::", 8080, False),
        ("192.0.2.1:65535", "192.0.2.1", 65535, False),
    ],
)
def test_addresses(text: str, host: str, port: int, loopback: bool) -> None:
    address = WebAddress.parse(text)
    assert (address.host, address.port, address.is_loopback) == (host, port, loopback)
    assert WebAddress.parse(str(address)) == address


@pytest.mark.parametrize(
    "text", ["", "8080", "127.0.0.1", "example.org:80", "::1:80", "127.0.0.1:65536", "http://127.0.0.1:1", "1:2:3"]
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match=r"write an IP address|must be an IP address"):
        WebAddress.parse(text)


def test_beyond_loopback_there_must_be_a_token() -> None:
    for address in ("0.0.0.0:0", "[::]:0", "192.0.2.1:8080"):
        with pytest.raises(NoToken, match="SIMCARRIER_CONTROL_TOKEN"):
            Access(WebAddress.parse(address), None)
        Access(WebAddress.parse(address), TOKEN)


def test_a_token_is_read_from_its_file_or_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    assert read_token({"SIMCARRIER_CONTROL_TOKEN": "another-token-of-many"}, file) == TOKEN
    assert read_token({"SIMCARRIER_CONTROL_TOKEN": TOKEN}, None) == TOKEN
    assert read_token({}, None) is None


@pytest.mark.parametrize(
    "content", [b"", b"short", b"two words of a token here", b"\xff" * 20, b"x" * 2000], ids=lambda c: f"{c[:9]!r}"
)
def test_what_is_no_token(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "token"
    file.write_bytes(content)
    with pytest.raises(NoToken) as raised:
        read_token({}, file)
    assert content.decode("latin-1").strip()[:10] not in str(raised.value).replace(str(file), "") or not content
    with pytest.raises(NoToken):
        read_token({}, tmp_path / "absent")


# Without a token: DNS rebinding, and pages of elsewhere


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "192.0.2.1", "", "localhost.evil"]
)
def test_a_host_that_is_not_this_machine_is_refused(carrier: Controlled, host: str) -> None:
    for method, path in (("GET", "/v1/calls"), ("POST", "/v1/reset"), ("GET", "/health"), ("GET", "/metrics")):
        answer = carrier.request(method, path, headers={"Host": host})
        assert (answer.status, answer.kind) == (421, "wrong-host")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:8080", "127.1.1.1"])
def test_names_of_this_machine(carrier: Controlled, host: str) -> None:
    assert carrier.request("GET", "/v1/calls", headers={"Host": host}).status == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1:1", "http://[", ""]
)
def test_a_page_of_elsewhere_can_do_nothing(carrier: Controlled, origin: str) -> None:
    before = carrier.state()
    answer = carrier.request("POST", "/v1/rules", {"respond": 480}, headers={"Origin": origin})
    assert (answer.status, answer.kind) == (403, "foreign-origin")
    assert carrier.state() == before


def test_a_page_of_our_own_can(carrier: Controlled) -> None:
    assert carrier.request("POST", "/v1/reset", headers={"Origin": carrier.url}).status == 200


def test_no_answer_lets_other_origins_read_it(carrier: Controlled) -> None:
    for method, path in (("GET", "/v1/calls"), ("OPTIONS", "/v1/rules"), ("GET", "/nothing"), ("GET", "/openapi.json")):
        headers = carrier.request(method, path).headers
        assert not [name for name in headers if name.lower().startswith("access-control")]
        assert (headers["cache-control"], headers["x-content-type-options"]) == ("no-store", "nosniff")


# With a token


@pytest.fixture(scope="module")
def guarded() -> object:
    with Controlled(address=WebAddress("0.0.0.0", 0), token=TOKEN) as controlled:
        yield controlled


def test_the_token_opens(guarded: Controlled) -> None:
    assert guarded.client.carrier()["name"] == "under control"
    assert guarded.request("GET", "/v1/rules", headers={"Authorization": f"bearer {TOKEN}"}).status == 200
    # A name on the network of containers is no attack here: a page does not know the token.
    assert guarded.request("GET", "/v1/rules", headers={"Host": "carrier:8080"}).status == 200
    assert guarded.request("POST", "/v1/reset", headers={"Origin": "http://evil.example"}).status == 403


@pytest.mark.parametrize(
    "said",
    ["", "Bearer", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", TOKEN, "Bearer \xe4\xf6"],
)
@pytest.mark.parametrize("path", ["/v1/rules", "/metrics", "/openapi.json", "/nothing"])
def test_nothing_else_does(guarded: Controlled, said: str, path: str) -> None:
    answer = guarded.request("GET", path, headers={"Authorization": said.encode("latin-1")})  # type: ignore[dict-item]  # httpx takes bytes
    assert (answer.status, answer.kind) == (401, "no-token")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert TOKEN not in answer.body["detail"]


def test_health_and_readiness_need_none(guarded: Controlled) -> None:
    for path in ("/health", "/ready"):
        assert guarded.request("GET", path, headers={"Authorization": ""}).status == 200


def test_a_client_without_the_token(guarded: Controlled, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ControlProblem, match="bring the control token"):
        Client(guarded.url).rules()
    monkeypatch.setenv("SIMCARRIER_CONTROL_TOKEN", TOKEN)
    monkeypatch.setenv("SIMCARRIER_CONTROL", guarded.url)
    assert Client().rules()["rules"]


# HTTP itself


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/rules", "GET, HEAD, POST, PUT"),
        ("POST", "/v1/calls", "GET, HEAD"),
        ("GET", "/v1/reset", "POST"),
        ("PATCH", "/v1/rules/x", "DELETE, GET, HEAD"),
        ("POST", "/openapi.json", "GET, HEAD"),
        ("OPTIONS", "/v1/wait", "GET, HEAD"),
    ],
)
def test_methods_that_are_not_for_a_path(carrier: Controlled, method: str, path: str, allowed: str) -> None:
    answer = carrier.request(method, path)
    assert (answer.status, answer.kind) == (405, "method-not-allowed")
    assert ", ".join(sorted(answer.headers["allow"].split(", "))) == allowed


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/", "/v1/rules/", "/v2/rules", "/v1/calls/1/2"])
def test_paths_that_lead_nowhere(carrier: Controlled, path: str) -> None:
    answer = carrier.request("GET", path)
    assert (answer.status, answer.kind) in ((404, "not-found"), (400, "bad-parameters"))


def test_a_head_of_everything_that_can_be_got(carrier: Controlled) -> None:
    for path in ("/health", "/v1/rules", "/v1/calls", "/metrics", "/v1/events", "/openapi.json"):
        answer = carrier.request("HEAD", path)
        assert (answer.status, answer.body) == (200, "")


def test_nothing_is_changed_by_get(carrier: Controlled) -> None:
    before = carrier.state()
    reading = ("rules", "rules/refused", "weather", "conditions", "calls", "near-misses", "carrier", "expectations")
    asking = ("verify?exactly=0", "wait?exactly=0", "events?for=1ms")
    for path in ("/metrics", *(f"/v1/{name}" for name in (*reading, *asking))):
        assert carrier.request("GET", path).status == 200
    assert carrier.state() == before


def raw(carrier: Controlled, sent: bytes) -> tuple[int, bytes]:
    """The status and the body of what comes back when just these bytes are sent."""
    host, _, port = carrier.url.removeprefix("http://").rpartition(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(sent)
        response = http.client.HTTPResponse(connection)
        response.begin()
        return response.status, response.read()


def test_a_body_that_does_not_come_is_not_waited_for(carrier: Controlled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "PATIENCE", 0.05)
    head = (
        b"POST /v1/rules HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    )
    status, answer = raw(carrier, head)
    assert status == 408
    assert b"urn:simcarrier:problem:too-slow" in answer


def test_a_body_without_a_length_is_bounded_too(carrier: Controlled) -> None:
    head = b"POST /v1/rules HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/yaml\r\n"
    status, answer = raw(carrier, head + b"Transfer-Encoding: chunked\r\n\r\n50000\r\n" + b"#" * 0x50000 + b"\r\n")
    assert status == 413
    assert b"urn:simcarrier:problem:too-large" in answer


@pytest.mark.parametrize(
    "sent", [b"nonsense\r\n\r\n", b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"]
)
def test_what_is_no_request_costs_nobody_anything(carrier: Controlled, sent: bytes) -> None:
    assert 400 <= raw(carrier, sent)[0] < 500
    assert carrier.dial("+491") == [403]


def test_a_client_says_so_if_nobody_is_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        client = Client(f"http://127.0.0.1:{free.getsockname()[1]}")
    with pytest.raises(Unreachable, match="does not answer"):
        client.rules()
    assert not client.ready()
