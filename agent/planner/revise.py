"""A plan and words that change it: the same plan with one thing different.

Only what the words speak of changes; everything else stays as it was, down to settings that no
slot knows. Used for "same as last Tuesday but every 3 minutes" and for changes of a running run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import useq
from pydantic import ValidationError

from agent.plan import Plan
from agent.planner.assemble import assemble
from agent.planner.channels import channel_names, named_channels
from agent.planner.complete import complete
from agent.planner.draft import Draft, Intent, No, Question, Said
from agent.planner.facts import facts_of
from agent.planner.lexicon import lexicon
from agent.planner.marks import marks
from agent.planner.nearby import Nearby
from agent.planner.normal import normal
from agent.planner.reading.names import numbered
from agent.planner.source import Kept
from agent.planner.understand import understand
from hardware.data.microscope_config import MarkedPosition

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from agent.check import InstrumentFacts
    from agent.planner.source import Source
    from hardware.data import MicroscopeConfig

_MORE = re.compile(
    r"\b(longer|more time|extend|prolong|länger|verlänger\w*|plus longtemps|prolonge\w*|più a lungo"
    r"|prolunga\w*|más tiempo|prolonga\w*|alarga\w*)\b",
    re.I,
)
_ADD = re.compile(r"\b(add|also|additionally|plus|as well|auch|dazu|zusätzlich|ajoute\w*|aussi"
    r"|en plus"
                  r"|aggiungi|anche|añade|también|agrega)\b", re.I)  # fmt: skip
_NO_STACK = re.compile(r"\b(no|without|drop the|stop the|kein\w*|ohne|sans|senza|sin)\s+(z[- ]?)?"
                       r"(stacks?|stapel|pile|pila)\b", re.I)  # fmt: skip
_NO_FOCUS = re.compile(
    r"\b(no|without|stop|kein\w*|ohne|sans|senza|sin)\s+(the )?auto-?fo[ck]us\b", re.I
)
_NO_WATCH = re.compile(
    r"\b(stop|no more|don't|do not)\s+(reacting|react|watching|watch|bursts?|filming)\b", re.I
)
_ALTERNATIVES = (  # saying one of a group drops the others
    ("interval_s", "phases"),
    ("duration_s", "rounds", "phases"),
    ("rounds", "duration_s", "phases"),
    ("phases", "interval_s", "duration_s", "rounds"),
    ("stack.planes", "stack.step_um"),
    ("stack.range_um", "stack.above_um", "stack.below_um"),
    ("reaction.stack.planes", "reaction.stack.step_um"),
    ("once", "interval_s", "duration_s", "rounds", "phases"),
)


@dataclass(frozen=True, slots=True)
class Revision:
    """What words make of a plan: a new plan, or why there is none.

    Attributes
    ----------
    plan : None where something is to be asked or refused.
    changed : the slots that the words speak of, with their sources.
    """

    plan: Plan | None
    changed: tuple[Said, ...] = ()
    questions: tuple[Question, ...] = ()
    refusals: tuple[No, ...] = ()


def revise(
    plan: Plan,
    words: str,
    config: MicroscopeConfig,
    now: dt.datetime,
    facts: InstrumentFacts | None = None,
    *,
    called: str = "the plan",
) -> Revision:
    """The plan with the change that the words ask for. Checks are the caller's."""
    said = understand(words, with_places(plan, config, tuple(config.positions)), now)
    if said.refusals or said.intent is Intent.REFUSE:
        return Revision(None, refusals=said.refusals)
    draft, changed = overlay(plan, said, config, Kept(called))
    if draft.questions:
        return Revision(None, changed, questions=draft.questions)
    full = complete(draft, with_places(plan, config, draft.get("positions", ())))
    if full.questions or full.refusals:
        return Revision(None, changed, full.questions, full.refusals)
    try:
        made = rebuild(full, config, facts)
    except (ValidationError, ValueError) as error:
        why = " ".join(str(error).split())[:200]
        return Revision(None, changed, refusals=(No("plan", words, why, "Say it another way."),))
    if isinstance(made, Question):
        return Revision(None, changed, questions=(made,))
    return Revision(made, changed)


def overlay(
    plan: Plan, said: Draft, config: MicroscopeConfig, source: Source
) -> tuple[Draft, tuple[Said, ...]]:
    """A draft that says what the plan says (from `source`) but for what `said` says.

    Returns it with the slots that differ. It asks where the words ask for no change at all.
    """
    own = with_places(plan, config)
    before = {slot: Said(slot, value, source) for slot, value in facts_of(plan).items()}
    after, changed = _changed(before, said, said.instruction, own)
    asked = tuple(q for q in said.questions if q.slot != "positions" or q.choices)
    if _NO_WATCH.search(said.instruction):  # "stop watching" is no end of the run
        asked = tuple(q for q in asked if not q.slot.startswith(("stop.", "target", "reaction.")))
    if not asked and not changed and after.keys() == before.keys():
        text = "what is to be changed? Say it with a value, such as “every 3 min”"
        asked = (Question("change", text),)
    return replace(said, intent=Intent.PLAN, said=after, questions=asked, base=plan), changed


def rebuild(
    draft: Draft, config: MicroscopeConfig, facts: InstrumentFacts | None
) -> Plan | Question:
    """The plan of a complete draft with a base: the base but for what the draft says otherwise.

    Raises ValueError where the parts do not fit each other.
    """
    base = draft.base
    if base is None:
        return assemble(draft, config, facts)
    own = with_places(base, config, draft.get("positions", ()))
    source = Kept("the plan")
    before = {slot: Said(slot, value, source) for slot, value in facts_of(base).items()}
    old = assemble(complete(Draft(draft.instruction, said=before), own), own, facts)
    new = assemble(draft, own, facts)
    if isinstance(new, Question):
        return new
    if isinstance(old, Question):
        return old
    return _merge(base, old, new)


