"""Reads one mention of marked positions at a place of a folded text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.planner.reading.lists import Joints, read_list
from agent.planner.reading.numbers import number_at
from agent.planner.reading.position_words import (
    ALL_WORD,
    ARTICLE,
    NAME,
    Numbered,
    PositionWords,
    Said,
    spelled_out,
    spread,
)
from agent.planner.reading.tables import words
from agent.planner.reading.units import unit_at

if TYPE_CHECKING:
    from agent.planner.reading.fold import Folded

REACH = 40  # characters from a mention to its correction
_SORRY = re.compile(
    r"(?:sorry|wait|no|mean|rather|make that|actually|nein|ah|quatsch|besser|pardon|non|plutot"
    r"|scusa|anzi|perdon|mejor|correction|correccion)[\s,.:-]*"
    r"(?:make (?:it|that)\s+|da\s+|de\s+|von\s+)?$"
)
_ONLY = re.compile(r"(?<!\w)(?:only|just|nur|seulement|solo|soltanto|solamente)\s+$")
_NOT = re.compile(r"(?<!\w)(?:not|nicht|pas|non|no)\s+$")
_ARTICLES = frozenset(["a", "an", "ein", "eine", "einer", "eins", "un", "une", "una", "uno"])
_LETTERS = re.compile(r"[^\W\d_]+")
_RANGE_END = re.compile(r"([0-9]{1,3})(?![\w]|[.,][0-9])")
_PLAIN = re.compile(r"([0-9]{1,3})(?![\w]|[.:][0-9])")
_GAP = re.compile(r"\s*")
MOST_SMALL = 12  # p12 is a position, p21 and p53 are proteins
_PER = re.compile(
    r"\s+(?:per|in each|in every|each|in|pro|je|par|per|por|a|an)\s+(?:each\s+|every\s+)?"
    r"(?:well|napf|puits|pozzett|pocillo)"
)
_CHOSEN = re.compile(
    r"(?:best|top|most|random|beste[nr]?|meilleur\w*|miglior\w*|mejor\w*|zufallig\w*|first|last|of"
    r"|other)\s*$"
)
_CHOSEN_AFTER = re.compile(r"\s+(?:with the (?:most|best|highest)|mit den meisten|plus)")
_LITTLE = re.compile(
    r"[\s,]*(?:for\s+|the\s+|die\s+|der\s+|den\s+|les?\s+|la\s+|las?\s+|los?\s+|el\s+|i\s+)?"
)

_SPELLED = (
    "two|three|four|five|six|seven|eight|nine|zwei|drei|vier|fünf|funf|sechs|sieben|acht|neun|deux"
    "|trois|quatre|cinq|sept|huit|neuf|due|tre|quattro|cinque|sei|sette|otto|nove|dos|tres"
    "|cuatro|cinco|seis|siete|ocho|nueve"
)
_FILLERS = (
    r"(?:(?:uh|uhm|um|er|erm|hm+|eh|ah|ahm|euh|em|also|auch|aussi|anche|tambien|then|maybe),?\s+)*"
)
_NOUN_NEXT = re.compile(r"\s+[^\W\d_]{5,}")
_POINT_IN_TIME = re.compile(r"\s+(?:temporal|temporel|de temps|di tempo|de tiempo|in time)")
_OF_TIME = re.compile(r"(?:time|data|end|zeit|z)[\s-]*$")  # "time points: 50" are no positions
_OF_MARKED = re.compile(r"\s*(?:of (?:the|my)|der|von den|des|de las?|delle|de los)\s+")
_ENDS_LIST = re.compile(  # "P1, 2 and 4 in GFP", but not "P2, 1 wavelength", "P4, 100 loops"
    r"\s*(?:$|[,;:)(&+/\n0-9-]|\.(?![0-9])|(?:and|or|in|at|with|every|each|for|on|using|from|by"
    r"|but|then|to"
    r"|und|oder|im|mit|alle|jede\w*|fur|auf|ab|bis|dann|aber|et|ou|en|avec|toute?s?|tous|chaque"
    r"|pour|sur"
    r"|puis|mais|e|ed|o|con|ogni|per|su|poi|ma|y|cada|durante|por|pero|luego|all|only|also|please"
    r"|bitte|pls|plz|thx|thanks|svp|grazie|gracias|merci|danke"
    r"|gfp|dapi|fitc|cy5|rhodamine|hoechst|mcherry|rfp|green|red|far|nuclei|overnight|once|hourly"
    r"|nel|nella|nei|nelle|sul|sulla|al|alla|del|della|aux|dans|am|an|beim|durch|through|via"
    r"|pendant|lors"
    r"|within|inside|over|throughout|plus|as|well|together|using|mit|je|hourly|twice|starting"
    r"|today|tonight"
    r"|gently|until|while|when|if|as|whenever|should|sobald|wenn|quand|quando|cuando)(?!\w))"
)
_RANGE_END_LOOSE = re.compile(r"[0-9]{1,3}")
_COUNTED = re.compile(
    r"\s*(?:x\s*[0-9]|%|\s(?:times?|rounds?|time ?points?|frames?|images?|planes?|slices?|channels?"
    r"|fields?|wells?|runden|bilder|ebenen|mal|images|plans|fois|immagini|piani|volt[ae]|imagenes"
    r"|planos"
    r"|veces|vez|positions?)\b)"
)


@dataclass(frozen=True)
class Reader:
    """Reads one text. `known`: names of marked positions by their folded form."""

    f: Folded
    language: str
    p: PositionWords
    j: Joints
    known: dict[str, str]

    def at(self, at: int) -> tuple[Numbered, int] | None:
        """The mention that begins at a place and its end."""
        low, known = self.f.low, self.known
        word = _LETTERS.match(low, at)
        begins = self.p.any.match(low, at) or (
            word and word.group() in words(self.language).number_starts
        )
        if not begins and not (known and self._one_known(at)):
            return None
        for read in (self._all, self._first, self._ordinal, self._listed, self._count):
            found = read(at)
            if found:
                return found
        return self._named(at)

    def bare(self, at: int, last: Numbered | None) -> tuple[Numbered, int] | None:
        """Only 2 and 6; positions 1 to 4, sorry, 1 to 5: numbers that say no noun again."""
        if not self.f.low[at].isdecimal():
            return None
        before = self.f.low[max(0, at - 40) : at]
        after_numbers = last is not None and last.said is Said.NUMBERS
        near = last is not None and self.f.at[at] - last.span.end <= REACH
        corrects = after_numbers and near and _SORRY.search(before)
        restricts = _ONLY.search(before) and self.p.nouns.search(self.f.low, 0, at)
        if not corrects and not restricts:
            return None
        found = self._numbers(at)
        if not found or len(found[0]) < 2:
            return None
        return self._made(at, found[1], Said.NUMBERS, numbers=found[0]), found[1]

    def _all(self, at: int) -> tuple[Numbered, int] | None:
        """All positions, every field, all six positions; all but 2 and 3."""
        low = self.f.low
        match = self.p.all.match(low, at)
        if not match or _NOT.search(low[max(0, at - 6) : at]):
            return self._all_but(at)
        place, count = match.end(), None
        number = number_at(low, place, words(self.language))
        if number and number.value.is_integer():
            count, place = int(number.value), self._article(self._gap(number.end))
        adjective = self.p.adjectives.match(low, place)
        place = adjective.end() if adjective else place
        noun = self.p.nouns.match(low, place)
        if not noun or self._listed(place):
            return self._all_but(at)
        return self._without(at, noun.end(), count)

    def _all_but(self, at: int) -> tuple[Numbered, int] | None:
        """All but position 2, everything except P3."""
        match = ALL_WORD.match(self.f.low, at)
        but = self.p.except_.match(self.f.low, self._gap(match.end())) if match else None
        but = but or self.p.except_.match(self.f.low, at)
        if not but or not match:
            return None
        start = match.end() if match else at
        found = self._exception(self._gap(start) if match else at)
        if not found:
            return None
        numbers, names, end = found
        return self._made(at, end, Said.ALL, excluded=numbers, excluded_names=names), end

    def _without(self, at: int, end: int, count: int | None) -> tuple[Numbered, int]:
        place = _LITTLE.match(self.f.low, end)
        start = place.end() if place else end
        exception = self._exception(start)
        if exception:
            numbers, names, end = exception
            made = self._made(
                at, end, Said.ALL, count=count, mine=True, excluded=numbers, excluded_names=names
            )
            return made, end
        open_ = self.p.except_.match(self.f.low, start) is not None
        return self._made(at, end, Said.ALL, count=count, mine=True, unclear=open_), end

    def _exception(self, at: int) -> tuple[tuple[int, ...], tuple[str, ...], int] | None:
        but = self.p.except_.match(self.f.low, at)
        if not but:
            return None
        gap = _LITTLE.match(self.f.low, but.end())
        start = gap.end() if gap else but.end()
        said = self._listed(start) or self._named(start) or self._ordinal(start)
        if said:
            return said[0].numbers, said[0].names, said[1]
        plain = self._numbers(start)
        return (plain[0], (), plain[1]) if plain else None

    def _first(self, at: int) -> tuple[Numbered, int] | None:
        """The first three positions, les trois premières positions."""
        low = self.f.low
        for phrase, said in ((self.p.first, Said.FIRST), (self.p.last, Said.LAST)):
            head = phrase.match(low, at)
            place = head.end() if head else self._article(at)
            number = number_at(low, place, words(self.language))
            if not number or number.value not in range(1, 1000):
                continue
            place = self._gap(number.end)
            if not head:
                behind = phrase.match(low, place)
                if not behind:
                    continue
                place = behind.end()
            noun = self.p.nouns.match(low, place)
            if noun:
                count = int(number.value)
                return self._made(at, noun.end(), said, count=count, mine=True), noun.end()
        return None

    def _article(self, at: int) -> int:
        match = ARTICLE.match(self.f.low, at)
        return match.end() if match else at

    def _ordinal(self, at: int) -> tuple[Numbered, int] | None:
        """The second and fourth position, 3rd position."""
        low = self.f.low
        place = self._article(at)
        if re.search(
            r"(?:every|each|jede[nrs]?|chaque|ogni|cada|a)\s+$", low[max(0, at - 10) : at]
        ):
            return None

        def read(start: int, later: bool) -> tuple[int, int] | None:
            start = self._article(start) if later else start
            digits = _RANGE_END_LOOSE.match(low, start)
            ending = self.p.ordinal_ending.match(low, digits.end()) if digits else None
            if digits and ending:
                return int(digits.group()), ending.end()
            for phrase, value in self.p.ordinals:
                match = phrase.match(low, start)
                if match:
                    return value, match.end()
            return None

        found = read_list(low, place, self.j, read)
        if found is None:
            return None
        of = _OF_MARKED.match(low, found.end)
        place = of.end() if of else self._gap(found.end)
        adjective = self.p.adjectives.match(low, place)
        noun = self.p.nouns.match(low, adjective.end() if adjective else place)
        if not noun or self._numbers(self._gap(noun.end())):
            return None
        numbers = spread([(a, b) for a, b in found.items])
        return self._made(at, noun.end(), Said.NUMBERS, numbers=numbers), noun.end()

    def _listed(self, at: int) -> tuple[Numbered, int] | None:
        """Positions 1, 4 and 7; position three; positions P1 and P4."""
        noun = self.p.nouns.match(self.f.low, at)
        if not noun or _OF_TIME.search(self.f.low[max(0, at - 6) : at]):
            return None
        sign = self.p.number_sign.match(self.f.low, noun.end())
        start = sign.end() if sign else noun.end()
        numbers = self._numbers(start)
        if numbers:
            return self._made(at, numbers[1], Said.NUMBERS, numbers=numbers[0]), numbers[1]
        named = self._named(start)
        if named:
            return self._made(at, named[1], Said.NAMES, names=named[0].names), named[1]
        return None

    def _numbers(self, at: int) -> tuple[tuple[int, ...], int] | None:
        low = self.f.low

        def read(start: int, later: bool) -> tuple[int, int] | None:
            start = self._article(start) if later else start
            start += low[start : start + 1] == "#"
            noun = self.p.nouns.match(low, start) if later else None  # position 1 and position 4
            if noun:
                sign = self.p.number_sign.match(low, noun.end())
                start = sign.end() if sign else noun.end()
            match = _PLAIN.match(low, start)
            if match and later and noun is None and not _ENDS_LIST.match(low, match.end()):
                return None
            if match:
                value, end = int(match[1]), match.end()
            else:
                number = number_at(low, start, words(self.language))
                if not number or not number.spelled or not number.value.is_integer():
                    return None
                if low[start : number.end] in _ARTICLES and not self._goes_on(start, number.end):
                    return None
                value, end = int(number.value), number.end
            return None if self._counts(end) else (value, end)

        found = read_list(low, at, self._spoken, read)
        return (spread(list(found.items)), found.end) if found else None

    @property
    def _spoken(self) -> Joints:
        """Joints of numbers in words, which may follow each other without a comma."""
        also = rf"(?:{self.j.also.pattern}){_FILLERS}|\s+(?=(?:{_SPELLED})\b)"
        return Joints(self.j.to, re.compile(also))

    def _goes_on(self, start: int, end: int) -> bool:
        """Whether an article is a number here: "position eins bis vier", "da uno a quattro"."""
        low = self.f.low
        if low[start:end] in ("eins", "uno"):
            return True
        for joint in (self.j.to, self.j.also, _GAP):
            match = joint.match(low, end)
            if match and match.end() > end:
                following = number_at(low, self._article(match.end()), words(self.language))
                if following and following.value.is_integer() and not self._counts(following.end):
                    return True
                if self.p.nouns.match(low, match.end()):
                    return True
        before = self.j.also.search(low[max(0, start - 5) : start]) or self.j.to.search(
            low[max(0, start - 5) : start]
        )
        return before is not None and not _NOUN_NEXT.match(low, end)

    def _counts(self, at: int) -> bool:
        """Whether a unit or noun follows a number: "position 1, 5 min"."""
        start = at + (self.f.low[at : at + 1] in (" ", "-"))
        unit = unit_at(self.f.low, self.f.cased, start)
        if unit:
            return not (unit[0].name == "other" and start > at)
        return bool(_COUNTED.match(self.f.low, at))

    def _named(self, at: int) -> tuple[Numbered, int] | None:
        """P1, P2 and P4; P1-P4; names that are known."""
        low = self.f.low
        if self.p.well.search(low[max(0, at - 16) : at]):
            return None

        def read(start: int, later: bool) -> tuple[str, int] | None:
            known = self._one_known(start)
            if known:
                return known
            match = NAME.match(low, start)
            if match and (later or not self._protein(start, match)):
                prefix = self.f.cased[start : match.start(2)]
                prefix = prefix.upper() if len(prefix) == 1 else prefix
                return f"{prefix}{match[2]}", match.end()
            bare = _RANGE_END.match(low, start) if later else None
            if bare and self._enumerates(bare.end()):
                return None
            if bare and _ENDS_LIST.match(low, bare.end()) and not self._counts(bare.end()):
                return bare[1], bare.end()
            return None

        filled = re.compile(rf"(?:{self.j.also.pattern}){_FILLERS}")
        found = read_list(low, at, Joints(self.j.to, filled), read)
        if not found:
            return None
        names = spelled_out(list(found.items))
        return self._made(at, found.end, Said.NAMES, names=names), found.end

    def _enumerates(self, end: int) -> bool:
        """ "1) go to P1 2) GFP": the number of a point."""
        before = self.f.low[:end]
        return self.f.low[end : end + 1] == ")" and before.rfind("(") <= before.rfind(")")

    def _protein(self, at: int, match: re.Match[str]) -> bool:
        """Whether it is no position: p53, s6, passage P5."""
        small = not self.f.cased[at].isupper() and len(match[1]) == 1
        if self.f.low[max(0, at - 8) : at] == "passage ":
            return True
        return small and (match[1] == "s" or int(match[2]) > MOST_SMALL)

    def _decimal(self, at: int) -> bool:
        return bool(re.match(r"[.,:][0-9]", self.f.low[at : at + 2]))

    def _one_known(self, at: int) -> tuple[str, int] | None:
        best: tuple[str, int] | None = None
        for low, name in self.known.items():
            end = at + len(low)
            fits = self.f.low.startswith(low, at) and not self.f.low[end : end + 1].isalnum()
            if fits and (best is None or end > best[1]):
                best = name, end
        return best

    def _count(self, at: int) -> tuple[Numbered, int] | None:
        """Six positions, my six positions, the 6 marked positions."""
        low = self.f.low
        mine = self.p.mine.match(low, at)
        place = mine.end() if mine else at
        number = number_at(low, place, words(self.language))
        if not number or number.value not in range(1, 10000):
            return None
        word = low[place : number.end]
        if word == "one" or word in _ARTICLES:
            return None
        after = self._gap(number.end)
        adjective = self.p.adjectives.match(low, after)
        noun = self.p.nouns.match(low, adjective.end() if adjective else after)
        if noun and _POINT_IN_TIME.match(low, noun.end()):
            return None
        if not noun or _PER.match(low, noun.end()) or _CHOSEN_AFTER.match(low, noun.end()):
            return None
        if _CHOSEN.search(low[max(0, at - 14) : at]):
            return None
        sign = self.p.number_sign.match(low, noun.end())
        if self._numbers(sign.end() if sign else self._gap(noun.end())):
            return None
        certain = mine is not None or adjective is not None
        count = int(number.value)
        return self._made(at, noun.end(), Said.COUNT, count=count, mine=certain), noun.end()

    def _gap(self, at: int) -> int:
        match = _GAP.match(self.f.low, at)
        return match.end() if match else at

    def _made(
        self,
        start: int,
        end: int,
        said: Said,
        *,
        numbers: tuple[int, ...] = (),
        names: tuple[str, ...] = (),
        count: int | None = None,
        mine: bool = False,
        excluded: tuple[int, ...] = (),
        excluded_names: tuple[str, ...] = (),
        unclear: bool = False,
    ) -> Numbered:
        span = self.f.span(start, end)
        return Numbered(said, span, numbers, names, count, mine, excluded, excluded_names, unclear)
