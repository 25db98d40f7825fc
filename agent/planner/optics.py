"""Channels with their exposures, objectives, binning."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from agent.planner.clauses import About
from agent.planner.reading.quantity import Kind
from agent.planner.times import SECONDS, is_exposure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.planner.clauses import Clause
    from agent.planner.found import Found
    from agent.planner.nearby import Nearby
    from agent.planner.reading.quantity import Quantity
    from hardware.data import MicroscopeConfig

_CHANNEL_WORD = re.compile(
    r"\s*-?\s*(channels?|fluorescence|light|signals?|filters?|stain(ing)?|images?|kanal|kanäle|canal"
    r"|canaux|canale|canali|canales)\b",
    re.I,
)
_DYES = frozenset(
    {"gfp", "egfp", "rfp", "irfp", "dapi", "hoechst", "tritc", "sir", "mcherry", "tdtomato"}
)
_COLOURS = (
    r"yellow|orange|violet|purple|cyan|magenta|infra-?red|near-?infrared|ultraviolet|uv|white|gelb\w*|violett\w*"
    r"|weiß\w*|jaune|blanc|infrarouge|giallo|arancione|viola|bianco|infrarosso|amarillo|naranja|violeta|blanco"
    r"|infrarrojo"
)
_KIND = r"channel|fluorescence|light|filter|kanal|fluoreszenz|licht|canal|lumière|fluorescence|canale|luce|luz"
_COLOURED = (
    re.compile(  # a colour that nobody has: "in yellow", "the violet channel", "orange and green"
        rf"(?:(?<=\bin )|(?<=\bin the )|(?<=\bim )|(?<=\ben )|(?<=\bnel ))(?:{_COLOURS})(?!\w)"
        rf"|\b(?:{_COLOURS})(?= (?:{_KIND})\b)|\b(?:canal|canale|kanal) (?:{_COLOURS})(?!\w)",
        re.I,
    )
)
_UNKNOWN = re.compile(
    r"\b(TIRF|STED|SHG|two[- ]photon|(?:in|use the|with the) confocal|polari[sz]ed( light)?|konfokal\w*|confocale?|bright[- ]?field|phase[- ]contrast|DIC|transmitted( light)?|CFP|YFP|BFP|mVenus|Venus|Cy3"
    r"|Cy7|Texas ?Red|mTurquoise\d?|Hellfeld|Phasenkontrast|fond clair|contraste de phase"
    r"|campo chiaro|campo claro|contrasto di fase)\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel where it is named in the normal text; `no`: it is not to be used."""

    start: int
    end: int
    preset: str
    no: bool = False


def channel_names(config: MicroscopeConfig, words: Mapping[str, str]) -> dict[str, str]:
    """Every word for a channel, lower case -> preset. `words`: other languages' -> `called`."""
    names = {}
    for preset, channel in config.channels.items():
        for name in (preset, *channel.called):
            names[name.lower()] = preset
    for word, called in words.items():
        if called.lower() in names:
            names.setdefault(word.lower(), names[called.lower()])
    return names


def named_channels(text: str, names: Mapping[str, str], near: Nearby) -> list[Channel]:
    """Channels in a normal text. A plain word (green, nuclei) only where a channel can stand."""
    ordered = sorted(names, key=len, reverse=True)
    spelled = "|".join(re.escape(name).replace(r"\ ", r"[\s-]?") for name in ordered)
    pattern = re.compile(rf"(?<![\w])(?:{spelled})(?![\w])", re.I)
    found: list[Channel] = []
    for match in pattern.finditer(text):
        name = re.sub(r"[\s-]+", " ", match.group().lower())
        if _PERSON.search(text[max(0, match.start() - 10) : match.start()]):
            continue
        preset = names.get(name) or names.get(match.group().lower()) or _squeezed(name, names)
        if preset is None:
            continue
        dye = (
            not _PLAIN.match(match.group())
            or match.group().lower() in _DYES
            or (match.group().lower() == preset.lower())
        )
        if not dye and not _like_a_channel(text, match.start(), match.end(), near):
            continue
        second = pattern.match(text, match.end() + 1)
        joined = text[match.end() : match.end() + 1] == "-"
        if joined and second is not None and second.group().lower() not in _STRUCTURES:
            continue  # H2B-mCherry: the fluorophore counts
        if name in _STRUCTURES and _DYED.search(text[: match.start()]):
            continue  # SiR-DNA: the dye counts
        if _CONCENTRATION.search(text[: match.start()]):
            continue  # "100 nM SiR-DNA"
        gets = _GETS.match(text, match.end())
        no = (
            (near.denied(match.start()) and not gets)
            or (not gets and near.declined(match.end()))
            or _NEITHER.search(text[max(0, match.start() - 50) : match.start()]) is not None
        ) or (bool(found) and found[-1].no and _listed(text[found[-1].end : match.start()]))
        found.append(Channel(match.start(), match.end(), preset, no))
    return [c for n, c in enumerate(found) if not _labelled(n, found, text)]


