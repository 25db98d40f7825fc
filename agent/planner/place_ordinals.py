"""Positions by their place among all: "the last one", "all but the second", "the rest"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent.planner.place_rules import PlaceRules
from agent.planner.place_words import (
    ALL,
    ART,
    COUNTS,
    ENDS,
    EXCEPT,
    FIRSTS,
    JOIN,
    LASTS,
    NOUN,
    ORDINAL,
    ORDINALS,
    PLURAL,
    REST,
    USELESS,
    WITHOUT,
)

if TYPE_CHECKING:
    from agent.planner.rewording import Edit


class PlaceOrdinals(PlaceRules):
    """Rules for ordinals, exceptions and all of them."""

    def as_marked(self, text: str) -> Edit | None:
        """ "Everything marked", "positions as marked"."""
        return self._sub(
            r"(?<!\w)(?:(?:everything|whatever(?: is)?|all (?:that is|that's)|what is) (?:marked"
            r"|saved|stored)|positions as (?:marked|saved|stored)"
            r"|alles,? was markiert ist|alles markierte|tout ce qui est marqué"
            r"|tutto ciò che è (?:marcato|segnato)|todo lo (?:que está )?marcado)(?!\w)",
            text,
            lambda m: ALL[self.language],
        )

    def first_of_them(self, text: str) -> Edit | None:
        """ "I marked six; only the first four are good"."""
        number = "|".join(COUNTS.values())
        return self._sub(
            rf"(?P<n>(?<!\w)(?:the |die |les |le |las )(?:first|last|ersten|letzten|premières"
            rf"|dernières|prime|ultime|primeras|últimas) (?:{number}|[2-9]))"
            r"(?=\s+(?:are|of (?:them|these|those)|ones|sind|davon|sont|d'entre|sono|di esse|son"
            r"|de ellas)(?!\w))(?:\s+(?:of (?:them|these|those)|ones|davon|di esse|de ellas))?",
            text,
            lambda m: f"{m['n']} {PLURAL[self.language]}",
        )

    def all_of_them(self, text: str) -> Edit | None:
        """ "All six of them"."""
        number = "|".join(COUNTS.values())
        return self._sub(
            rf"(?P<n>(?<!\w)(?:all|alle|toutes les|tutte e|todas las)\s+(?:{number}"
            rf"|[2-9]))\s+(?:of (?:them|these|those)|davon|di esse|de ellas)(?!\w)",
            text,
            lambda m: f"{m['n']} {PLURAL[self.language]}",
        )

    def last_alone(self, text: str) -> Edit | None:
        """ "The last position", where no focus is spoken of."""
        if re.search(r"focus|fokus|fuoco|foco|enfoque|mise au point|fail|schärfe", text, re.I):
            return None
        return self._sub(
            rf"(?P<lead>(?:^|[,;:.\n]\s*|(?<!\w)(?:at|on|image|film|take|just|only|an|auf|bei|nur"
            rf"|nimm|à|sur|prends|in|su|solo|en)\s+))"
            rf"(?:(?:the|my|die|der|meine|la|ma|mi)\s+|l')?(?:{ORDINALS[-1]})\s+(?:position"
            rf"|posizione|posición|field|feld|champ|campo)(?!\w)"
            r"(?=\s*(?:$|[,.;:)]|in\b|with\b|every\b|for\b|mit\b|im\b|alle\b|en\b|avec\b|toutes\b"
            r"|con\b|ogni\b|nel\b|cada\b))",
            text,
            lambda m: f"{m['lead']}{self.known[-1]}",
        )

    def any_of_them(self, text: str) -> Edit | None:
        """ "Any three positions": which is asked."""
        number = "|".join(COUNTS.values())
        return self._sub(
            r"(?<!\w)(?:any|irgendwelche|beliebige|n'importe quelles|qualsiasi|cualesquiera)\s+"
            rf"(?P<n>(?:{number}|[2-9])\s+{NOUN})(?!\w)",
            text,
            lambda m: m["n"],
        )

    def of_mine(self, text: str) -> Edit | None:
        """ "The last three of my positions"."""
        first = (
            r"first|last|ersten|letzten|premières?|dernières?|prim[ei]|ultim[ei]|primeras|últimas"
        )
        number = "|".join(COUNTS.values())
        return self._sub(
            rf"(?P<n>(?<!\w)(?:{first})\s+(?:{number}|[2-9]))\s+(?:of (?:my|the|our)|meiner|der"
            rf"|de (?:mes|ces)|delle mie"
            rf"|de mis|de las)\s+(?P<noun>{NOUN})(?!\w)",
            text,
            lambda m: f"{m['n']} {m['noun']}",
        )

    def counted(self, text: str) -> Edit | None:
        """ "All six except P3", where there are six."""
        number = COUNTS.get(len(self.known))
        if number is None:
            return None
        best = (
            r"(?<!\w)(?:best|most|beste[nr]?|meisten|meilleure?s?|plus|miglior[ei]|più"
            r"|mejor(?:es)?|más)(?!\w)"
        )
        if re.search(best, text, re.I):
            of_all = self._sub(
                rf"(?<!\w)(?P<of>of (?:the|my|all)|von (?:den|allen|meinen)|der|des|parmi les|dei"
                rf"|delle|tra le|de l[ao]s)\s+(?:{number}"
                rf"|{len(self.known)})(?=\s*(?:$|[,.;:)]|after|nach|après|dopo|después|tras"
                rf"|{NOUN}))",
                text,
                lambda m: f"{m['of']} {ALL[self.language]}",
            )
            if of_all is not None:
                return of_all
        return self._sub(
            rf"(?<!\w)(?:all|alle|toutes les|tutte e|tutte le|todas las|las|the|die|les"
            rf"|le)\s+(?:{number}"
            rf"|{len(self.known)})(?=\s*,?\s*(?:{EXCEPT})\s)",
            text,
            lambda m: ALL[self.language],
        )

    def ordinals(self, text: str) -> Edit | None:
        """ "The first and the last position"."""

        def names(match: re.Match[str]) -> str | None:
            found = [
                self._ordinal(w)
                for w in re.findall(rf"(?<!\w){ORDINAL}(?!\w)", match.group(), re.I)
            ]
            return None if None in found else ", ".join(str(n) for n in found)

        return self._sub(
            rf"(?<!every )(?<!each )(?<!cada )(?<!ogni )(?<!\w){ART}{ORDINAL}"
            rf"(?:{JOIN}{ART}{ORDINAL})+\s+{NOUN}(?!\w)"
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
            rf"(?P<a>{self.name})(?P<join>{JOIN})(?P<art>{ART})(?P<o>{ORDINAL})(?P<noun>\s+(?:one"
            rf"|{NOUN}))?{ENDS}",
            text,
            name,
        )

    def exception(self, text: str) -> Edit | None:
        """ "Every position except for the last one", "all except the last two"."""
        number = "|".join(COUNTS.values())

        def some(match: re.Match[str]) -> str | None:
            word = match["n"].lower()
            many = (
                int(word)
                if word.isdigit()
                else next((k for k, v in COUNTS.items() if re.fullmatch(v, word, re.I)), 0)
            )
            if not 0 < many < len(self.known):
                return None
            first = re.fullmatch(FIRSTS, match["o"], re.I) is not None
            out = self.known[:many] if first else self.known[-many:]
            lead = re.sub(r"(?i)^(all|alle|toutes|tutte|todas)\s+", "", match["a"])
            all_ = ALL[self.language] + " " if lead != match["a"] else ""
            return f"{all_}{lead}{', '.join(out)}"

        few = self._sub(
            rf"(?P<a>(?<!\w)(?:(?:all|alle|toutes|tutte"
            rf"|todas)\s+)?(?:{EXCEPT})\s+){ART}(?P<o>{FIRSTS}|{LASTS})\s+(?P<n>{number}"
            rf"|[2-9])"
            rf"(?:\s+(?:ones|{NOUN}))?{ENDS}",
            text,
            some,
        )
        if few is not None:
            return few

        def name(match: re.Match[str]) -> str | None:
            found = self._ordinal(match["o"])
            return f"{match['a']}{found}" if found else None

        return self._sub(
            rf"(?P<a>(?<!\w)(?:{EXCEPT})\s+(?:{self.name}{JOIN})*){ART}(?P<o>{ORDINAL})(?:\s+(?:one"
            rf"|{NOUN}))?{ENDS}",
            text,
            name,
        )

    def left_alone(self, text: str) -> Edit | None:
        """ "Leave P3 alone", "lass P3 weg"."""
        return self._sub(
            rf"(?<!\w)(?:leave|lass(?:t|en)?|laisse[rz]?|lascia(?:re)?|deja[r]?"
            rf"|keep)\s+(?P<x>{self.item}(?:{JOIN}{self.item})*)\s+"
            r"(?:alone|out|away|off|weg|aus|in ruhe|de côté|tranquilles?|stare|fuori|da parte"
            r"|fuera|de lado|en paz)(?!\w)",
            text,
            lambda m: f"{WITHOUT[self.language]} {m['x']}",
        )

    def the_rest(self, text: str) -> Edit | None:
        """ "Skip P3 and take the rest": all others, where some are left out by name."""
        if REST.search(text) is None:
            return None
        useless = self._sub(
            rf"(?P<x>{self.item})\s+(?:(?:is|are|ist|sind|est|è|está)\s+{USELESS}|isn't (?:usable"
            rf"|any good|ok(?:ay)?))(?!\w)",
            text,
            lambda m: f"{WITHOUT[self.language]} {m['x']}",
        )
        if useless is not None:
            return useless
        out = rf"(?<!\w)(?:not|{EXCEPT}|ignore|drop|forget|nicht)\s+(?:at |in |on )?{self.item}"
        if re.search(out, text, re.I) is None:
            return None
        return self._sub(REST.pattern, text, lambda m: ALL[self.language])
