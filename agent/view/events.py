"""The rows of the journal that are events, one function a kind: number -> what people read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from agent.report.unpack import as_text
from agent.report.words import duration
from agent.service.states import Level
from agent.service.views import EventView
from agent.view.decisions import decisions
from agent.view.journal import in_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from agent.view.journal import Rows

_LONG = 600
_BAD_NOTES = ("trouble", "difference", "operator", "guard", "hold", "light")
_COMMAND_NAMES = {
    "pause": "pause",
    "resume": "go on",
    "stop": "stop after this visit",
    "stop_now": "stop now",
    "skip": "skip a visit",
    "add": "one more visit",
    "burst": "image fast",
    "end_burst": "back to the baseline",
    "hold": "leave alone",
    "release": "image again",
    "refocus": "refocus",
    "set_exposure": "set the exposure",
    "release_exposure": "exposure as in the plan",
    "approve": "yes to a question",
    "deny": "no to a question",
    "attend": "somebody is there, or leaves",
}


def command_in_words(command: Mapping[str, Any]) -> str:
    """A live command as people say it."""
    name = str(command.get("command", ""))
    if name == "attend":
        return "is there" if command.get("attended") else "leaves"
    words = [_COMMAND_NAMES.get(name, name)]
    words += [as_text(command[key], 80) for key in ("fov", "channel") if command.get(key)]
    if command.get("visit") or command.get("ask"):
        words.append(f"{command.get('visit') or command.get('ask')}")
    if command.get("exposure_ms"):
        words.append(f"{command['exposure_ms']:g} ms")
    if command.get("delay_s"):
        words.append(f"in {duration(command['delay_s'])}")
    return " ".join(words)


def _notes(rows: Rows, ids: Sequence[int]) -> dict[int, EventView]:
    sql = "SELECT id, time_s, kind, text FROM notes WHERE id IN ({marks})"
    return {
        id_: EventView(
            id=f"note-{id_}",
            time_s=time_s,
            kind="note",
            title=as_text(kind, 80),
            detail=as_text(text, _LONG),
            level=Level.WARNING if any(word in kind for word in _BAD_NOTES) else Level.GOOD,
        )
        for id_, time_s, kind, text in in_parts(rows, sql, ids)
    }


def _refusals(rows: Rows, ids: Sequence[int]) -> dict[int, EventView]:
    sql = (
        "SELECT r.id, r.time_s, r.visit, coalesce(v.fov, ''), r.door, r.rule, r.what, r.bound,"
        " r.remedy FROM refusals r LEFT JOIN visits v ON v.id = r.visit WHERE r.id IN ({marks})"
    )
    return {
        id_: EventView(
            id=f"refusal-{id_}",
            time_s=time_s,
            kind="refusal",
            fov=fov,
            visit=visit,
            title=as_text(f"{what} refused ({rule})", _LONG),
            detail=as_text(f"{door}; limit: {bound}. Nothing was sent. {remedy}", _LONG),
            level=Level.WARNING,
        )
        for id_, time_s, visit, fov, door, rule, what, bound, remedy in in_parts(rows, sql, ids)
    }


def _errors(rows: Rows, ids: Sequence[int]) -> dict[int, EventView]:
    sql = (
        "SELECT e.id, e.time_s, e.visit, coalesce(v.fov, ''), e.place, e.kind, e.message"
        " FROM errors e LEFT JOIN visits v ON v.id = e.visit WHERE e.id IN ({marks})"
    )
    return {
        id_: EventView(
            id=f"error-{id_}",
            time_s=time_s,
            kind="error",
            fov=fov,
            visit=visit,
            title=as_text(f"{place}: {kind}", _LONG),
            detail=as_text(message, _LONG),
            level=Level.BAD,
        )
        for id_, time_s, visit, fov, place, kind, message in in_parts(rows, sql, ids)
    }


def _focus(rows: Rows, ids: Sequence[int]) -> dict[int, EventView]:
    sql = "SELECT id, time_s, visit, fov, ok, z_um, why FROM focus WHERE id IN ({marks})"
    return {
        id_: EventView(
            id=f"focus-{id_}",
            time_s=time_s,
            kind="focus",
            fov=fov,
            visit=visit,
            title=f"{fov}: focus found" if ok else f"{fov}: focus not found",
            detail=as_text(f"at {z_um:.2f} µm. {why}" if ok else why, _LONG),
            level=Level.GOOD if ok else Level.WARNING,
        )
        for id_, time_s, visit, fov, ok, z_um, why in in_parts(rows, sql, ids)
    }


def _commands(rows: Rows, ids: Sequence[int]) -> dict[int, EventView]:
    sql = "SELECT id, time_s, who, door, command, state, why FROM commands WHERE id IN ({marks})"
    found = {}
    for id_, time_s, who, door, text, state, why in in_parts(rows, sql, ids):
        command = _object(text)
        said = f" “{as_text(command['why'], _LONG)}”" if command.get("why") else ""
        found[id_] = EventView(
            id=f"command-{id_}",
            time_s=time_s,
            kind="command",
            fov=as_text(command.get("fov"), 80),
            visit=command.get("visit") if isinstance(command.get("visit"), int) else None,
            title=as_text(f"{who} ({door}): {command_in_words(command)}", _LONG),
            detail=as_text(f"{state}{': ' if why else ''}{why}.{said}", _LONG),
            level=Level.WARNING if state == "refused" else Level.GOOD,
        )
    return found


def _changes(rows: Rows, ids: Sequence[int]) -> dict[int, EventView]:
    sql = "SELECT id, time_s, who, words, diff, state, why FROM changes WHERE id IN ({marks})"
    found = {}
    for id_, time_s, who, words, diff, state, why in in_parts(rows, sql, ids):
        lines = _list(diff)
        told = "; ".join(_difference(line) for line in lines if isinstance(line, dict))
        found[id_] = EventView(
            id=f"change-{id_}",
            time_s=time_s,
            kind="change",
            title=as_text(f"{who} wants a change: {words}", _LONG),
            detail=as_text(f"{state}{f' ({why})' if why else ''}. {told}", _LONG),
            level=Level.WARNING if state in ("asked", "refused") else Level.GOOD,
        )
    return found


def _asks(rows: Rows, ids: Sequence[int]) -> dict[int, EventView]:
    sql = (
        "SELECT id, asked_s, visit, fov, action, reason, consequence, fallback, state, who, why"
        " FROM asks WHERE id IN ({marks})"
    )
    found = {}
    for row in in_parts(rows, sql, ids):
        id_, asked_s, visit, fov, action, reason, consequence, fallback, state, who, why = row
        name = as_text(_object(action).get("action"), 40).replace("_", " ") or "act"
        by = f" by {who}" if who else ""
        after = f": {why}" if why else ""
        found[id_] = EventView(
            id=f"ask-{id_}",
            time_s=asked_s,
            kind="ask",
            fov=fov,
            visit=visit,
            title=as_text(f"{fov}: may it {name}? ({consequence})", _LONG),
            detail=as_text(f"{reason}. {state}{by}{after}. Without answer: {fallback}", _LONG),
            level=Level.WARNING if state in ("asked", "failed", "expired") else Level.GOOD,
        )
    return found


def _decisions(rows: Rows, ids: Sequence[int]) -> dict[int, EventView]:
    return {**decisions(rows, ids)}


def _difference(line: Mapping[str, Any]) -> str:
    key, old, new = (as_text(line.get(name), 80) for name in ("key", "old", "new"))
    return f"{key}: {old} → {new}"


def _object(text: str) -> dict[str, Any]:
    try:
        body = json.loads(text)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _list(text: str) -> list[Any]:
    try:
        body = json.loads(text)
    except ValueError:
        return []
    return body if isinstance(body, list) else []


DETAILS: Mapping[str, Callable[[Rows, Sequence[int]], dict[int, EventView]]] = {
    "note": _notes,
    "command": _commands,
    "change": _changes,
    "ask": _asks,
    "focus": _focus,
    "decision": _decisions,
    "refusal": _refusals,
    "error": _errors,
}
