"""`microscout report`: write a run's report again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.finding import config_error
from agent.rundir import existing

if TYPE_CHECKING:
    from pathlib import Path


def report(path: Path) -> int:
    """Exit code 0 when the report is written."""
    run_dir = existing(path)
    from agent.report import ReportError, build_report

    try:
        print(build_report(run_dir.path))
    except ReportError as error:
        raise config_error(path, str(error), "") from None
    return 0
