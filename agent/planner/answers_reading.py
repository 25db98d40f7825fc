"""What one answer says of the slot that was asked about, read by the slot's type."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.planner.channels import channel_names
from agent.planner.draft import No, Question, Said
from agent.planner.lexicon import LANGUAGES, lexicon
from agent.planner.marks import language_of, marks
from agent.planner.one_value import Either, Unread, number
from agent.planner.optics import preset_of
from agent.planner.reading.quantity import Kind, quantities
from agent.planner.show import told
from agent.planner.slots import Type, fits, slot_of
from agent.planner.source import Words
from agent.planner.watching import GENERIC

if TYPE_CHECKING:
    import datetime as dt

    from agent.planner.draft import Draft
    from hardware.data import MicroscopeConfig

_COUNTED = ("cell count", "count", "number of cells", "zellzahl", "nombre", "numero", "número")
_BETWEEN = re.compile(r"(?:[\s,;+&/.]|\b(?:and|und|et|e|y|plus|with|in|the|nur|only)\b)*", re.I)
_LONGEST_TARGET = 5  # words
_TOGETHER = ("grid.rows", "grid.columns")  # one answer gives both


@dataclass(frozen=True, slots=True)
class Asked:
    """The question's surroundings."""

    draft: Draft
    config: MicroscopeConfig
    now: dt.datetime

    def languages(self, words: str) -> tuple[str, ...]:
        """Those in which an answer may be, likeliest first: three words do not tell theirs."""
        return tuple(dict.fromkeys((self.draft.language, language_of(words), *LANGUAGES)))


def direct(slot: str, words: str, asked: Asked) -> Said | No | Question | None:
    """The value, a refusal of one that makes no sense, a question where it reads in two ways.

    None where the answer says nothing that this slot can hold.
    """
    try:
        kind = slot_of(slot).type
    except KeyError:  # "unclear" is no slot
        return None
    if slot in _TOGETHER:
        return None
    source = Words(0, len(words), words)
    value = _numeric(slot, words, asked) if kind in _NUMBERS else _worded(slot, words, asked)
    if value is None:
        return None
    if isinstance(value, Either):
        a, b = told(slot, value.first), told(slot, value.second)
        return Question(slot, f"{source} can be read as {a} or as {b}: which one?", (a, b))
    if why := fits(slot, value):
        return No(slot, str(source), why, "Give a value that makes sense.")
    return Said(slot, value, source)


_NUMBERS = (Type.NUMBER, Type.COUNT)


def _numeric(slot: str, words: str, asked: Asked) -> Any:
    for language in asked.languages(words):
        read = number(slot, words, 0, len(words), asked.now, language, bare=True)
        if not isinstance(read, Unread):
            return read
    return None


def _worded(slot: str, words: str, asked: Asked) -> Any:
    if slot_of(slot).type is Type.CHOICE:
        return _choice(slot, words, asked)
    known = _known(slot, asked, words)
    if known is not None:
        names = _names(words, known)
        return names if slot_of(slot).type is Type.NAMES else _one(names)
    match slot:
        case "objective" | "reaction.objective":
            return _objective(words, asked)
        case "target":
            return _target(words, asked)
    return None


def _known(slot: str, asked: Asked, words: str) -> dict[str, str] | None:
    """Names that a slot can hold, as people say them -> as the microscope's file does."""
    config = asked.config
    match slot:
        case "positions":
            return {name.casefold(): name for name in config.positions}
        case "plate":
            return _plates(config)
        case "channels" | "reaction.channels" | "stack.channels" | "autofocus.channel":
            colours = [lexicon(language).colours for language in asked.languages(words)]
            names = [channel_names(config, each) for each in reversed(colours)]
            return {name.casefold(): preset for each in names for name, preset in each.items()}
    return None


def _choice(slot: str, words: str, asked: Asked) -> str | None:
    plain = words.casefold().replace("_", " ").strip(" .!")
    for choice in slot_of(slot).choices:
        if plain in (choice, choice.replace("_", " ")):
            return choice
    if slot != "search.by":
        return None
    if plain in _COUNTED:
        return "count"
    for language in asked.languages(words):
        here = {m.concept for m in marks(words, lexicon(language))}
        for concept, choice in (("by_count", "count"), ("confluence", "confluence")):
            if concept in here:
                return choice
    return "target" if "target" in plain.split() else None


def _names(words: str, known: dict[str, str]) -> tuple[str, ...] | None:
    """Names and nothing else but commas and small words between them."""
    ordered = sorted(known, key=len, reverse=True)
    if not ordered:
        return None
    spelled = "|".join(re.escape(name).replace(r"\ ", r"[\s-]") for name in ordered)
    pattern = re.compile(rf"(?<!\w)(?:{spelled})(?!\w)", re.I)
    found = list(pattern.finditer(words))
    rest = _BETWEEN.fullmatch(pattern.sub(" ", words))
    if not found or rest is None:
        return None
    said = [re.sub(r"[\s-]", " ", m.group().casefold()) for m in found]
    plain = {re.sub(r"[\s-]", " ", name): means for name, means in known.items()}
    return tuple(dict.fromkeys(plain[name] for name in said if name in plain)) or None


def _one(names: tuple[str, ...] | None) -> str | None:
    return names[0] if names is not None and len(names) == 1 else None


def _plates(config: MicroscopeConfig) -> dict[str, str]:
    """ "96-well", "96 well", "96"."""
    known = {}
    for name in config.plates:
        known[name.casefold()] = name
        if (match := re.fullmatch(r"(\d+)-well", name)) is not None:
            known[match.group(1)] = known[f"{match.group(1)} well"] = name
    return known


def _objective(words: str, asked: Asked) -> str | None:
    literal = _names(words, {name.casefold(): name for name in asked.config.objectives.items})
    if literal is not None:
        return _one(literal)
    for language in asked.languages(words):
        found = [
            q.value for q in quantities(words, asked.now, language) if q.kind is Kind.MAGNIFICATION
        ]
        if len(found) == 1:
            return preset_of(found[0], asked.config) or f"{found[0]:g}X"
    return None


def _target(words: str, asked: Asked) -> str | None:
    """The canonical word, or the person's own where they are few and none is a sign of more."""
    for language in asked.languages(words):
        named = [m.name for m in marks(words, lexicon(language)) if m.concept == "target"]
        if telling := [name for name in named if name not in GENERIC]:
            return telling[0]
        if named and len(words.split()) <= 2:
            return named[0]
    plain = re.sub(r"^(a|an|the|any|some)\s+", "", words.casefold().strip(" .!"))
    few = 1 <= len(plain.split()) <= _LONGEST_TARGET
    return plain if few and re.fullmatch(r"[^\W\d_]+(?:[ '-][^\W\d_]+)*", plain) else None
