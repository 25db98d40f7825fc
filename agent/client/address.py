"""Where the service is, and what opens it."""

from __future__ import annotations

import getpass
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from agent.finding import config_error, one_line
from agent.service.home import Home, default_home
from agent.web.settings import is_loopback

if TYPE_CHECKING:
    import ssl

URL, TOKEN, PERSON = "MICROSCOUT_URL", "MICROSCOUT_TOKEN", "MICROSCOUT_PERSON"
AUTHORITY = "SSL_CERT_FILE"
TOKENS = ("operator.token", "viewer.token")
START = "start it with: microscout serve"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line says about it; None: see the environment, then the service's home."""

    url: str | None = None
    token: str | None = field(default=None, repr=False)
    home: Path | None = None


@dataclass(frozen=True, slots=True)
class Address:
    """A service: `url` without a slash at its end."""

    url: str
    token: str = field(repr=False)

    @property
    def local(self) -> bool:
        """Whether it is on this computer, by its name."""
        return is_loopback(urlsplit(self.url).hostname or "")

    def headers(self, door: str) -> dict[str, str]:
        """What says who asks, and by which door."""
        token = f"Bearer {self.token}"
        return {"authorization": token, "x-person": quote(person()), "x-door": door}

    def transport(self) -> dict[str, Any]:
        """For httpx. No proxy stands between a computer and itself: it would see the token.

        Raises ConfigError where the authority's file cannot be used.
        """
        return {"trust_env": not self.local, "verify": _trusted() or True}


def find(wanted: Wanted, tokens: tuple[str, ...] = TOKENS) -> Address:
    """The service that is meant. Raises ConfigError, in one line, where there is none.

    A token that lies in the home is sent to the address that lies beside it, and to no other.

    Parameters
    ----------
    tokens : files of the home that may open it, the first one that is there. Where a viewer's is
        wanted, the environment's token is not taken: nobody knows whose it is.
    """
    home = Home(wanted.home or default_home())
    here = _written(home)
    url = wanted.url or os.environ.get(URL) or here
    if url is None:
        raise config_error("service", f"none runs here ({home.path})", START)
    url = url.rstrip("/")
    token = wanted.token or (os.environ.get(TOKEN) if tokens[0] != TOKENS[1] else None)
    if not token and url == here:
        token = _token(home.path, tokens)
    if not token:
        remedy = f"give it in {TOKEN}; it lies in {tokens[0]} in the service's home"
        raise config_error(url, "no token for this service", remedy)
    if not token.isascii() or not token.isprintable():
        raise config_error(url, "this is no token", f"see {TOKENS[0]} in the service's home")
    address = Address(url, token)
    try:
        parts, local = urlsplit(url), address.local
    except ValueError:
        parts, local = urlsplit(""), False
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise config_error(url, "is no address of a service", "write http://127.0.0.1:8765")
    if parts.scheme == "http" and not local:
        raise config_error(url, "the token would travel unencrypted", "use https://")
    return address


def person() -> str:
    """Who sits here, for the journal; the token says what they may do."""
    named = os.environ.get(PERSON)
    if named:
        return one_line(named)[:80]
    try:
        return one_line(getpass.getuser())
    except (OSError, KeyError, ImportError):  # an account without a name
        return "somebody"


def _trusted() -> ssl.SSLContext | None:
    """The authorities of SSL_CERT_FILE; None: the usual ones."""
    import ssl

    file = os.environ.get(AUTHORITY)
    if not file:
        return None
    try:
        return ssl.create_default_context(cafile=file)
    except OSError:  # ssl.SSLError is one
        message, remedy = f"{file} is no file of certificates", "name the authority's file"
        raise config_error(AUTHORITY, message, remedy) from None


def _written(home: Home) -> str | None:
    """What a running service has written about itself."""
    try:
        found = json.loads(home.address.read_text(encoding="utf-8"))["url"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, str) else None


def _token(home: Path, tokens: tuple[str, ...]) -> str | None:
    for name in tokens:
        try:
            token = (home / name).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            continue
        if token:
            return token
    return None