_STAINED = re.compile(  # "nuclei in green", "nuclei (GFP)", "nuclei labelled with mCherry"
    r"\s*(?:\(|=|:|in(?: the)?|im|en|nel|with|mit|avec|con|(?:labell?ed|stained|tagged|marked|shown|visible) (?:with|by|in)"
    r"|markiert mit|gefärbt mit|marqués? (?:en|avec|par)|marcat[ie] con|marcad[oa]s con)\s*(?:the )?",
    re.I,
)
_STAINS = re.compile(  # "GFP (nuclei)", "green nuclei", "mCherry for the nuclei", "GFP-labelled nuclei"
    r"\s*(?:\(|=|for|für|pour|per|para|-?\s*(?:labell?ed|positive|tagged|stained|markierte[nr]?)|is|are|marks?|labels?|shows?)\s*"
    r"(?:the |die |les |i |los )?",
    re.I,
)


def _labelled(n: int, found: Sequence[Channel], text: str) -> bool:
    """Whether a structure (nuclei) is only what another channel named beside it shows."""
    channel = found[n]
    if text[channel.start : channel.end].lower() not in _STRUCTURES or channel.no:
        return False
    after = found[n + 1] if n + 1 < len(found) else None
    before = found[n - 1] if n else None
    if after is not None and after.preset != channel.preset and not after.no:
        shown = _STAINED.fullmatch(text[channel.end : after.start]) is not None
        if shown:
            return True
    if before is not None and before.preset != channel.preset and not before.no:
        gap = text[before.end : channel.start]
        colour = text[before.start : before.end].lower() in _COLOUR_WORDS and gap == " "
        return colour or _STAINS.fullmatch(gap) is not None
    return False


_COLOUR_WORDS = frozenset(
    [
        "green",
        "red",
        "blue",
        "far-red",
        "grün",
        "grüne",
        "grünen",
        "rot",
        "rote",
        "roten",
        "blau",
        "vert",
        "verts",
        "rouge",
        "rouges",
        "bleu",
        "verdi",
        "rossi",
        "rossa",
        "verde",
        "rojo",
        "rojos",
        "verdes",
        "azul",
    ]
)


_GETS = re.compile(  # "no DAPI, which gets 20 ms otherwise" names it all the same
    r"\s*(?:,?\s*(?:which|that|at|with|gets|:|\()\s*)+(?:gets?\s*|is\s*)?\d|\s+\d+\s*ms", re.I
)
_DYED = re.compile(r"[a-z]\w*-$", re.I)
_CONCENTRATION = re.compile(
    r"\d\s*(?:nM|[uµμ]M|mM|ng/ml|[uµμ]g/ml|[uµμ]l)(?: of| de| di)? (?:the )?(?:\w+-)?$"
)
_PERSON = re.compile(  # Frau Kern, Dr. Green
    r"\b(?:Frau|Herrn?|Dr\.?|Prof\.?|Mrs?\.?|Ms\.?|Sig\.?(?:ra|na)?|Mme|Mlle|Sra?\.?|Señora?) $"
)
_NEITHER = re.compile(  # "weder DAPI noch GFP"
    r"\b(neither|weder|ni(?= l'|\s)|né)\s+[^.;,:]{0,24}$|\b(nor|noch|ni|né)\s+(the |den |das |le |la |il |el )?$",
    re.I,
)


