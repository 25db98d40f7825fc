"""Plates that are named shortly ("96er", "multi-well 48"), in the words that are read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent.planner.reading.names import plate

if TYPE_CHECKING:
    from agent.planner.normal import Normal

ROW = r"(?:rows?|reihen?|zeilen?|rangées?|lignes?|rig(?:a|he)|fil[ae]s?|filas?)"


COLUMN = r"(?:columns?|cols?|spalten?|colonn(?:es?|a|e)|columnas?)"


WELL = r"(?:wells?|näpfchen|vertiefung(?:en)?|puits|pozzett[oi]|pocillos?|pozos?)"


_SIZES = r"(?P<n>6|12|24|48|96|384)"


_PLATES = (
    re.compile(
        rf"(?<![\w.,-]){_SIZES}\s?(?:er|w)(?=[\s,;:.)]|$)(?!\s*(?:-|well|platte|objektiv))", re.I
    ),
    re.compile(
        rf"(?<!\w)(?:plates?|platten?|plaques?|piastr[ae]"
        rf"|placas?)\s*\(\s*{_SIZES}\s*(?:wells?)?\s*\)",
        re.I,
    ),
    re.compile(rf"(?<!\w)multi-?well\s+{_SIZES}(?!\w)", re.I),
    re.compile(
        rf"(?<!\w)(?:boîte|boite|cassette|scatola|caja|box|dish)\s+(?:de|à|da|of"
        rf"|with)\s+{_SIZES}\s+{WELL}",
        re.I,
    ),
)


_PLATE = {
    "en": "{n}-well plate",
    "de": "{n}-Well-Platte",
    "fr": "plaque de {n} puits",
    "it": "piastra da {n} pozzetti",
    "es": "placa de {n} pocillos",
}


_WELLS_NAMED = re.compile(
    rf"(?<!\w)(?:{ROW}|{COLUMN}|{WELL}|plates?|platte)(?!\w)|(?<!\w)[A-P]\d{{1,2}}(?!\w)", re.I
)


def plate_named(text: Normal, language: str) -> Normal:
    """ "96er", "multi-well 48", "plate (96)": in the words that are read as a plate."""
    if plate(text.text, language) is not None or _WELLS_NAMED.search(text.text) is None:
        return text
    for pattern in _PLATES:
        match = pattern.search(text.text)
        if match is not None:
            words = _PLATE[language].format(n=match["n"])
            return text.edited([(match.start(), match.end(), words)])
    return text
