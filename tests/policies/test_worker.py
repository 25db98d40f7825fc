"""A judge in its own process says bit by bit what it says here, and leaves nothing behind."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import torch
from hf_tiny import save_model
from policies_synthetic import Scene, frame
from worker_kit import FRAME, HERE, SLOW_S, alive, faulty, until

from hardware.data import Frame
from policies.classical.judge import ClassicalJudge
from policies.judge_config import HfJudgeConfig, MllmJudgeConfig
from policies.mllm.judge import MllmJudge
from policies.remote.hf import HfJudge
from policies.worker import IsolatedJudge, Limits, WorkerSpec, WorkerState
from policies.worker.breaker import Breaker
from policies.worker.child import COMMAND
from policies.worker.environment import THREADS, environment, spare_threads
from policies.worker.messages import decode, encode
from policies.worker.wire import receive, send
from sim.study import study_pictures

GRID = Scene()
GRID.grid()
GRID.metaphase(64, 64)
DAPI = frame(GRID.image())
NOT_A_NUMBER = dataclasses.replace(DAPI.meta, pixel_size_um=math.nan)


def isolated(factory: str, threads: int = 1, **arguments: Any) -> IsolatedJudge:
    spec = WorkerSpec(factory, arguments, threads=threads)
    return IsolatedJudge(spec, name="expected", deadline_s=SLOW_S)


@pytest.mark.parametrize(
    ("frames", "target"),
    [
        ([DAPI], "mitosis"),
        ([DAPI], "apoptosis"),
        ([frame(GRID.image(dtype="uint8"))], "mitosis"),
        ([frame(GRID.image(), channel="FITC", c=1), DAPI], "mitosis"),
        ([frame(GRID.image(blur_um=b), z=z) for z, b in enumerate((3.0, 0.6, 2.0))], "mitosis"),
        ([frame(np.zeros((64, 64), np.uint16))], "mitosis"),
        ([frame(np.zeros((0, 0), np.uint16))], "mitosis"),
        ([dataclasses.replace(DAPI, meta=NOT_A_NUMBER)], "mitosis"),
        ([frame(GRID.image(), channel="FITC")], "mitosis"),
    ],
    ids=["plain", "unknown", "uint8", "two channels", "stack", "flat", "empty", "no scale",
         "no channel"],
)  # fmt: skip
def test_the_classical_judge_says_the_same(frames: list[Frame], target: str) -> None:
    judge = isolated("policies.classical.judge:ClassicalJudge", channel="DAPI")
    here = ClassicalJudge("DAPI").judge(frames, target=target)
    there = judge.judge(frames, target=target)
    judge.close()
    assert there == here
    assert there.model_dump_json() == here.model_dump_json()
    assert judge.name == "classical-1"


def simulated() -> list[Frame]:
    """Two frames of the simulated microscope, as its camera gives them."""
    return [frame(picture.pixels, pixel_um=picture.pixel_um) for picture in study_pictures(3, 2)]


def test_our_own_model_says_the_same_of_simulated_frames() -> None:
    """With the same number of threads; the order of frames matters for what is unusual."""
    config = MllmJudgeConfig(explain=True).model_dump(mode="json")
    judge = isolated(
        "policies.worker.choice:in_child", torch.get_num_threads(), config=config, channel=None
    )
    here = MllmJudge(explain=True)
    for seen in [*simulated(), *simulated()[::-1]]:
        expected = here.judge([seen], target="mitosis")
        assert judge.judge([seen], target="mitosis").model_dump_json() == (
            expected.model_dump_json()
        )
        assert expected.rationale
    assert judge.name == "mllm-1"
    judge.close()


def test_a_model_of_the_hugging_face_kind_says_the_same(tmp_path: Path) -> None:
    folder = save_model(tmp_path / "tiny")
    config = HfJudgeConfig(model=str(folder)).model_dump(mode="json")
    judge = isolated(
        "policies.worker.choice:in_child", torch.get_num_threads(), config=config, channel=None
    )
    expected = HfJudge(str(folder)).judge([DAPI], target="mitosis")
    assert judge.judge([DAPI], target="mitosis").model_dump_json() == expected.model_dump_json()
    judge.close()


# ------------------------------------------------------------------ frames on their way


@pytest.mark.parametrize(
    "pixels",
    [
        np.arange(12, dtype=np.uint8).reshape(3, 4),
        np.arange(12, dtype=np.uint16).reshape(3, 4) * 5000,
        np.arange(24, dtype=np.uint16).reshape(4, 6)[::2, ::-3],
        np.arange(12, dtype=">u2").reshape(3, 4),
        np.arange(36, dtype=np.uint8).reshape(3, 4, 3),
        np.array([[np.nan, -0.0], [np.inf, 1e-300]]),
        np.zeros((0, 5), np.uint16),
    ],
    ids=["uint8", "uint16", "strided", "big endian", "colour", "floats", "empty"],
)
def test_frames_arrive_as_they_were_sent(pixels: Any) -> None:
    sent = [FRAME, frame(pixels, channel="Fluo é", z=3), DAPI]
    head, blobs = encode(5, sent, "any \u2028 target\n")
    request = decode(head, bytearray(b"".join(blobs)))
    assert (request.id, request.target) == (5, "any \u2028 target\n")
    for before, after in zip(sent, request.frames, strict=True):
        assert after.pixels.dtype == before.pixels.dtype
        assert after.pixels.shape == before.pixels.shape
        assert after.pixels.tobytes() == before.pixels.tobytes()
        assert not after.pixels.flags.writeable
        rest = {f.name for f in dataclasses.fields(Frame)} - {"pixels"}
        assert all(getattr(after, name) == getattr(before, name) for name in rest)


def test_metadata_read_by_numpy_are_plain_numbers_there() -> None:
    meta = dataclasses.replace(FRAME.meta, x_um=np.float32(1.5), exposure_ms=np.int64(20))
    head, blobs = encode(1, [dataclasses.replace(FRAME, meta=meta)], "")
    (seen,) = decode(head, bytearray(b"".join(blobs))).frames
    assert (seen.meta.x_um, seen.meta.exposure_ms) == (1.5, 20)
    assert type(seen.meta.x_um) is float


def test_what_is_no_image_is_not_sent() -> None:
    strange = dataclasses.replace(FRAME, pixels=np.array([[object()]]))
    with pytest.raises(ValueError, match="pixels are object, not numbers"):
        encode(1, [strange], "")


# ------------------------------------------------------------------ what the child may use


def test_the_child_gets_no_secrets_few_threads_and_a_low_priority(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-hidden")
    monkeypatch.setenv("MICROSCOUT_SMTP_PASSWORD", "hidden-too")
    monkeypatch.setenv("HF_TOKEN", "for-the-hub")
    with faulty() as judge:
        said = judge.judge([FRAME], target="environment").rationale
    seen = dict(eval(said, {"__builtins__": {}}))
    assert "hidden" not in said and seen["HF_TOKEN"] == "for-the-hub"
    assert {seen[name] for name in THREADS} == {"1"}
    assert seen["nice"] == os.nice(0) + 5
    assert seen["PATH"] == os.environ["PATH"]


def test_one_core_is_left_to_the_acquisition(monkeypatch: pytest.MonkeyPatch) -> None:
    for cores, threads in ((1, 1), (2, 1), (16, 15)):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _, n=cores: set(range(n)))
        assert spare_threads() == threads
    assert environment(7, {})["OMP_NUM_THREADS"] == "7"


def test_health_says_what_there_is() -> None:
    with faulty() as judge:
        judge.judge([FRAME], target="nothing")
        until(lambda: judge.health().rss_bytes > 0)
        health = judge.health()
        assert health.state is WorkerState.READY
        assert (health.restarts, health.verdicts, health.last_error) == (0, 1, "")
        assert health.pid is not None and health.since_utc.endswith("+00:00")
        assert health.rss_bytes == pytest.approx(
            psutil.Process(health.pid).memory_info().rss, rel=0.5
        )
        assert os.getpgid(health.pid) == health.pid != os.getpgid(0)
    health = judge.health()
    assert (health.state, health.pid, health.rss_bytes) == (WorkerState.CLOSED, None, 0)


@pytest.mark.parametrize(
    ("times_s", "pauses_s"),
    [
        ([0, 1, 3, 7], [1, 2, 4, 8]),
        ([0, 700, 1400, 2100, 2800, 3500, 4200, 4900], [1, 2, 4, 8, 16, 32, 60, 60]),
        ([0, 1, 2, 3, 4, 5], [1, 2, 4, 8, 300, 300]),
        ([0, 150, 300, 450, 600], [1, 2, 4, 8, 16]),
        ([0, 150, 300, 450, 599], [1, 2, 4, 8, 300]),
        (["ok", 0, "ok", 1, "ok", 2, "ok", 3, "ok", 4, "ok", 5], [1, 1, 1, 1, 300, 1]),
        ([0, "unavailable", 1, "ok", 2], [1, 300, 300, 1]),
    ],
)
def test_when_a_model_is_tried_again(times_s: list[Any], pauses_s: list[float]) -> None:
    breaker, said = Breaker(Limits()), []
    for time_s in times_s:
        if time_s == "ok":
            breaker.success()
        elif time_s == "unavailable":
            said.append(breaker.trip())
        else:
            said.append(breaker.failure(time_s))
    assert said == pauses_s


# ------------------------------------------------------------------ nothing is left


def workers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("worker ")]


@pytest.mark.parametrize("at", ["start", "ready", "busy", "broken", "given up"])
def test_closed_at_any_moment_it_leaves_no_process_and_no_thread(at: str) -> None:
    limits = Limits(first_pause_s=3600, failures=1 if at == "given up" else 9)
    children = set(psutil.Process().children(recursive=True))
    with faulty(limits=limits) as judge:
        asking = threading.Thread(target=ask, args=(judge, at))
        if at != "start":
            assert judge.ready(SLOW_S)
        if at in ("busy", "broken", "given up"):
            asking.start()
            state = {"busy": "busy", "broken": "restarting", "given up": "broken"}[at]
            until(lambda: judge.health().state == state)
        begun = time.monotonic()
        judge.close()
        judge.close()
        assert time.monotonic() - begun < 10
        if asking.ident is not None:
            asking.join(SLOW_S)  # whoever waits is told
        with pytest.raises(RuntimeError, match="closed"):
            judge.judge([FRAME], target="nothing")
    assert not workers()
    assert set(psutil.Process().children(recursive=True)) <= children


def ask(judge: IsolatedJudge, at: str) -> None:
    with pytest.raises(RuntimeError):
        judge.judge([FRAME], target="hang" if at == "busy" else "segfault")


FORGETFUL = """
import contextlib, sys, threading, time
sys.path.insert(0, sys.argv[1])
from worker_kit import FRAME
from policies.worker import IsolatedJudge, WorkerSpec
judge = IsolatedJudge(WorkerSpec("worker_faults:make"), name="x", deadline_s=60.0)
assert judge.ready(60.0)
def ask():
    with contextlib.suppress(RuntimeError):
        judge.judge([FRAME], target=sys.argv[2])
