"""The HTTP door's settings: the section `web:` of the service's file."""

from __future__ import annotations

import ipaddress
import ssl
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from agent.finding import config_error

PLACE = "web"
Count = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)]
HostName = Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9._:-]+$")]


class WebModel(BaseModel):
    """Frozen; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class WebLimits(WebModel):
    """What one client, and all of them together, may ask for."""

    requests_per_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 50.0
    """Of one address, on average. A stop is never counted."""

    burst: Count = 200
    """Requests of one address at once, before the average counts."""

    failed_logins_per_minute: Count = 10
    """Wrong tokens of one address; further ones are not looked at for a minute."""

    concurrent: Count = 128
    """Requests that are answered at the same time; a stop comes on top."""

    event_clients: Count = 32
    """Pages that are told of changes at the same time."""

    body_bytes: Count = 1_048_576
    """Of any request."""

    plan_bytes: Count = 262_144
    """Of a request that carries a plan's YAML."""

    header_timeout_s: Seconds = 10.0
    """Until a connection has sent a request's headers."""

    body_timeout_s: Seconds = 20.0
    """Until a request has sent its body."""

    send_timeout_s: Seconds = 30.0
    """Until a client has taken what was sent."""

    session_idle_s: Annotated[float, Field(gt=0, le=2_592_000)] = 43_200.0
    """A page that nobody uses so long has to log in again."""


class WebConfig(WebModel):
    """Where the door is, and what it asks for."""

    host: Annotated[str, Field(min_length=1, max_length=253)] = "127.0.0.1"
    """Address to listen on. Another one than loopback needs `tls_cert` and `tls_key`."""

    port: Annotated[int, Field(ge=0, le=65535)] = 8765
    """0: a free one."""

    tls_cert: Path | None = None
    """Certificate (chain), PEM."""

    tls_key: Path | None = None
    """Its private key, PEM."""

    allowed_hosts: tuple[HostName, ...] = ()
    """Names by which browsers may reach it, beside loopback's and `host`."""

    metrics_open: bool = False
    """/metrics without a token for programs on this computer."""

    limits: WebLimits = WebLimits()
    """How much may be asked at once."""

    @property
    def tls(self) -> bool:
        """Whether it speaks HTTPS."""
        return self.tls_cert is not None

    @property
    def scheme(self) -> str:
        """Http or https."""
        return "https" if self.tls else "http"


def is_loopback(host: str) -> bool:
    """Whether only programs on this computer can reach an address. Unknown names are not."""
    if host.rstrip(".").lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def is_wildcard(host: str) -> bool:
    """Whether an address means every network of this computer."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_unspecified
    except ValueError:
        return False


def check_binding(config: WebConfig, *, has_token: bool) -> None:
    """Refuse an address that would leave the door open. Raises ConfigError in one line."""
    if (config.tls_cert is None) != (config.tls_key is None):
        missing = "tls_key" if config.tls_key is None else "tls_cert"
        raise config_error(PLACE, f"{missing} is missing", "give both files, or none", key=missing)
    if not has_token:
        raise config_error(PLACE, "there is no token", "make tokens before the door is opened")
    if is_loopback(config.host):
        return
    if config.tls_cert is None:
        raise config_error(
            PLACE,
            f"{config.host} can be reached by other computers, and there is no TLS",
            "give tls_cert and tls_key, or listen on 127.0.0.1",
            key="host",
        )
    if is_wildcard(config.host) and not config.allowed_hosts:
        raise config_error(
            PLACE,
            f"{config.host} means every network, and no name is allowed",
            "give allowed_hosts: the names that people type into their browser",
            key="allowed_hosts",
        )


def check_tls(config: WebConfig) -> None:
    """Look whether certificate and key can be used. Raises ConfigError in one line."""
    if config.tls_cert is None or config.tls_key is None:
        return
    for path, key in ((config.tls_cert, "tls_cert"), (config.tls_key, "tls_key")):
        if not path.is_file():
            raise config_error(PLACE, f"{path}: no such file", "give a PEM file", key=key)
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(config.tls_cert, config.tls_key, password="")
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        why = getattr(error, "reason", None) or type(error).__name__
        raise config_error(
            PLACE,
            f"certificate and key cannot be used ({why})",
            "give a PEM certificate and its PEM key without a password",
            key="tls_cert",
        ) from None
