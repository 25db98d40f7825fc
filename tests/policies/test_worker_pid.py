"""A process number is used again by the system: what is gone is never signalled."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from worker_kit import HERE, SLOW_S

from policies.worker import WorkerSpec
from policies.worker.child import Child

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_after_its_end_no_process_of_its_number_is_killed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PYTHONPATH", HERE)
    child = Child(WorkerSpec("worker_faults:make", threads=1), str(tmp_path), lambda: None)
    killed: list[int] = []
    real = os.killpg

    def killing(group: int, signal: int) -> None:
        killed.append(group)
        real(group, signal)

    monkeypatch.setattr(os, "killpg", killing)
    child.kill("enough")
    assert child.gone.wait(SLOW_S)
    assert killed and set(killed) == {child.pid}, "it and what it had started"
    killed.clear()
    child.kill("again")
    child.close()
    child.close()
    assert not killed
