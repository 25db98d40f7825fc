"""A service's tokens, one a role: made at the start, kept as hashes, compared in constant time.

A token is 256 random bits, so a plain SHA-256 of it is enough; nobody can guess one.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import hmac
import json
import os
import secrets
import threading
from enum import StrEnum
from typing import TYPE_CHECKING

from agent.finding import config_error

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME = "tokens.json"
_PREFIX = "ms"
_NO_HASH = "0" * 64


class Role(StrEnum):
    """Who may do what: a viewer looks, an assistant also stops, an operator does everything.

    What else an assistant may ask for is /mcp's to say (`agent.mcp.kinds`); no person is behind its
    token, so nothing that people do is done with it.
    """

    VIEWER = "viewer"
    ASSISTANT = "assistant"
    OPERATOR = "operator"

    def covers(self, wanted: Role) -> bool:
        """Whether somebody of this role may do what is meant for `wanted`."""
        order = list(Role)
        return order.index(self) >= order.index(wanted)


def clear_file(home: Path, role: Role) -> Path:
    """Where a token lies in the clear, for people and programs of the service's own account."""
    return home / f"{role}.token"


class Tokens:
    """The tokens of a HOME. Shared by threads; looks at the file again when it has changed."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._path = home / FILE_NAME
        self._lock = threading.Lock()
        self._stamp: tuple[int, int, int] | None = None
        self._hashes: dict[Role, str] = {}

    def __repr__(self) -> str:
        return f"Tokens({self._path})"

    def ensure(self) -> tuple[Role, ...]:
        """Make what is missing; the roles whose token is new (read it in `clear_file`).

        Raises ConfigError where the files cannot be written or read.
        """
        self._reload()
        missing = tuple(role for role in Role if role not in self._hashes)
        for role in missing:
            self.rotate(role)
        return missing

    def rotate(self, role: Role) -> None:
        """A new token in place of the old one, which opens nothing from now on."""
        token = f"{_PREFIX}{role[0]}_{secrets.token_urlsafe(32)}"
        try:
            self._home.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self._lock:
                kept = self._read() | {role: _hash(token)}
                now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
                content = {"written_utc": now, "sha256": {str(r): h for r, h in kept.items()}}
                # the hash first: a token in the clear that opens nothing is worse than none
                _write_private(self._path, json.dumps(content, indent=1))
                _write_private(clear_file(self._home, role), token + "\n")
        except OSError as error:
            raise config_error(
                self._path, f"cannot be written ({error.strerror})", "give another HOME"
            ) from None
        self._reload()

    def role_of(self, token: str) -> Role | None:
        """Whose token it is; None for nobody's. Takes the same time whatever is given."""
        self._reload()
        given = _hash(token)
        found: Role | None = None
        for role in Role:  # never ends early, and compares even where there is nothing to
            if hmac.compare_digest(given, self._hashes.get(role, _NO_HASH)):
                found = role
        return found

    def stamp_of(self, role: Role) -> str:
        """Changes when a role's token does: what was opened with the old one is closed."""
        self._reload()
        return self._hashes.get(role, _NO_HASH)[:16]

    @property
    def complete(self) -> bool:
        """Whether every role has a token."""
        self._reload()
        return set(self._hashes) == set(Role)

    # ------------------------------------------------------------------ inside

    def _reload(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            found = self._path.stat()
            stamp = (found.st_mtime_ns, found.st_ino, found.st_size)
            if stamp != self._stamp:
                self._hashes = self._read()
                self._stamp = stamp

    def _read(self) -> dict[Role, str]:
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
            known = {Role(role): str(value) for role, value in content["sha256"].items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            remedy = "delete it: new tokens are made at the next start"
            raise config_error(self._path, "is not readable as tokens", remedy) from None
        return known


def read_clear(path: Path) -> str | None:
    """A token from a file; None where there is none, or it must not be read."""
    try:
        return path.read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _write_private(path: Path, text: str) -> None:
    """Whole or not at all, and never readable by others, not even for a moment."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
