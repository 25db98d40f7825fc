"""A process under a dead-man, with a lamp: does on its standard input's word what wards do wrong.

    python -m agent.bench.deadman_ward 127.0.0.1:40123 record.jsonl ['{"silence_s": 1.0}']

One word a line, one line of answer: `lit S` (announce S seconds, lamp on), `dark` (lamp off),
`check`, `dead_man` (its process id), `own` (may switch the lamp off itself when overdue), `deaf`
(says that it does not live), `stuck S` (keeps the interpreter for S seconds), `fork` (a child that
keeps what it inherits; its process id), `restart`, `fail` (ends by an exception, without a bye),
`bye`. What the dead-man's keeper says comes as `news: ...`.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
import time
from pathlib import Path

from hardware.data.dead_man_config import DeadManConfig
from hardware.deadman.ward import DeadMan
from sim.lamplink import LampLink


class Ward:
    """One lamp, one dead-man."""

    def __init__(self, lamp: str, record: Path, settings: dict[str, object]) -> None:
        switch = {"kind": "tcp", "address": lamp, "send": "OFF\n", "expect": "OFF"}
        config = DeadManConfig.model_validate({"switches": [switch]} | settings)
        self.lamp = LampLink(lamp)
        self.lives = True
        self.dead_man = DeadMan(
            config, record, alive=lambda: self.lives, said=lambda what: say(f"news: {what}")
        )
        self.dead_man.start()

    def obey(self, word: str, value: str) -> str:
        """The answer to one word."""
        answer = word
        match word:
            case "lit":
                refused = self.dead_man.announce(float(value))
                answer = str(refused) if refused or not self.lamp.switch(True) else "lit"
            case "dark":
                self.lamp.switch(False)
                answer = self.dead_man.dark() or "dark"
            case "check":
                answer = self.dead_man.check() or "well"
            case "dead_man":
                answer = str(self.dead_man.process_id)
            case "own":
                self.dead_man.light_off = lambda: () if self.lamp.switch(False) else ("lamp",)
            case "deaf":
                self.lives = False
            case "stuck":
                say("stuck")
                ctypes.PyDLL(None).sleep(int(value))  # a driver that does not let go of the GIL
            case "fork":
                answer = self._fork()
            case "restart":
                self.dead_man.restart()
            case "fail":
                raise RuntimeError("as asked")
            case "bye":
                answer = f"bye {self.dead_man.bye()}"
            case _:
                answer = "?"
        return answer

    def _fork(self) -> str:
        child = os.fork()
        if child == 0:
            time.sleep(30)
            os._exit(0)
        return str(child)


def say(what: str) -> None:
    """One line, whole."""
    os.write(1, f"{what}\n".encode())


def main(arguments: list[str]) -> int:
    """Until `bye`, the end of the input, or worse."""
    lamp, record, *settings = arguments
    ward = Ward(lamp, Path(record), json.loads(settings[0]) if settings else {})
    say("ready")
    for line in sys.stdin:
        word, _, value = line.strip().partition(" ")
        say(ward.obey(word, value))
        if word == "bye":
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
