"""Settings that no plan has, addresses that were not read, and limits on reactions: asked about."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent.planner.clause import About
from agent.planner.messages import ADDRESS
from agent.planner.unread_words import SILENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from agent.planner.clause import Clause
    from agent.planner.found import Found
    from agent.planner.nearby import Nearby
    from agent.planner.unread_words import LeftOver

_SETTING = re.compile(
    r"(?<!\w)(?:\d{2,4} ?x ?\d{2,4}(?: ?(?:px|pixels?|pixel))?(?= |,|\.|;|$)(?! ?(?:um|µm|mm))"
    r"|\d+ (?:px|pixels?)|(?:crop(?:ped)?|sub-?array|(?<!the )roi)(?: to| of)?(?: the)?(?: \w+)?"
    r"|\d+[- ]?bits?|(?:perfect focus|pfs|definite focus|zdc|crest)(?: system)?"
    r"|hardware auto-?focus"
    r"|(?:camera )?gain(?: of| at)? \d+|em gain|(?:lights?|lamps?|leds?) off (?:at|during|by"
    r"|between|in|for)[^.,;]{0,24}"
    r"|(?:licht|lampe) aus (?:nachts|in der nacht|am tag|zwischen)[^.,;]{0,16}|(?:pas de"
    r"|sans) lumière la nuit|luce spenta di notte"
    r"|luz apagada (?:de|por la) noche)(?!\w)",
    re.I,
)
_NUMBER = (
    r"(?:[1-9]|\d\d+|one|two|three|four|five|six|ten|twenty|einen?|zwei|drei|vier|fünf|zehn|une?"
    r"|deux|trois|quatre|cinq|dix|una?|due"
    r"|tre|quattro|cinque|dieci|dos|tres|cuatro|cinco|diez)"
)
_REACTIONS = re.compile(
    rf"(?<!\w)(?:(?:at most|no more than|not more than|max(?:imum|imal)?\.?(?: of)?|up to|only"
    rf"|limit(?:ed)? to|höchstens|nur|nicht mehr als|bis zu"
    rf"|au (?:plus|maximum)|pas plus de|seulement|al massimo|non più di|solo|como (?:máximo|mucho)"
    rf"|no más de|sólo)\s+{_NUMBER}\s+"
    r"(?:reactions?|bursts?|events?|movies?|films?|reaktionen|ereignisse?|filme?|réactions?"
    r"|événements?|rafales?|reazion[ei]"
    r"|event[io]|filmati?|reacci(?:ón|ones)|eventos?|ráfagas?|películas?)"
    rf"|{_NUMBER}\s+(?:reactions?|bursts?|events?|movies?|reaktionen|réactions?|reazioni"
    rf"|reacciones)\s+(?:at most|max(?:imum)?|in total"
    r"|höchstens|maximal|insgesamt|au (?:plus|maximum)|en tout|al massimo|in tutto|como máximo"
    r"|en total))(?!\w)"
    r"(?!\s+(?:per|pro|par|por|a|in each|in every) )",
    re.I,
)
_AROUND = re.compile(
    rf"(?<!\w){_NUMBER}\s+(?:fields?|positions?|images?|fovs?|felder|bilder|champs?|campi"
    rf"|campos?)(?: of view)?\s+(?:around|round|near|next to"
    r"|beside|rund um|um|neben|autour|à côté|intorno|vicino|alrededor|junto"
    r"|(?:per|in each|in every|each|pro|je|par|dans chaque|in ogni|por|en cada) (?:well|napf"
    r"|näpfchen|puits|pozzett\w+|pocillo))(?!\w)",
    re.I,
)


def settings(clause_of: Callable[[int], Clause], near: Nearby, found: Found) -> Iterator[LeftOver]:
    """ "512x512 pixels", "light off at night": no slot holds them."""
    for pattern, slot in ((_SETTING, "unclear"), (_AROUND, "grid.rows")):
        for match in pattern.finditer(near.text):
            a, b = match.span()
            if clause_of(a).about in SILENT or near.denied(a, words=1):
                continue
            if any(x < b and a < y for x, y in found.where.values()):
                continue
            yield slot, a, b


_AGAIN = re.compile(
    r"(?<!\w)(?:twice|thrice|(?:two|three|four) times|zwei ?mal|drei ?mal|deux fois|trois fois"
    r"|due volte|tre volte|dos veces|tres veces)"
    r"(?=\s*(?:[.;,)\n]|$))",
    re.I,
)


def again(clause_of: Callable[[int], Clause], near: Nearby, found: Found) -> Iterator[LeftOver]:
    """ "Every 5 min for 12 h; twice": what twice?"""
    for match in _AGAIN.finditer(near.text):
        a, b = match.span()
        read = any(x < b and a < y for x, y in (*found.where.values(), *found.used))
        if clause_of(a).about is About.BASELINE and not read:
            yield "unclear", a, b


_UNTIL = re.compile(
    r"(?<!\w)(?:until|till|bis(?: zur?| zum)?|jusqu'à(?: la| l')?|jusqu'au|fino (?:a|al|alla|all')"
    r"|hasta(?: la| el)?)\s+(?:the )?"
    r"(?P<what>[^\W\d_]{4,}(?! (?:on|off))(?: \w+)?)",
    re.I,
)


def until_what(
    clause_of: Callable[[int], Clause], near: Nearby, found: Found
) -> Iterator[LeftOver]:
    """ "20 s until anaphase": an end of a reaction that is not known."""
    for match in _UNTIL.finditer(near.text):
        a, b = match.span()
        clause = clause_of(a)
        known = any(m.concept == "until_gone" and m.start < b and a < m.end for m in near.marks)
        held = any(x < b + 2 and a < y for x, y in near.held)
        known = known or "reaction.until_gone" in found.said
        if clause.about in (About.REACTION, About.TRIGGER) and not known and not held:
            yield "reaction.duration_s", a, match.end("what")
            return


def limits(clause_of: Callable[[int], Clause], near: Nearby, found: Found) -> Iterator[LeftOver]:
    """ "At most 5 reactions": a limit that was not read."""
    for match in _REACTIONS.finditer(near.text):
        a, b = match.span()
        read = any(x < b and a < y for x, y in found.where.values())
        if clause_of(a).about not in SILENT and not read:
            yield "stop.after_events", a, b


def focus_both(near: Nearby, found: Found) -> Iterator[LeftOver]:
    """ "No autofocus. Autofocus every 3rd round": with or without?"""
    told = [found.where[s] for s in found.said if s.startswith("autofocus.") and s in found.where]
    none = found.no_focus or any(
        m.concept == "autofocus" and near.denied(m.start, words=1) for m in near.marks
    )
    if none and told and not found.corrections:
        yield "autofocus.when", *min(told)


def addresses(near: Nearby, found: Found) -> Iterator[LeftOver]:
    """ "Keep a@b.ch posted": an address that was not read."""
    if "notify.to" in found.said or found.message is not None:
        return
    for match in ADDRESS.finditer(near.text):
        clean = match.group().rstrip(".")
        if "@" in clean or "://" in clean:
            yield "notify.on", match.start(), match.start() + len(clean)
            return


def only_focus(parts_of: Callable[[int], Clause], near: Nearby, found: Found) -> Iterator[LeftOver]:
    """ "Focus once at the start": not one of the times when it can be done."""
    for match in _FOCUS_ONCE.finditer(near.text):
        if parts_of(match.start()).about not in (About.STORY, About.NOTIFY):
            yield "autofocus.when", *match.span()
            return


_FOCUS_ONCE = re.compile(
    r"(?<!\w)(?:(?:auto-?|re-?)?focus(?:ing)?|af|fokus(?:siere?n?)?|autofokus|autofocus"
    r"|mise au point|autofoco|enfoca|mets au point|metti a fuoco|messa a fuoco)"
    r" (?:(?:only|just|nur|seulement|solo|sólo) )?(?:once|one time|a single time|einmal|einmalig"
    r"|une (?:seule )?fois|una (?:sola )?volta|una (?:sola )?vez"
    r"|at the (?:very )?(?:start|beginning)|am anfang|zu beginn|au début|all'inizio"
    r"|al (?:principio|inicio))(?! (?:per|every|each|an? |pro|par|por|in each|in every))(?!\w)"
    r"|(?<!\w)(?:once|only once|einmal|nur einmal|une fois|una volta"
    r"|una vez) (?:(?:at the (?:start|beginning)|first|am anfang|zu beginn|au début|all'inizio"
    r"|al principio) )?(?:(?:auto)?focus|fokussieren|scharf ?stellen)(?!\w)",
    re.I,
)
