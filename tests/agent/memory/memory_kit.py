"""What the tests of the memory share: PDF files, journals of past runs, the learned protocols."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from agent.journal.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Sequence

PROTOCOLS = Path(__file__).parent / "protocols"
QUESTIONS = Path(__file__).parent / "questions.jsonl"
PLAN = """\
# as approved on Monday:  four minutes,\ttabs and blanks stay
goal: "HeLa mitoses"
baseline:
  axis_order: tpcz
  stage_positions: [{name: A1, x: 0, y: 0, z: 0}]
  channels: [{group: Channel, config: DAPI, exposure: 20}]
  time_plan: {interval: 240, duration: 21600}
decide: {policy: watch, target: mitosis, enter: 0.6, leave: 0.4}
reaction: {interval_s: 20, duration_s: 1800}
"""


def write_run(
    folder: Path,
    started_utc: str = "2026-11-17T19:30:00+00:00",
    plan: str = PLAN,
    kind: str = "run",
    outcome: str | None = "complete",
) -> Path:
    """The directory of a run that has a journal and nothing else."""
    folder.mkdir(parents=True)
    journal = Journal(folder, lambda: 0.0, durable=False)
    journal.records.set(plan=plan, kind=kind, started_utc=started_utc, ended_s="21600")
    if outcome is not None:
        journal.records.set(outcome=outcome)
    journal.close()
    return folder


def pdf_bytes(title: str, pages: Sequence[Sequence[str]]) -> bytes:
    """A PDF in Helvetica, a line of text per string (Latin-1)."""
    kids = " ".join(f"{4 + 2 * i} 0 R" for i in range(len(pages)))
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for i, lines in enumerate(pages):
        parts.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {5 + 2 * i} 0 R"
            " /Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        shown = "".join(f"({_escaped(line)}) Tj T*\n" for line in lines)
        stream = f"BT /F1 11 Tf 14 TL 60 780 Td\n{shown}ET".encode("latin-1")
        parts.append(b"<< /Length %d >>\nstream\n%b\nendstream" % (len(stream), stream))
    parts.append(f"<< /Title ({_escaped(title)}) >>".encode("latin-1"))
    out, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, part)
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    head = f"xref\n0 {len(parts) + 1}\n0000000000 65535 f \n{table}"
    end = f"trailer\n<< /Size {len(parts) + 1} /Root 1 0 R /Info {len(parts)} 0 R >>\n"
    return out + f"{head}{end}startxref\n{len(out)}\n%%EOF\n".encode()


def questions() -> list[dict[str, str]]:
    """The 50 questions with the documents that answer them."""
    lines = QUESTIONS.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
