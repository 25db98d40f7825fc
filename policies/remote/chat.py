"""A general vision-language model behind a chat API as a judge."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from policies.classical.judge import choose, unfit
from policies.remote.answer import no_verdict, to_verdict
from policies.remote.chat_faults import ChatFailed, Unfit
from policies.remote.chat_model import ChatModel
from policies.remote.picture import png

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hardware.data import Frame
    from policies.judge_config import ChatJudgeConfig
    from policies.remote.chat_model import Reply
    from policies.verdict import Verdict

VOTES = 1  # answers asked for where the provider gives no probabilities
P_YES, P_NO = 0.9, 0.1  # what one "yes" or "no" is worth without a probability
PAUSE_S = 0.5  # before a call is repeated; twice as long each time


class ChatJudge:
    """Judges one channel of a visit, of a z stack its sharpest slice.

    `p_target` comes from the probabilities of the tokens "yes" and "no" where the provider gives
    them, else from `votes` answers, each worth P_YES or P_NO. What the model says of its own
    confidence is never asked for and never read.
    """

    def __init__(
        self, config: ChatJudgeConfig, *, channel: str | None = None, votes: int = VOTES
    ) -> None:
        """Raises JudgeUnavailable; asks the server nothing yet."""
        self._config = config
        self._channel = channel
        self._votes = votes
        self._model = ChatModel(config)
        self._calls = 0
        self._lock = threading.Lock()  # an overrun call may still be under way beside the next one

    @property
    def name(self) -> str:
        """``chat:PROVIDER:MODEL``, as it appears in verdicts."""
        return f"chat:{self._config.model}"

    def judge(self, frames: Sequence[Frame], *, target: str) -> Verdict:
        """Judge the frames of one visit. ValueError without frames; `latency_s` is left at 0.

        Abstains where the answer does not fit, the model is unsure, or the calls are used up;
        raises ChatFailed, one line, where the server gives no answer.
        """
        if not frames:
            raise ValueError("no frames to judge")
        frame, why_not = choose(frames, self._channel)
        why_not = why_not or (unfit(frame) if frame is not None else "")
        if frame is None or why_not:
            return no_verdict(frames[0], judge=self.name, target=target, why=why_not)
        image = png(frame.pixels)
        try:
            replies = [self._ask(target, image)]
            while replies[0].p_yes is None and len(replies) < self._votes:
                replies.append(self._ask(target, image))
        except (Unfit, _UsedUp) as error:
            return no_verdict(frame, judge=self.name, target=target, why=str(error))
        answer = replies[0].answer
        p = replies[0].p_yes
        if answer.target_present == "unsure" or p is None:
            p = p_of_votes([reply.answer.target_present for reply in replies])
        return to_verdict(answer, frame, judge=self.name, target=target, p_target=p)

    def _ask(self, target: str, image: bytes) -> Reply:
        """One answer, with so many retries as are allowed. Each call counts."""
        tries = self._config.max_retries + 1
        pause_s = PAUSE_S
        while True:
            self._count()
            weighed = self._model.asks_for_probabilities
            try:
                return self._model.fill_in(target, image)
            except ChatFailed as error:
                if weighed and not self._model.asks_for_probabilities:
                    continue  # the server is well, and is asked for less
                tries -= 1
                if not error.again or tries <= 0:
                    raise
            time.sleep(pause_s)
            pause_s *= 2

    def _count(self) -> None:
        with self._lock:
            if self._calls >= self._config.max_calls:
                raise _UsedUp(f"the {self._config.max_calls} calls of judge.max_calls are used up")
            self._calls += 1


class _UsedUp(Exception):
    """No calls are left."""


def p_of_votes(votes: Sequence[str]) -> float | None:
    """The mean worth of the "yes" and "no" among the votes; None where they are no majority."""
    worth = [P_YES if vote == "yes" else P_NO for vote in votes if vote in ("yes", "no")]
    return sum(worth) / len(worth) if 2 * len(worth) > len(votes) else None