def unknown_channels(text: str) -> list[tuple[int, int]]:
    """Names of ways to image that are common, where the microscope may not have them."""
    return [m.span() for pattern in (_UNKNOWN, _COLOURED) for m in pattern.finditer(text)]


def _squeezed(name: str, names: Mapping[str, str]) -> str | None:
    bare = name.replace(" ", "")
    return next((p for n, p in names.items() if n.replace(" ", "") == bare), None)


def _listed(between: str) -> bool:
    return between.strip().strip(",").strip().lower() in (
        "or",
        "and",
        "nor",
        "oder",
        "und",
        "ou",
        "et",
        "o",
        "e",
        "y",
    )


_PLAIN = re.compile(r"[^\W\d_]+(?:[ -][^\W\d_]+)?$")  # green, far red, nuclei: no dye's name
_PICTURE_OF = re.compile(
    r"\b(?:movies?|films?|images?|pictures?|time[ -]?lapses?|recordings?|stacks?|shots?|frames?|photos?|bilder"
    r"|aufnahmen?|filme?|zeitraffer|vidéo|photos?|immagini|foto|imágenes|película|vídeo)"
    r" (?:of|von|der|des|dei|delle|di|de|de los) (?:the |my |their |den |meinen |mes |los )?$"
)
_STRUCTURES = frozenset({"h2b", "nuclei", "nucleus", "cytoplasm", "chromatin", "dna"})


def _like_a_channel(text: str, start: int, end: int, near: Nearby) -> bool:
    """Whether a plain word stands for a channel: not where it is counted or watched for."""
    if _CHANNEL_WORD.match(text, end):
        return True
    inside = [m for m in near.marks if m.start <= start and end <= m.end]
    if any(m.concept in ("by_count", "past") for m in inside):
        return False
    if text[start:end].lower() not in _STRUCTURES and not any(
        m.concept == "target" for m in inside
    ):
        return True
    before = text[max(0, start - 24) : start].lower()
    if _PICTURE_OF.search(before):
        return True
    if re.search(
        r"\b(most|more|many|of|a|an|any|each|every|when|if|the number of|dead|dying)\s+$", before
    ):
        return False
    return not re.match(
        r"\s+(divid|split|condens|round|break|fragment|appear|are|is|die|per)", text[end:].lower()
    )


_RIGHT_AFTER = re.compile(r"\s*(?:,|:|@|at|with|for|mit|à|avec|con|a|\(|=)?\s*", re.I)


def seconds_after_channels(
    quantities: Sequence[tuple[Quantity, Clause]], channels: Sequence[Channel], text: str
) -> frozenset[int]:
    """ "GFP 2 s, every 5 min": seconds right after a channel, where the interval is another time."""
    periods = {c.about for q, c in quantities if q.kind is Kind.RATE or q.every}
    return frozenset(
        q.span.start
        for q, clause in quantities
        if q.kind is Kind.DURATION
        and q.unit == "s"
        and not q.every
        and (clause.about in periods or q.value < 1)
        and any(
            c.end <= q.span.start and _RIGHT_AFTER.fullmatch(text[c.end : q.span.start])
            for c in channels
        )
    )


def read_channels(
    channels: Sequence[Channel],
    clause_at: Mapping[int, Clause],
    found: Found,
) -> None:
    """Which channels the time lapse and the reaction take."""
    burst = (About.REACTION, About.TRIGGER)
    denied = [c for c in channels if c.no]
    for slot, abouts in (
        ("channels", (About.BASELINE, About.SEARCH, About.STORY, About.BUDGET, About.STOP)),
        ("reaction.channels", (About.REACTION, About.TRIGGER)),
    ):
        here = [c for c in channels if clause_at[c.start].about in abouts]
        banned = {
            c.preset for c in denied if slot != "channels" or clause_at[c.start].about not in burst
        }
        told = [c for c in here if clause_at[c.start].about is not About.STORY and not c.no]
        here = told or here  # "they were stained with Hoechst" counts where nothing else is named
        kept = _after_corrections([c for c in here if not c.no and c.preset not in banned], found)
        if kept:
            names = tuple(dict.fromkeys(c.preset for c in kept))
            usual = found.said.get("channels")
            if slot != "channels" and usual is not None and _adds(found.normal.text, kept[0]):
                names = tuple(dict.fromkeys((*usual.value, *names)))
            found.say(slot, names, kept[0].start, kept[-1].end, "channels")
    focus = [c for c in channels if clause_at[c.start].about is About.FOCUS and not c.no]
    if focus:
        found.say("autofocus.channel", focus[0].preset, focus[0].start, focus[0].end)


