"""The child: makes a judge, judges one visit at a time, and ends when its parent does."""

from __future__ import annotations

import faulthandler
import importlib
import io
import json
import os
import queue
import sys
import threading
from typing import TYPE_CHECKING, Any

from policies.judge import JudgeUnavailable
from policies.verdict import Verdict
from policies.worker.environment import step_back
from policies.worker.messages import Answer, decode
from policies.worker.spec import one_line
from policies.worker.wire import MAX_JSON_BYTES, MAX_PIXEL_BYTES, receive, send

if TYPE_CHECKING:
    from policies.judge import Judge

UNAVAILABLE = 3  # exit code
_Requests = queue.SimpleQueue[tuple[bytes, bytearray]]


def main() -> int:
    """Serve until the parent closes the pipe. Returns the exit code."""
    orders, answers = _own_pipes()
    faulthandler.enable()
    spec = json.loads(receive(orders)[0])
    if not step_back(spec["parent"]):
        return 0
    requests: _Requests = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(orders, requests), daemon=True).start()
    try:
        judge = _make(spec["factory"], spec["arguments"])
    except JudgeUnavailable as error:
        _say(answers, Answer(unavailable=one_line(str(error), 1000)))
        return UNAVAILABLE
    _say(answers, Answer(ready=judge.name))
    while True:
        _say(answers, _answer(judge, *requests.get()))


def _own_pipes() -> tuple[io.FileIO, io.FileIO]:
    """The pipes for messages alone: what a library prints goes to stderr, and it reads nothing."""
    orders, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    sys.stdout.flush()
    os.dup2(2, 1)
    return io.FileIO(orders, "r"), io.FileIO(answers, "w")


def _listen(orders: io.FileIO, requests: _Requests) -> None:
    """Requests as they come. At the pipe's end the process ends, whatever the model is at."""
    try:
        while True:
            requests.put(receive(orders, max_bytes=MAX_PIXEL_BYTES))
    except EOFError:
        os._exit(0)
    except BaseException as error:
        print(one_line(f"{type(error).__name__}: {error}"), file=sys.stderr, flush=True)
        os._exit(1)


def _make(factory: str, arguments: dict[str, Any]) -> Judge:
    module, _, function = factory.partition(":")
    judge: Judge = getattr(importlib.import_module(module), function)(**arguments)
    ready = getattr(judge, "ready", None)  # of a judge that loads in the background
    if ready is not None:
        ready()
    return judge


def _answer(judge: Judge, head: bytes, blob: bytearray) -> Answer:
    request = decode(head, blob)
    try:
        said = judge.judge(request.frames, target=request.target)
        # checked here too: JSON has no NaN, and would say null
        answer = Answer(id=request.id, verdict=Verdict.model_validate(said.model_dump()))
        size = len(answer.model_dump_json())
        if size > MAX_JSON_BYTES:
            raise ValueError(f"a verdict of {size} bytes; at most {MAX_JSON_BYTES} are allowed")
        return answer
    except Exception as error:  # told to whoever asked; this process goes on
        words = f"{type(error).__name__}: {one_line(str(error), 1000)}"
        return Answer(id=request.id, error=words)


def _say(answers: io.FileIO, answer: Answer) -> None:
    send(answers, answer.model_dump_json().encode())
