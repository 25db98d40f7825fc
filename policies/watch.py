"""The watch policy: image a field fast while the target is in view.

Event-driven in the terms of the Smart Microscopy Working Group review (2026): an event seen by
the judge changes how a field is imaged until the event is over. One frame lies, so nothing rests
on one look: N of K looks start and end a burst, two thresholds (hysteresis) keep it steady, a
burst has a minimum length, and one event gets one reaction. Verdicts that abstained or came late
are no evidence: they never start and never end anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hardware.data import VisitKind
from policies.action import Action, Burst, Decision, EndBurst, Refocus, Revisit
from policies.watch_bar import why_barred
from policies.watch_focus import focus_lost, why_wait
from policies.watch_follow import follow
from policies.watch_memory import FieldMemory, Look, dump, load
from policies.watch_parameters import WatchParameters
from policies.watch_words import duration, fields, numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policies.policy import Memory, Situation
    from policies.verdict import Verdict


class WatchPolicy:
    """Decides on bursts, second looks and refocusing from the last few looks at each field."""

    def __init__(self, parameters: WatchParameters | None = None) -> None:
        self.parameters = parameters or WatchParameters()

    @property
    def name(self) -> str:
        """As it appears in decisions."""
        return "watch"

    def start(self) -> Memory:
        """The memory of a run that has seen nothing."""
        return dump({})

    def decide(
        self, memory: Memory, verdict: Verdict, situation: Situation
    ) -> tuple[Memory, Decision]:
        """Answer one verdict; `memory` is left as it was."""
        lap = _Lap(self.parameters, verdict, situation, load(memory), set(situation.bursting))
        lap.run()
        return dump(lap.memory), Decision(
            visit_id=verdict.visit_id,
            policy=self.name,
            actions=tuple(lap.actions),
            reason="; ".join(lap.phrases),
            cites=tuple(dict.fromkeys(lap.cites)),
        )


@dataclass(slots=True)
class _Lap:
    """The making of one decision: collects actions, phrases and cited visits.

    `bursting` follows the actions as if they were applied in order.
    """

    want: WatchParameters
    verdict: Verdict
    situation: Situation
    memory: dict[str, FieldMemory]
    bursting: set[str]
    actions: list[Action] = field(default_factory=list)
    phrases: list[str] = field(default_factory=list)
    cites: list[int] = field(default_factory=list)

    @property
    def now(self) -> float:
        return self.situation.now_s

    def run(self) -> None:
        fov = self.verdict.fov
        self.cites.append(self.verdict.visit_id)
        self._notice_bursts()
        here = self.memory.setdefault(fov, FieldMemory())
        why_not = self._why_no_evidence(here)
        if why_not:
            self.phrases.append(f"{fov}: {why_not}; not counted")
        elif self.verdict.p_target is not None:
            look = Look(self.verdict.visit_id, self.verdict.p_target, self.situation.started_s)
            here.add(look, self.want.window)
            here.gone = here.gone or look.p < self.want.leave
            if fov in self.bursting:
                self._while_bursting(fov, here)
            else:
                self._while_calm(fov, here, look)
            self._serve_line()
            if here.waiting_s is not None and look.p >= self.want.enter:
                self.phrases.append(
                    f"{fov}: {self._seen(here)}; waiting in line, {fields(len(self.bursting))} "
                    f"imaged fast already (at most {self.want.max_concurrent})"
                )
        if not self.situation.late:
            self._mind_focus(fov, here)

    def _notice_bursts(self) -> None:
        """Learn of bursts that ended, were refused, or were started by somebody else."""
        for fov, until in self.situation.bursting.items():
            there = self.memory.setdefault(fov, FieldMemory())
            if there.burst_s is None:
                there.start_burst(self.now)
            there.until_s = until
        for fov, there in self.memory.items():
            if there.burst_s is None or fov in self.bursting:
                continue
            if there.until_s is None:
                self.phrases.append(f"{fov}: the fast imaging asked for did not start")
                there.end_burst(self.now, in_view=False)
            elif there.until_s <= self.now:
                spent = duration(there.until_s - there.burst_s)
                self.phrases.append(f"{fov}: fast imaging ended by itself after {spent}")
                there.end_burst(there.until_s, in_view=True)
            else:
                self.phrases.append(f"{fov}: fast imaging was ended from outside")
                there.end_burst(self.now, in_view=False)

    def _why_no_evidence(self, here: FieldMemory) -> str:
        verdict = self.verdict
        if self.situation.late:
            return "the verdict came late"
        if verdict.abstained:
            return f"the judge abstained ({verdict.why_abstained or 'no reason given'})"
        if verdict.p_target is None:
            return "the verdict has no probability"
        if verdict.target != self.want.target:
            return f"the verdict is about {verdict.target}, not {self.want.target}"
        return self._wrong_time_or_place(here)

    def _wrong_time_or_place(self, here: FieldMemory) -> str:
        if self.situation.started_s < here.since_s:
            return "the look is from before the last change of pace"
        view = self.situation.view
        moved = view is not None and (view.dx_um, view.dy_um) != (0.0, 0.0)
        if moved and self.situation.kind is not VisitKind.REACTION:
            return "a look at the planned place, while the target is followed elsewhere"
        return ""

    def _while_bursting(self, fov: str, here: FieldMemory) -> None:
        """End the burst when the target is gone and the minimum time has passed."""
        want = self.want
        recent = here.looks[-want.release[1] :]
        below = [look for look in recent if look.p < want.leave]
        spent = self.now - (self.now if here.burst_s is None else here.burst_s)
        seen = f"no {want.target} in {len(below)} of {len(recent)} looks ({numbers(recent)})"
        if len(below) < want.release[0]:
            self.phrases.append(
                f"{fov}: imaging fast since {duration(spent)}, {want.target} {numbers(recent)}"
            )
            self._follow(fov, recent[-1])
        elif spent < want.min_dwell_s:
            least = duration(want.min_dwell_s)
            self.phrases.append(f"{fov}: {seen}, but fast imaging lasts at least {least}")
        else:
            self.phrases.append(f"{fov}: {seen}; back to the baseline after {duration(spent)}")
            self.actions.append(EndBurst(fov=fov))
            self._cite(recent)
            here.end_burst(self.now, in_view=False)
            self.bursting.discard(fov)

    def _follow(self, fov: str, look: Look) -> None:
        """Move the stage with a target that is in view."""
        view = self.situation.view
        filmed = self.situation.kind is VisitKind.REACTION and look.p >= self.want.leave
        if not (self.want.follow and filmed) or view is None:
            return
        action, phrase = follow(self.verdict, view, self.want.target)
        if action is not None:
            self.actions.append(action)
        if phrase:
            self.phrases.append(f"{fov}: {phrase}")

    def _barred(self, fov: str) -> str:
        return why_barred(fov, self.want, self.situation, self.actions)

    def _while_calm(self, fov: str, here: FieldMemory, look: Look) -> None:
        """Ask for a second look, or put the field in line for a burst."""
        want = self.want
        in_view = f"{fov}: {want.target} in view (p {look.p:.2f})"
        if look.p < want.leave:
            here.waiting_s = None
            self.phrases.append(f"{fov}: no {want.target} in view (p {look.p:.2f})")
        elif look.p < want.enter:
            self.phrases.append(f"{fov}: not sure of {want.target} (p {look.p:.2f})")
        elif barred := self._barred(fov):
            here.waiting_s = None
            self.phrases.append(f"{in_view}, but {barred}")
        elif not here.armed(self.now, want.rearm_after_s):
            ended = self.now if here.ended_s is None else here.ended_s
            left = duration(ended + want.rearm_after_s - self.now)
            self.phrases.append(f"{in_view}, but filmed just now; again in {left} at the earliest")
        elif fov not in self.situation.affordable:
            here.waiting_s = None
            self.phrases.append(f"{in_view}, but the field's light budget allows no fast imaging")
        elif self._confirmed(here):
            if here.waiting_s is None:
                here.waiting_s = self._positive(here)[0].time_s
        else:
            needed = f"{want.confirm[0]} of {want.confirm[1]} looks needed"
            again = duration(want.confirm_after_s)
            self.phrases.append(
                f"{fov}: perhaps {want.target} (p {look.p:.2f}, {needed}); looking again in {again}"
            )
            self.actions.append(Revisit(fov=fov, delay_s=want.confirm_after_s))

    def _serve_line(self) -> None:
        """Give free places to the fields in line, first seen first served."""
        line = [(there.waiting_s, fov) for fov, there in self.memory.items()]
        for first_seen, fov in sorted((s, fov) for s, fov in line if s is not None):
            there = self.memory[fov]
            if fov in self.bursting or not self._recent(there) or self._barred(fov):
                there.waiting_s = None
                continue
            ready = there.looks[-1].p >= self.want.enter and self._confirmed(there)
            if (
                ready
                and fov in self.situation.affordable
                and len(self.bursting) < self.want.max_concurrent
            ):
                waited = ""
                if fov != self.verdict.fov:
                    waited = f" (in line since it was seen {duration(self.now - first_seen)} ago)"
                self.phrases.append(f"{fov}: {self._seen(there)}; imaging fast{waited}")
                self.actions.append(Burst(fov=fov))
                self._cite(self._positive(there))
                self.bursting.add(fov)
                there.start_burst(self.now)

    def _mind_focus(self, fov: str, here: FieldMemory) -> None:
        """Refocus a field that is out of focus, or soft twice in a row."""
        if not (focus_lost(here, self.verdict.focus.state) and self.want.refocus):
            return
        state = self.verdict.focus.state.value
        waiting = why_wait(here, self.now, self.want.refocus_after_s)
        if waiting:
            self.phrases.append(f"{fov}: focus {state}, {waiting}")
            return
        here.soft, here.refocus_s = 0, self.now
        here.refocus_tries += 1
        self.actions.append(Refocus(fov=fov))
        looks_again = any(isinstance(action, Revisit) for action in self.actions)
        if fov not in self.bursting and not looks_again:
            self.actions.append(Revisit(fov=fov))
        self.phrases.append(f"{fov}: focus {state}; refocusing and looking again")

    def _recent(self, there: FieldMemory) -> list[Look]:
        """Looks that count towards a start."""
        oldest = self.now - self.want.memory_s
        return [look for look in there.looks[-self.want.confirm[1] :] if look.time_s >= oldest]

    def _positive(self, there: FieldMemory) -> list[Look]:
        return [look for look in self._recent(there) if look.p >= self.want.enter]

    def _confirmed(self, there: FieldMemory) -> bool:
        return len(self._positive(there)) >= self.want.confirm[0]

    def _seen(self, there: FieldMemory) -> str:
        positive, recent = self._positive(there), self._recent(there)
        counted = f"{len(positive)} of {len(recent)} looks ({numbers(positive)})"
        return f"{self.want.target} in {counted}"

    def _cite(self, looks: Sequence[Look]) -> None:
        self.cites.extend(look.visit for look in looks)