_ADDS = re.compile(
    r"(?<!\w)(?:add(?:ing)?|plus|also|additionally|in addition|zusätzlich(?: auch)?|dazu|auch|ajoute[rz]?|en plus|aussi|également"
    r"|aggiungi|aggiungendo|anche|in più|añade|agrega|también|además)(?: (?:take|image|in|the|den|le|il|el|nimm|prends|en))*\s+$",
    re.I,
)


_TOO = re.compile(
    r"\s*(?:too|as well|in addition|auch|dazu|zusätzlich|aussi|en plus|anche|in più|también|además)(?!\w)",
    re.I,
)


def _adds(text: str, channel: Channel) -> bool:
    """ "Add DAPI", "also in DAPI": beside the channels of the time lapse."""
    after = _TOO.match(text, channel.end) is not None
    return after or _ADDS.search(text[: channel.start]) is not None


def _after_corrections(channels: list[Channel], found: Found) -> list[Channel]:
    """ "DAPI, sorry, GFP": those before a correction that is followed by a channel at once go."""
    for at in found.corrections:
        before = [c for c in channels if c.end <= at]
        after = [c for c in channels if at <= c.start <= at + 30]
        if not (before and after):
            continue
        between = found.normal.text[at : after[0].start]
        if at - before[-1].end < 12:
            channels = [*before[:-1], *[c for c in channels if c.start >= at]]
        elif not re.search(r"\d", between) and len({c.preset for c in before}) == 1:
            channels = [c for c in channels if c.start >= at]  # "... for 2 h. Actually no, use GFP"
    return channels


def read_all_channels(
    clauses: Sequence[Clause], config: MicroscopeConfig, channels: Sequence[Channel], found: Found
) -> None:
    """ "In all four channels", "all channels except Cy5"."""
    banned = {c.preset for c in channels if c.no}
    for clause in clauses:
        for mark in clause.marks:
            if mark.concept != "all_channels" or clause.about is About.STORY:
                continue
            reacts = clause.about in (About.REACTION, About.TRIGGER)
            slot = "reaction.channels" if reacts else "channels"
            names = tuple(preset for preset in config.channels if preset not in banned)
            found.said.pop(slot, None)
            found.clashes.pop(slot, None)
            found.say(slot, names, mark.start, mark.end)


def read_exposures(
    quantities: Sequence[tuple[Quantity, Clause]],
    channels: Sequence[Channel],
    clause_at: Mapping[int, Clause],
    near: Nearby,
    found: Found,
) -> None:
    """Give each exposure to its channel, or to those named before it without one."""
    quantities = _with_units(quantities, near)
    without_owner = []
    listed = _respectively(quantities, channels, near)
    last: tuple[str, int] | None = None
    for q, clause in quantities:
        if not is_exposure(q, near) or clause.about in (About.STORY, About.NOTIFY, About.BUDGET):
            continue
        a, b = q.span.start, q.span.end
        if q.upper is not None and q.upper != q.value:
            found.unclear.append((a, b))  # "50 to 100 ms"
            continue
        if clause.about is About.FOCUS:
            found.say("autofocus.exposure_ms", q.value * 1000, a, b)
            continue
        if last is not None and found.corrected(last[1], a) and a - last[1] < 24:
            found.say(last[0], q.value * 1000, a, b, "exposure")
            last = last[0], b
            continue
        owner = listed.get(a) or _owner(q, channels, near)
        if owner is None:
            without_owner.append((q, clause))
        else:
            slot = _slot(clause_at[owner.start].about)
            found.say(f"{slot}.{owner.preset}", q.value * 1000, a, b, "exposure")
            last = f"{slot}.{owner.preset}", b
    for q, clause in without_owner:
        _share(q, clause, channels, clause_at, found)


