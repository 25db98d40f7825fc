"""Who is told what, and how often: the service's `messages:`."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field, FiniteFloat, field_validator, model_validator

from agent.messages.message import MessageKind
from agent.messages.redact import holds_secret
from agent.plan_options import Model

Positive = Annotated[FiniteFloat, Field(gt=0)]
Name = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f:/@]+$")]
EnvName = Annotated[str, Field(min_length=1, max_length=200)]
_ENV = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_USUAL = (
    MessageKind.TROUBLE,
    MessageKind.QUESTION,
    MessageKind.MILESTONE,
    MessageKind.DONE,
    MessageKind.SUMMARY,
)


def _env_name(value: str | None) -> str | None:
    if value is not None and not _ENV.fullmatch(value):
        raise ValueError(
            "is not the name of an environment variable: put the address into one, and its name"
            " (such as MICROSCOUT_MAIL_URL) here"
        )
    return value


class TargetConfig(Model):
    """One place that messages go to."""

    name: Name
    """What it is called in the journal, on the page and in errors."""

    url: Annotated[str, Field(min_length=1, max_length=2000)] | None = None
    """Its address, where that holds no secret: `mailto://mail.lab.ch?to=ada@lab.ch`."""

    url_env: EnvName | None = None
    """Environment variable that holds its address."""

    url_file: Annotated[str, Field(min_length=1)] | None = None
    """File that holds its address; only its owner may read it (mode 0600)."""

    kinds: tuple[MessageKind, ...] = _USUAL
    """What it wants: trouble, question, event, milestone, done, summary."""

    @field_validator("url")
    @classmethod
    def _no_secret(cls, value: str | None) -> str | None:
        if value is not None and holds_secret(value):
            raise ValueError(
                "this address holds a password or token: put it into an environment variable and"
                " name that with url_env, or into a file of mode 0600 named with url_file"
            )
        return value

    _check_env = field_validator("url_env")(_env_name)

    @model_validator(mode="after")
    def _one_address(self) -> TargetConfig:
        if sum(x is not None for x in (self.url, self.url_env, self.url_file)) != 1:
            raise ValueError("give exactly one of url, url_env and url_file")
        return self


class RateConfig(Model):
    """How many messages that are not urgent one target gets."""

    burst: Annotated[int, Field(ge=1)] = 6
    """So many at once."""

    per_hour: Positive = 12.0
    """And so many per hour in the long run."""


class RetryConfig(Model):
    """What happens while a server does not take a message."""

    first_s: Positive = 10.0
    """Wait before the second try; it grows (3, 6, 12, 30, 60, 90 times this)."""

    most_s: Positive = 900.0
    """Longest wait between two tries."""

    give_up_s: Positive = 86_400.0
    """After this long a message counts as failed."""

    timeout_s: Positive = 20.0
    """A server that has not answered by then counts as silent."""


class QuietHours(Model):
    """Messages that are not urgent wait until the morning."""

    from_: Annotated[str, Field(alias="from")]
    """Local time, such as "22:00"."""

    until: str
    """Local time, such as "07:00"."""

    @field_validator("from_", "until")
    @classmethod
    def _a_time(cls, value: str) -> str:
        parse_time(value)
        return value


class MessagesConfig(Model):
    """Messages to people."""

    targets: tuple[TargetConfig, ...] = ()
    """Where messages go."""

    sender: Annotated[str, Field(min_length=1, max_length=40)] = "MicroScout"
    """Stands at the beginning of every title; name the microscope where there are several."""

    mail_server_env: EnvName | None = None
    """Environment variable with the mail server for plain addresses in a plan's `notify`:
    `mailtos://user:password@mail.lab.ch?from=scope@lab.ch`."""

    rate: RateConfig = RateConfig()
    """Rate limit of each target."""

    coalesce_s: Positive = 300.0
    """Messages about the same thing within this time become one."""

    retry: RetryConfig = RetryConfig()
    """Tries."""

    quiet_hours: QuietHours | None = None
    """When only urgent messages are sent. Left out: never."""

    morning_summary: str | None = "07:30"
    """Local time of the summary of the night; null for none."""

    timezone: str | None = None
    """Such as Europe/Zurich. Left out: this machine's."""

    _check_env = field_validator("mail_server_env")(_env_name)

    @field_validator("morning_summary")
    @classmethod
    def _a_time(cls, value: str | None) -> str | None:
        if value is not None:
            parse_time(value)
        return value

    @field_validator("timezone")
    @classmethod
    def _a_zone(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                ZoneInfo(value)
            except (ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError
                raise ValueError("is no time zone; write one such as Europe/Zurich") from None
            except KeyError:
                raise ValueError("is no time zone; write one such as Europe/Zurich") from None
        return value

    @model_validator(mode="after")
    def _names_once(self) -> MessagesConfig:
        names = [target.name for target in self.targets]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"two targets are called {min(twice)}: give each its own name")
        return self

    @property
    def zone(self) -> ZoneInfo | None:
        """The zone of all local times; None for this machine's."""
        return None if self.timezone is None else ZoneInfo(self.timezone)


def parse_time(text: str) -> dt.time:
    """``HH:MM``. Raises ValueError."""
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text):
        raise ValueError('is no time of day; write it as "07:30", in quotes')
    return dt.time(int(text[:2]), int(text[3:]))
