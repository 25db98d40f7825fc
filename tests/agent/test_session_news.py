"""What a run tells its service of a decision is typed: people are told what it has led to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from run_kit import QUICK_BURST, always, plan, scripted, wants, whole

from agent.journal.states import Outcome
from agent.runner.told import Told
from agent.session import Live
from policies.action import Burst, Revisit

if TYPE_CHECKING:
    from pathlib import Path

ASKING = {"unattended": {"reversible": "ask", "costly": "auto"}}


class Line:
    """The end of the line between runner and service."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []

    def tell(self, news: str, **more: Any) -> None:
        self.heard.append(json.loads(json.dumps({"news": news, **more})))


def test_a_burst_and_a_question_of_a_run_are_told_as_what_they_are(tmp_path: Path) -> None:
    line: Any = Line()
    asking = plan(rounds=2, reaction=QUICK_BURST, autonomy=ASKING)
    with scripted(
        lambda n, v: wants(v, Burst(fov=v.fov), Revisit(fov=v.fov)) if not n else wants(v)
    ):
        ending = whole(
            tmp_path / "run",
            asking,
            judge=always(0.9),
            progress=Told(line),
            live=Live(commands=True, asks=True),
        )
    assert ending.outcome is Outcome.COMPLETE
    (said,) = [news for news in line.heard if news["news"] == "decided"]
    assert said["became"] == [
        {"kind": "burst", "question": None},
        {"kind": "question", "question": 1},
    ]
