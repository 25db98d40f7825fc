"""Two judges: the second is asked when the first abstains, fails, or would be late."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from policies.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hardware.data import Frame
    from policies.judge import Judge

FIRST_SHARE = 0.7  # of the deadline; the rest is the second judge's
_LONGEST = 200  # characters of a reason


class FallbackJudge:
    """Asks `first`, for `first_s` seconds at most; where that gives nothing, asks `second`.

    The first judge runs in a daemon thread: hanging, it keeps neither the run nor the interpreter
    from going on. While it hangs it is left alone, and the second one is asked at once. What it
    says too late is dropped.
    """

    def __init__(self, first: Judge, second: Judge, *, first_s: float) -> None:
        self._first = first
        self._second = second
        self.first_s = first_s
        self._under_way: threading.Thread | None = None

    @property
    def first(self) -> Judge:
        """The judge that is asked first."""
        return self._first

    @property
    def name(self) -> str:
        """Both names: ``mllm-1 -> classical-1``."""
        return f"{self._first.name} -> {self._second.name}"

    def judge(self, frames: Sequence[Frame], *, target: str) -> Verdict:
        """The first judge's verdict as it is, or the second's, which names both and says why.

        Where the first abstained, its flags and its anomaly score stay: what it saw wrong with the
        frame is no less true for it.

        Raises ValueError without frames, and what the second judge raises.
        """
        if not frames:
            raise ValueError("no frames to judge")
        said = self._ask_first(frames, target)
        if isinstance(said, Verdict) and not said.abstained:
            return said
        words = said if isinstance(said, str) else _abstained(said)
        why = f"{self._first.name}: {words}"
        verdict = self._second.judge(frames, target=target)
        changes: dict[str, Any] = {
            "judge": self.name,
            "rationale": _joined(why, verdict.rationale),
        }
        if isinstance(said, Verdict):
            changes |= _seen_by_both(said, verdict)
        if verdict.abstained:
            own = f"{self._second.name}: {verdict.why_abstained}"
            changes |= {"why_abstained": _joined(why, own), "rationale": verdict.rationale}
        return verdict.model_copy(update=changes)

    def _ask_first(self, frames: Sequence[Frame], target: str) -> Verdict | str:
        """A verdict of this visit, an abstention among them, or why there is none."""
        if self._under_way is not None and self._under_way.is_alive():
            return "not asked: it is still busy with an earlier visit"
        answer: list[Verdict | str] = []

        def ask() -> None:
            try:
                answer.append(_usable(self._first.judge(frames, target=target), frames[0]))
            except BaseException as error:  # whatever a model does, the second judge is asked
                answer.append(f"failed ({_one_line(str(error)) or type(error).__name__})")

        self._under_way = threading.Thread(target=ask, name="first judge", daemon=True)
        self._under_way.start()
        self._under_way.join(self.first_s)
        return answer[0] if answer else f"no answer within {self.first_s:g} s"


def _usable(verdict: object, frame: Frame) -> Verdict | str:
    if not isinstance(verdict, Verdict):
        return f"failed (no verdict but {type(verdict).__name__})"
    if (verdict.visit_id, verdict.fov) != (frame.visit_id, frame.key.fov):
        return f"failed (answered for visit {verdict.visit_id}, asked for {frame.visit_id})"
    return verdict


def _abstained(verdict: Verdict) -> str:
    return f"abstained ({_one_line(verdict.why_abstained) or 'it does not say why'})"


def _seen_by_both(first: Verdict, second: Verdict) -> dict[str, Any]:
    """Flags of either, each once; the first's anomaly score where the second has none."""
    anomaly = first.anomaly if second.anomaly is None else second.anomaly
    return {"flags": tuple(dict.fromkeys((*first.flags, *second.flags))), "anomaly": anomaly}


def _joined(first: str, second: str) -> str:
    return f"{first}. {second}" if second else f"{first}."


def _one_line(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _LONGEST else f"{flat[: _LONGEST - 3]}..."