_JOINED = re.compile(r"\s*,\s*|\s+(and|und|et|e|y)\s+|\s*[&/]\s*", re.I)


def _with_units(
    quantities: Sequence[tuple[Quantity, Clause]], near: Nearby
) -> list[tuple[Quantity, Clause]]:
    """ "50 and 100 ms": a plain number that is joined to an exposure has its unit."""
    out = list(quantities)
    for i in range(len(out) - 2, -1, -1):
        (q, clause), (later, _) = out[i], out[i + 1]
        size = SECONDS.get(later.unit)
        gap = near.text[q.span.end : later.span.start]
        binned = near.left(q.span.start, "binning", words=0) is not None
        listed = size and is_exposure(later, near) and _JOINED.fullmatch(gap)
        if q.kind is Kind.COUNT and listed and not binned:
            value = q.value * SECONDS[later.unit]
            out[i] = replace(q, kind=Kind.DURATION, unit=later.unit, value=value), clause
    return out


_AND = re.compile(r"\s*(,|and|&|/|\+|und|et|e|y|resp\.?|or)*\s*", re.I)


def _respectively(
    quantities: Sequence[tuple[Quantity, Clause]], channels: Sequence[Channel], near: Nearby
) -> dict[int, Channel]:
    """ "GFP and mCherry, 50 and 100 ms": as many exposures in a row as channels before them."""
    text = near.text
    exposures = [q for q, _ in quantities if is_exposure(q, near)]
    out: dict[int, Channel] = {}
    for first in exposures:
        row = [first]
        while True:
            later = [q for q in exposures if q.span.start >= row[-1].span.end]
            if not later or not _AND.fullmatch(text[row[-1].span.end : later[0].span.start]):
                break
            row.append(later[0])
        before = [c for c in channels if c.end <= first.span.start]
        names = before[-len(row) :]
        if len(row) < 2 or len(names) < len(row) or first.span.start in out:
            continue
        joined = all(_AND.fullmatch(text[a.end : b.start]) for a, b in pairwise(names))
        gap = text[names[-1].end : first.span.start]
        close = len(re.findall(r"\w+", gap)) <= 3 and not re.search(r"[.;]", gap)
        ordered = _IN_ORDER.match(text, row[-1].span.end) is not None
        if joined and (close or (ordered and len(before) == len(row))):
            out |= {q.span.start: c for q, c in zip(row, names, strict=True)}
    return out


_IN_ORDER = re.compile(
    r"\s*,?\s*(?:exposures? )?\(?(?:in (?:that|this|the same|the given) order|respectively|resp\.|in dieser reihenfolge|jeweils|dans cet ordre"
    r"|respectivement|in quest'ordine|rispettivamente|en (?:ese|este) orden|respectivamente)",
    re.I,
)


def _slot(about: About) -> str:
    return "reaction.exposure_ms" if about in (About.REACTION, About.TRIGGER) else "exposure_ms"


_FOR_BOTH = re.compile(r"\b(?:both|beide|les deux|entramb[ie]|ambos)\b[^.;]*$", re.I)


