"""Templates to HTML. Every text is escaped; there is no inline script or style."""

from __future__ import annotations

import functools
import hashlib
from importlib import resources
from typing import TYPE_CHECKING, Any

from agent.report.words import amount, at, duration, figure, many
from agent.view.events import command_in_words
from agent.view.words import FOCUS, light_in_words
from agent.web.pages import wording

if TYPE_CHECKING:
    import jinja2
    from fastapi import Request

    from agent.web.guard import Caller
    from agent.web.pages.notes import Note

LOOKS = {"dark": "dark", "red": "dim red", "light": "light"}
LOOK_COOKIE = "microscout-look"


def render(
    name: str, request: Request, who: Caller | None, *, note: Note | None = None, **known: Any
) -> str:
    """A page as text. `who` decides which controls are there; the server checks each act again."""
    look = request.cookies.get(LOOK_COOKIE, "dark")
    return (
        _templates()
        .get_template(name)
        .render(
            who=who,
            operator=who is not None and who.operator,
            csrf=who.csrf if who is not None else "",
            note=note,
            look=look if look in LOOKS else "dark",
            looks=LOOKS,
            path=request.url.path,
            **known,
        )
    )


@functools.cache
def _templates() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("agent.web", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {
        "at": at,
        "duration": duration,
        "figure": figure,
        "local": wording.local,
        "moment": wording.moment,
        "state": wording.state_in_words,
        "command": command_in_words,
        "light": light_in_words,
        "slot": wording.slot_in_words,
        "value": wording.value_in_words,
        "urlpart": wording.url_part,
    }
    environment.globals |= {
        "many": many,
        "amount": amount,
        "file": _file,
        "focus_words": FOCUS,
        "zone": wording.zone,
    }
    return environment


@functools.cache
def _file(name: str) -> str:
    """Address of a static file, which changes with its content."""
    content = resources.files("agent.web").joinpath("static", name).read_bytes()
    return f"/static/{name}?v={hashlib.sha256(content).hexdigest()[:12]}"
