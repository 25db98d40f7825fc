"""Names of channels in a normal text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.planner.nearby import Nearby
    from hardware.data import MicroscopeConfig

_CHANNEL_WORD = re.compile(
    r"\s*-?\s*(channels?|fluorescence|light|signals?|filters?|stain(ing)?|images?|kanal|kanäle"
    r"|canal"
    r"|canaux|canale|canali|canales)\b",
    re.I,
)


_DYES = frozenset(
    {"gfp", "egfp", "rfp", "irfp", "dapi", "hoechst", "tritc", "sir", "mcherry", "tdtomato"}
)


_COLOURS = (
    r"yellow|orange|violet|purple|cyan|magenta|infra-?red|near-?infrared|ultraviolet|uv|white"
    r"|gelb\w*|violett\w*"
    r"|weiß\w*|jaune|blanc|infrarouge|giallo|arancione|viola|bianco|infrarosso|amarillo|naranja"
    r"|violeta|blanco"
    r"|infrarrojo"
)


_KIND = (
    r"channel|fluorescence|light|filter|kanal|fluoreszenz|licht|canal|lumière|fluorescence"
    r"|canale|luce|luz"
)


_COLOURED = (
    re.compile(  # a colour that nobody has: "in yellow", "the violet channel", "orange and green"
        rf"(?:(?<=\bin )|(?<=\bin the )|(?<=\bim )|(?<=\ben )|(?<=\bnel ))(?:{_COLOURS})(?!\w)"
        rf"|\b(?:{_COLOURS})(?= (?:{_KIND})\b)|\b(?:canal|canale|kanal) (?:{_COLOURS})(?!\w)",
        re.I,
    )
)


_UNKNOWN = re.compile(
    r"\b(TIRF|STED|SHG|two[- ]photon|(?:in|use the|with the) confocal|polari[sz]ed( light)?"
    r"|konfokal\w*|confocale?|bright[- ]?field|phase[- ]contrast|DIC|transmitted( light)?|CFP|YFP"
    r"|BFP|mVenus|Venus|Cy3"
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
        ) or (bool(found) and found[-1].no and listed(text[found[-1].end : match.start()]))
        found.append(Channel(match.start(), match.end(), preset, no))
    return [c for n, c in enumerate(found) if not _labelled(n, found, text)]


_STAINED = re.compile(  # "nuclei in green", "nuclei (GFP)", "nuclei labelled with mCherry"
    r"\s*(?:\(|=|:|in(?: the)?|im|en|nel|with|mit|avec|con|(?:labell?ed|stained|tagged|marked"
    r"|shown|visible) (?:with|by|in)"
    r"|markiert mit|gefärbt mit|marqués? (?:en|avec|par)|marcat[ie] con"
    r"|marcad[oa]s con)\s*(?:the )?",
    re.I,
)


_STAINS = re.compile(  # "GFP (nuclei)", "green nuclei", "GFP-labelled nuclei"
    r"\s*(?:\(|=|for|für|pour|per|para|-?\s*(?:labell?ed|positive|tagged|stained|markierte[nr]?)"
    r"|is|are|marks?|labels?|shows?)\s*"
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
    r"\b(neither|weder|ni(?= l'|\s)|né)\s+[^.;,:]{0,24}$|\b(nor|noch|ni|né)\s+(the |den |das |le "
    r"|la |il |el )?$",
    re.I,
)


def unknown_channels(text: str) -> list[tuple[int, int]]:
    """Names of ways to image that are common, where the microscope may not have them."""
    return [m.span() for pattern in (_UNKNOWN, _COLOURED) for m in pattern.finditer(text)]


def _squeezed(name: str, names: Mapping[str, str]) -> str | None:
    bare = name.replace(" ", "")
    return next((p for n, p in names.items() if n.replace(" ", "") == bare), None)


def listed(between: str) -> bool:
    """Whether words between two names only list them."""
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
    r"\b(?:movies?|films?|images?|pictures?|time[ -]?lapses?|recordings?|stacks?|shots?|frames?"
    r"|photos?|bilder"
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
