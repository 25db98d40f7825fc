"""One item of a form: where its quote stands in the instruction, and what code reads there."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.planner.channels import channel_names
from agent.planner.chat_form import LONGEST_QUOTE
from agent.planner.draft import Draft, Said
from agent.planner.lexicon import lexicon
from agent.planner.marks import marks
from agent.planner.one_value import Unread, clock, number
from agent.planner.optics import preset_of
from agent.planner.reading.quantity import Kind, quantities
from agent.planner.slots import SLOTS, Type, slot_of
from agent.planner.source import Words
from agent.planner.watching import GENERIC

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from agent.planner.chat_form import Item
    from hardware.data import MicroscopeConfig

    Read = Callable[[str, MicroscopeConfig, dt.datetime], Draft]

TARGETS = ("mitosis", "dead cell", "cell", "nucleus")
TOPICS = ("event", "trouble", "question", "done")
PLACES = (  # the embedded reader knows what names of places mean; the model only points at them
    "positions",
    "positions.all",
    "wells",
    "plate",
    "grid.rows",
    "grid.columns",
)
ALL = ("positions.all", "positions.count")  # "my six positions"
CHANNELS = ("channels", "reaction.channels", "stack.channels", "autofocus.channel")
OBJECTIVES = ("objective", "reaction.objective")


@dataclass(frozen=True, slots=True)
class Around:
    """What an item is read with. `embedded`: what the embedded reader made of the instruction."""

    embedded: Draft
    read: Read
    config: MicroscopeConfig
    now: dt.datetime

    @property
    def text(self) -> str:
        """The instruction."""
        return self.embedded.instruction

    @property
    def language(self) -> str:
        """Of the instruction."""
        return self.embedded.language

    @property
    def channels(self) -> Mapping[str, str]:
        """Every word for a channel, lower case, hyphens as blanks -> preset."""
        names = channel_names(self.config, lexicon(self.language).colours)
        return {name.replace("-", " "): preset for name, preset in names.items()} | names


def find(quote: str, text: str) -> tuple[Words, ...]:
    """Where a quote stands in a text, case and white space aside, as whole words."""
    words = quote.split()
    if not words or len(quote) > LONGEST_QUOTE:
        return ()
    body = r"\s+".join(map(re.escape, words))
    before = r"(?<!\w)" if words[0][0].isalnum() else ""
    after = r"(?!\w)" if words[-1][-1].isalnum() else ""
    found = re.finditer(f"{before}{body}{after}", text, re.IGNORECASE)
    return tuple(Words(m.start(), m.end(), m.group()) for m in found)


def read(item: Item, around: Around) -> tuple[Words, Any] | None:
    """The words and the value, from the first place of the quote that holds one."""
    tried = [(words, _value(item, words, around)) for words in find(item.quote, around.text)]
    for words, value in tried:
        if not isinstance(value, Unread):
            return words, value
    mine = around.embedded.said.get(item.slot)  # read by rules from these words ("no overlap": 0)
    for words, _ in tried:
        if mine is not None and _overlap(mine, words):
            return words, mine
    return tried[0] if tried else None


def _value(item: Item, words: Words, around: Around) -> Any:
    """The value of an item; Unread or Either where there is none."""
    read = _BY_SLOT.get(item.slot) or _BY_TYPE[slot_of(item.slot).type]
    return read(item, words, around)


def _yes(item: Item, words: Words, around: Around) -> Any:
    return True


def _start(item: Item, words: Words, around: Around) -> Any:
    when = clock(around.text, words.start, words.end, around.now, around.language)
    return when if isinstance(when, Unread) else when.isoformat(timespec="minutes")


def _number(item: Item, words: Words, around: Around) -> Any:
    slot = item.slot
    preset = slot.removeprefix(f"{slot_of(slot).name}.") if slot not in SLOTS else None
    if preset is not None:
        named = _named(words.text, around)
        if named and preset not in named:
            return Unread(f"its quote names {', '.join(sorted(named))}, not {preset}")
    return number(slot, around.text, words.start, words.end, around.now, around.language)


def _place(item: Item, words: Words, around: Around) -> Any:
    slots = (item.slot, *ALL) if item.slot == "positions" else (item.slot,)
    alone = around.read(words.text, around.config, around.now)
    for slot in slots:
        mine = around.embedded.said.get(slot)
        if mine is not None and _overlap(mine, words):
            return mine
        if slot in alone.said:
            return Said(slot, alone.get(slot), words)
    if item.slot == "positions.all":
        return True
    if item.slot == "positions":
        literal = [n for n in around.config.positions if find(n, words.text)]
        if literal:
            return tuple(literal)
    return Unread(f"its quote names no {slot_of(item.slot).words} that the planner can read")


def _channels(item: Item, words: Words, around: Around) -> Any:
    names = around.channels
    unknown = [name for name in item.value if name.lower() not in names]
    if unknown or not item.value:
        known = ", ".join(around.config.channels)
        return Unread(f"value must be names of the microscope's channels ({known})")
    presets = tuple(dict.fromkeys(names[name.lower()] for name in item.value))
    named = _named(words.text, around)
    if named and not named.issuperset(presets):
        return Unread(f"its quote names {', '.join(sorted(named))}")
    if item.slot == "autofocus.channel":
        return presets[0] if len(presets) == 1 else Unread("it takes one channel")
    return presets


def _objective(item: Item, words: Words, around: Around) -> Any:
    found = [
        q.value
        for q in quantities(words.text, around.now, around.language)
        if q.kind is Kind.MAGNIFICATION
    ]
    if len(found) == 1:
        return preset_of(found[0], around.config) or f"{found[0]:g}X"
    literal = [n for n in around.config.objectives.items if find(n, words.text)]
    return literal[0] if len(literal) == 1 else Unread("its quote names no one objective")


def _choice(item: Item, words: Words, around: Around) -> Any:
    value, choices = item.value, slot_of(item.slot).choices
    if len(value) == 1 and value[0] in choices:
        return value[0]
    return Unread(f"value must be one of {', '.join(choices)}")


def _target(item: Item, words: Words, around: Around) -> Any:
    """The canonical word where there is one, else the person's own words."""
    if len(item.value) == 1 and item.value[0] in TARGETS:
        return item.value[0]
    known = [m.name for m in marks(words.text, lexicon(around.language)) if m.concept == "target"]
    if telling := [name for name in known if name not in GENERIC]:
        return telling[0]
    if len(item.value) == 1 and find(item.value[0], words.text):
        return item.value[0].casefold().strip()
    if known:
        return known[0]
    return Unread(f"value must be one of {', '.join(TARGETS)} or words of its quote")


