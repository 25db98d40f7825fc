"""What a dead-man did, read from its record: for those who have to tell it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardware.deadman.record import read

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Account:
    """The last alarm of a record.

    Attributes
    ----------
    utc : when (ISO 8601).
    cause : `gone`, `silent`, `overdue`, `left_on` or `failed` (see `watch.Cause`).
    what : the cause in words.
    ward : process id of the program that was watched.
    killed : whether the dead-man ended it.
    dark : the light is confirmed off; None while it is still trying.
    took_s : seconds from the alarm until it was, or until it was given up.
    not_confirmed : switches that did not confirm.
    switches : how many there are.
    """

    utc: str
    cause: str
    what: str
    ward: int
    killed: bool
    dark: bool | None
    took_s: float | None
    not_confirmed: tuple[str, ...]
    switches: int | None

    def __str__(self) -> str:
        ended = "it was ended" if self.killed else "it was gone"
        if self.cause == "left_on":
            ended = "it ended by itself"
        return f"{self.utc}: the program (process {self.ward}): {self.what}; {ended}; {self._light}"

    @property
    def _light(self) -> str:
        if self.dark is None:
            return "the light is NOT confirmed off yet"
        if self.dark:
            return f"the light was confirmed off {self.took_s:.2f} s later"
        if not self.switches:
            return "the light may STILL BE ON: no switch is configured"
        return f"the light may STILL BE ON: not confirmed by {', '.join(self.not_confirmed)}"


def last_alarm(record: Path) -> Account | None:
    """What the dead-man did last, None where it never had to act (or there is no record)."""
    events = read(record)
    starts = [i for i, event in enumerate(events) if event["event"] == "alarm"]
    if not starts:
        return None
    alarm, *after = events[starts[-1] :]
    after = after[: next((i for i, e in enumerate(after) if e["event"] == "watching"), None)]
    end = next((e for e in after if e["event"] in ("dark", "not_dark")), None)
    return Account(
        utc=str(alarm.get("utc", "")),
        cause=str(alarm.get("cause", "")),
        what=str(alarm.get("what", "")),
        ward=int(alarm.get("ward", 0)),
        killed=any(e["event"] == "killed" for e in after),
        dark=None if end is None else end["event"] == "dark",
        took_s=None if end is None else float(end.get("took_s", 0.0)),
        not_confirmed=() if end is None else tuple(end.get("not_confirmed", ())),
        switches=None if end is None else int(end.get("switches", 0)),
    )