def _owner(q: Quantity, channels: Sequence[Channel], near: Nearby) -> Channel | None:
    a, b = q.span.start, q.span.end
    best: tuple[float, Channel] | None = None
    for channel in channels:
        if channel.end <= a:
            gap, penalty = near.text[channel.end : a], 0.0
            if any(channel.end <= s and e <= a for s, e in near.held if (s, e) != (a, b)):
                continue
        elif channel.start >= b:
            gap, penalty = near.text[b : channel.start], 0.2
            if any(b <= s and e <= channel.start for s, e in near.held):
                continue
        else:
            continue
        words = re.findall(r"[^\W_]+", gap)
        if len(words) > 4 or re.search(r"[.;!?\n]", gap):
            continue
        cost = len(words) + penalty + 3 * len(re.findall(r",|\band\b|\bund\b|\bet\b", gap))
        if best is None or cost < best[0]:
            best = cost, channel
    if best is None or best[0] > 4:
        return None
    several = bool(
        near.left(best[1].start, "each", words=0)
        or near.right(b, "each", words=1)
        or _FOR_BOTH.search(near.text[max(0, a - 24) : a])
    )
    beside = [
        c
        for c in channels
        if c is not best[1] and c.end <= best[1].start and _listed(near.text[c.end : best[1].start])
    ]
    return None if several or (beside and best[1].end <= a) else best[1]


def _share(
    q: Quantity,
    clause: Clause,
    channels: Sequence[Channel],
    clause_at: Mapping[int, Clause],
    found: Found,
) -> None:
    """An exposure of several channels, or of all that have none."""
    slot = _slot(clause.about)
    a, b = q.span.start, q.span.end
    same = [c for c in channels if _slot(clause_at[c.start].about) == slot and not c.no]
    near_by = [c for c in same if c.end <= a and clause_at[c.start].sentence == clause.sentence]
    takers = [c.preset for c in (near_by or same)]
    if clause.has("all_channels") and "channels" in found.said:
        takers = list(found.said["channels"].value)
    if not takers and slot == "reaction.exposure_ms":
        takers = list(found.said["channels"].value) if "channels" in found.said else []
    free = [preset for preset in dict.fromkeys(takers) if f"{slot}.{preset}" not in found.said]
    for preset in free:
        found.say(f"{slot}.{preset}", q.value * 1000, a, b, "exposure")
    if takers and not free:  # of what, where each has one?
        same = [found.said[f"{slot}.{preset}"].value == q.value * 1000 for preset in takers]
        (found.used if any(same) else found.unclear).append((a, b))
    if not takers:
        found.open_exposures.append((slot, q.value * 1000, a, b))


def read_objectives(
    quantities: Sequence[tuple[Quantity, Clause]],
    config: MicroscopeConfig,
    near: Nearby,
    found: Found,
) -> None:
    """ "the 40x": the preset with that number in its name."""
    for q, clause in quantities:
        if q.kind is not Kind.MAGNIFICATION or clause.about in (About.STORY, About.NOTIFY):
            continue
        a, b = q.span.start, q.span.end
        if near.denied(a, words=3):
            continue
        if re.match(r"\s*(faster|slower|more|schneller)\b", near.text[b:], re.I):
            continue
        if q.value == 1 and _PER_FIELD.match(near.text, b):
            continue  # "1x per field"
        slot = (
            "reaction.objective" if clause.about in (About.REACTION, About.TRIGGER) else "objective"
        )
        found.say(slot, preset_of(q.value, config) or f"{q.value:g}X", a, b, "objective")


_PER_FIELD = re.compile(r"\s*(?:per|pro|par|por|/|in|at|je)\b", re.I)


def preset_of(magnification: float, config: MicroscopeConfig) -> str | None:
    """The objective preset that names this magnification."""
    for preset in config.objectives.items:
        number = re.search(r"\d+(\.\d+)?", preset)
        if number and float(number.group()) == magnification:
            return preset
    return None


def read_binning(
    quantities: Sequence[tuple[Quantity, Clause]], near: Nearby, found: Found
) -> set[int]:
    """ "2x2 binning", "binning 2"; returns the places of the quantities it took."""
    taken = set()
    for q, _ in quantities:
        a, b = q.span.start, q.span.end
        if q.kind not in (Kind.PAIR, Kind.COUNT, Kind.MAGNIFICATION):
            continue
        mark = near.near(a, b, "binning", words=1)
        if mark is None or "," in near.text[min(b, mark.end) : max(a, mark.start)]:
            continue
        square = q.kind is not Kind.PAIR or q.upper == q.value
        if square and float(q.value).is_integer():
            found.say("binning", int(q.value), a, b)
        else:
            found.unclear.append((a, b))
        taken.add(a)
    return taken