def _messages(item: Item, words: Words, around: Around) -> Any:
    if item.slot == "notify.on":
        wrong = not item.value or any(v not in TOPICS for v in item.value)
        return (
            Unread(f"value must be of {', '.join(TOPICS)}")
            if wrong
            else tuple(topic for topic in TOPICS if topic in item.value)
        )
    good = all(_address(v) and v.casefold() in words.text.casefold() for v in item.value)
    if not item.value or not good:
        return Unread("value must be addresses that stand in its quote")
    return tuple(dict.fromkeys(item.value))


def _address(text: str) -> bool:
    return text == text.strip() and bool(
        re.fullmatch(r"[\w.+-]+@[\w-]+(\.[\w-]+)+|[a-z][a-z0-9+]*://\S+|#[\w-]+", text, re.I)
    )


def _phase(item: Item, words: Words, around: Around) -> Any:
    """Interval and length of one phase."""
    found = [
        q
        for q in quantities(around.text, around.now, around.language)
        if q.kind in (Kind.DURATION, Kind.RATE)
        and q.span.start < words.end
        and words.start < q.span.end
    ]
    periods = [q for q in found if q.every or q.kind is Kind.RATE]
    lengths = [q for q in found if q not in periods]
    if len(periods) != 1 or len(lengths) != 1:
        return Unread("the quote of a phase holds how often and for how long, once each")
    if any(q.ambiguous or q.upper is not None for q in found):
        return Unread("its times can be read in two ways")
    return periods[0].value, lengths[0].value


def _overlap(said: Said, words: Words) -> bool:
    source = said.source
    return isinstance(source, Words) and source.start < words.end and words.start < source.end


def _named(text: str, around: Around) -> set[str]:
    """Channels whose names stand in the words; "far red" is not red."""
    names = around.channels
    ordered = sorted(names, key=len, reverse=True)
    spelled = "|".join(re.escape(name).replace(r"\ ", r"[\s-]+") for name in ordered)
    found = re.finditer(rf"(?<!\w)(?:{spelled})(?!\w)", text, re.IGNORECASE)
    said = (" ".join(re.split(r"[\s-]+", m.group().lower())) for m in found)
    return {names[name] for name in said if name in names}


_BY_SLOT: dict[str, Callable[[Item, Words, Around], Any]] = {
    **dict.fromkeys(PLACES, _place),
    **dict.fromkeys(CHANNELS, _channels),
    **dict.fromkeys(OBJECTIVES, _objective),
    "start_at": _start,
    "phases": _phase,
}
_BY_TYPE: dict[Type, Callable[[Item, Words, Around], Any]] = {
    Type.YES: _yes,
    Type.CHOICE: _choice,
    Type.WORDS: _target,
    Type.NAMES: _messages,
    Type.NUMBER: _number,
    Type.COUNT: _number,
}
