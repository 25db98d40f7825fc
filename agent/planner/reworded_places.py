"""Odd but clear wordings of positions, put into the names that they stand for.

"From P3 on", "P2 and the last one", "all six except the third", "P1 ... P4", "no. 3 and no. 5": each
becomes a plain list before anything else is read, in all five languages.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent.planner.position_names import named, numbered_as
from agent.planner.reading.names import plate
from agent.planner.sparse import sparse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from agent.planner.normal import Normal

    Edit = tuple[int, int, str]

_NOUN = (
    r"(?:(?:stage )?positions?|pos\.?|positionen|posizion[ei]|posición|posiciones|fields?(?: of view)?|fovs?|felder?n?"
    r"|champs?|camp[oi]s?|points?|punkte?n?|punt[oi]s?|sites?|spots?|stellen?|sit[oi]s?|locations?)"
)
_SIGN = r"(?:no\.?|nr\.?|n°|nº|n\.|numbers?|nummer|numéros?|numer[oi]|números?|#)"
_JOIN = (
    r"(?:\s*(?:,|&|\+|/)\s*(?:and |und |et |e |y |plus )?|\s+(?:and|und|et|e|ed|y|plus|sowie)\s+)"
)
_ART = r"(?:(?:the|die|der|den|la|le|les|il|lo|i|el|las|los|my|also the|auch die)\s+|l')?"
_ORDINALS = {
    1: r"first|1st|erste[nrs]?|première?|prim[ao]|primer[ao]?",
    2: r"second|2nd|zweite[nrs]?|deuxième|seconde?|second[ao]|segund[ao]",
    3: r"third|3rd|dritte[nrs]?|troisième|terz[ao]|tercer[ao]?",
    4: r"fourth|4th|vierte[nrs]?|quatrième|quart[ao]|cuart[ao]",
    5: r"fifth|5th|fünfte[nrs]?|cinquième|quint[ao]",
    6: r"sixth|6th|sechste[nrs]?|sixième|sest[ao]|sext[ao]",
    -1: r"(?:very )?last|letzte[nrs]?|dernière?|ultim[ao]|últim[ao]",
}
_ORDINAL = "(?:" + "|".join(_ORDINALS.values()) + ")"
_EXCEPT = (
    r"(?:except(?: for)?|(?:all |everything )?but(?: not)?|apart from|excluding|without|other than|skip(?:ping)?|omit(?:ting)?"
    r"|leaving out|bar|minus|save for|außer|ausser|ohne|bis auf|mit ausnahme von|sauf|excepté|hormis|sans|à part"
    r"|à l'exception de|tranne|eccetto|senza|meno|a parte|ad eccezione di|salvo|excepto|menos|sin|a excepción de)"
)
_ENDS = (
    r"(?=\s*(?:$|[,.;:)\n]|(?:in|at|with|every|each|for|on|mit|im|alle|jede\w*|en|avec|pendant|toutes|con|ogni|per"
    r"|nel|cada|durante|und|and|et|e|y)(?!\w)))"
)
_ALL = {
    "en": "all positions",
    "de": "alle Positionen",
    "fr": "toutes les positions",
    "it": "tutte le posizioni",
    "es": "todas las posiciones",
}
_COUNTS = {
    2: "two|beiden?|zwei|deux|due|dos",
    3: "three|drei|trois|tre|tres",
    4: "four|vier|quatre|quattro|cuatro",
    5: "five|fünf|cinq|cinque|cinco",
    6: "six|sechs|sei|seis",
    7: "seven|sieben|sept|sette|siete",
    8: "eight|acht|huit|otto|ocho",
    9: "nine|neun|neuf|nove|nueve",
    10: "ten|zehn|dix|dieci|diez",
}
_REST = re.compile(
    r"(?<!\w)(?:(?:all |to |use |take |only )?(?:the |all )?(?:rest|remaining(?: (?:ones|\w+))?|other (?:ones|positions|fields"
    r"|two|three|four|five)|others)|(?:die |alle )?(?:anderen|übrigen|restlichen|sonstigen)(?: (?:positionen|felder"
    r"|zwei|drei|vier|fünf))?|(?:toutes )?les (?:\w+ )?autres(?: positions| champs)?|le reste"
    r"|(?:tutte )?le (?:altre|restanti|rimanenti)(?: \w+)?(?: posizioni)?|(?:todas )?las (?:demás|otras|restantes)"
    r"(?: \w+)?(?: posiciones)?)" + _ENDS,
    re.I,
)
_FIRSTS = r"first|ersten|premi(?:ères|ers)|prim[ei]|primer[ao]s"
_LASTS = r"last|letzten|derni(?:ères|ers)|ultim[ei]|últim[ao]s"
_PLURAL = {
    "en": "positions",
    "de": "Positionen",
    "fr": "positions",
    "it": "posizioni",
    "es": "posiciones",
}
_WITHOUT = {"en": "skip", "de": "ohne", "fr": "sans", "it": "senza", "es": "sin"}
_USELESS = (
    r"(?:empty|dead|bad|broken|useless|dry|contaminated|unusable|not usable|no good|leer|tot|kaputt|unbrauchbar|vide|morte"
    r"|abîmée|inutilisable|vuota|morta|rovinata|inutilizzabile|vacía|muerta|dañada|inservible)"
)
_MOST = 24  # times that a rule is tried again


def reworded_places(text: Normal, language: str, known: Sequence[str]) -> Normal:
    """The same text with such wordings replaced, where positions are marked and no plate is named."""
    if not known or plate(text.text, language) is not None:
        return text
    rules = _Rules(tuple(known), language)
    for rule in rules.all():
        for _ in range(_MOST):
            edit = rule(text.text)
            if edit is None:
                break
            text = text.edited([edit])
    return text


class _Rules:
    """Rules for one microscope's positions; each gives one edit of a text, None for none."""

    def __init__(self, known: tuple[str, ...], language: str) -> None:
        self.known, self.language = known, language
        names = "|".join(re.escape(n) for n in sorted(known, key=len, reverse=True))
        short = (
            r"|p0?\d{1,2}|pos[_-]?\d{1,2}" if all(re.fullmatch(r"P\d+", n) for n in known) else ""
        )
        self.name = rf"(?<![\w.-])(?:{names}{short})(?![\w.]*\w)"
        self.item = rf"(?:{self.name}|(?<!\w){_NOUN}\s*(?:{_SIGN}\s*)?\d{{1,2}}(?![\w.:]*\w))"

    def all(self) -> Iterator[Callable[[str], Edit | None]]:
        """In the order in which they are tried."""
        yield self.spaced
        yield self.brackets
        yield self.signs
        yield self.without_numbers
        yield self.as_marked
        yield self.first_of_them
        yield self.all_of_them
        yield self.any_of_them
        yield self.of_mine
        yield self.counted
        yield self.dots
        yield self.up_to
        yield self.from_on
        yield self.ordinals
        yield self.last_listed
        yield self.last_alone
        yield self.exception
        yield self.left_alone
        yield self.the_rest

    def _sub(
        self, pattern: str, text: str, to: Callable[[re.Match[str]], str | None]
    ) -> Edit | None:
        for match in re.finditer(pattern, text, re.I):
            words = to(match)
            if words is not None and words != match.group():
                return match.start(), match.end(), words
        return None

    def _index(self, words: str) -> int | None:
        digits = re.search(r"\d+\s*$", words)
        name = named(words.strip(), self.known)
        if name not in self.known and digits and re.match(_NOUN, words.strip(), re.I):
            name = numbered_as(int(digits.group()), self.known)
        lower = [n.lower() for n in self.known]
        return lower.index(name.lower()) if name.lower() in lower else None

    def _ordinal(self, word: str) -> str | None:
        for number, pattern in _ORDINALS.items():
            if re.fullmatch(pattern, word.strip(), re.I):
                if number == -1:
                    return self.known[-1]
                return numbered_as(number, self.known) if number <= len(self.known) else None
        return None

    def spaced(self, text: str) -> Edit | None:
        """ "P 1"."""
        for match in re.finditer(r"(?<![\w.])P (\d{1,2})(?![\w.:]*\w)", text):
            if f"P{match[1]}" in self.known:
                return match.start(), match.end(), f"P{match[1]}"
        return None

    def brackets(self, text: str) -> Edit | None:
        """ "Positions 1, 2 (the controls) and 5": what they are, in a list of them."""
        return self._sub(
            rf"(?P<lead>{self.item}(?:{_JOIN}(?:{self.name}|\d{{1,2}}))*)\s*\([^\d()]{{2,24}}\)(?P<tail>{_JOIN}(?:{self.name}|\d{{1,2}}(?!\w|[.:]\d|\s*(?:min|ms|s|h)\b)))",
            text,
            lambda m: f"{m['lead']}{m['tail']}",
        )

    def without_numbers(self, text: str) -> Edit | None:
        """ "P1-6 without 3"."""
        lead = rf"(?P<a>{self.name})\s*(?:-|to|through|bis|à|a|al|hasta)\s*(?P<b>{self.name}|\d{{1,2}})"
        out = rf"\s*,?\s*(?P<but>{_EXCEPT}|w/o|not)\s+"
        more = r"(?P<n>\d{1,2}(?:\s*(?:,|and|und|et|e|y|&)\s*\d{1,2})*)(?![\w:.]*\d)(?!\s*(?:min|ms|sec|s|h|um|µm|x)\b)"

        def names(match: re.Match[str]) -> str:
            gone = [numbered_as(int(n), self.known) for n in re.findall(r"\d+", match["n"])]
            end = match["b"]
            end = numbered_as(int(end), self.known) if end.isdigit() else end
            but = "without" if match["but"].lower() == "w/o" else match["but"]
            return f"{match['a']}-{end} {but} {', '.join(gone)}"

        return self._sub(lead + out + more, text, names)

    def as_marked(self, text: str) -> Edit | None:
        """ "Everything marked", "positions as marked"."""
        return self._sub(
            r"(?<!\w)(?:(?:everything|whatever(?: is)?|all (?:that is|that's)|what is) (?:marked|saved|stored)|positions as (?:marked|saved|stored)"
            r"|alles,? was markiert ist|alles markierte|tout ce qui est marqué|tutto ciò che è (?:marcato|segnato)|todo lo (?:que está )?marcado)(?!\w)",
            text,
            lambda m: _ALL[self.language],
        )

    def first_of_them(self, text: str) -> Edit | None:
        """ "I marked six; only the first four are good"."""
        number = "|".join(_COUNTS.values())
        return self._sub(
            rf"(?P<n>(?<!\w)(?:the |die |les |le |las )(?:first|last|ersten|letzten|premières|dernières|prime|ultime|primeras|últimas) (?:{number}|[2-9]))"
            r"(?=\s+(?:are|of (?:them|these|those)|ones|sind|davon|sont|d'entre|sono|di esse|son|de ellas)(?!\w))(?:\s+(?:of (?:them|these|those)|ones|davon|di esse|de ellas))?",
            text,
            lambda m: f"{m['n']} {_PLURAL[self.language]}",
        )

    def all_of_them(self, text: str) -> Edit | None:
        """ "All six of them"."""
        number = "|".join(_COUNTS.values())
        return self._sub(
            rf"(?P<n>(?<!\w)(?:all|alle|toutes les|tutte e|todas las)\s+(?:{number}|[2-9]))\s+(?:of (?:them|these|those)|davon|di esse|de ellas)(?!\w)",
            text,
            lambda m: f"{m['n']} {_PLURAL[self.language]}",
        )

    def last_alone(self, text: str) -> Edit | None:
        """ "The last position", where no focus is spoken of."""
        if re.search(r"focus|fokus|fuoco|foco|enfoque|mise au point|fail|schärfe", text, re.I):
            return None
        return self._sub(
            rf"(?P<lead>(?:^|[,;:.\n]\s*|(?<!\w)(?:at|on|image|film|take|just|only|an|auf|bei|nur|nimm|à|sur|prends|in|su|solo|en)\s+))"
            rf"(?:(?:the|my|die|der|meine|la|ma|mi)\s+|l')?(?:{_ORDINALS[-1]})\s+(?:position|posizione|posición|field|feld|champ|campo)(?!\w)"
            r"(?=\s*(?:$|[,.;:)]|in\b|with\b|every\b|for\b|mit\b|im\b|alle\b|en\b|avec\b|toutes\b|con\b|ogni\b|nel\b|cada\b))",
            text,
            lambda m: f"{m['lead']}{self.known[-1]}",
        )

    def signs(self, text: str) -> Edit | None:
        """ "Position no. 3 and no. 5", "apart from number 2"."""
        lead = rf"(?:{self.item}{_JOIN}|(?<!\w){_EXCEPT}\s+)"
        return self._sub(
            rf"(?P<lead>{lead}){_SIGN}\s*(?P<n>\d{{1,2}})(?![\w.:]*\w)",
            text,
            lambda m: f"{m['lead']}{numbered_as(int(m['n']), self.known)}",
        )

    def any_of_them(self, text: str) -> Edit | None:
        """ "Any three positions": which is asked."""
        number = "|".join(_COUNTS.values())
        return self._sub(
            r"(?<!\w)(?:any|irgendwelche|beliebige|n'importe quelles|qualsiasi|cualesquiera)\s+"
            rf"(?P<n>(?:{number}|[2-9])\s+{_NOUN})(?!\w)",
            text,
            lambda m: m["n"],
        )

    def of_mine(self, text: str) -> Edit | None:
        """ "The last three of my positions"."""
        first = (
            r"first|last|ersten|letzten|premières?|dernières?|prim[ei]|ultim[ei]|primeras|últimas"
        )
        number = "|".join(_COUNTS.values())
        return self._sub(
            rf"(?P<n>(?<!\w)(?:{first})\s+(?:{number}|[2-9]))\s+(?:of (?:my|the|our)|meiner|der|de (?:mes|ces)|delle mie"
            rf"|de mis|de las)\s+(?P<noun>{_NOUN})(?!\w)",
            text,
            lambda m: f"{m['n']} {m['noun']}",
        )

    def counted(self, text: str) -> Edit | None:
        """ "All six except P3", where there are six."""
        number = _COUNTS.get(len(self.known))
        if number is None:
            return None
        best = r"(?<!\w)(?:best|most|beste[nr]?|meisten|meilleure?s?|plus|miglior[ei]|più|mejor(?:es)?|más)(?!\w)"
        if re.search(best, text, re.I):
            of_all = self._sub(
                rf"(?<!\w)(?P<of>of (?:the|my|all)|von (?:den|allen|meinen)|der|des|parmi les|dei|delle|tra le|de l[ao]s)\s+(?:{number}"
                rf"|{len(self.known)})(?=\s*(?:$|[,.;:)]|after|nach|après|dopo|después|tras|{_NOUN}))",
                text,
                lambda m: f"{m['of']} {_ALL[self.language]}",
            )
            if of_all is not None:
                return of_all
        return self._sub(
            rf"(?<!\w)(?:all|alle|toutes les|tutte e|tutte le|todas las|las|the|die|les|le)\s+(?:{number}"
            rf"|{len(self.known)})(?=\s*,?\s*(?:{_EXCEPT})\s)",
            text,
            lambda m: _ALL[self.language],
        )

    def dots(self, text: str) -> Edit | None:
        """ "P1, P2 ... P5"."""
        stepped = self._sub(
            rf"(?P<a>{self.name})\s*,\s*(?P<b>{self.name})\s*,?\s*(?:\.{{2,}}|…|etc\.?)\s*,?\s*(?P<c>{self.name})",
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
            r"(?:(?:all the way |right )?(?:up )?(?:to|until|till|through)|bis(?: hin)?(?: zu)?|jusqu'à|jusqu'au|fino a(?:lla)?"
            r"|hasta(?: la)?)(?:\s+and including|\s+einschließlich)?"
        )
        ranged = self._sub(
            rf"(?P<a>{self.name})\s+(?:(?:back )?down to|runter bis|hinunter bis|all the way up to|all the way to|right up to|up to|up until|bis hin zu|jusqu'à|fino a|hasta)"
            rf"\s+(?P<b>{self.name})",
            text,
            lambda m: f"{m['a']}-{m['b']}",
        )
        if ranged is not None:
            return ranged
        begins = (
            r"(?:^|[,;:\n]\s*|(?<!\w)(?:positions?|positionen|fields|posizioni|posiciones|everything|alles|tout|tutto|todo"
            r"|from the (?:first|start|beginning)(?: one| position)?|von der ersten|von anfang an|de la première"
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
        on = r"(?:on(?:wards?)?|upwards?|up|an|aufwärts|in poi|in avanti|in su|en adelante|et au-delà)(?!\s+(?:to|until|bis|until))"
        more = (
            r"(?:onwards?|upwards?|and (?:up|upwards?|higher|onwards?|above|everything after(?: it| that)?|all after(?: it)?"
            r"|(?:the |all )?(?:the )?(?:following|later|subsequent)(?: ones| positions| fields)?)|und (?:alle )?(?:die )?"
            r"(?:folgenden?|weiteren|höher|aufwärts|alle danach)(?: positionen)?|et (?:toutes )?(?:les )?suivantes"
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

    def ordinals(self, text: str) -> Edit | None:
        """ "The first and the last position"."""

        def names(match: re.Match[str]) -> str | None:
            found = [
                self._ordinal(w)
                for w in re.findall(rf"(?<!\w){_ORDINAL}(?!\w)", match.group(), re.I)
            ]
            return None if None in found else ", ".join(str(n) for n in found)

        return self._sub(
            rf"(?<!every )(?<!each )(?<!cada )(?<!ogni )(?<!\w){_ART}{_ORDINAL}(?:{_JOIN}{_ART}{_ORDINAL})+\s+{_NOUN}(?!\w)"
            r"(?!\s*\d)",
            text,
            names,
        )

    def last_listed(self, text: str) -> Edit | None:
        """ "P2, P3 and the last one"."""

        def name(match: re.Match[str]) -> str | None:
            found = self._ordinal(match["o"])
            told = match["noun"] or re.search(r"\w", match["join"]) or match["art"]
            return f"{match['a']}{match['join']}{found}" if found and told else None

        return self._sub(
            rf"(?P<a>{self.name})(?P<join>{_JOIN})(?P<art>{_ART})(?P<o>{_ORDINAL})(?P<noun>\s+(?:one|{_NOUN}))?{_ENDS}",
            text,
            name,
        )

    def exception(self, text: str) -> Edit | None:
        """ "Every position except for the last one", "all except the last two"."""
        number = "|".join(_COUNTS.values())

        def some(match: re.Match[str]) -> str | None:
            word = match["n"].lower()
            many = (
                int(word)
                if word.isdigit()
                else next((k for k, v in _COUNTS.items() if re.fullmatch(v, word, re.I)), 0)
            )
            if not 0 < many < len(self.known):
                return None
            first = re.fullmatch(_FIRSTS, match["o"], re.I) is not None
            out = self.known[:many] if first else self.known[-many:]
            lead = re.sub(r"(?i)^(all|alle|toutes|tutte|todas)\s+", "", match["a"])
            all_ = _ALL[self.language] + " " if lead != match["a"] else ""
            return f"{all_}{lead}{', '.join(out)}"

        few = self._sub(
            rf"(?P<a>(?<!\w)(?:(?:all|alle|toutes|tutte|todas)\s+)?(?:{_EXCEPT})\s+){_ART}(?P<o>{_FIRSTS}|{_LASTS})\s+(?P<n>{number}|[2-9])"
            rf"(?:\s+(?:ones|{_NOUN}))?{_ENDS}",
            text,
            some,
        )
        if few is not None:
            return few

        def name(match: re.Match[str]) -> str | None:
            found = self._ordinal(match["o"])
            return f"{match['a']}{found}" if found else None

        return self._sub(
            rf"(?P<a>(?<!\w)(?:{_EXCEPT})\s+(?:{self.name}{_JOIN})*){_ART}(?P<o>{_ORDINAL})(?:\s+(?:one|{_NOUN}))?{_ENDS}",
            text,
            name,
        )

    def left_alone(self, text: str) -> Edit | None:
        """ "Leave P3 alone", "lass P3 weg"."""
        return self._sub(
            rf"(?<!\w)(?:leave|lass(?:t|en)?|laisse[rz]?|lascia(?:re)?|deja[r]?|keep)\s+(?P<x>{self.item}(?:{_JOIN}{self.item})*)\s+"
            r"(?:alone|out|away|off|weg|aus|in ruhe|de côté|tranquilles?|stare|fuori|da parte|fuera|de lado|en paz)(?!\w)",
            text,
            lambda m: f"{_WITHOUT[self.language]} {m['x']}",
        )

    def the_rest(self, text: str) -> Edit | None:
        """ "Skip P3 and take the rest": all others, where some are left out by name."""
        if _REST.search(text) is None:
            return None
        useless = self._sub(
            rf"(?P<x>{self.item})\s+(?:(?:is|are|ist|sind|est|è|está)\s+{_USELESS}|isn't (?:usable|any good|ok(?:ay)?))(?!\w)",
            text,
            lambda m: f"{_WITHOUT[self.language]} {m['x']}",
        )
        if useless is not None:
            return useless
        out = rf"(?<!\w)(?:not|{_EXCEPT}|ignore|drop|forget|nicht)\s+(?:at |in |on )?{self.item}"
        if re.search(out, text, re.I) is None:
            return None
        return self._sub(_REST.pattern, text, lambda m: _ALL[self.language])
