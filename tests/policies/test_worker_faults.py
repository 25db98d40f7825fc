"""Whatever a model does in its process, the run gets an honest answer in time and goes on."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest
from policies_synthetic import Scene, frame
from worker_kit import FRAME, QUICK, SLOW_S, alive, faulty, until

from policies.classical.judge import ClassicalJudge
from policies.fallback import FallbackJudge
from policies.verdict import Verdict
from policies.worker import Limits, WorkerError, WorkerState
from policies.worker.child import COMMAND

SCENE = Scene()
SCENE.blob(64, 64, 12, 9, 900)
SEEN = frame(SCENE.image())  # the classical judge has something to say
Events = list[tuple[str, str]]


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("segfault", "crashed (SIGSEGV)"),
        ("true_segfault", "crashed (SIGSEGV)"),
        ("leave", "ended with exit code 7"),
        ("leave_at_once", "ended with exit code 9 (the last thing it said)"),
        ("other_visit", "answered for (8, 'A1', 'other_visit'), asked for (7, "),
        ("other_field", "answered for (7, 'B2', "),
        ("other_target", "answered for (7, 'A1', 'else'), "),
    ],
)
def test_a_model_that_breaks_costs_one_verdict_and_is_started_again(fault: str, says: str) -> None:
    heard: Events = []
    with faulty(on_event=lambda *event: heard.append(event)) as judge:
        judge.judge([FRAME], target="nothing")
        first = judge.health().pid
        with pytest.raises(WorkerError) as caught:
            judge.judge([FRAME], target=fault)
        assert says in str(caught.value)
        assert len(str(caught.value).splitlines()) == 1
        assert judge.judge([FRAME], target="nothing").visit_id == 7
        health = judge.health()
        assert health.restarts == 1 and health.pid != first
        assert says in health.last_error
        until(lambda: len(heard) == 2)
        assert [kind for kind, _ in heard] == ["model_crashed", "model_back"]
        assert says in heard[0][1]
    assert first is not None and not alive(first)


@pytest.mark.parametrize("fault", ["hang", "hang_with_the_interpreter"])
def test_a_model_that_hangs_is_killed_at_its_deadline(fault: str) -> None:
    with faulty(deadline_s=1.0, patient=False) as judge:
        assert judge.ready(SLOW_S)
        first = judge.health().pid
        begun = time.monotonic()
        with pytest.raises(WorkerError, match="gave no answer within 1 s, and is started again"):
            judge.judge([FRAME], target=fault)
        assert time.monotonic() - begun < 10
        assert first is not None
        until(lambda: not alive(first))
        until(lambda: judge.health().pid not in (None, first))
        until(lambda: judge.health().state is WorkerState.READY)
        assert judge.judge([FRAME], target="nothing").visit_id == 7


def test_a_model_that_eats_memory_is_killed_before_the_machine_is_full() -> None:
    limits = Limits(max_memory_bytes=400 * 2**20, first_pause_s=0.05)
    with faulty(limits=limits) as judge:
        with pytest.raises(WorkerError, match=r"used 0\.\d GiB of memory; 0\.4 GiB are allowed"):
            judge.judge([FRAME], target="eat")
        assert judge.judge([FRAME], target="nothing").visit_id == 7


def test_what_a_model_prints_is_no_message() -> None:
    with faulty() as judge:
        for _ in range(2):
            assert judge.judge([FRAME], target="chatter").visit_id == 7
        assert judge.health().restarts == 0


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("fail", "RuntimeError: the tensor has no shape"),
        ("text", "AttributeError: 'str' object"),
        ("not_finite", "ValidationError: 1 validation error for Verdict p_target"),
        ("huge", "a verdict of 9437"),
        ("write", "ValueError: assignment destination is read-only"),
    ],
)
def test_what_a_judge_raises_is_told_and_its_process_goes_on(fault: str, says: str) -> None:
    with faulty() as judge:
        with pytest.raises(WorkerError) as caught:
            judge.judge([FRAME], target=fault)
        assert says in str(caught.value)
        assert len(str(caught.value).splitlines()) == 1 and len(str(caught.value)) < 1100
        assert judge.judge([FRAME], target="nothing").visit_id == 7
        assert judge.health().restarts == 0


def test_a_judge_that_only_raises_gets_a_fresh_process() -> None:
    with faulty(limits=Limits(errors_in_a_row=3, first_pause_s=0.05)) as judge:
        for target in ("fail", "fail", "nothing", "fail", "fail"):
            if target == "nothing":
                judge.judge([FRAME], target=target)
                continue
            with pytest.raises(WorkerError, match="no shape"):
                judge.judge([FRAME], target=target)
        assert judge.health().restarts == 0
        with pytest.raises(WorkerError, match="no shape"):
            judge.judge([FRAME], target="fail")
        judge.judge([FRAME], target="nothing")
        assert judge.health().restarts == 1
        assert judge.health().last_error.startswith("failed 3 times in a row: RuntimeError")


def test_a_verdict_with_many_objects_comes_whole() -> None:
    with faulty() as judge:
        assert len(judge.judge([FRAME], target="many").objects) == 20_000


# what another program might send: {} is what the worker would say
FAKE = """
import json, sys
from policies.worker.wire import HEAD, receive, send
orders, answers = open(0, "rb", 0), open(1, "wb", 0)
def say(text):
    send(answers, text.encode())
