"""A general vision-language model on this machine as a judge, read by its next-word probabilities.

It never writes: each field of the answer is one question with a closed list of words, one forward
pass, and the probabilities of those words. So nothing has to be parsed, and the probability of the
target is measured, not said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policies.classical.judge import choose, unfit
from policies.remote.answer import Answer, no_verdict, to_verdict
from policies.remote.hf_model import load
from policies.remote.labels import MIN_MASS
from policies.remote.picture import picture
from policies.remote.questions import DEFECT, FOCUS, presence

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from PIL.Image import Image

    from hardware.data import Frame
    from policies.remote.questions import Question
    from policies.verdict import Verdict


class HfJudge:
    """Judges one channel of a visit, of a z stack its sharpest slice; three forward passes.

    `p_target` is P(yes) / (P(yes) + P(no)) for the first word of the reply. Where both together
    are below MIN_MASS the model answers something else, and the judge abstains.
    """

    def __init__(
        self, model: str, *, channel: str | None = None, adapter: Path | None = None
    ) -> None:
        """Load a model (folder, or name on the hub) and a PEFT adapter's folder.

        A folder is never looked for elsewhere; a name on the hub is downloaded unless it is here.
        Raises JudgeUnavailable where either cannot be loaded or does not work.
        """
        self._channel = channel
        self._model = load(model, adapter)

    @property
    def name(self) -> str:
        """``hf:MODEL`` or ``hf:MODEL+ADAPTER-DIGEST``, as it appears in verdicts."""
        return self._model.name

    def judge(self, frames: Sequence[Frame], *, target: str) -> Verdict:
        """Judge the frames of one visit. ValueError without frames; `latency_s` is left at 0."""
        if not frames:
            raise ValueError("no frames to judge")
        frame, why_not = choose(frames, self._channel)
        why_not = why_not or (unfit(frame) if frame is not None else "")
        if frame is None or why_not:
            return no_verdict(frames[0], judge=self.name, target=target, why=why_not)
        image = picture(frame.pixels)
        p, said = self._presence(image, target) if target else (None, "")
        defect = self._word(image, DEFECT, "")
        answer = Answer.model_validate(
            {
                "focus": self._word(image, FOCUS, "unknown"),
                "flags": [defect] if defect else [],
                "target_present": "unsure" if p is None else "yes" if p >= 0.5 else "no",
                "count": None,
                "note": "",
            }
        )
        verdict = to_verdict(answer, frame, judge=self.name, target=target, p_target=p)
        return verdict.model_copy(update={"rationale": said})

    def _presence(self, image: Image, target: str) -> tuple[float | None, str]:
        """How probable the target is (None: the model answers something else), and a sentence."""
        shares, mass = self._model.ask(image, presence(target))
        said = f"{target}: yes {shares['yes']:.2f}, no {shares['no']:.2f}"
        p = shares["yes"] if mass >= MIN_MASS else None
        return p, f"{said} ({mass:.0%} of all that could have been said)."

    def _word(self, image: Image, question: Question, otherwise: str) -> str:
        """What the most probable word means; `otherwise` where the model answers something else."""
        shares, mass = self._model.ask(image, question)
        return (
            question.means[max(shares, key=shares.__getitem__)] if mass >= MIN_MASS else otherwise
        )
