"""The report: one self-contained HTML file that says what happened in a run, and why.

`build_report(run_dir)` writes it, `headline(run_dir)` says it in one line. Reading, numbers and
words are pure; matplotlib, jinja2 and tensorstore are imported only when a page is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.report.headline import headline, provenance, unfinished
from agent.report.read import read_run
from agent.report.record import Record, ReportError

if TYPE_CHECKING:
    from pathlib import Path

    from agent.report.frames import ReadFrame

__all__ = [
    "Record",
    "ReportError",
    "build_report",
    "headline",
    "provenance",
    "read_run",
    "unfinished",
]


def build_report(run_dir: Path, read_frame: ReadFrame | None = None) -> Path:
    """Write ``report.html`` into the run's folder and return its path. Raises `ReportError`."""
    from agent.report.page import build_report as build

    return build(run_dir, read_frame)