receive(orders)
say(json.dumps({"ready": "fake-1"}))
head = json.loads(receive(orders, max_bytes=2**30)[0])
verdict = {"visit_id": 7, "fov": "A1", "judge": "fake-1", "target": "x",
           "focus": {"state": "in", "score": 1.0}, "p_target": 0.9}
"""


@pytest.mark.parametrize(
    ("says", "why"),
    [
        ("say(json.dumps({'id': head['id'] - 1, 'verdict': verdict}))", "answered request 0"),
        ("say(json.dumps({'id': None, 'verdict': verdict}))", "answered request None"),
        ("say(json.dumps({'id': head['id']}))", "answered request 1, asked for 1"),
        ("say('{\"id\": 1, \"verdict\": ')", "an answer that is none (Invalid JSON"),
        ("say('[]')", "an answer that is none"),
        ("say('\\udcff'.encode('utf8', 'surrogateescape').decode('latin1'))", "that is none"),
        ("say(json.dumps({'id': 1, 'verdict': {**verdict, 'p_target': 1.5}}))", "p_target"),
        ("say(json.dumps({'id': 1, 'verdict': {**verdict, 'p_target': '0.5'}}))", "p_target"),
        ("say(json.dumps({'id': 1, 'verdict': {**verdict, 'run': 'rm'}}))", "Extra inputs"),
        ("say(json.dumps({'id': 1, 'verdict': verdict, 'exec': 'x'}))", "Extra inputs"),
        ("import pickle; answers.write(pickle.dumps(print) * 9)", "is none (no message"),
        ("answers.write(HEAD.pack(b'MSW1', 2**31, 0))", "is too long"),
        ("answers.write(HEAD.pack(b'MSW1', 2, 2**40) + b'{}')", "is too long"),
        ("answers.write(HEAD.pack(b'MSW1', 100, 0) + b'{')", "ended with exit code 0"),
        ("answers.close(); import time; time.sleep(99)",
         "closed its pipe and went on"),
    ],
    ids=["late", "unnumbered", "empty", "half", "list", "bytes", "range", "text", "extra key",
         "extra answer", "pickle", "long", "blob", "cut off", "deaf"],
)  # fmt: skip
def test_an_answer_that_is_none_ends_the_process_and_is_never_a_verdict(
    says: str, why: str
) -> None:
    code = FAKE + says + "\n"
    command = [sys.executable, "-c", code]
    with faulty(command=command) as judge:
        with pytest.raises(WorkerError) as caught:
            judge.judge([FRAME], target="x")
        assert why in str(caught.value)
        assert judge.health().verdicts == 0
        until(lambda: judge.health().restarts >= 1)


def test_a_process_that_says_a_good_verdict_is_believed() -> None:
    """The table above fails for its own reasons, not for the fake's."""
    code = FAKE + "say(json.dumps({'id': head['id'], 'verdict': verdict}))"
    with faulty(command=[sys.executable, "-c", code]) as judge:
        assert judge.judge([FRAME], target="x").p_target == 0.9
        assert judge.name == "fake-1"


