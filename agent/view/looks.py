"""What is drawn of the delivered visits of the last runs looked at: read once, 60 bytes a visit.

A delivered visit never changes and its verdict neither, and a page asks once a second. Objects for
each of them would make a service grow for as long as a run lasts.
"""

from __future__ import annotations

import math
import threading
from array import array
from collections import OrderedDict
from typing import TYPE_CHECKING

from agent.journal.journal import FILE_NAME
from agent.report.unpack import number
from agent.view.journal import in_parts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from agent.view.journal import Rows

MOST_RUNS = 4
NUMBERS = ("focus", "count", "target")
_LOOKS = (
    "SELECT id, started_s, due_s, fov FROM visits WHERE started_s >= ? AND +state='delivered'"
    " ORDER BY started_s, id"
)
_VERDICTS = (
    "SELECT visit, CASE WHEN state IN ('failed', 'unjudged') THEN NULL"
    " ELSE json_extract(verdict, '$.focus.score') END,"
    " json_extract(verdict, '$.count'), json_extract(verdict, '$.p_target')"
    " FROM verdicts WHERE json_valid(verdict) AND visit IN ({marks})"
)


class Looks:
    """Of one run: columns in the order of the visits' start. Times in s of run time.

    Whoever reads or fills them holds `lock`.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.visit, self.started_s, self.due_s = array("q"), array("d"), array("d")
        self._field = array("L")  # index in `_fields`
        self._fields: dict[str, int] = {}
        self._numbers = {name: array("d") for name in NUMBERS}  # nan: none
        self._judged = bytearray()  # 1: its verdict has been read

    def catch_up(self, rows: Rows) -> None:
        """Read the visits that were delivered since."""
        last_s, known = self.started_s[-1] if self.visit else -math.inf, set[int]()
        for at in reversed(range(len(self.visit))):  # several at one moment of a simulated clock
            if self.started_s[at] != last_s:
                break
            known.add(self.visit[at])
        for visit, started_s, due_s, fov in rows(_LOOKS, last_s):
            if visit in known:
                continue
            self.visit.append(visit)
            self.started_s.append(started_s)
            self.due_s.append(due_s)
            self._field.append(self._fields.setdefault(fov, len(self._fields)))
            for column in self._numbers.values():
                column.append(math.nan)
            self._judged.append(0)

    def places(self, fov: str | None) -> Sequence[int]:
        """Where a field's looks are in the columns; None: all."""
        if fov is None:
            return range(len(self.visit))
        wanted = self._fields.get(fov)
        return [at for at, field in enumerate(self._field) if field == wanted]

    def read_verdicts(self, rows: Rows, places: Sequence[int]) -> None:
        """Of those looks, so far as they are judged and not read yet."""
        new = {self.visit[at]: at for at in places if not self._judged[at]}
        for visit, *numbers in in_parts(rows, _VERDICTS, new):
            self._judged[new[visit]] = 1
            for name, value in zip(NUMBERS, numbers, strict=True):
                found = number(value)
                self._numbers[name][new[visit]] = math.nan if found is None else found

    def points(
        self, name: str, places: Sequence[int], scale: float = 1.0
    ) -> tuple[tuple[float, float], ...]:
        """(s, value) of the looks that have one."""
        column = self._numbers[name]
        return tuple(
            (self.started_s[at], scale * column[at]) for at in places if not math.isnan(column[at])
        )

    def late_s(self, at: int) -> float:
        """How long after its due time a look began."""
        return max(0.0, self.started_s[at] - self.due_s[at])


class Runs:
    """The looks of the runs that were looked at last. Shared by threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[object, Looks] = OrderedDict()

    def of(self, run_dir: Path) -> Looks:
        """Of a run. Raises OSError where it has no journal."""
        # by inode: another run may get the directory's name of a deleted one
        key = (str(run_dir), (run_dir / FILE_NAME).stat().st_ino)
        with self._lock:
            looks = self._kept.setdefault(key, Looks())
            self._kept.move_to_end(key)
            while len(self._kept) > MOST_RUNS:
                self._kept.popitem(last=False)
            return looks
