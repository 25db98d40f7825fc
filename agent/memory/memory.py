"""The memory: learn, forget, list, search. One transaction per file learned."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from agent.finding import config_error, nearest, one_line
from agent.memory.data import Document, DocumentKind, Hit, Listed, Passage, PastRun
from agent.memory.encoder import shared_encoder
from agent.memory.passages import passages
from agent.memory.rank import documents_named, ranked
from agent.memory.store import FILE_NAME, Store
from agent.memory.words import in_english

if TYPE_CHECKING:
    from pathlib import Path

    from agent.memory.encoder import Encoder

_DOCUMENT = """
SELECT id, name, kind, title, source, sha256, learned_utc, text FROM documents WHERE name = ?
"""
_PASSAGES = """
SELECT p.id, d.name, d.kind, substr(d.text, p.start + 1, p.stop - p.start), p.start, p.stop,
       p.place, p.heading, p.suspicious
FROM passages p JOIN documents d ON d.id = p.document
"""
_LISTED = """
SELECT d.name, d.kind, d.title, d.source, d.learned_utc, count(p.id), sum(p.suspicious != '')
FROM documents d JOIN passages p ON p.document = d.id GROUP BY d.id ORDER BY d.kind, d.name
"""
_RUNS = """
SELECT d.name, r.started_utc, r.kind, r.outcome, r.goal, r.plan, d.source, r.headline
FROM runs r JOIN documents d ON d.id = r.document ORDER BY r.started_utc DESC, d.name
"""


class Memory:
    """What was learned, in `folder`. Nothing is made there before the first file is learned.

    Every method raises ConfigError, in one line, when the memory's file cannot be used.
    """

    def __init__(self, folder: Path, encoder: Encoder | None = None) -> None:
        self.folder = folder
        self._encoder = encoder if encoder is not None else shared_encoder()
        self._store: Store | None = None

    def __enter__(self) -> Memory:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """May be called twice."""
        if self._store is not None:
            self._store.close()
            self._store = None

    def learn(self, path: Path) -> Document:
        """Take in a protocol (md, txt, html, pdf) or a run's directory; replaces an older version.

        Raises ConfigError, and nothing is written, when it cannot be read, or when a document of
        the same name was learned from another place.
        """
        from agent.memory.files import read_file
        from agent.memory.pastrun import is_run, read_past_run

        run: PastRun | None = None
        if is_run(path):
            run, found, sha256 = read_past_run(path)
            name, kind = run.name, DocumentKind.RUN
        else:
            found, sha256 = read_file(path)
            name, kind = one_line(path.name), DocumentKind.PROTOCOL
        now = dt.datetime.now(dt.UTC).replace(microsecond=0)
        source = str(path.resolve())
        learned = Document(
            name, kind, found.title or name, source, sha256, now, found.text, passages(found)
        )
        known = self._rows("SELECT source, sha256 FROM documents WHERE name = ?", name)
        if known and known[0][0] != source and known[0][1] != sha256:
            message = f"a document of this name was learned from {known[0][0]}"
            remedy = f"rename one, or first: microscout learn --forget {name}"
            raise config_error(one_line(str(path)), message, remedy)
        self._write(learned, run)
        return learned

    def forget(self, name: str) -> None:
        """Drop a document. Raises ConfigError when there is none of that name."""
        names = [row[0] for row in self._rows("SELECT name FROM documents ORDER BY name")]
        if name not in names:
            raise config_error(self.folder, f"no document {one_line(name)!r}", nearest(name, names))
        with self._opened().transaction() as connection:
            _drop(connection, name)

    def listed(self) -> tuple[Listed, ...]:
        """All documents, protocols first, by name."""
        return tuple(
            Listed(name, DocumentKind(kind), title, source, _moment(learned), count, odd)
            for name, kind, title, source, learned, count, odd in self._rows(_LISTED)
        )

    def document(self, name: str) -> Document | None:
        """A document with all its passages; None when there is none of that name."""
        for key, found, kind, title, source, sha256, learned, text in self._rows(_DOCUMENT, name):
            rows = self._rows(f"{_PASSAGES} WHERE d.id = ? ORDER BY p.start", key)
            parts = tuple(_passage(row) for row in rows)
            moment = _moment(learned)
            return Document(found, DocumentKind(kind), title, source, sha256, moment, text, parts)
        return None

    def search(
        self, query: str, k: int = 5, *, kind: DocumentKind | None = None
    ) -> tuple[Hit, ...]:
        """The `k` passages nearest in meaning and words, best first; the same ones every time."""
        if k < 1 or not query.strip() or not self._there():
            return ()
        best = ranked(self._opened(), self._encoder, query, kind)[:k]
        if not best:
            return ()
        marks = ",".join("?" * len(best))
        rows = self._rows(f"{_PASSAGES} WHERE p.id IN ({marks})", *(key for key, _ in best))
        found = {row[0]: row for row in rows}
        return tuple(_hit(found[key], score) for key, score in best)

    def named(
        self, words: str, kind: DocumentKind = DocumentKind.PROTOCOL
    ) -> tuple[tuple[Hit, float], ...]:
        """One hit per document (its nearest passage) with the share of `words` that it has.

        `score` is that share (0 to 1) plus the cosine of words and passage. Best first.
        """
        if not words.strip() or not self._there():
            return ()
        found = documents_named(self._opened(), self._encoder, words, kind)
        hits = []
        for key, share, cosine in found:
            (row,) = self._rows(f"{_PASSAGES} WHERE p.id = ?", key)
            hits.append((_hit(row, share + cosine), share))
        return tuple(hits)

    def runs(self, between: tuple[dt.datetime, dt.datetime] | None = None) -> tuple[PastRun, ...]:
        """Past runs, newest first; `between`: begun from the first moment to before the second.

        Moments without a time zone are local time.
        """
        found = tuple(_past_run(row) for row in self._rows(_RUNS))
        if between is None:
            return found
        first, end = (moment.astimezone(dt.UTC) for moment in between)
        return tuple(run for run in found if first <= run.started < end)

    def _there(self) -> bool:
        return self._store is not None or (self.folder / FILE_NAME).exists()

    def _opened(self) -> Store:
        if self._store is None:
            self._store = Store(self.folder)
        return self._store

    def _rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._opened().rows(sql, *values) if self._there() else []

    def _write(self, learned: Document, run: PastRun | None) -> None:
        vectors = self._encoder.encode([_embedded(learned.title, p) for p in learned.passages])
        with self._opened().transaction() as connection:
            _drop(connection, learned.name)
            values = (learned.name, learned.kind, learned.title, learned.source, learned.sha256)
            connection.execute(
                "INSERT INTO documents (name, kind, title, source, sha256, learned_utc, text)"
                " VALUES (?,?,?,?,?,?,?)",
                (*values, learned.learned.isoformat(), learned.text),
            )
            key = connection.last_insert_rowid()
            for passage, vector in zip(learned.passages, vectors, strict=True):
                connection.execute(
                    "INSERT INTO passages (document, start, stop, place, heading, suspicious)"
                    " VALUES (?,?,?,?,?,?)",
                    (key, passage.start, passage.end, passage.place, passage.heading,
                     passage.suspicious),
                )  # fmt: skip
                row = connection.last_insert_rowid()
                parts = (passage.text, passage.heading, f"{learned.title} {learned.name}")
                connection.execute(
                    "INSERT INTO words (rowid, text, heading, title) VALUES (?,?,?,?)",
                    (row, *(f"{part} {in_english(part)}" for part in parts)),
                )
                connection.execute("INSERT INTO vectors VALUES (?,?)", (row, vector.tobytes()))
            if run is not None:
                connection.execute(
                    "INSERT INTO runs VALUES (?,?,?,?,?,?,?)",
                    (key, run.started.isoformat(), run.kind, run.outcome, run.goal, run.headline,
                     run.plan.encode("utf-8")),
                )  # fmt: skip


def _drop(connection: Any, name: str) -> None:
    inside = "(SELECT p.id FROM passages p JOIN documents d ON d.id = p.document WHERE d.name = ?)"
    here = "(SELECT id FROM documents WHERE name = ?)"
    for table, column, which in (
        ("words", "rowid", inside), ("vectors", "passage", inside), ("runs", "document", here),
        ("passages", "document", here), ("documents", "id", here),
    ):  # fmt: skip
        connection.execute(f"DELETE FROM {table} WHERE {column} IN {which}", (name,))


def _embedded(title: str, passage: Passage) -> str:
    """What the encoder sees: a passage that says "every 4 min" belongs to what it is about."""
    said = "\n".join(part for part in (title, passage.heading, passage.text) if part)
    return f"{said}\n{in_english(said)}".strip()


def _passage(row: tuple[Any, ...]) -> Passage:
    return Passage(*row[3:])


def _hit(row: tuple[Any, ...], score: float) -> Hit:
    passage = _passage(row)
    return Hit(row[1], passage.place, passage, score, DocumentKind(row[2]))


def _past_run(row: tuple[Any, ...]) -> PastRun:
    name, started, kind, outcome, goal, plan, source, headline = row
    text = bytes(plan).decode("utf-8")
    return PastRun(name, _moment(started), kind, outcome, goal, text, source, headline)


def _moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)
