"""The phrases of a language as compiled patterns, made once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from agent.planner.reading.fold import folded
from agent.planner.reading.tables import alternatives, pattern, words

if TYPE_CHECKING:
    from agent.planner.reading.tables import Words

GAP = r"[\s-]*"


@dataclass(frozen=True)
class Grammar:
    """Patterns of quantities. Matched at a place of a folded text in small letters."""

    words: Words
    fraction: tuple[tuple[float, re.Pattern[str]], ...]  # half an (hour)
    of_a_unit: re.Pattern[str]  # (1/2) of an
    plus: tuple[tuple[float, re.Pattern[str]], ...]  # and a half
    joins: re.Pattern[str]  # and
    ranges: re.Pattern[str]  # to, -
    between: tuple[re.Pattern[str], re.Pattern[str]]
    minus: re.Pattern[str]  # before a number
    about: re.Pattern[str]
    about_before: re.Pattern[str]
    about_after: re.Pattern[str]
    article: re.Pattern[str]
    every: re.Pattern[str]
    each: re.Pattern[str]
    every_after: re.Pattern[str]
    every_unit: re.Pattern[str]  # in a unit as written: minuetlich
    adverbs: tuple[tuple[re.Pattern[str], str, float], ...]
    period: re.Pattern[str]  # what a period can begin with
    fractions: re.Pattern[str]  # any of `fraction`
    ordinals: tuple[tuple[re.Pattern[str], float], ...]
    ordinal_ending: re.Pattern[str]
    rounds: re.Pattern[str]
    times: tuple[tuple[re.Pattern[str], float], ...]  # once, twice
    times_after: re.Pattern[str]
    rate_nouns: re.Pattern[str]
    per: re.Pattern[str]
    per_times: re.Pattern[str]
    by: re.Pattern[str]
    vague: re.Pattern[str]  # a few
    no_counts: frozenset[str]
    folds: re.Pattern[str]
    magnified: re.Pattern[str]
    magnify_before: re.Pattern[str]
    glued: re.Pattern[str] | None  # German: fünfminütig


@lru_cache(maxsize=8)
def grammar(language: str) -> Grammar:
    """The patterns of a language, English included."""
    table = words(language)
    listed = table.listed

    def whole(*path: str, before: str = "", after: str = "") -> re.Pattern[str]:
        return re.compile(before + alternatives(listed(*path)) + after)

    def mapped(key: str) -> tuple[tuple[float, re.Pattern[str]], ...]:
        found = table.mapped(key)
        entries = {value: [*found[value]] for value in found}
        for other in table.tables:
            for value, phrases in other.get(key, {}).items():
                entries[value] += [p for p in phrases if p not in entries[value]]
        return tuple((float(v), re.compile(alternatives(entries[v], whole=False))) for v in entries)

    minus = [k for k, v in table.mapped("signs").items() if v == "-1"]
    glued = table.tables[0].get("glued")
    every = rf"{alternatives(listed('every'), whole=False)}(?:(?<![\w])|\s)\s*"
    each = rf"{alternatives(listed('each'))}\s+"
    adverbs = tuple(
        (re.compile(pattern(k).replace(r"\s+", r"[\s-]*") + r"(?!\w)"), v[0], float(v[1]))
        for k, v in sorted(table.mapped("adverbs").items(), key=lambda kv: -len(kv[0]))
    )
    fraction = tuple(
        (v, re.compile(x.pattern.replace(r"\s+", r"[\s-]+"))) for v, x in mapped("fractions")
    )
    return Grammar(
        words=table,
        fraction=fraction,
        fractions=re.compile("|".join(x.pattern for _, x in fraction)),
        period=re.compile("|".join([every, each, *(x.pattern for x, _, _ in adverbs)])),
        of_a_unit=re.compile(rf"\s+{alternatives(listed('of_a_unit'), whole=False)}(?:\s+|(?<='))"),
        plus=tuple((v, re.compile(rf"\s+(?:{p.pattern})(?!\w)")) for v, p in mapped("plus")),
        joins=re.compile(rf"\s*(?:{alternatives(listed('joins'))}|&|\+)\s*"),
        ranges=re.compile(rf"\s*(?:-|\.\.\.?|\s{alternatives(listed('ranges'))}\s)\s*"),
        between=(
            re.compile(
                rf"(?<!\w){alternatives([t['between']['start'] for t in table.tables])}\s+$"
            ),
            re.compile(rf"\s+{alternatives([t['between']['joint'] for t in table.tables])}\s+"),
        ),
        minus=re.compile(rf"(?<!\w)(?<!plus )(?<!plus or )(?<!plus/){alternatives(minus)}\s+$"),
        about=re.compile(rf"(?:~|≈|≃|{alternatives(listed('approximately'))})\s*"),
        about_before=re.compile(
            rf"(?:~|≈|≃|(?<!\w){alternatives(listed('approximately'), whole=False)})\s*$"
        ),
        about_after=re.compile(rf"\s*-?{alternatives(listed('approximately_after'))}"),
        article=re.compile(rf"{alternatives(listed('articles'), whole=False)}(?:\s+|(?<='))"),
        every=re.compile(every),
        each=re.compile(each),
        every_after=re.compile(rf"[ \t\u00a0-]*{alternatives(listed('every_after'))}"),
        every_unit=re.compile(table.tables[0].get("every_units", "(?!)")),
        adverbs=adverbs,
        ordinals=tuple(
            (re.compile(pattern(k) + r"(?!\w)"), float(v))
            for k, v in table.mapped("ordinals").items()
        ),
        ordinal_ending=re.compile(alternatives(listed("ordinal_endings"))),
        rounds=whole("rounds", before=r"[\s-]*"),
        times=tuple(
            (re.compile(pattern(k) + r"(?!\w)"), float(v)) for k, v in table.mapped("times").items()
        ),
        times_after=whole("times_after", before=r"[\s-]*"),
        rate_nouns=whole("rate_nouns", before=r"\s*"),
        per=re.compile(
            rf"\s*(?:/|\s{alternatives(listed('per_only'), whole=False)}(?<=[\w'])(?=\W|(?<=')))\s*"
        ),
        per_times=re.compile(
            rf"\s*(?:/|\s{alternatives(listed('per'), whole=False)}(?<=[\w'])(?=\W|(?<=')))\s*"
        ),
        by=re.compile(rf"\s*(?:x|\*|\s{alternatives(listed('by'))}\s)\s*"),
        vague=whole("not_numbers", after=r"\s*"),
        no_counts=frozenset(map(folded, listed("not_counts"))),
        folds=re.compile(rf"[\s-]?{alternatives(listed('folds'))}"),
        magnified=re.compile(rf"[\s-]*{alternatives(listed('magnified'), whole=False)}"),
        magnify_before=re.compile(
            rf"(?<!\w){alternatives(listed('magnify_before'), whole=False)}\s*$"
        ),
        glued=re.compile(rf"(\w+?)(?={pattern(glued)})") if glued else None,
    )
