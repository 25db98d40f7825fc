"""The door on a real socket, and clients that are as rude as sockets allow."""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import socket
import time
from typing import TYPE_CHECKING

from agent.web.serve import WebServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from api_kit import House

WITHIN_S = 20.0
PATIENCE_S = 90.0  # for what another process has to do on a busy computer


@contextlib.contextmanager
def served(house: House) -> Iterator[tuple[WebServer, str]]:
    """The house's app under uvicorn on a free port; ended at the end."""
    server = WebServer(house.app, house.guard.config)
    url = server.open()
    server.start()
    try:
        yield server, url
    finally:
        assert server.stop(), "the server does not end"


def address(url: str) -> tuple[str, int]:
    host, _, port = url.rpartition("/")[2].rpartition(":")
    return host.strip("[]"), int(port)


def dial(url: str) -> socket.socket:
    return socket.create_connection(address(url), timeout=WITHIN_S)


def closed_within(connection: socket.socket, seconds: float) -> bytes | None:
    """What came before the other side closed; None if it did not close in time."""
    ends_s, got = time.monotonic() + seconds, b""
    while (left_s := ends_s - time.monotonic()) > 0:
        connection.settimeout(left_s)
        try:
            part = connection.recv(65536)
        except TimeoutError:
            return None
        except ConnectionError:
            return got
        if not part:
            return got
        got += part
    return None


def until(true: Callable[[], bool]) -> None:
    ends_s = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < ends_s, "it does not come to that"
        time.sleep(0.02)


def certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1, and its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "scope.lab")])
    now = dt.datetime.now(dt.UTC)
    names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("scope.lab")]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    cert_path, key_path = folder / "cert.pem", folder / "key.pem"
    cert_path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return cert_path, key_path
