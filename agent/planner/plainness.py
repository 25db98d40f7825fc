"""Words must be what they look like: no hidden characters, no look-alike letters, no code.

An instruction is words of a person. Characters that are not seen, letters of another script inside
a word, keys and switches of programs are refused before anything is read (homoglyph and
bidirectional attacks: Unicode Technical Standard 39; Boucher and Anderson, Trojan Source, 2021).
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from agent.planner.draft import No

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 4000  # characters of an instruction
_WEB = re.compile(r"[a-z][a-z0-9+.-]*://[^\s,;)>]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.I)
_CODE = re.compile(
    r"(?!(?<!\w)[a-z]{1,2}_[a-z]{1,5}\s*=\s*\d)\w+_\w+(\.\w+)*\s*[:=]"  # exposure_ms.FITC=
    r"|(?<![\w-])--[a-z]\w+"  # --force
    r"|```|\{\{|\{%|\$\(|\$\{|<\?|</?[a-z][\w-]*(\s[^<>]*)?/?>|&\w+;"
    r"|(?!(?<!\w)[a-z]\s*=)\w(?<!\bxy)(?<!\blambda)\s*[:=]\s*[{\[]"  # gate: {
    r"|\w=(true|false|yes|no|null|none|off|on)\b"
    r"|[\"']\s*:\s*[\"'\d{\[]"  # "exposure": 7
    r"|\b\w+\.\w+\([^)]*\)"  # limits.disable()
    r"|\b(gate|budget|limits?|trouble|judge|decide|setup)\s*:\s*(null|none|off|false)\b"
    r"|\b(0x[0-9a-f]+)\b",
    re.I,
)
_MU = frozenset("µμΩΔδ")  # letters of units


def not_plain(text: str) -> tuple[No, ...]:
    """Why an instruction is not read; nothing where it is plain words."""
    return tuple(_faults(text))[:1]


def _faults(text: str) -> Iterator[No]:
    if len(text) > LONGEST:
        yield No(
            "length",
            f"{len(text):,} characters",
            f"an instruction has at most {LONGEST:,}",
            "Say it shorter, or give long texts to `microscout learn`.",
        )
    for char in text:
        if char not in "\n\r\t" and unicodedata.category(char) in ("Cf", "Cc", "Co", "Cs", "Cn"):
            yield No(
                "hidden characters",
                f"a character that is not seen (U+{ord(char):04X})",
                "what is read must be what is seen",
                "Type the instruction again instead of pasting it.",
            )
            return
    for char in text:
        digit = unicodedata.category(char) in ("Nd", "No") and not char.isascii()
        wide = unicodedata.east_asian_width(char) in ("F",) and not char.isspace()
        if (digit and char not in "²³½¼¾⅓⅔") or wide:
            yield No(
                "characters",
                f"“{char}” (U+{ord(char):04X})",
                "numbers and letters other than the plain ones are not read",
                "Write it with plain digits and letters.",
            )
            return
    for word in re.findall(r"[^\W\d_]+", text):
        scripts = {_script(c) for c in word if c not in _MU}
        if len(scripts - {""}) > 1:
            yield No(
                "look-alike letters",
                f"“{word}”",
                "letters of two scripts in one word",
                "Type the word again.",
            )
            return
    if re.search(r"\d\s*[\u3040-\u9fff]|[\u3040-\u9fff]\s*\d", text):
        yield No(
            "characters",
            "a number next to characters of another script",
            "its unit cannot be read",
            "Write numbers with units such as ms, s, min, h, um.",
        )
    code = _CODE.search(_WEB.sub(" ", text))
    if code is not None:
        yield No(
            "code",
            f"“{code.group().strip()}”",
            "keys, switches and code are not taken from an instruction",
            "Say it in words, or write the plan file yourself: microscout new.",
        )


def _script(char: str) -> str:
    """LATIN, CYRILLIC, GREEK, ...; "" for marks that any script may have."""
    if not char.isalpha():
        return ""
    return unicodedata.name(char, "").split(" ")[0]
