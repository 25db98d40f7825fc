"""Puts the report together and writes it: one self-contained HTML file."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import tempfile
from importlib import metadata, resources
from pathlib import Path
from typing import TYPE_CHECKING

from agent.report.account import account_of, balance_line, disagreements, verdict_rows
from agent.report.cards import cards_of
from agent.report.charts import charts_of, fields_note
from agent.report.choose import choose
from agent.report.desk import MOST_STRIPS, lay_out
from agent.report.frames import frames_of
from agent.report.headline import headline, provenance, unfinished
from agent.report.light import light_of
from agent.report.pictures import CLOSE_UM
from agent.report.planfacts import plan_facts
from agent.report.read import read_run
from agent.report.record import ReportError
from agent.report.strips import strips_of
from agent.report.tables import per_field_rows, tiles_of, trouble_lines, truth_rows, visit_rows
from agent.report.unpack import as_text
from agent.report.words import day, many

if TYPE_CHECKING:
    from agent.report.choose import Chosen
    from agent.report.frames import ReadFrame
    from agent.report.record import Record

FILE_NAME = "report.html"
_LONGEST_TEXT = 100_000
_PACKAGES = ("pymmcore-plus", "useq-schema", "langgraph", "tensorstore", "scikit-image", "numpy")


def build_report(run_dir: Path, read_frame: ReadFrame | None = None) -> Path:
    """Write ``report.html`` into the run's folder, at once or not at all, and return its path.

    `read_frame` (fov, t, c, z) gives the pixels of a stored frame or None; left out, the run's
    OME-Zarr images are read. Raises `ReportError`.
    """
    record = read_run(run_dir)
    html = render(record, read_frame or frames_of(run_dir))
    target = run_dir / FILE_NAME
    try:
        _write(target, html)
    except OSError as error:
        raise ReportError(f"{target}: cannot be written ({error}); free some disk space") from error
    return target


def render(record: Record, read_frame: ReadFrame) -> str:
    """The page as text."""
    import jinja2

    run, plan = record.run, plan_facts(record.run.plan)
    account, light, chosen = account_of(record), light_of(record, plan), choose(record)
    desk = lay_out(record, light, chosen, plan, read_frame)
    strips = strips_of(desk, chosen)
    here = resources.files("agent.report")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string((here / "report.html.j2").read_text("utf-8"))
    return template.render(
        css=(here / "report.css").read_text("utf-8"),
        title=f"{record.run_dir.name}: {run.outcome} – MicroScout report",
        run_name=record.run_dir.name,
        started="" if run.simulated else day(run.started_utc),
        outcome=str(run.outcome),
        outcome_text=str(run.outcome) if run.ended else "not ended",
        goal=plan.goal or "A run without a readable plan",
        headline=headline(record),
        provenance=provenance(record),
        unfinished=unfinished(record),
        balance_state="open" if not run.ended else "yes" if account.balances else "no",
        balance=balance_line(account, ended=run.ended),
        disagreements=disagreements(record, account),
        tiles=tiles_of(record, account, light),
        cards=cards_of(desk, chosen),
        left_out=_left_out(chosen),
        strips=strips,
        strip_anchors={strip.anchor for strip in strips},
        strips_left_out=max(0, len(record.bursts) - MOST_STRIPS),
        close_um=f"{CLOSE_UM:g}",
        charts=charts_of(record, light, plan),
        fields_note=fields_note(record),
        per_field=per_field_rows(record, light),
        unit=light.unit,
        visit_rows=visit_rows(record, account, light),
        verdict_rows=verdict_rows(record),
        truth=truth_rows(record),
        refusals=trouble_lines(record.refusals),
        errors=trouble_lines(record.errors),
        notes=trouble_lines(record.notes),
        texts=_texts(record),
        versions=_versions(run.version),
        written=dt.datetime.now().astimezone().strftime("%Y-%m-%d %H:%M"),
    )


def _left_out(chosen: Chosen) -> str:
    total = sum(n for _, n in chosen.left_out)
    if not total:
        return ""
    by_name = ", ".join(f"{n:,} {name.replace('_', ' ')}" for name, n in chosen.left_out)
    return f"{many(total, 'decision')} ({by_name})"


def _texts(record: Record) -> list[tuple[str, str]]:
    run = record.run
    texts = [("Plan (plan.yaml)", run.plan), ("Microscope (microscope.yaml)", run.microscope)]
    if run.scenario:
        seed = f", seed {as_text(run.seed, 40)}" if run.seed else ""
        texts.append((f"Simulated specimen (scenario{seed})", run.scenario))
    return [(name, as_text(text, _LONGEST_TEXT)) for name, text in texts]


def _versions(of_run: str) -> list[tuple[str, str]]:
    """What the run was made with, as it says, then what made this page."""
    try:
        said = json.loads(of_run)
    except ValueError:
        said = of_run
    rows = [("MicroScout, in the run", as_text(said, 200) or "not in the journal")]
    if isinstance(said, dict):
        rows = [(f"{as_text(k, 80)}, in the run", as_text(v, 200)) for k, v in said.items()]
    names = {"microscout": "MicroScout, writing this page"} | {name: name for name in _PACKAGES}
    for package, name in names.items():
        try:
            rows.append((name, metadata.version(package)))
        except metadata.PackageNotFoundError:
            continue
    rows.append(("Python", platform.python_version()))
    return rows


def _write(target: Path, html: str) -> None:
    handle, name = tempfile.mkstemp(prefix=".report-", suffix=".tmp", dir=target.parent)
    partial = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
            file.write(html)
        partial.chmod(0o644)
        partial.replace(target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
