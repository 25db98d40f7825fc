"""The model in a process of its own: its crash, hang or hunger takes nothing along.

    IsolatedJudge --- Keeper (thread) --- Child === pipes === python -m policies.worker
    (a Judge)         starts, watches,    one                 serve: makes the judge,
                      restarts, gives up  process             judges one visit at a time

The parent sends frames as JSON and raw bytes, the child answers with JSON of a bounded length, and
what it says is validated before anybody sees it. Nothing that the child sends is ever unpickled.
"""

from policies.worker.isolated import IsolatedJudge
from policies.worker.spec import (
    Limits,
    WorkerError,
    WorkerHealth,
    WorkerSpec,
    WorkerState,
)

__all__ = [
    "IsolatedJudge",
    "Limits",
    "WorkerError",
    "WorkerHealth",
    "WorkerSpec",
    "WorkerState",
]
