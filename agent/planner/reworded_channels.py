"""Odd but clear wordings of channels, put into the names and numbers that they stand for.

"All channels but Cy5", "leave DAPI out", "GFP at 50 ms and DAPI at 20": in all five languages.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent.planner.normal import Normal
    from agent.planner.rewording import Edit

_EXCEPT = (
    r"(?:except(?: for)?|but(?: not)?|apart from|excluding|without|other than|minus|bar|save for"
    r"|außer|ausser|ohne|bis auf"
    r"|mit ausnahme von|sauf|excepté|hormis|sans|à part|tranne|eccetto|senza|meno|a parte|salvo"
    r"|excepto|menos|sin)"
)
_ALL = (
    r"(?:all (?:the |my |of the )?(?:\w+ )?(?:channels|colou?rs|fluorophores)|(?:every"
    r"|each) (?:single )?(?:channel|colou?r)"
    r"|everything|all|all four|alle[ns]? (?:\w+ )?(?:kanäle|kanälen|farben)|jede[nr]? kanal|alles"
    r"|alle"
    r"|tous les (?:\w+ )?canaux|chaque canal|tout|tous|tutti i (?:\w+ )?canali|ogni canale|tutto"
    r"|tutti"
    r"|todos los (?:\w+ )?canales|cada canal|todo|todos)"
)
_ART = r"(?:(?:the|in|den|dem|das|die|le|la|il|lo|el|du|del)\s+|l')*"
_JOIN = r"(?:\s*(?:,|&|\+|/)\s*(?:and |und |et |e |y )?|\s+(?:and|und|or|oder|et|ou|e|o|y)\s+)"
_AT = r"(?:\s*[:=@(]\s*|\s+(?:at|with|for|gets|mit|bei|auf|à|avec|a|con|en)\s+|\s+)"
_NUMBER = r"\d+(?:[.,]\d+)?"
_SAME = (
    r"(?:(?:is |gets |at |with )?the same(?: exposure)?|same(?: exposure)?|ditto|likewise|idem"
    r"|ebenso|genauso|dasselbe|das gleiche"
    r"|gleich(?: lang)?|pareil(?:lement)?|la même(?: chose)?|de même|uguale|lo stesso|igual"
    r"|lo mismo)"
)
_ENDS = (
    r"(?=\s*(?:$|[,;)\n]|\.(?!\d)|(?:and|und|et|e|y|every|each|alle|toutes|ogni|cada|for|at"
    r"|in)(?!\w)))"
)
_OUT = r"(?:out|away|off|weg|raus|aus|de côté|fuori|fuera)"
_NUMBERS = {
    2: "two|zwei|deux|due|dos",
    3: "three|drei|trois|tre|tres",
    4: "four|vier|quatre|quattro|cuatro",
    5: "five|fünf|cinq|cinque|cinco",
}
_ALL_CHANNELS = {
    "en": "all channels",
    "de": "alle Kanäle",
    "fr": "tous les canaux",
    "it": "tutti i canali",
    "es": "todos los canales",
}
_WITHOUT = {"en": "without", "de": "ohne", "fr": "sans", "it": "senza", "es": "sin"}


def reworded_channels(text: Normal, language: str, names: Mapping[str, str]) -> Normal:
    """The same text with such wordings replaced. `names`: words for channels, small -> preset."""
    if not names:
        return text
    rules = _Rules(names, language)
    for rule in (
        rules.all_of_them,
        rules.all_but,
        rules.left_out,
        rules.same,
        rules.unit_before,
        rules.unit_for,
        rules.unit_after,
    ):
        for _ in range(6):
            edit = rule(text.text)
            if edit is None:
                break
            text = text.edited([edit])
    return text


class _Rules:
    """Rules for one microscope's channels; each gives one edit of a text, None for none."""

    def __init__(self, names: Mapping[str, str], language: str) -> None:
        self.names, self.language = names, language
        ordered = sorted(names, key=len, reverse=True)
        spelled = "|".join(re.escape(name).replace(r"\ ", r"[\s-]?") for name in ordered)
        self.name = rf"(?<![\w-])(?:{spelled})(?![\w-])"

    def _presets(self, words: str) -> set[str]:
        found = (re.sub(r"[\s-]+", " ", w.lower()) for w in re.findall(self.name, words, re.I))
        return {self.names[w] for w in found if w in self.names}

    def _sub(
        self, pattern: str, text: str, to: Callable[[re.Match[str]], str | None]
    ) -> Edit | None:
        for match in re.finditer(pattern, text, re.I):
            words = to(match)
            if words is not None and words != match.group():
                return match.start(), match.end(), words
        return None

    def all_of_them(self, text: str) -> Edit | None:
        """ "Four channels", where there are four and none is named."""
        if re.search(self.name, text, re.I):
            return None
        number = _NUMBERS.get(len(set(self.names.values())), r"(?!)")
        return self._sub(
            rf"(?<!\w)(?<!all )(?<!all the )(?<!alle )(?<!tous les )(?<!tutti e )"
            rf"(?<!todos los )(?:the "
            rf"|les |i |los |die )?(?:{number}|{len(set(self.names.values()))})\s+(?:channels"
            rf"|colou?rs|kanälen?|farben"
            r"|canaux|couleurs|canali|colori|canales|colores)(?!\w)",
            text,
            lambda m: _ALL_CHANNELS[self.language],
        )

    def all_but(self, text: str) -> Edit | None:
        """ "All channels but Cy5", "everything except far red"."""

        def rest(match: re.Match[str]) -> str | None:
            out = self._presets(match["out"])
            kept = [p for p in dict.fromkeys(self.names.values()) if p not in out]
            return ", ".join(kept) if out and kept else None

        listed = rf"{_ART}{self.name}(?:{_JOIN}{_ART}{self.name})*"
        return self._sub(rf"(?<!\w){_ALL}\s*,?\s+{_EXCEPT}\s+(?P<out>{listed})", text, rest)

    def left_out(self, text: str) -> Edit | None:
        """ "Leave DAPI out", "lass DAPI weg", "DAPI weglassen"."""
        without = _WITHOUT[self.language]
        verb = r"(?:leave|keep|take|drop|lass(?:t|en)?|nimm|laisse[rz]?|lascia(?:re)?|deja[r]?)"
        listed = rf"{_ART}(?P<x>{self.name}(?:{_JOIN}{self.name})*)"
        return self._sub(
            rf"(?<!\w)(?:{verb}\s+{listed}\s+{_OUT}|(?:leave out|lascia fuori|deja fuera"
            rf"|laisse tomber|weglassen:?)\s+"
            rf"{listed.replace('?P<x>', '?P<y>')})(?!\w)",
            text,
            lambda m: f"{without} {m['x'] or m['y']}",
        ) or self._sub(
            rf"(?P<x>{self.name})\s+(?:weglassen|auslassen|rauslassen|weggelassen)(?!\w)",
            text,
            lambda m: f"{without} {m['x']}",
        )

    def same(self, text: str) -> Edit | None:
        """ "GFP 50 ms, DAPI the same"."""
        return self._sub(
            rf"(?P<lead>{self.name}{_AT}(?P<n>{_NUMBER}\s*ms)(?!\w)[^.;\n]{{0,24}}?{self.name}\s*[:,]?\s*){_SAME}{_ENDS}",
            text,
            lambda m: f"{m['lead']}{m['n']}",
        )

    def unit_after(self, text: str) -> Edit | None:
        """ "GFP at 50 ms and DAPI at 20"."""
        return self._sub(
            rf"(?P<lead>{self.name}{_AT}{_NUMBER}\s*ms(?!\w)[^.;\n]{{0,16}}?{self.name}{_AT})(?P<n>{_NUMBER}){_ENDS}",
            text,
            lambda m: f"{m['lead']}{m['n']} ms",
        )

    def unit_for(self, text: str) -> Edit | None:
        """ "40 ms for GFP and 20 for DAPI"."""
        to = r"\s+(?:for|für|pour|per|para|in|en)\s+"
        return self._sub(
            rf"(?P<lead>{_NUMBER}\s*ms{to}{_ART}{self.name}{_JOIN})(?P<n>{_NUMBER})(?={to}{_ART}{self.name})",
            text,
            lambda m: f"{m['lead']}{m['n']} ms",
        )

    def unit_before(self, text: str) -> Edit | None:
        """ "GFP with 50 and DAPI with 20 ms"."""
        return self._sub(
            rf"(?P<lead>{self.name}{_AT})(?P<n>{_NUMBER})(?P<tail>{_JOIN}{_ART}{self.name}{_AT}{_NUMBER}\s*(?:ms(?!\w)"
            rf"|{_JOIN}{_ART}{self.name}{_AT}{_NUMBER}\s*ms(?!\w)))",
            text,
            lambda m: f"{m['lead']}{m['n']} ms{m['tail']}",
        )
