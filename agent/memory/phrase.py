"""The words of an instruction that say which document is meant."""

from __future__ import annotations

import re

from agent.memory.words import COMMON, GENERIC, fold

_DOCUMENT = re.compile(
    r"(?i)\b(?:[\w]+-)?(?:protocols?|sops?|procedures?|recipes?|protokolle?s?|vorschrift(?:en)?"
    r"|anleitung(?:en)?|protocoles?|procédures?|protocoll[oi]|procedur[ae]|protocolos?"
    r"|procedimientos?|standard settings)\b"
)
_DETERMINER = re.compile(
    r"(?i)\b(?:the|our|my|your|their|this|that|unser\w*|mein\w*|das|dem|der|die|notre|nos|mon|le"
    r"|la|les|ce|nostr[oa]|mio|il|lo|nuestr[oa]|mi|el|use|using|follow|by|per|according to)\s"
)
_TIED = re.compile(
    r"(?i)[-\s]*(?!(?:for|für|pour|per|para) \d)"
    r"(?:for|of|from|about|für|fuer|von|zu[mr]?|über|pour|de|des|du|d|sur|per|di"
    r"|degli|del\w*|dei|sul\w*|para|sobre|nr|no|number|\d+)\b"
)
_CLAUSE = re.compile(
    r"(?i)\b(?:but|except|on|and|with|every|at|in|to|until|aber|mit|alle|jede\w*|bis|ab|mais"
    r"|avec"
    r"|toutes?|sauf|ma|con|ogni|pero|cada|during|while|instead|only)\b"
)


def document_phrase(words: str) -> str:
    """The words about the document: in "every 3 min by our HeLa protocol, P1 to P4" "our HeLa".

    Up to four before the noun; after it those that a preposition ties to it ("protocole pour la
    levure"). All the words where there is no such noun.
    """
    match = _DOCUMENT.search(words)
    if match is None:
        return words
    before = re.split(r"[,.;:!?](?:\s|$)|\s[-–]\s", words[: match.start()])[-1]
    starts = list(_DETERMINER.finditer(before))
    before = before[starts[-1].end() :] if starts else " ".join(before.split()[-4:])
    after = re.split(r"[,.;:!?](?:\s|$)|\s[-–]\s", words[match.end() :])[0]
    after = _CLAUSE.split(after)[0]
    if not _TIED.match(after):
        after = "" if says_which(before + match.group()) else " ".join(after.split()[:3])
    return f"{before} {match.group()} {after}".strip()


def says_which(text: str) -> bool:
    """Whether a word is left that tells one document from another."""
    return bool(set(re.findall(r"\w+", fold(text))) - COMMON - GENERIC)
