"""Which exceptions are faults of the world, and how they read: one line, no traceback."""

from __future__ import annotations

from agent.finding import one_line


def in_one_line(error: Exception) -> str | None:
    """The line for an expected fault; None for a fault of this program.

    Everything is imported here: it is needed only once something went wrong.
    """
    import sqlite3

    from agent.commands.conduct import RunBroken
    from agent.journal.database import JournalError
    from agent.report import ReportError
    from hardware.fault import InstrumentFault
    from hardware.mmconfig import MMConfigError
    from hardware.store import StoreError
    from policies.judge import JudgeUnavailable
    from policies.mllm.faults import BrickError
    from sim.replay import ReplayError

    named = (
        *(BrickError, InstrumentFault, JournalError, JudgeUnavailable, MMConfigError),
        *(ReplayError, ReportError, StoreError),
    )
    if isinstance(error, named):
        return one_line(str(error))
    if isinstance(error, RunBroken):
        return str(error)
    if isinstance(error, sqlite3.Error):
        return one_line(f"the journal: {error}. Check the disk and the folder's rights")
    if isinstance(error, OSError) and error.filename is not None:
        return one_line(f"{error.filename}: {error.strerror}")
    return None


def exit_code(error: Exception) -> int:
    """1 where a run had begun, 2 where nothing had."""
    from agent.commands.conduct import RunBroken

    return 1 if isinstance(error, RunBroken) else 2
