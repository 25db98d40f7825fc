"""Facts as a short sequence of symbols, and which symbol may follow: only valid forms exist."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from agent.planner.slots import SLOTS, Type

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

END = "<end>"
NUMBER = re.compile(r"\d{1,6}(\.\d{0,3})?$")
ORDER = tuple(SLOTS)
FREE = ("target", "start_at", "notify.to")  # text of its own, letter by letter
MOST_LETTERS = 60
MOST_PAIRS = 5


class Forms:
    """The symbols of a form; `facts`: those whose names and letters are known.

    A form is slots in the order of the table, each with its value, and then END.
    """

    def __init__(self, facts: Iterable[Mapping[str, Any]], channels: Sequence[str]) -> None:
        self.channels = tuple(channels)
        self.names: dict[str, tuple[str, ...]] = {}
        letters = set("0123456789.,;")
        seen: dict[str, set[str]] = {}
        for told in facts:
            for key, value in told.items():
                texts = [value] if isinstance(value, str) else value
                if not isinstance(texts, list | tuple):
                    continue
                words = [t for t in texts if isinstance(t, str)]
                if key in FREE:
                    letters |= set("".join(words))
                else:
                    seen.setdefault(key, set()).update(words)
        for name, slot in SLOTS.items():
            known = set(slot.choices) | seen.get(name, set())
            self.names[name] = tuple(
                sorted(known | (set(channels) if "channels" in name else known))
            )
        named = {n for names in self.names.values() for n in names} | set(channels)
        self.letters = tuple(sorted(letters))
        self.symbols = (
            END,
            *(f"<{s}>" for s in ORDER),
            *(f"={n}" for n in sorted(named)),
            *self.letters,
        )

    def write(self, facts: Mapping[str, Any]) -> list[str] | None:
        """The form of facts; None where a name in them is unknown. "Not said" is left out."""
        out: list[str] = []
        told = [(*self._split(name), value) for name, value in facts.items() if value is not None]
        for slot, channel, value in sorted(told, key=lambda t: ORDER.index(t[0])):
            out += [f"<{slot}>", *([f"={channel}"] if channel else []), *self._value(slot, value)]
        out.append(END)
        return out if set(out) <= set(self.symbols) else None

    def read(self, form: Sequence[str]) -> dict[str, Any]:
        """The facts of a form that `allowed` let through."""
        facts: dict[str, Any] = {}
        parts: list[list[str]] = []
        for symbol in form:
            if symbol == END:
                break
            if symbol[:1] == "<" and len(symbol) > 1:
                parts.append([symbol[1:-1]])
            else:
                parts[-1].append(symbol)
        for slot, *rest in parts:
            if SLOTS[slot].per_channel:
                facts[f"{slot}.{rest[0][1:]}"] = float("".join(rest[1:]))
                continue
            facts[slot] = self._read(slot, rest)
        return facts

    def allowed(self, form: Sequence[str]) -> set[str]:
        """What may follow."""
        at = next((i for i in reversed(range(len(form))) if form[i] in _HEADS), None)
        if at is None:
            return {*self._heads(0), END}
        slot, tail = form[at][1:-1], list(form[at + 1 :])
        more, complete = self._next(slot, tail)
        if complete:
            again = ORDER.index(slot) + (0 if SLOTS[slot].per_channel else 1)
            more |= {END, *self._heads(again)}
        return more

    def _heads(self, first: int) -> set[str]:
        """Slots from there on; none that no value could follow, as no name of it is known."""
        named = (Type.CHOICE, Type.NAMES, Type.WORDS)
        return {
            f"<{s}>"
            for s in ORDER[first:]
            if SLOTS[s].type not in named or s in FREE or self.names[s]
        }

    def _split(self, name: str) -> tuple[str, str]:
        head, _, last = name.rpartition(".")
        return (head, last) if head in SLOTS and SLOTS[head].per_channel else (name, "")

    def _value(self, slot: str, value: Any) -> list[str]:
        match SLOTS[slot].type:
            case Type.NUMBER | Type.COUNT:
                return list(_digits(value))
            case Type.YES:
                return []
            case Type.PAIRS:
                return list(";".join(",".join(map(_digits, pair)) for pair in value))
        if slot in FREE:
            return list(value if isinstance(value, str) else ",".join(value))
        return [f"={n}" for n in ([value] if isinstance(value, str) else value)]

    def _read(self, slot: str, rest: Sequence[str]) -> Any:
        text = "".join(rest)
        match SLOTS[slot].type:
            case Type.NUMBER | Type.COUNT:
                return float(text)
            case Type.YES:
                return True
            case Type.PAIRS:
                return [[float(n) for n in pair.split(",")] for pair in text.split(";")]
            case Type.NAMES:
                return text.split(",") if slot in FREE else [n[1:] for n in rest]
        return text if slot in FREE else rest[0][1:]

    def _next(self, slot: str, tail: list[str]) -> tuple[set[str], bool]:
        """Symbols that go on with a value, and whether it may end here."""
        if SLOTS[slot].per_channel:
            if not tail:
                return {f"={c}" for c in self.channels}, False
            tail = tail[1:]
        kind = SLOTS[slot].type
        if kind in (Type.NUMBER, Type.COUNT):
            return _number("".join(tail), point=kind is Type.NUMBER)
        if kind is Type.YES:
            return set(), True
        if kind is Type.PAIRS:
            return _pairs("".join(tail))
        if slot in FREE:
            more = set(self.letters) if len(tail) < MOST_LETTERS else set()
            return more, bool(tail)
        names = {f"={n}" for n in self.names[slot]} - set(tail)
        return (names if kind is Type.NAMES or not tail else set()), bool(tail)


_HEADS = frozenset(f"<{s}>" for s in ORDER)


def _digits(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")


def _number(text: str, *, point: bool) -> tuple[set[str], bool]:
    tries = [*"0123456789", *("." if point else "")]
    more = {c for c in tries if NUMBER.match(text + c)}
    return more, bool(text) and not text.endswith(".")


def _pairs(text: str) -> tuple[set[str], bool]:
    *before, last = re.split("[,;]", text)
    more, complete = _number(last, point=True)
    if complete and len(before) < MOST_PAIRS * 2 - 1:
        more |= {";"} if len(before) % 2 else {","}
    return more, complete and len(before) % 2 == 1 and len(before) > 1