threading.Thread(target=ask, daemon=True).start()
while judge.health().state != "busy" and sys.argv[2] != "nothing":
    pass
time.sleep(1.0)  # until it really hangs
print(judge.health().pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("fault", ["nothing", "hang", "hang_with_the_interpreter"])
@pytest.mark.parametrize("end", ["exit", "kill"])
def test_the_model_ends_with_the_run_however_that_ends(fault: str, end: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-X", "dev", "-c", FORGETFUL, HERE, fault],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": HERE},
        text=True,
    ) as run:
        assert run.stdout is not None and run.stderr is not None and run.stdin is not None
        pid = int(run.stdout.readline())
        assert alive(pid)
        if end == "kill":
            run.send_signal(signal.SIGKILL)
        else:
            run.stdin.close()
            assert run.wait(SLOW_S) == 0
            assert run.stderr.read() == ""  # no complaint about threads, pipes or memory
    until(lambda: not alive(pid), 10.0)


def test_a_worker_that_nobody_talks_to_any_more_ends_in_the_middle_of_its_work() -> None:
    """As on systems that do not end a child with its parent."""
    spec = {"factory": "worker_faults:make", "arguments": {}, "parent": os.getpid()}
    with subprocess.Popen(
        COMMAND,
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join((HERE, str(Path(HERE).parents[1])))},
    ) as worker:
        orders: Any = worker.stdin
        answers: Any = worker.stdout
        send(orders, json.dumps(spec).encode())
        assert b"faulty-1" in receive(answers)[0]
        send(orders, *encode(1, [FRAME], "hang"))
        time.sleep(0.5)
        assert worker.poll() is None
        orders.close()
        assert worker.wait(SLOW_S) == 0


def test_where_memory_runs_out_the_kernel_ends_the_model_and_not_the_run() -> None:
    with faulty() as judge:
        assert judge.ready(SLOW_S)
        score = Path(f"/proc/{judge.health().pid}/oom_score_adj").read_text()
        assert int(score) > int(Path("/proc/self/oom_score_adj").read_text())


def test_nothing_of_it_is_imported_before_it_is_needed() -> None:
    code = (
        "import sys; import policies.registry as r, policies.judge_config as c;"
        "r.make_judge(c.ClassicalJudgeConfig(), 'DAPI', None, False);"
        "print([m for m in ('torch', 'psutil', 'policies.worker') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
