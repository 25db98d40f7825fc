"""The instruction in a form that patterns can be matched on: plain quotes, typos mended.

Offsets are kept: every place of the normal form knows its characters in the original.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from rapidfuzz.distance import OSA

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.planner.lexicon import Lexicon

_DIGITS = {
    name: str(n)
    for n, name in enumerate(
        "zero one two three four five six seven eight nine ten".split()  # noqa: SIM905
    )
}
_POINT = re.compile(rf"({'|'.join(_DIGITS)}) point ({'|'.join(_DIGITS)})$", re.I)
_WORD = re.compile(
    rf"\b(?:{'|'.join(_DIGITS)}) point (?:{'|'.join(_DIGITS)})\b|\bfull stop\b|"
    r"(?<![^\W_])[^\W\d_]+(?:'[^\W\d_]+)?"
)
_SAME = str.maketrans({"’": "'", "‘": "'", "`": "'", "´": "'", "−": "-", "–": "-", "‐": "-"})
SHORTEST = 4  # letters of a word that can be taken for a mistyped one (of a longer word)


@dataclass(frozen=True, slots=True)
class Normal:
    """`text` to match on; `starts`: pairs (place in `text`, place in the original), rising."""

    original: str
    text: str
    starts: tuple[tuple[int, int], ...]

    def back(self, start: int, end: int) -> tuple[int, int]:
        """Characters of the original for characters of the normal form (whole words)."""
        return self._one(start), self._one(end, ends=True)

    def edited(self, edits: Sequence[tuple[int, int, str]]) -> Normal:
        """With other words at some places: (start, end, words), in order, not overlapping."""
        if not edits:
            return self
        out, starts, last, shift = [], list[tuple[int, int]](), 0, 0
        kept = iter([*self.starts, (len(self.text) + 1, len(self.original))])
        place, there = next(kept)
        for start, end, words in edits:
            while place < start:
                starts.append((place + shift, there))
                place, there = next(kept)
            out += [self.text[last:start], words]
            starts.append((start + shift, self._one(start)))
            shift += len(words) - (end - start)
            starts.append((end + shift, self._one(end, ends=True)))
            while place <= end and place <= len(self.text):
                place, there = next(kept)
            last = end
        while place <= len(self.text):
            starts.append((place + shift, there))
            place, there = next(kept)
        out.append(self.text[last:])
        return Normal(self.original, "".join(out), tuple(starts))

    def _one(self, at: int, *, ends: bool = False) -> int:
        i = bisect_right(self.starts, (at - (1 if ends else 0), len(self.original))) - 1
        place, there = self.starts[i]
        following = self.starts[i + 1][1] if i + 1 < len(self.starts) else len(self.original)
        if ends and i + 1 < len(self.starts) and self.starts[i + 1][0] == at:
            return following  # the end of a word that another one stands for
        return (
            min(there + at - place, following) if not ends else min(following, there + at - place)
        )


def normal(text: str, lexicon: Lexicon) -> Normal:
    """Words that are near a known one become that one; case is kept elsewhere."""
    plain = _BULLET.sub(r"\1•", text.translate(_SAME))
    plain = _SLASHED.sub(lambda m: m.group().replace("/", "&"), plain)
    plain = _UM.sub(" an ", plain)
    out: list[str] = []
    starts = [(0, 0)]
    length = last = 0
    webs = [match.span() for match in _WEB.finditer(plain)]
    for match in _WORD.finditer(plain):
        if any(a <= match.start() < b for a, b in webs) or _a_name(plain, match):
            continue
        glued = _GLUED.match(plain, match.end()) is not None
        word = match.group().lower()
        mended = (
            "far"
            if len(word) < SHORTEST and _FAR.match(plain, match.start())
            else "every "
            if glued and word in ("q", "every", "each", "ev", "evry")
            else _mend(word, lexicon)
        )
        special = _special(plain, match)
        if special is None and mended == match.group().lower():
            continue
        mended = special or mended
        out += [plain[last : match.start()], mended]
        length += match.start() - last
        starts.append((length, match.start()))
        length += len(mended)
        last = match.end()
        starts.append((length, last))
    out.append(plain[last:])
    return Normal(text, "".join(out), tuple(starts))


_BULLET = re.compile(r"(?m)^([ \t]*)[-–](?=\s)")  # "- 5 h" of a list is no range
_SLASHED = re.compile(r"(?<![\w/.,])\d+(?:/\d+)+(?= ?ms\b)")  # "10/20/30 ms" are three exposures
_UM = re.compile(r"(?<=\d) um (?=(?:P\d|die |den |das |dem |der |position))")  # German "round"
_WEB = re.compile(r"\S+@\S+|[a-z]+://\S+", re.I)
_GLUED = re.compile(r"\d+([.,]\d+)?\s*(s|sec|secs|min|mins|h|hr|hrs|d)\b", re.I)  # q30min
_FAR = re.compile(r"(?:fra|afr|farr|faar|fr)[ -](?=red\b)", re.I)  # "fra red" is not red
_SLIPS = {
    "whne": "when",
    "wehn": "when",
    "hwen": "when",
    "eahc": "each",
    "thne": "then",
    "adn": "and",
    "nad": "and",
    "udn": "und",
    "teh": "the",
    "ot": "to",
    "bsi": "bis",
    "frm": "from",
}


_TENS = {"ten": "10", "twenty": "20", "forty": "40", "fourty": "40", "sixty": "60"}
_SPOKEN = {"full stop": ".", "comma": ","}
_X = re.compile(r"[ -](?:x|ex)\b", re.I)


def _special(text: str, match: re.Match[str]) -> str | None:
    """ "Forty x" and "bin2" in the spelling that is read."""
    word = match.group().lower()
    spelled = _POINT.match(word)
    if spelled is not None:
        return f"{_DIGITS[spelled[1]]}.{_DIGITS[spelled[2]]}"
    if word in _SPOKEN:
        return _SPOKEN[word]
    if word in _TENS and _X.match(text, match.end()):
        return _TENS[word]
    if word == "ex" and re.search(
        r"\b(ten|twenty|fou?rty|sixty)[ -]$", text[: match.start()], re.I
    ):
        return "x"
    if word in ("bin", "binning") and re.match(r"[1248]\b", text[match.end() :]):
        return "binning "
    return None


_TITLE = re.compile(r"\b(?:prof|dr|mr|mrs|ms|st|sig|sra?|mme|mlle|frau|herrn?)\.?$", re.I)


def _a_name(text: str, match: re.Match[str]) -> bool:
    """Whether a capital inside a sentence makes it somebody's name (or a German noun)."""
    if not match.group()[0].isupper() or match.group().isupper():
        return False
    before = text[: match.start()].rstrip(" \t")
    if _TITLE.search(before):
        return True
    if match.group().lower().startswith(("posi", "kanal", "zeit", "minu", "stun", "seku")):
        return False  # nouns of German instructions
    initial = re.search(r"(?<![^\W_])[A-Z]\.$", before) is not None  # "E. Rossi"
    return initial or (bool(before) and before[-1] not in ".!?:;-*\n(")


def _mend(word: str, lexicon: Lexicon) -> str:
    if word in _SLIPS:
        return _SLIPS[word]
    if len(word) < SHORTEST or word in lexicon.known or not word.isalpha():
        return word
    return _nearest(word, lexicon.language) or word


@lru_cache(maxsize=4096)
def _nearest(word: str, language: str) -> str | None:
    """The one known word within a typing error (two in eight letters), if it is the only one."""
    from agent.planner.lexicon import lexicon

    most = 1 if len(word) < 7 else 2
    best: list[tuple[int, str]] = []
    for known in lexicon(language).mendable:
        if abs(len(known) - len(word)) > most or known[0] != word[0]:
            continue  # few people mistype the first letter
        distance = OSA.distance(word, known, score_cutoff=most)
        if distance <= most:
            best.append((distance, known))
    if not best:
        return None
    best.sort()
    return best[0][1] if len(best) == 1 or best[0][0] < best[1][0] else None
