"""How the dead-man watches, and how it switches the light off without the program it watched."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FiniteFloat

Seconds = Annotated[FiniteFloat, Field(gt=0, le=3600)]
Text = Annotated[str, Field(min_length=1)]


class _Section(BaseModel):
    """Frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


def _address(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(f"{text!r} is not HOST:PORT")
    return text


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("is not http://HOST/... or https://HOST/...")
    if parts.username is not None or parts.password is not None:
        # a run's record keeps the microscope's file: no secret may stand in it
        raise ValueError("must not contain a user or a password; use headers_from_env")
    return text


class TcpSwitch(_Section):
    """A lamp that listens on a TCP port."""

    kind: Literal["tcp"]
    """Sends a text to a TCP port and waits for the answer."""

    address: Annotated[str, AfterValidator(_address)]
    """HOST:PORT."""

    send: Text
    """What switches the light off, line end included."""

    expect: Text
    """The answer that confirms it: it is off once this text came back."""

    timeout_s: Seconds = 1.0
    """Longest wait for one try."""


class CommandSwitch(_Section):
    """A program that switches the lamp off."""

    kind: Literal["command"]
    """Runs a program; exit code 0 confirms that the light is off."""

    argv: Annotated[tuple[str, ...], Field(min_length=1)]
    """The program with its full path, and its arguments."""

    expect: str = ""
    """If given, the program's output must contain it as well."""

    timeout_s: Seconds = 2.0
    """Longest wait for one try; the program is ended then."""


class HttpSwitch(_Section):
    """A lamp, or a socket it is plugged into, with an HTTP interface."""

    kind: Literal["http"]
    """Makes one HTTP request; its status confirms that the light is off."""

    url: Annotated[str, AfterValidator(_url)]
    """Without user and password."""

    method: Literal["GET", "POST", "PUT", "DELETE", "PATCH"] = "POST"
    """Of the request."""

    body: str = ""
    """Of the request."""

    headers_from_env: dict[str, str] = Field(default_factory=dict)
    """Header -> name of the environment variable with its value. For tokens."""

    expect_status: Annotated[int, Field(ge=100, le=599)] = 200
    """The answer's status. A redirection is not followed."""

    timeout_s: Seconds = 1.5
    """Longest wait for one try."""


class MicroManagerSwitch(_Section):
    """Micro-Manager's own device for the lamp."""

    kind: Literal["micro_manager"]
    """Loads a configuration with nothing but the lamp, in a process of its own, and closes it."""

    mm_config: Text
    """A .cfg file with the lamp only: absolute, or beside the microscope's YAML."""

    shutters: Annotated[tuple[str, ...], Field(min_length=1)]
    """Its shutter devices; they are closed and read back."""

    timeout_s: Seconds = 10.0
    """Longest wait for one try."""


Switch = Annotated[
    TcpSwitch | CommandSwitch | HttpSwitch | MicroManagerSwitch, Field(discriminator="kind")
]


class DeadManConfig(_Section):
    """The process that switches the light off when the program cannot."""

    silence_s: Annotated[FiniteFloat, Field(ge=0.5, le=10)] = 1.0
    """While light is on: without a sign of life for so long, the program is ended and the light
    switched off."""

    silence_dark_s: Seconds = 15.0
    """The same while no light was announced. Longer: loading a library may hold everything up."""

    grace_s: Annotated[FiniteFloat, Field(ge=0.1, le=60)] = 1.0
    """How much longer than announced light may be on (opening and closing of shutters, a slow
    camera) before the program closes the shutters; half a second later the dead-man acts."""

    switches: tuple[Switch, ...] = ()
    """Ways to switch the light off. All are used at once; each must confirm. With none, a program
    that hangs is ended, and its light stays as it was."""
