"""Whether a request was meant for us: its Host, and where the page that sent it came from.

A page elsewhere can make a browser send requests here, and a name elsewhere can be made to point
here (DNS rebinding). Neither knows a name that is allowed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from agent.web.settings import is_loopback, is_wildcard

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.web.settings import WebConfig

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def host_name(host: str) -> str | None:
    """The name in a Host header, without port, in lower case; None for what is none."""
    if host.startswith("["):
        name, closed, port = host[1:].partition("]")
        if not closed or (port and not (port[0] == ":" and port[1:].isdigit())):
            return None
    else:
        name, colon, port = host.partition(":")
        if colon and not port.isdigit():
            return None
    name = name.lower().removesuffix(".")
    return name if name and not set(name) & set(" /\\@#?%,") else None


def host_allowed(host: str, config: WebConfig) -> bool:
    """Whether a Host header names this service."""
    name = host_name(host)
    if name is None:
        return False
    if is_loopback(name):
        return True
    known = {allowed.lower().removesuffix(".") for allowed in config.allowed_hosts}
    if not is_wildcard(config.host):
        known.add(config.host.strip("[]").lower())
    return name in known


def origin_allowed(method: str, host: str, headers: Mapping[str, str]) -> bool:
    """Whether a request that changes something comes from our own page, or from no page at all."""
    if method in SAFE:
        return True
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    if origin is None:
        referer = headers.get("referer")
        return referer is None or _netloc(referer) == host.lower()
    return _netloc(origin) == host.lower()  # "null" has no place


def local_path(wanted: str) -> str:
    """A path on this service to go on to; "/" for anything else."""
    plain = wanted.startswith("/") and not wanted.startswith(("//", "/\\"))
    clean = plain and all(c.isprintable() and c not in ' \\"<>' for c in wanted)
    return wanted if clean and len(wanted) <= 500 else "/"


def _netloc(url: str) -> str | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts.netloc.lower() if parts.scheme in ("http", "https") else None
