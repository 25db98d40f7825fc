"""Where messages go: addresses from the file, the environment, secret files and plans."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from agent.finding import ConfigError, Finding, Level, config_error, join, nearest
from agent.messages.message import MessageKind
from agent.messages.redact import KNOWN, holds_secret, secrets_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agent.messages.config import MessagesConfig, TargetConfig
    from agent.plan_options import NotifyConfig

_MAIL = re.compile(r"[^\s@/:?&#<>]+@[A-Za-z0-9][A-Za-z0-9.-]*")
_PLAN_KINDS = (MessageKind.TROUBLE, MessageKind.QUESTION, MessageKind.DONE)
_WEB = {"https": "jsons", "http": "json"}  # a plain web hook gets JSON


@dataclass(frozen=True, slots=True)
class Target:
    """One place with its address, which no repr shows."""

    name: str
    url: str = field(repr=False)
    kinds: tuple[MessageKind, ...] = ()


class AddressBook:
    """All targets of the service, and those that plans name. Its repr shows names only.

    Raises ConfigError, one finding for each, for an address that is missing, unreadable, readable
    by others, or of a kind that nothing here can send to.
    """

    def __init__(
        self,
        config: MessagesConfig,
        env: Mapping[str, str] | None = None,
        *,
        where: str = "messages",
        folder: Path | None = None,
    ) -> None:
        self._env = os.environ if env is None else env
        self._where, self._folder = where, folder or Path()
        findings: list[Finding] = []
        found: list[Target] = []
        for number, target in enumerate(config.targets):
            key = join("messages.targets", number)
            try:
                url = self._known(self._url(target, key), key)
                found.append(Target(target.name, url, target.kinds))
            except ConfigError as error:
                findings += error.findings
        self._server = ""
        if config.mail_server_env is not None:
            key = "messages.mail_server_env"
            try:
                self._server = self._known(self._of_env(config.mail_server_env, key), key)
            except ConfigError as error:
                findings += error.findings
        if findings:
            raise ConfigError(findings)
        self.targets = tuple(found)

    def __repr__(self) -> str:
        return f"AddressBook({', '.join(target.name for target in self.targets)})"

    def wanting(self, kind: MessageKind, notify: NotifyConfig | None = None) -> tuple[str, ...]:
        """Who gets a message of this kind: targets that want it, and a plan's own addresses."""
        names = [target.name for target in self.targets if kind in target.kinds]
        if notify is not None and kind in plan_kinds(notify):
            names += notify.to
        return tuple(dict.fromkeys(names))

    def find(self, name: str) -> Target | None:
        """The target of this name, or for an address of a plan; None where there is none."""
        named = next((target for target in self.targets if target.name == name), None)
        if named is not None or not name:
            return named
        if _MAIL.fullmatch(name):
            return Target(name, _mail_to(self._server, name)) if self._server else None
        url = sendable(name)
        return Target(name, url) if url and not holds_secret(name) else None

    def check(self, notify: NotifyConfig, file: str = "plan") -> list[Finding]:
        """What of a plan's `notify` cannot be sent to: said before the run, not in the night."""
        findings = [
            Finding(file, join("notify.to", number), Level.ERROR, *wrong)
            for number, to in enumerate(notify.to)
            if (wrong := self._wrong(to))
        ]
        if not self.wanting(MessageKind.TROUBLE, notify):
            message = "nobody is told when the run stops or needs somebody"
            remedy = "name an address under notify.to, or a target in the service's messages"
            findings.append(Finding(file, "notify", Level.WARNING, message, remedy))
        return findings

    def _wrong(self, to: str) -> tuple[str, str] | None:
        if self.find(to) is not None:
            return None
        if _MAIL.fullmatch(to):
            remedy = "set mail_server_env in the service's messages, or name one of its targets"
            return "a mail address, but the service has no mail server", remedy
        if holds_secret(to):
            remedy = "make it a target of the service with url_env, and write that target's name"
            return "this address holds a password or token; plans are shown to people", remedy
        if ":" in to:
            scheme = to.partition(":")[0][:20]
            remedy = "write a mail address, https://..., or the name of a target of the service"
            return f"nothing here can send to {scheme}:", remedy
        return f"no target is called {to!r}", nearest(to, [t.name for t in self.targets])

    def _url(self, target: TargetConfig, key: str) -> str:
        if target.url is not None:
            return target.url
        if target.url_env is not None:
            return self._of_env(target.url_env, f"{key}.url_env")
        return self._of_file(target.url_file or "", f"{key}.url_file")

    def _of_env(self, name: str, key: str) -> str:
        value = self._env.get(name, "").strip()
        if not value:
            message = f"the environment variable {name} is not set"
            remedy = "set it before the service starts (systemd: EnvironmentFile)"
            raise config_error(self._where, message, remedy, key=key)
        return value

    def _of_file(self, name: str, key: str) -> str:
        path = self._folder / Path(name).expanduser()
        try:
            mode = path.stat().st_mode
            text = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not text"
            raise config_error(
                self._where, f"{path} cannot be read: {reason}", "check the file", key=key
            ) from None
        if os.name == "posix" and mode & 0o077:
            message = f"{path} can be read by others (mode {mode & 0o777:o})"
            raise config_error(self._where, message, f"chmod 600 {path}", key=key)
        if not text or len(text.splitlines()) != 1:
            message = f"{path} does not hold one address on one line"
            raise config_error(self._where, message, "write the address, nothing else", key=key)
        return text

    def _known(self, url: str, key: str) -> str:
        KNOWN.learn(secrets_in(url))
        found = sendable(url)
        if not found:
            scheme = url.partition("://")[0][:20] if "://" in url else "such"
            message = f"nothing here can send to {scheme} addresses, or this one is not complete"
            remedy = "see https://appriseit.com for the form that a service's address has"
            raise config_error(self._where, message, remedy, key=key)
        return found


def plan_kinds(notify: NotifyConfig) -> tuple[MessageKind, ...]:
    """The kinds that a plan's own addresses get: trouble, questions and the end by default."""
    return tuple(MessageKind(kind) for kind in notify.on) or _PLAN_KINDS


def sendable(url: str) -> str:
    """The address as apprise takes it; "" where it takes it in no form."""
    from agent.messages.transport import accepts

    scheme, _, rest = url.partition("://")
    forms: Iterable[str] = (url, f"{_WEB[scheme]}://{rest}") if scheme in _WEB and rest else (url,)
    return next((form for form in forms if accepts(form)), "")


def _mail_to(server: str, address: str) -> str:
    """The mail server's address with a receiver."""
    parts = urlsplit(server)
    query = [(k, v) for k, v in parse_qsl(parts.query) if k not in ("to", "cc", "bcc")]
    said = urlencode([*query, ("to", address)], quote_via=quote)
    return urlunsplit((parts.scheme, parts.netloc, "/", said, ""))
