"""Passages in the order of a query: by meaning (vectors) and by exact words (BM25), together.

A passage's score is the cosine plus half of its BM25, as a share of the best one's. Reciprocal
rank fusion was tried as well: it forgets that one passage alone has the rare word that was asked
for (94 of 100 questions against 98, docs/memory.md). Same query, same memory: same order; ties go
to the older passage.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from agent.memory.words import COMMON, GENERIC, content, in_english

if TYPE_CHECKING:
    from agent.memory.data import DocumentKind
    from agent.memory.encoder import Encoder
    from agent.memory.store import Store

WORDS = 0.5  # weight of the exact words; 0.3 to 1 did equally well
_MOST = 4096  # passages that one query of sqlite-vec may return
IN_TEXT = 0.6  # of a word that a document's text has, against one in its name or title
_NEAREST = "SELECT passage, distance FROM vectors WHERE vector MATCH ? AND k = ? ORDER BY distance"
_WORDS = "SELECT rowid, bm25(words) FROM words WHERE words MATCH ? ORDER BY 2, 1 LIMIT ?"
_KINDS = "SELECT p.id, d.id FROM passages p JOIN documents d ON d.id = p.document WHERE d.kind = ?"
_HAVING = """
SELECT DISTINCT p.document FROM words w JOIN passages p ON p.id = w.rowid WHERE words MATCH ?
"""


def ranked(
    store: Store, encoder: Encoder, query: str, kind: DocumentKind | None
) -> list[tuple[int, float]]:
    """(passage id, score), best first."""
    near = _near(store, encoder, query, _MOST)
    words = _by_words(store, query)
    if kind is not None:
        allowed = {row[0] for row in store.rows(_KINDS, kind)}
        near = [row for row in near if row[0] in allowed]
        words = [row for row in words if row[0] in allowed]
    if not near:
        return []
    scores, farthest = dict(near), near[-1][1]
    for key, value in words:
        scores[key] = scores.get(key, farthest) + WORDS * value / words[0][1]
    return sorted(scores.items(), key=lambda item: (-round(item[1], 6), item[0]))


def documents_named(
    store: Store, encoder: Encoder, words: str, kind: DocumentKind
) -> list[tuple[int, float, float]]:
    """(nearest passage's id, share of the words that the document has, cosine) per document.

    The share is weighted: a word that few documents have counts more, one in a name or title more
    than one in the text. Best first.
    """
    of = dict(store.rows(_KINDS, kind))
    asked = content(words, without=COMMON | GENERIC)
    count = len(set(of.values()))
    share = dict.fromkeys(of.values(), 0.0)
    total = 0.0
    for word in asked:
        same = " OR ".join(f'"{one}"' for one in (word, *in_english(word).split()))
        titled = {row[0] for row in store.rows(_HAVING, f"{{title}} : ({same})")} & share.keys()
        having = {row[0] for row in store.rows(_HAVING, same)} & share.keys()
        weight = math.log(1 + count / max(len(having), 0.5))
        total += weight
        for document in having:
            share[document] += weight * (1.0 if document in titled else IN_TEXT)
    best: dict[int, tuple[int, float]] = {}
    for passage, cosine in _near(store, encoder, " ".join(asked), _MOST):
        if passage in of:
            best.setdefault(of[passage], (passage, cosine))
    rows = [(p, share[d] / total if total else 0.0, cosine) for d, (p, cosine) in best.items()]
    return sorted(rows, key=lambda row: (-row[1] - row[2], row[0]))


def _near(store: Store, encoder: Encoder, query: str, most: int) -> list[tuple[int, float]]:
    """(passage id, cosine), nearest first."""
    vector = encoder.encode([f"{query} {in_english(query)}".strip()])[0].tobytes()
    rows = [(key, round(1.0 - away, 6)) for key, away in store.rows(_NEAREST, vector, most)]
    return sorted(rows, key=lambda row: (-row[1], row[0]))


def _by_words(store: Store, query: str) -> list[tuple[int, float]]:
    """(passage id, BM25 above 0), best first. Each word in quotes: nothing is FTS5 syntax."""
    words = content(f"{query} {in_english(query)}")
    if not words:
        return []
    match = " OR ".join(f'"{word}"' for word in words)
    return [(key, max(-value, 1e-9)) for key, value in store.rows(_WORDS, match, _MOST)]
