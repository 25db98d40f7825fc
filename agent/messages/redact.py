"""Takes everything that looks like a secret out of texts and logs.

Two ways: what is known to be secret (every part of a target's address that could be one) is taken
out wherever it stands; what only looks like one (user and password in a URL, tokens, keys) by its
shape. File names, run names and plain mail addresses stay.
"""

from __future__ import annotations

import base64
import logging
import re
import threading
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

HIDDEN = "***"
_SHORTEST = 4  # a shorter password would take half of every text with it
_WORDS = r"(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key)"
_SECRET_NAME = re.compile(rf"{_WORDS}|auth|signature|\bsig\b|\bkey\b|cookie", re.I)

_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"-----BEGIN [^-]*PRIVATE KEY-----.*?(?:-----END [^-]*-----|\Z)", re.S), HIDDEN),
    (re.compile(r"(?i)\b((?:proxy-)?authorization|(?:set-)?cookie)(\s*[=:]\s*)[^\r\n]+"),
     rf"\1\2{HIDDEN}"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"), rf"\1 {HIDDEN}"),
    (re.compile(r"\b([a-zA-Z][a-zA-Z0-9+.-]{1,20}://)[^\s/?#@]+@"), rf"\1{HIDDEN}@"),
    (re.compile(rf"(?i)(\b[\w-]*{_WORDS}[\w-]*[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;]+"),
     rf"\1{HIDDEN}"),
    (re.compile(r"(?i)([?&](?:key|auth|sig|signature|code)=)[^\s&#]+"), rf"\1{HIDDEN}"),
    (re.compile(r"(?i)\b(hooks\.slack\.com/|discord(?:app)?\.com/api/webhooks/"
                r"|[\w.-]*webhook\.office\.com/|api\.telegram\.org/)\S+"), rf"\1{HIDDEN}"),
    (re.compile(r"\b(?:sk|pk|rk)-[\w-]{8,}|\bgh[opsur]_\w{16,}|\bgithub_pat_\w{16,}"
                r"|\bxox[a-z]-[\w-]{8,}|\b(?:AKIA|ASIA)[A-Z0-9]{12,}|\btk_[a-z0-9]{16,}"
                r"|\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?|(?<!\d)\d{6,12}:[\w-]{30,}"), HIDDEN),
    # long, and of the mixture that names of files and runs do not have
    (re.compile(r"\b(?=[A-Za-z0-9]*[a-z])(?=[A-Za-z0-9]*[A-Z])(?=[A-Za-z0-9]*\d)[A-Za-z0-9]{24,}\b"
                ), HIDDEN),
    (re.compile(r"\b[0-9a-f]{32,}\b"), HIDDEN),
)  # fmt: skip


class Redactor:
    """Knows the secrets of the targets. Shared by all threads; its repr shows none."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._known: frozenset[str] = frozenset()
        self._pattern: re.Pattern[str] | None = None
        self.learn(secrets)

    def learn(self, secrets: Iterable[str]) -> None:
        """More of them, as written and as they look in a URL."""
        forms = {form for secret in secrets for form in _forms(secret)}
        with self._lock:
            known = self._known | forms
            if known != self._known:
                longest = sorted(known, key=len, reverse=True)
                self._pattern = re.compile("|".join(map(re.escape, longest)))
                self._known = known

    def __call__(self, text: str) -> str:
        """`text` without secrets."""
        if self._pattern is not None:
            text = self._pattern.sub(HIDDEN, text)
        for shape, instead in _SHAPES:
            text = shape.sub(instead, text)
        return text

    def __repr__(self) -> str:
        return f"Redactor({len(self._known)} known)"


def secrets_in(url: str) -> tuple[str, ...]:
    """Every part of an address that may be secret, the address itself first.

    Plain words (a topic, a folder, a host) and mail addresses are none.
    """
    try:
        parts = urlsplit(url)
        user, password = parts.username, parts.password
    except ValueError:
        return (url,)
    found = [url]
    if password:
        found += [password, _basic(user or "", password)]
    if user and not password and _random(user):
        found.append(user)  # a token in the place of the user: ntfy, gotify
    if parts.hostname and _random(raw := parts.netloc.rpartition("@")[2].partition(":")[0]):
        found.append(raw)  # tgram:// and slack:// begin with a token
    found += [part for part in unquote(parts.path).split("/") if _random(part)]
    found += [
        value
        for name, value in parse_qsl(parts.query)
        if len(value) >= _SHORTEST and (_SECRET_NAME.search(name) or _random(value))
    ]
    return tuple(dict.fromkeys(part for part in found if part))


def holds_secret(url: str) -> bool:
    """Whether an address must not stand in a file that people show each other."""
    return len(secrets_in(url)) > 1 or Redactor()(url) != url


class RedactingFilter(logging.Filter):
    """Takes secrets out of the records of the loggers it is attached to."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def filter(self, record: logging.LogRecord) -> bool:
        """Every record passes, redacted."""
        record.msg, record.args = self._redactor(record.getMessage()), None
        if record.exc_info:  # a traceback's texts cannot be changed: its last line says enough
            error = record.exc_info[1]
            record.msg = self._redactor(f"{record.msg} ({type(error).__name__}: {error})")
            record.exc_info = record.exc_text = None
        return True


def _random(part: str) -> bool:
    """Letters mixed with digits, or long: a token rather than a word."""
    if len(part) < 8 or "@" in part or re.fullmatch(r"[\d.:]+|[\w-]+(?:\.[\w-]+)+", part):
        return False  # addresses, IP addresses, host names, file names
    letters, digits = any(c.isalpha() for c in part), any(c.isdigit() for c in part)
    mixed = part.lower() != part and part.upper() != part and not part.istitle()
    return (letters and digits) or mixed or len(part) >= 20


def _basic(user: str, password: str) -> str:
    pair = f"{unquote(user)}:{unquote(password)}"
    return base64.b64encode(pair.encode()).decode("ascii")


def _forms(secret: str) -> set[str]:
    plain = unquote(secret)
    forms = {secret, plain, quote(plain, safe=""), quote(plain), quote_plus(plain)}
    return {form for form in forms if len(form) >= _SHORTEST}


KNOWN = Redactor()
"""The secrets of this process; every address that is used teaches it."""
