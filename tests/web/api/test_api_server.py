"""The door on a real socket: slow clients, streams, TLS, where it may listen, how it ends."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from api_kit import GENEROUS, House, build
from server_kit import WITHIN_S, certificate, closed_within, dial, served, until

from agent.finding import ConfigError
from agent.web.protocol import MOST_SILENT
from agent.web.serve import WebServer
from agent.web.settings import WebConfig, check_binding, is_loopback

if TYPE_CHECKING:
    from pathlib import Path

    from standin import StandIn

QUICK = GENEROUS.model_copy(
    update={"header_timeout_s": 0.5, "body_timeout_s": 0.5, "send_timeout_s": 1.0}
)
PATIENT_S = 6.0  # generous against the half second above


@pytest.fixture
def quick(tmp_path: Path, standin: StandIn) -> House:
    return build(tmp_path / "home", standin, WebConfig(port=0, limits=QUICK))


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET /health HT",
        b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ",
        b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",  # and then nothing more
    ],
    ids=["nothing", "half a line", "half a header", "idle after an answer"],
)
def test_a_connection_that_asks_nothing_is_closed(quick: House, sent: bytes) -> None:
    with served(quick) as (_, url), dial(url) as slow:
        slow.sendall(sent)
        got = closed_within(slow, PATIENT_S)
        assert got is not None, "it is held open"
        assert got.startswith(b"HTTP/1.1 200") is sent.endswith(b"\r\n\r\n")


def test_headers_that_drip_in_are_closed_all_the_same(quick: House) -> None:
    with served(quick) as (_, url), dial(url) as slow:
        slow.sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        ends_s = time.monotonic() + PATIENT_S
        with contextlib.suppress(ConnectionError):
            while time.monotonic() < ends_s:
                slow.sendall(b"X-Drip: 1\r\n")
                time.sleep(0.1)
            pytest.fail("it is held open")


def test_a_body_that_does_not_come_is_a_408_and_the_end(quick: House) -> None:
    with served(quick) as (_, url), dial(url) as slow:
        lines = [
            "POST /api/v1/attend HTTP/1.1",
            "Host: 127.0.0.1",
            f"Authorization: {quick.bearer()['authorization']}",
            "Content-Type: application/json",
            "Content-Length: 18",
            "",
            '{"att',
        ]
        slow.sendall("\r\n".join(lines).encode())
        got = closed_within(slow, PATIENT_S)
        assert got is not None
        assert got.startswith(b"HTTP/1.1 408")


def test_a_stop_gets_through_a_crowd_of_silent_connections(quick: House) -> None:
    """As many as uvicorn would keep for ever, and more than are kept here."""
    patient = QUICK.model_copy(update={"header_timeout_s": 60.0})
    house = build(quick.home, quick.service, WebConfig(port=0, limits=patient))
    with served(house) as (_, url), contextlib.ExitStack() as crowd:
        for _ in range(MOST_SILENT + 40):
            crowd.enter_context(dial(url)).sendall(b"GET /health HTTP/1.1\r\n")
        stopped = httpx.post(f"{url}/api/v1/stop", headers=house.bearer(), timeout=WITHIN_S)
        assert stopped.json()["light_off"] == "confirmed"


@pytest.mark.parametrize(
    "lengths",
    [
        "Content-Length: 18\r\nTransfer-Encoding: chunked",  # which end? a proxy may see the other
        "Content-Length: 18\r\nContent-Length: 0",
        "Content-Length: 18\r\nTransfer-Encoding : chunked",
        "Transfer-Encoding: xchunked",
        "Content-Length: 0x12",
        "Content-Length: +18",
        "Content-Length: 18, 0",
    ],
)
def test_a_request_whose_end_is_doubtful_is_not_read_and_nothing_after_it(
    quick: House, lengths: str
) -> None:
    """Else a proxy before us and we may take one client's bytes for another's request."""
    token = quick.bearer()["authorization"]
    head = f"HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {token}\r\n"
    hidden = f"POST /api/v1/stop {head}Content-Length: 0\r\n\r\n"
    body = "0\r\n\r\n" if "chunked" in lengths else ""
    with served(quick) as (_, url), dial(url) as connection:
        connection.sendall(f"POST /api/v1/attend {head}{lengths}\r\n\r\n{body}{hidden}".encode())
        got = closed_within(connection, PATIENT_S)
    assert got is not None and got.startswith(b"HTTP/1.1 400"), got
    assert got.count(b"HTTP/1.1 ") == 1
    assert quick.service.stops == 0


def test_headers_that_are_too_long_are_an_error_not_a_fault(quick: House) -> None:
    with served(quick) as (_, url):
        for headers in ({"x-long": "x" * 100_000}, {f"x-{n}": "y" * 50 for n in range(2000)}):
            with contextlib.suppress(httpx.TransportError):  # closed before all was sent
                assert httpx.get(f"{url}/health", headers=headers).status_code in (400, 431)
        with contextlib.suppress(httpx.TransportError):
            assert httpx.get(f"{url}/{'a' * 50_000}").status_code in (400, 431)
        assert httpx.get(f"{url}/health").status_code == 200


def test_a_client_that_does_not_read_is_let_go(
    quick: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "x" * 1_900_000  # more than the sockets' buffers take
    monkeypatch.setattr(quick.service, "plan_yaml", lambda _: text)
    with served(quick) as (_, url), dial(url) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        token = quick.bearer()["authorization"]
        for _ in range(20):
            lines = ["GET /api/v1/experiments/2/plan HTTP/1.1", "Host: localhost"]
            lines += [f"Authorization: {token}", "", ""]
            with contextlib.suppress(ConnectionError):
                deaf.sendall("\r\n".join(lines).encode())
        until(lambda: 'status="2xx"' in _metrics(url, quick))
        until(lambda: _in_flight(quick) == 0)


def test_listening_pages_hear_of_changes_and_do_not_hold_up_the_end(quick: House) -> None:
    heard: list[list[str]] = [[], [], []]
    with served(quick) as (server, url):

        def listen(lines: list[str]) -> None:
            where = f"{url}/api/v1/events"
            with (
                contextlib.suppress(httpx.TransportError),
                httpx.stream("GET", where, headers=quick.bearer(), timeout=60) as stream,
            ):
                assert stream.headers["content-type"].startswith("text/event-stream")
                lines.extend(line for line in stream.iter_lines() if line.startswith("event"))

        threads = [threading.Thread(target=listen, args=(lines,)) for lines in heard]
        for thread in threads:
            thread.start()
        until(lambda: all(len(lines) == 1 for lines in heard))
        time.sleep(1.2)  # the first look has been taken
        quick.service.hold("stage x is 12 um off")
        until(lambda: all(len(lines) >= 2 for lines in heard))
        began_s = time.monotonic()
        assert server.stop()
        assert time.monotonic() - began_s < 10
        for thread in threads:
            thread.join(WITHIN_S)
            assert not thread.is_alive()
    assert heard == [["event: changed"] * len(heard[0])] * 3


def test_a_stream_ends_when_its_token_is_replaced(
    quick: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.web.events.BEAT_S", 0.2)
    with served(quick) as (_, url):
        ended = threading.Event()
        began = threading.Event()

        def listen() -> None:
            where = f"{url}/api/v1/events"
            with httpx.stream("GET", where, headers=quick.bearer(), timeout=60) as stream:
                for _ in stream.iter_lines():
                    began.set()
            ended.set()

        threading.Thread(target=listen, daemon=True).start()
        assert began.wait(WITHIN_S)
        from agent.web.tokens import Role

        quick.tokens.rotate(Role.OPERATOR)
        assert ended.wait(WITHIN_S)


def test_a_request_under_way_does_not_hold_up_the_end_for_long(
    quick: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = threading.Event()
    monkeypatch.setattr(quick.service, "status", lambda: go.wait(WITHIN_S))
    with served(quick) as (server, url):
        asking = threading.Thread(target=lambda: _quietly(f"{url}/api/v1/status", quick))
        asking.start()
        until(lambda: _in_flight(quick) == 1)
        began_s = time.monotonic()
        assert server.stop()
        assert time.monotonic() - began_s < 10
        go.set()
        asking.join(WITHIN_S)


def test_tls(tmp_path: Path, standin: StandIn) -> None:
    cert, key = certificate(tmp_path)
    config = WebConfig(port=0, tls_cert=cert, tls_key=key, limits=GENEROUS)
    house = build(tmp_path / "home", standin, config)
    with served(house) as (_, url):
        assert url.startswith("https://127.0.0.1:")
        trusted = ssl.create_default_context(cafile=str(cert))
        assert httpx.get(f"{url}/health", verify=trusted).status_code == 200
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{url}/health")
        with pytest.raises(httpx.TransportError):
            httpx.get(url.replace("https", "http") + "/health")


def test_a_port_that_is_taken_is_one_line(quick: House) -> None:
    with served(quick) as (_, url):
        port = int(url.rpartition(":")[2])
        config = WebConfig(port=port, limits=GENEROUS)
        with pytest.raises(ConfigError, match=f"port {port} on 127.0.0.1 cannot be used") as why:
            WebServer(quick.app, config).open()
        assert "\n" not in str(why.value)


# ---------------------------------------------------------------------- where it may listen

TLS = {"tls_cert": "/c.pem", "tls_key": "/k.pem"}


@pytest.mark.parametrize(
    ("settings", "token", "said"),
    [
        ({}, True, None),
        ({"host": "localhost"}, True, None),
        ({"host": "::1"}, True, None),
        ({"host": "192.168.1.7", **TLS}, True, None),
        ({"host": "scope.lab", **TLS}, True, None),
        ({"host": "0.0.0.0", "allowed_hosts": ["scope.lab"], **TLS}, True, None),
        ({}, False, "no token"),
        ({"host": "192.168.1.7", **TLS}, False, "no token"),
        ({"host": "192.168.1.7"}, True, "no TLS"),
        ({"host": "0.0.0.0"}, True, "no TLS"),
        ({"host": "::"}, True, "no TLS"),
        ({"host": "scope.lab"}, True, "no TLS"),
        ({"host": "127.0.0.1.evil.example"}, True, "no TLS"),
        ({"host": "localhost.evil.example"}, True, "no TLS"),
        ({"host": "0.0.0.0", **TLS}, True, "no name is allowed"),
        ({"tls_cert": "/c.pem"}, True, "tls_key is missing"),
        ({"tls_key": "/k.pem"}, True, "tls_cert is missing"),
    ],
)
def test_an_address_for_others_needs_tls_and_a_token(
    settings: dict[str, Any], token: bool, said: str | None
) -> None:
    config = WebConfig.model_validate(settings)
    if said is None:
        check_binding(config, has_token=token)
        return
    with pytest.raises(ConfigError, match=said) as why:
        check_binding(config, has_token=token)
    assert "\n" not in str(why.value)


@pytest.mark.parametrize("content", [None, "", "no PEM"], ids=["missing", "empty", "nonsense"])
def test_certificates_that_cannot_be_used_are_one_line(
    tmp_path: Path, quick: House, content: str | None
) -> None:
    cert, key = certificate(tmp_path)
    if content is None:
        key.unlink()
    else:
        key.write_text(content)
    config = WebConfig(port=0, tls_cert=cert, tls_key=key)
    with pytest.raises(ConfigError, match=r"no such file|cannot be used") as why:
        WebServer(quick.app, config).open()
    assert "\n" not in str(why.value)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("[::1]", True),
        ("::ffff:127.0.0.1", True),
        ("LocalHost.", True),
        ("0.0.0.0", False),
        ("::", False),
        ("", False),
        ("127.1", False),
        ("0x7f000001", False),
        ("10.0.0.1", False),
    ],
)
def test_what_is_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


# ---------------------------------------------------------------------- inside


def _metrics(url: str, house: House) -> str:
    return httpx.get(f"{url}/metrics", headers=house.bearer()).text


def _in_flight(house: House) -> int:
    """Requests of known people that are being answered."""
    shield: Any = house.app.middleware_stack
    while not hasattr(shield, "_now_in"):
        shield = shield.app
    found: int = shield._now_in["known"]
    return found


def _quietly(url: str, house: House) -> None:
    with contextlib.suppress(httpx.TransportError):
        httpx.get(url, headers=house.bearer(), timeout=WITHIN_S)
