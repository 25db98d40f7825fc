"""`microscout bench memory`: is the right document cited first, and how fast."""

from __future__ import annotations

import json as jsonlib
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from agent.bench.machine import machine
from agent.finding import config_error
from agent.memory.memory import Memory

SHIPPED = Path(__file__).parents[2] / "tests" / "agent" / "memory"
NEEDED = 0.9  # share of questions whose right document must come first


def bench_memory(
    questions: Path | None = None, protocols: Path | None = None, *, json: bool
) -> int:
    """Print the figures; exit code 0 when the right document comes first often enough.

    `questions`: JSON Lines with "question" and "document" (a file name of the folder `protocols`);
    None takes those of the project's tests.
    """
    asked = read_questions(questions or SHIPPED / "questions.jsonl")
    folder = protocols or SHIPPED / "protocols"
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    if not files:
        raise config_error(folder, "no protocols here", "give a folder of documents")
    with tempfile.TemporaryDirectory() as place, Memory(Path(place)) as memory:
        memory.search("warm", 1)
        begun = time.perf_counter()
        passages = sum(len(memory.learn(path).passages) for path in files)
        learned_s = time.perf_counter() - begun
        rows = [_ask(memory, item["question"], item["document"]) for item in asked]
    first = sum(row["rank"] == 1 for row in rows)
    result = {
        "machine": machine(),
        "documents": len(files),
        "passages": passages,
        "questions": len(rows),
        "right_first": first,
        "right_first_share": round(first / len(rows), 3),
        "right_in_three": sum(row["rank"] is not None and row["rank"] <= 3 for row in rows),
        "ms_per_passage_learned": round(1000 * learned_s / passages, 1),
        "ms_per_question_median": round(statistics.median(row["ms"] for row in rows), 1),
        "wrong": [row for row in rows if row["rank"] != 1],
    }
    print(jsonlib.dumps(result, ensure_ascii=False, indent=None if json else 2))
    return 0 if first >= NEEDED * len(rows) else 1


def read_questions(path: Path) -> list[dict[str, str]]:
    """Raises ConfigError, naming the line, for what is no question with its document."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise config_error(path, f"cannot be read ({error})", "give a JSON Lines file") from None
    found = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            item = jsonlib.loads(line)
            found.append({key: str(item[key]) for key in ("question", "document")})
        except (ValueError, KeyError, TypeError):
            remedy = 'write {"question": "...", "document": "..."}'
            raise config_error(path, "is no question", remedy, line=number) from None
    if not found:
        raise config_error(path, "no questions in it", "one JSON object per line")
    return found


def _ask(memory: Memory, question: str, document: str) -> dict[str, Any]:
    begun = time.perf_counter()
    hits = memory.search(question, 20)
    ms = 1000 * (time.perf_counter() - begun)
    order = list(dict.fromkeys(hit.document for hit in hits))
    rank = order.index(document) + 1 if document in order else None
    return {"question": question, "document": document, "rank": rank, "first": order[:1], "ms": ms}