def test_a_model_that_dies_between_two_visits_is_back_before_the_next(tmp_path: Path) -> None:
    with faulty() as judge:
        assert judge.ready(SLOW_S)
        first = judge.health().pid
        assert first is not None
        os.kill(first, signal.SIGKILL)  # as the kernel does where memory runs out
        until(lambda: judge.health().pid not in (None, first))
        assert judge.ready(SLOW_S)
        assert judge.health().last_error == "crashed (SIGKILL)"


def test_programs_that_a_model_has_started_go_with_it(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    with faulty() as judge:
        with pytest.raises(WorkerError, match="SIGSEGV"):
            judge.judge([FRAME], target=f"spawn {note}")
        until(lambda: not alive(int(note.read_text())))


# ------------------------------------------------------------------ loading and giving up


def test_a_call_does_not_wait_for_a_try_that_comes_after_its_deadline() -> None:
    with faulty(limits=Limits(first_pause_s=3600, longest_pause_s=3600)) as judge:
        with pytest.raises(WorkerError):
            judge.judge([FRAME], target="segfault")
        until(lambda: judge.health().last_error)
        begun = time.monotonic()
        with pytest.raises(WorkerError, match=r"is being started again \(crashed"):
            judge.judge([FRAME], target="nothing")
        assert time.monotonic() - begun < SLOW_S / 2


@pytest.mark.parametrize("how", ["segfault", "leave_at_once", "fail"])
def test_a_model_that_breaks_while_it_loads_is_tried_again(tmp_path: Path, how: str) -> None:
    arguments = {"how": how, "count": str(tmp_path / "count"), "times": 2}
    with faulty("make_badly", arguments=arguments) as judge:
        assert judge.judge([FRAME], target="nothing").visit_id == 7
        assert judge.health().restarts == 2


def test_a_model_that_never_finishes_loading_is_killed() -> None:
    limits = Limits(start_s=0.5, first_pause_s=0.05, failures=2, cool_down_s=99)
    with (
        faulty(arguments={"load_s": 99}, limits=limits) as judge,
        pytest.raises(WorkerError, match=r"given up \(was not loaded within 0\.5 s\)"),
    ):
        judge.judge([FRAME], target="nothing")


def test_while_it_loads_another_judge_can_be_asked_at_once() -> None:
    with faulty(arguments={"load_s": 3600}, patient=False) as judge:
        both = FallbackJudge(judge, ClassicalJudge("DAPI"), first_s=SLOW_S)
        begun = time.monotonic()
        verdict = both.judge([SEEN], target="mitosis")
        assert time.monotonic() - begun < SLOW_S / 2
        assert verdict.rationale.startswith("expected-1: failed (the model is still loading)")
        assert judge.health().state is WorkerState.STARTING


def test_a_patient_call_waits_for_the_model_until_its_deadline_and_no_longer() -> None:
    with faulty(arguments={"load_s": 3600}, deadline_s=0.5) as judge:
        with pytest.raises(WorkerError, match="still loading"):
            judge.judge([FRAME], target="nothing")
        assert judge.health().restarts == 0  # loading is no hang


def test_a_model_that_fails_too_often_is_given_up_and_tried_after_the_cool_down(
    tmp_path: Path,
) -> None:
    heard: Events = []
    limits = Limits(first_pause_s=0.01, failures=3, window_s=3600, cool_down_s=2.0)
    arguments = {"count": str(tmp_path / "count"), "times": 4}  # so often it crashes
    with faulty(
        arguments=arguments, limits=limits, on_event=lambda *event: heard.append(event)
    ) as judge:
        for _ in range(3):
            with pytest.raises(WorkerError, match="SIGSEGV"):
                judge.judge([FRAME], target="segfault")
        until(lambda: judge.health().state is WorkerState.BROKEN)
        starts = judge.health().restarts
        begun = time.monotonic()
        with pytest.raises(WorkerError, match=r"given up \(crashed \(SIGSEGV\)\); next try"):
            judge.judge([FRAME], target="segfault")
        assert time.monotonic() - begun < 2.0
        assert judge.health().restarts == starts

        until(lambda: judge.health().state is WorkerState.READY)  # half-open
        with pytest.raises(WorkerError, match="SIGSEGV"):
            judge.judge([FRAME], target="segfault")
        until(lambda: judge.health().state is WorkerState.BROKEN)  # one failure is enough now

        until(lambda: judge.health().state is WorkerState.READY)
        assert judge.judge([FRAME], target="segfault").visit_id == 7  # it has learnt
        until(lambda: heard[-1][0] == "model_back")
        kinds = [kind for kind, _ in heard]
        assert kinds == ["model_crashed"] * 2 + ["model_given_up", "model_back"]
    assert judge.health().state is WorkerState.CLOSED


def test_while_it_is_given_up_the_other_judge_judges_at_once() -> None:
    limits = Limits(failures=1, cool_down_s=3600)
    with faulty(limits=limits) as judge:
        both = FallbackJudge(judge, ClassicalJudge("DAPI"), first_s=SLOW_S)
        assert "SIGSEGV" in both.judge([SEEN], target="segfault").why_abstained
        until(lambda: judge.health().state is WorkerState.BROKEN)
        begun = time.monotonic()
        verdict = both.judge([SEEN], target="mitosis")
        assert time.monotonic() - begun < SLOW_S / 2
        assert "the model is given up (crashed (SIGSEGV))" in verdict.rationale
        assert verdict.judge == "faulty-1 -> classical-1"


def test_a_model_that_cannot_be_loaded_is_given_up_at_once() -> None:
    heard: Events = []
    with faulty(
        "make_badly",
        arguments={"how": "unavailable"},
        limits=Limits(cool_down_s=3600),
        on_event=lambda *event: heard.append(event),
    ) as judge:
        assert not judge.ready(SLOW_S)
        health = judge.health()
        assert (health.state, health.restarts) == (WorkerState.BROKEN, 0)
        assert health.last_error == "judge.weights: half a file; name a whole one"
        until(lambda: heard)
        assert heard[0][0] == "model_given_up"


def test_where_no_process_can_be_started_it_is_told(tmp_path: Path) -> None:
    with (
        faulty(command=[str(tmp_path / "nothing")], limits=Limits(failures=1)) as judge,
        pytest.raises(WorkerError, match="cannot be started"),
    ):
        judge.judge([FRAME], target="nothing")


def test_a_message_that_cannot_be_sent_does_not_end_the_keeping() -> None:
    def fails(*_: str) -> None:
        raise RuntimeError("the mail server is down")

    with faulty(on_event=fails) as judge:
        for _ in range(2):
            with pytest.raises(WorkerError, match="SIGSEGV"):
                judge.judge([FRAME], target="segfault")
            judge.judge([FRAME], target="nothing")
        assert judge.health().restarts == 2


def test_a_second_call_waits_for_its_turn_and_says_so_when_it_never_comes() -> None:
    with faulty(limits=QUICK, deadline_s=SLOW_S) as judge:
        assert judge.ready(SLOW_S)
        got: list[Verdict] = []
        other = threading.Thread(target=lambda: got.append(judge.judge([FRAME], target="sleep 2")))
        other.start()
        until(lambda: judge.health().state is WorkerState.BUSY)
        judge.deadline_s = 0.2
        with pytest.raises(WorkerError, match="still busy with an earlier visit"):
            judge.judge([FRAME], target="nothing")
        judge.deadline_s = SLOW_S
        assert judge.judge([FRAME], target="nothing").target == "nothing"
        other.join(SLOW_S)
        assert got[0].target == "sleep 2"


def test_no_frames_are_no_question() -> None:
    with faulty() as judge, pytest.raises(ValueError, match="no frames"):
        judge.judge([], target="x")


def test_the_command_takes_no_module_from_the_folder_it_is_started_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "__init__.py").write_text("raise SystemExit(99)")
    (tmp_path / "numpy.py").write_text("raise SystemExit(98)")
    monkeypatch.chdir(tmp_path)
    assert "-P" in COMMAND
    with faulty() as judge:
        assert judge.judge([FRAME], target="nothing").visit_id == 7
        assert Path(f"/proc/{judge.health().pid}/cwd").readlink() == tmp_path
