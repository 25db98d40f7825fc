"""`python -m agent.runner SPEC`: one run, conducted for the service.

Exit codes as of the commands: 0 complete, 1 failed, 2 the input is wrong, 3 held, 130 stopped.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.finding import ConfigError, one_line
from agent.runner.line import News, Orders
from agent.runner.spec import RunnerSpec

if TYPE_CHECKING:
    from agent.session import Session

EXIT_INPUT, EXIT_HELD, EXIT_STOPPED = 2, 3, 130
PULSE_S = 5.0
ORDERLY_S = 8.0  # after a stop at once: longest wait for threads that may hang in a driver


class Runner:
    """The orders' side of a run: they reach the session whatever its own threads are doing."""

    def __init__(self, news: News) -> None:
        self._news = news
        self._session: Session | None = None
        self._stop: str | None = None
        self._now = False
        self._done = threading.Event()

    def has(self, session: Session) -> None:
        """There is a session now; what was ordered before it reaches it too."""
        self._session = session
        if self._stop is not None:
            session.stop(self._stop)
        if self._now:
            self.stop_now(self._stop or "stopped at once")

    def over(self) -> None:
        """The run has ended by itself."""
        self._done.set()

    def obey(self, order: dict[str, Any]) -> None:
        """One order. Unknown ones are ignored: a newer service may know more."""
        do, why = order.get("do"), str(order.get("why") or "stopped by the service")
        if do == "poke" and self._session is not None:
            self._session.poke()
        elif do == "stop":
            self._stop = why
            if self._session is not None:
                self._session.stop(why)
        elif do == "stop_now":
            self.stop_now(why)

    def pulse(self, session: Session) -> None:
        """Say now and then for how long nothing has happened: a hang is seen from outside."""

        def beat() -> None:
            while not self._done.wait(PULSE_S):
                self._news.tell("pulse", still_s=round(session.still_s(), 1))

        threading.Thread(target=beat, name="pulse", daemon=True).start()

    def gone(self, why: str) -> None:
        """Without the service nobody hears of trouble: light off, and the run ends."""
        self.stop_now(why)

    def stop_now(self, why: str) -> None:
        """Light off at once; the process ends within seconds even if a driver hangs."""
        self._stop, self._now = why, True
        session = self._session
        threading.Thread(target=self._end_anyway, name="end anyway", daemon=True).start()
        if session is None:  # it loads: nothing was exposed, and a driver may hang
            return
        session.stop(why)
        left_on = session.stop_now()
        self._news.tell("stopped_now", could_not_stop=list(left_on))

    def _end_anyway(self) -> None:
        if not self._done.wait(ORDERLY_S):
            self._news.tell("state", state="ended: stopped at once, a thread still hangs")
            os._exit(EXIT_STOPPED)


def main() -> int:
    """Run what the spec says."""
    news = News()
    try:
        spec = RunnerSpec.model_validate_json(Path(sys.argv[1]).read_text(encoding="utf-8"))
    except (IndexError, OSError, ValueError) as error:
        news.tell("refused", text=f"spec: {one_line(str(error))}")
        return EXIT_INPUT
    runner = Runner(news)
    orders = Orders(sys.stdin, runner.obey, runner.gone)
    try:
        return _run(spec, runner, news)
    except ConfigError as error:
        for finding in error.findings:
            news.tell("refused", text=str(finding))
        return EXIT_INPUT
    except Exception as error:
        import traceback

        news.tell("broken", text=one_line(str(error)) or type(error).__name__)
        traceback.print_exc()
        return 1
    finally:
        orders.close()
        runner.over()


def _run(spec: RunnerSpec, runner: Runner, news: News) -> int:
    from agent.commands.conduct import conduct
    from agent.commands.interrupt import interruptible
    from agent.live.guards import guards
    from agent.runner import opening
    from agent.runner.told import Told
    from agent.session import Live

    interruptible()
    news.tell("state", state="loading")
    live = Live(
        commands=True,
        asks=True,
        guards=guards,
        news=lambda kind, text: news.tell("trouble", kind=kind, text=text),
    )
    progress = Told(news)
    with contextlib.ExitStack() as held, contextlib.ExitStack() as undo:
        open_ = opening.start if spec.action == "start" else opening.go_on
        opened = open_(
            spec,
            held,
            undo,
            progress,
            live,
            lambda text: news.tell("trouble", kind="dead_man", text=text),
        )
        news.tell("light", left_on=[])  # it would not have opened with a shutter it cannot close
        if opened.held:
            news.tell("held", differences=list(opened.differences))
            return EXIT_HELD
        session = opened.session
        runner.has(session)
        news.tell("state", state="running")
        runner.pulse(session)
        try:
            return conduct(session, undo, score=opened.score, as_json=False)
        finally:
            if session.left_on is not None:
                news.tell("light", left_on=list(session.left_on))