def with_places(plan: Plan, config: MicroscopeConfig, more: Sequence[str] = ()) -> MicroscopeConfig:
    """The microscope with the plan's own positions as its marked ones, and `more` of its own."""
    places = plan.baseline.stage_positions
    if isinstance(places, useq.WellPlatePlan):
        return config
    marked = {
        str(p.name): MarkedPosition(x_um=p.x or 0.0, y_um=p.y or 0.0, z_um=p.z or 0.0)
        for p in places
        if p.name
    }
    marked |= {n: place for n, place in config.positions.items() if n in more and n not in marked}
    return config.model_copy(update={"positions": marked})


def _changed(
    before: dict[str, Said], said: Draft, words: str, config: MicroscopeConfig
) -> tuple[dict[str, Said], tuple[Said, ...]]:
    after = dict(before)
    new = dict(said.said)
    new.pop("positions.all", None)
    new.pop("positions.count", None)
    if "duration_s" in new and "duration_s" in before and _MORE.search(words):
        longer = new["duration_s"]
        new["duration_s"] = replace(longer, value=longer.value + before["duration_s"].value)
    _lists(before, new, words, config)
    for first, *others in _ALTERNATIVES:
        if first in new:
            for other in others:
                after.pop(other, None)
    for slot in [s for s in new if s == "gentle"]:
        for name in [n for n in after if n.startswith(("exposure_ms.", "reaction.exposure_ms."))]:
            after.pop(name)
        after["gentle"] = new[slot]
    if "channels" in new:
        for name in [n for n in after if n.startswith("exposure_ms.")]:
            if name.removeprefix("exposure_ms.") not in new["channels"].value:
                after.pop(name)
    after |= new
    for pattern, prefix in (
        (_NO_STACK, "stack."),
        (_NO_FOCUS, "autofocus."),
        (_NO_WATCH, "reaction."),
    ):
        if pattern.search(words):
            after = {k: v for k, v in after.items() if not k.startswith(prefix)}
            if prefix == "reaction.":
                after.pop("watch", None)
    changed = tuple(
        s for slot, s in new.items() if before.get(slot) is None or before[slot].value != s.value
    )
    return after, changed


def _lists(
    before: dict[str, Said], new: dict[str, Said], words: str, config: MicroscopeConfig
) -> None:
    """ "Add mCherry", "skip P3": lists that grow or shrink instead of being replaced."""
    lex = lexicon("en")
    text = normal(words, lex)
    near = Nearby(text.text, marks(text.text, lex), ())
    adds = _ADD.search(words) is not None
    channels = named_channels(text.text, channel_names(config, {}), near)
    gone = {c.preset for c in channels if c.no}
    old = before["channels"]
    if "channels" in new and adds:
        joined = tuple(dict.fromkeys((*old.value, *new["channels"].value)))
        new["channels"] = replace(new["channels"], value=joined)
    left = tuple(c for c in new.get("channels", old).value if c not in gone)
    if gone & set(old.value) and left:
        source = new["channels"].source if "channels" in new else Kept(f"asked: {words}")
        new["channels"] = Said("channels", left, source)
    elif "channels" in new and not adds and set(new["channels"].value) < set(old.value):
        only = re.search(r"\b(only|just|nur|seulement|solo|sólo)\b", words, re.I)
        if only is None:  # "GFP at 50 ms" speaks of one channel and leaves the others
            del new["channels"]
    if "positions" not in before:
        return
    known = tuple(before["positions"].value)
    skipped = [
        name
        for one in numbered(text.text, "en", known)
        if near.left(one.span.start, "not", "skip", "hold_position", words=2) is not None
        for name in (*one.names, *(f"P{n}" for n in one.numbers))
    ]
    if skipped:
        rest = tuple(name for name in known if name not in skipped)
        added = [n for n in _names(new.get("positions")) if n not in skipped and n not in rest]
        if rest or added:  # "P5 instead of P1"
            new["positions"] = Said("positions", (*rest, *added), Kept(f"asked: {words}"))
    elif "positions" in new and adds:
        joined = tuple(dict.fromkeys((*known, *new["positions"].value)))
        new["positions"] = replace(new["positions"], value=joined)


def _names(said: Said | None) -> tuple[str, ...]:
    return () if said is None else tuple(said.value)


def _merge(plan: Plan, old: Plan, new: Plan) -> Plan:
    """The plan with those parts replaced in which `new` differs from `old`."""
    data = plan.model_dump(exclude_unset=True)
    was, now = old.model_dump(exclude_unset=True), new.model_dump(exclude_unset=True)
    data["baseline"] = _patched(
        plan.baseline.model_dump(exclude_unset=True),
        old.baseline.model_dump(exclude_unset=True),
        new.baseline.model_dump(exclude_unset=True),
    )
    for key in now:
        if key in ("goal", "baseline", "judge", "microscope"):
            continue
        if was.get(key) != now[key]:
            if isinstance(data.get(key), dict) and isinstance(now[key], dict):
                data[key] = _patched(data[key], was.get(key) or {}, now[key])
            else:
                data[key] = now[key]
    for key in ("search", "autofocus", "start_at"):
        if was.get(key) is not None and now.get(key) is None:
            data[key] = None
    return Plan.model_validate(data)


def _patched(mine: dict[str, Any], was: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    out = dict(mine)
    for key in {*was, *now}:
        if was.get(key) != now.get(key):
            if key in now:
                out[key] = now[key]
            else:
                out.pop(key, None)
    return out
