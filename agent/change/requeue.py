"""Makes the queue of visits what a changed plan wants. Inside one transaction of the caller."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from agent.estimate import focuses_in
from agent.expand import due_times, event_templates, fields
from agent.journal.visits import NewVisit
from agent.schedule import PRIORITY
from agent.settings import end_s
from hardware.data import VisitKind

if TYPE_CHECKING:
    from agent.journal.journal import Journal
    from agent.journal.mind import Burst
    from agent.plan import Plan


class Requeue:
    """From one plan to another at run time `now_s`; what is not wanted any more is cancelled."""

    def __init__(self, journal: Journal, old: Plan, new: Plan, now_s: float, why: str) -> None:
        self._journal = journal
        self._db = journal.database.connection
        self._old = old
        self._new = new
        self._now_s = now_s
        self._why = why

    def all(self) -> tuple[int, int]:
        """Everything; returns how many visits were cancelled, and how many queued."""
        cancelled, queued = self._bursts()
        here = self._baseline()
        cancelled += here[0] + self._outside()
        if self._new.autofocus is None:
            self._db.execute("UPDATE visits SET refocus=0 WHERE state='pending'")
        return cancelled, queued + here[1]

    # ------------------------------------------------------------------ the baseline

    def _baseline(self) -> tuple[int, int]:
        """The rounds that fall due from now on. What is due already is left as it is."""
        left = self._journal.course.left()
        rounds = [due for due in due_times(self._new) if due > self._now_s]
        first = self._next_round()
        frames = {fov.name: self._frames(fov.name, VisitKind.BASELINE) for fov in fields(self._new)}
        pending = {
            (fov, _ms(due_s)): (id_, bool(refocus))
            for id_, fov, due_s, refocus in self._db.execute(
                "SELECT id, fov, due_s, refocus FROM visits"
                " WHERE state='pending' AND kind='baseline' AND due_s>?",
                (self._now_s,),
            ).fetchall()
        }
        keep_flag = self._old.autofocus is not None and self._old.autofocus.when == "focus_lost"
        fresh = []
        for number, due_s in enumerate(rounds, start=first):
            focus = focuses_in(self._new, number)
            for fov in fields(self._new):
                if fov.name in left:
                    continue
                known = pending.pop((fov.name, _ms(due_s)), None)
                if known is not None:  # the same visit: only its number may be another one
                    flag = focus or (keep_flag and known[1])
                    self._db.execute(
                        "UPDATE visits SET round=?, refocus=? WHERE id=?",
                        (number, int(flag), known[0]),
                    )
                    continue
                fresh.append(
                    NewVisit(
                        fov=fov.name,
                        kind=VisitKind.BASELINE,
                        priority=PRIORITY[VisitKind.BASELINE],
                        due_s=due_s,
                        frames_expected=frames[fov.name],
                        round=number,
                        refocus=focus,
                    )
                )
        self._cancel([id_ for id_, _ in pending.values()])
        self._journal.visits.add(fresh)
        return len(pending), len(fresh)

    def _next_round(self) -> int:
        """Rounds are counted on: the schedule takes a higher number for a later one."""
        row = self._db.execute(
            "SELECT max(round) FROM visits WHERE kind='baseline' AND state!='cancelled'"
            " AND NOT (state='pending' AND due_s>?)",
            (self._now_s,),
        ).fetchone()
        return 0 if row[0] is None else int(row[0]) + 1

    # ------------------------------------------------------------------ bursts

    def _bursts(self) -> tuple[int, int]:
        """Bursts that go on take the new pace from now on; those of paused fields end."""
        wanted = {fov.name for fov in fields(self._new)}
        cancelled = queued = 0
        for fov, burst in self._journal.mind.bursts(self._now_s).items():
            if fov not in wanted:
                cancelled += self._end(burst)
            elif self._old.reaction != self._new.reaction or end_s(self._old) != end_s(self._new):
                gone, fresh = self._pace(burst)
                cancelled, queued = cancelled + gone, queued + fresh
        return cancelled, queued

    def _end(self, burst: Burst) -> int:
        self._journal.mind.end_burst(burst.id, self._now_s, self._why)
        return self._journal.visits.cancel_burst(burst.id, self._why)

    def _pace(self, burst: Burst) -> tuple[int, int]:
        """The first visit stays where it is due, the others follow at the new interval."""
        reaction = self._new.reaction
        until_s = min(burst.start_s + reaction.duration_s, end_s(self._new))
        if until_s <= self._now_s:
            return self._end(burst), 0
        cause, first_s, last_s = self._db.execute(
            "SELECT b.cause, (SELECT min(due_s) FROM visits WHERE burst=b.id AND state='pending'),"
            " (SELECT max(started_s) FROM visits WHERE burst=b.id) FROM bursts b WHERE b.id=?",
            (burst.id,),
        ).fetchone()
        if first_s is None or first_s > self._now_s:
            begin_s = burst.start_s if last_s is None else last_s + reaction.interval_s
            first_s = max(self._now_s, begin_s)
        shift = self._journal.course.shift_to_come(burst.id)
        cancelled = self._journal.visits.cancel_burst(burst.id, self._why)
        n = max(0, math.floor((until_s - first_s) / reaction.interval_s + 1e-9) + 1)
        frames = self._frames(burst.fov, VisitKind.REACTION)
        self._journal.visits.add(
            NewVisit(
                fov=burst.fov,
                kind=VisitKind.REACTION,
                priority=PRIORITY[VisitKind.REACTION],
                due_s=first_s + i * reaction.interval_s,
                frames_expected=frames,
                burst=burst.id,
                cause=cause,
            )
            for i in range(n)
        )
        if shift != (0.0, 0.0):
            self._journal.course.recentre(burst.id, *shift)
        self._db.execute("UPDATE bursts SET until_s=? WHERE id=?", (until_s, burst.id))
        return cancelled, n

    # ------------------------------------------------------------------ everything else

    def _outside(self) -> int:
        """Visits of fields that are paused, or after the new end; frames of those that stay."""
        wanted = {fov.name for fov in fields(self._new)}
        rows = self._db.execute("SELECT id, fov, due_s, kind FROM visits WHERE state='pending'")
        last_s, gone = end_s(self._new), []
        for id_, fov, due_s, kind in rows.fetchall():
            if fov not in wanted or due_s > last_s:
                gone.append(id_)
            elif kind == VisitKind.REACTION:
                frames = self._frames(fov, VisitKind.REACTION)
                self._db.execute("UPDATE visits SET frames_expected=? WHERE id=?", (frames, id_))
        self._cancel(gone)
        return len(gone)

    def _cancel(self, ids: list[int]) -> None:
        self._db.executemany(
            "UPDATE visits SET state='cancelled', why=? WHERE id=? AND state='pending'",
            [(self._why, id_) for id_ in ids],
        )

    def _frames(self, fov: str, kind: VisitKind) -> int:
        place = next(f for f in fields(self._new) if f.name == fov)
        return len(event_templates(self._new, place, kind))


def _ms(time_s: float) -> int:
    return round(time_s * 1000)
