"""The journal's JSON columns as plain data. Odd content is shown as text, never trusted."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from agent.report.record import Act, Seen

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST = 600  # characters of one text on the page
_CONTROL = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 127), " ")
_OUTCOME_KEYS = ("became", "result", "outcome", "state", "status", "answer")
_WHY_KEYS = ("why", "text", "detail", "message", "reason", "note")


def as_text(value: object, longest: int | None = None) -> str:
    """One value as text without control characters; None is ""."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    text = text.translate(_CONTROL)
    return text if longest is None or len(text) <= longest else text[: longest - 1] + "…"


def number(value: object) -> float | None:
    """A finite number, or None."""
    try:
        found = float(value)  # type: ignore[arg-type]  # anything else raises, and is None
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) else None


def acts_of(decision: str, applied: str) -> tuple[tuple[Act, ...], tuple[int, ...]]:
    """The actions of a decision with what became of each, and the visits it cites."""
    body = _object(decision) or {}
    actions = [action for action in _list(body.get("actions")) if isinstance(action, dict)]
    if not actions:  # the reader asks for decisions with actions only
        return (Act("unreadable", {"text": as_text(decision, _LONGEST)}, ""),), ()
    became = _became(applied, len(actions))
    acts = tuple(
        Act(
            as_text(action.get("action"), 40) or "unnamed",
            {key: value for key, value in action.items() if key != "action"},
            became[i],
        )
        for i, action in enumerate(actions)
    )
    cites = tuple(cite for cite in _list(body.get("cites")) if isinstance(cite, int))
    return acts, cites


def seen_of(visit: int, state: str, verdict: str) -> Seen:
    """A verdict row in full; a malformed one has nothing but its state."""
    body = _object(verdict) or {}
    focus = body.get("focus")
    focus = focus if isinstance(focus, dict) else {}
    count = number(body.get("count"))
    return Seen(
        visit=visit,
        state=state,
        judge=as_text(body.get("judge"), 80),
        target=as_text(body.get("target"), 80),
        p_target=number(body.get("p_target")),
        count=None if count is None else int(count),
        focus_state=as_text(focus.get("state"), 20),
        focus_score=number(focus.get("score")),
        flags=tuple(as_text(flag, 40) for flag in _list(body.get("flags"))),
        rationale=as_text(body.get("rationale"), _LONGEST),
        why_abstained=as_text(body.get("why_abstained"), _LONGEST),
        objects=tuple(
            found for item in _list(body.get("objects")) if (found := _object_seen(item))
        ),
    )


def _object_seen(item: object) -> tuple[float, float, float, str, float] | None:
    if not isinstance(item, dict):
        return None
    x, y = number(item.get("x_um")), number(item.get("y_um"))
    if x is None or y is None:
        return None
    area, score = number(item.get("area_um2")) or 0.0, number(item.get("score")) or 0.0
    return x, y, area, as_text(item.get("label"), 40), score


def _became(applied: str, n: int) -> list[str]:
    """One text per action, whatever shape the journal's writer chose."""
    try:
        body = json.loads(applied)
    except ValueError:
        body = applied
    if isinstance(body, dict) and isinstance(body.get("actions"), list):
        body = body["actions"]
    entries = body if isinstance(body, list) else [body]
    if len(entries) == n:
        return [_outcome(entry) for entry in entries]
    together = "; ".join(text for text in map(_outcome, entries) if text)
    return [*[""] * (n - 1), together] if n else []


def _outcome(entry: object) -> str:
    if not isinstance(entry, dict):
        return as_text(entry, _LONGEST)
    parts = [as_text(entry[key]) for key in (*_OUTCOME_KEYS, *_WHY_KEYS) if entry.get(key)]
    if not parts:
        parts = [f"{key}: {as_text(value)}" for key, value in entry.items() if value]
    return as_text(": ".join(dict.fromkeys(parts)), _LONGEST)


def _object(text: str) -> Mapping[str, object] | None:
    try:
        body = json.loads(text)
    except (TypeError, ValueError):
        return None
    return body if isinstance(body, dict) else None


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
