"""Lists and ranges of positions in odd wordings: "P1 ... P4", "from P3 on", "no. 3 and no. 5"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent.planner.place_rules import PlaceRules
from agent.planner.place_words import EXCEPT, JOIN, SIGN
from agent.planner.position_names import numbered_as
from agent.planner.sparse import sparse

if TYPE_CHECKING:
    from agent.planner.rewording import Edit


class PlaceRanges(PlaceRules):
    """Rules for names and numbers of positions."""

    def spaced(self, text: str) -> Edit | None:
        """ "P 1"."""
        for match in re.finditer(r"(?<![\w.])P (\d{1,2})(?![\w.:]*\w)", text):
            if f"P{match[1]}" in self.known:
                return match.start(), match.end(), f"P{match[1]}"
        return None

    def brackets(self, text: str) -> Edit | None:
        """ "Positions 1, 2 (the controls) and 5": what they are, in a list of them."""
        return self._sub(
            rf"(?P<lead>{self.item}(?:{JOIN}(?:{self.name}"
            rf"|\d{{1,2}}))*)\s*\([^\d()]{{2,24}}\)(?P<tail>{JOIN}(?:{self.name}|\d{{1,2}}(?!\w"
            rf"|[.:]\d|\s*(?:min|ms|s|h)\b)))",
            text,
            lambda m: f"{m['lead']}{m['tail']}",
        )

    def signs(self, text: str) -> Edit | None:
        """ "Position no. 3 and no. 5", "apart from number 2"."""
        lead = rf"(?:{self.item}{JOIN}|(?<!\w){EXCEPT}\s+)"
        return self._sub(
            rf"(?P<lead>{lead}){SIGN}\s*(?P<n>\d{{1,2}})(?![\w.:]*\w)",
            text,
            lambda m: f"{m['lead']}{numbered_as(int(m['n']), self.known)}",
        )

    def without_numbers(self, text: str) -> Edit | None:
        """ "P1-6 without 3"."""
        lead = (
            rf"(?P<a>{self.name})\s*(?:-|to|through|bis|à|a|al|hasta)\s*(?P<b>{self.name}"
            rf"|\d{{1,2}})"
        )
        out = rf"\s*,?\s*(?P<but>{EXCEPT}|w/o|not)\s+"
        more = (
            r"(?P<n>\d{1,2}(?:\s*(?:,|and|und|et|e|y|&)\s*\d{1,2})*)(?![\w:.]*\d)(?!\s*(?:min"
            r"|ms|sec|s|h|um|µm|x)\b)"
        )

        def names(match: re.Match[str]) -> str:
            gone = [numbered_as(int(n), self.known) for n in re.findall(r"\d+", match["n"])]
            end = match["b"]
            end = numbered_as(int(end), self.known) if end.isdigit() else end
            but = "without" if match["but"].lower() == "w/o" else match["but"]
            return f"{match['a']}-{end} {but} {', '.join(gone)}"

        return self._sub(lead + out + more, text, names)

    def dots(self, text: str) -> Edit | None:
        """ "P1, P2 ... P5"."""
        stepped = self._sub(
            rf"(?P<a>{self.name})\s*,\s*(?P<b>{self.name})\s*,?\s*(?:\.{{2,}}|…"
            rf"|etc\.?)\s*,?\s*(?P<c>{self.name})",
            text,
            self._by_step,
        )
        return stepped or self._sub(
            rf"(?P<a>{self.name})(?P<gap>\s*,?\s*(?:\.{{2,}}|…)\s*,?\s*)(?={self.name})",
            text,
            lambda m: f"{m['a']}-",
        )

    def _by_step(self, match: re.Match[str]) -> str | None:
        a, b, c = (self._index(match[x]) for x in ("a", "b", "c"))
        if a is None or b is None or c is None or b - a < 2 or (c - a) % (b - a):
            return None
        return ", ".join(self.known[a : c + 1 : b - a])

    def up_to(self, text: str) -> Edit | None:
        """ "P2 up to P5" is a range; "up to P4" begins at the first."""
        to = (
            r"(?:(?:all the way |right )?(?:up )?(?:to|until|till|through)|bis(?: hin)?(?: zu)?"
            r"|jusqu'à|jusqu'au|fino a(?:lla)?"
            r"|hasta(?: la)?)(?:\s+and including|\s+einschließlich)?"
        )
        ranged = self._sub(
            rf"(?P<a>{self.name})\s+(?:(?:back )?down to|runter bis|hinunter bis|all the way up to"
            rf"|all the way to|right up to|up to|up until|bis hin zu|jusqu'à|fino a|hasta)"
            rf"\s+(?P<b>{self.name})",
            text,
            lambda m: f"{m['a']}-{m['b']}",
        )
        if ranged is not None:
            return ranged
        begins = (
            r"(?:^|[,;:\n]\s*|(?<!\w)(?:positions?|positionen|fields|posizioni|posiciones"
            r"|everything|alles|tout|tutto|todo"
            r"|from the (?:first|start|beginning)(?: one| position)?|von der ersten|von anfang an"
            r"|de la première"
            r"|dalla prima|desde la primera),?\s+)"
        )
        words = to.replace("(?:up )?", "up ")
        match = re.search(rf"(?P<lead>{begins})(?:{words})\s+(?P<b>{self.item})", text, re.I)
        if match is None or (end := self._index(match["b"])) is None or end == 0:
            return None
        start = match.start() + len(match["lead"])
        return start, match.end(), f"{self.known[0]}-{self.known[end]}"

    def from_on(self, text: str) -> Edit | None:
        """ "From P3 on", "ab P3", "P3 and the following ones"."""
        if sparse(text, self.known) is not None:
            return None
        item = rf"(?P<x>{self.item})"
        on = (
            r"(?:on(?:wards?)?|upwards?|up|an|aufwärts|in poi|in avanti|in su|en adelante"
            r"|et au-delà)(?!\s+(?:to|until|bis|until))"
        )
        more = (
            r"(?:onwards?|upwards?|and (?:up|upwards?|higher|onwards?|above|everything after(?: it"
            r"| that)?|all after(?: it)?"
            r"|(?:the |all )?(?:the )?(?:following|later|subsequent)(?: ones| positions| fields)?)"
            r"|und (?:alle )?(?:die )?"
            r"(?:folgenden?|weiteren|höher|aufwärts|alle danach)(?: positionen)?"
            r"|et (?:toutes )?(?:les )?suivantes"
            r"|e (?:tutte )?(?:le )?(?:successive|seguenti)|y (?:todas )?(?:las )?siguientes)(?!\w)"
        )
        tail = r"(?:\s+(?:on(?:wards?)?|an|alle weiteren|aufwärts|in poi|en adelante))?(?!\w)"
        patterns = (
            rf"(?<!\w)(?:from|von|ab|da|dalla|de|desde|depuis|dès)\s+{item}\s+{on}(?!\w)",
            rf"{item}\s*,?\s+{more}",
            rf"(?<!\w)(?:ab|à partir d[eu]|a partire da(?:lla)?|a partir de)\s+{item}{tail}",
        )

        def names(match: re.Match[str]) -> str | None:
            start = self._index(match["x"])
            return None if start is None else ", ".join(self.known[start:])

        for pattern in patterns:
            edit = self._sub(pattern, text, names)
            if edit is not None:
                return edit
        return None
