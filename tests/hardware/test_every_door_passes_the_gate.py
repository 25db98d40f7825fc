"""No command reaches the instrument past the gate: found by reading the source, not by trust."""

from __future__ import annotations

import ast
import textwrap
from pathlib import Path

import pytest
from door_commands import COMMANDS, FILES, OF_A_CORE, START_UP
from doors import imports, leaks, private_calls, senders

import agent
import hardware
import policies

PACKAGES = [Path(p.__file__ or "").parent for p in (agent, hardware, policies)]
SOURCES = {
    f"{package.name}/{file.relative_to(package).as_posix()}": file.read_text(encoding="utf-8")
    for package in PACKAGES
    for file in package.rglob("*.py")
}


def in_a_method(body: str, more: str = "") -> str:
    """A microscope with one method of this body."""
    return (
        "class Microscope:\n    def go(self, x, y):\n"
        + textwrap.indent(textwrap.dedent(body).strip(), " " * 8)
        + "\n"
        + textwrap.indent(textwrap.dedent(more), " " * 4)
    )


ASK = """
answer = self._gate.xy(x, y)
if isinstance(answer, Refusal):
    return answer
"""
SEND = "self.core.setXYPosition(x, y)"

GOOD = {
    "asked, and left when refused": in_a_method(ASK + SEND),
    "sent by an inner function": in_a_method(
        ASK + "def move():\n    self.core.setXYPosition(x, y)\nself.run(move)"
    ),
    "sent by a lambda": in_a_method(ASK + f"self.run(lambda: {SEND})"),
    "sent only with a permit": in_a_method(
        f"answer = self._gate.xy(x, y)\nif isinstance(answer, Permit):\n    {SEND}\nreturn answer"
    ),
    "left unless permitted": in_a_method(
        "answer = self._gate.xy(x, y)\nif not isinstance(answer, Permit):\n    return answer\n"
        + SEND
    ),
    "left when refused or there already": in_a_method(
        "answer = self._gate.xy(x, y)\nif isinstance(answer, Refusal) or x == self.x:\n"
        "    return answer\n" + SEND
    ),
    "every one of a batch asked for": in_a_method(
        "for z in zs:\n    step = self._gate.z(z)\n    if isinstance(step, Refusal):\n"
        "        return step\nself.core.startStageSequence('Z')"
    ),
    "sent by a helper, asked for by its caller": in_a_method(
        ASK + "self._send(x, y)", f"def _send(self, x, y):\n    {SEND}"
    ),
    "asked for by a helper": in_a_method(
        "answer = self._ask(x, y)\nif isinstance(answer, Refusal):\n    return answer\n" + SEND,
        "def _ask(self, x, y):\n    if not x:\n        return Refusal('x')\n"
        "    return self._gate.xy(x, y)",
    ),
    "closing a shutter": in_a_method("self.core.setShutterOpen('Lamp', False)"),
    "a shutter that follows the exposure": in_a_method("self.core.setAutoShutter(True)"),
    "stopping": in_a_method("self.core.stopSequenceAcquisition()\nself.core.stop('XY')"),
    "reading": in_a_method("return self.core.getXYPosition()"),
    "a snap of ours is no command": in_a_method("return self.microscope.snap(x)"),
}

BAD = {
    "a new method that forgot": in_a_method(SEND),
    "asked, but nobody looked": in_a_method("answer = self._gate.xy(x, y)\n" + SEND),
    "asked, answer thrown away": in_a_method("self._gate.xy(x, y)\n" + SEND),
    "asked afterwards": in_a_method(SEND + ASK),
    "asked for something else": in_a_method(ASK + "self.core.setPosition(x)"),
    "asked, looked, and went on": in_a_method(
        "answer = self._gate.xy(x, y)\nif isinstance(answer, Refusal):\n    print(answer)\n" + SEND
    ),
    "left only sometimes": in_a_method(
        "answer = self._gate.xy(x, y)\nif isinstance(answer, Refusal) and x:\n"
        "    return answer\n" + SEND
    ),
    "looked at another answer": in_a_method(
        ASK.replace("isinstance(answer", "isinstance(x") + SEND
    ),
    "asked again, and did not look again": in_a_method(
        ASK + "answer = self._gate.xy(y, x)\n" + SEND
    ),
    "answer overwritten": in_a_method(
        "answer = self._gate.xy(x, y)\nanswer = None\nif isinstance(answer, Refusal):\n"
        "    return answer\n" + SEND
    ),
    "asked on one of two ways": in_a_method("if x:\n" + textwrap.indent(ASK, "    ") + SEND),
    "sent where refused": in_a_method(
        f"answer = self._gate.xy(x, y)\nif isinstance(answer, Permit):\n    pass\nelse:\n    {SEND}"
    ),
    "a gate of somebody else": in_a_method(ASK.replace("_gate", "_friend") + SEND),
    "a helper whose caller forgot": in_a_method(
        "self._send(x, y)", f"def _send(self, x, y):\n    {SEND}"
    ),
    "a helper one of whose callers forgot": in_a_method(
        ASK + "self._send(x, y)",
        f"def _send(self, x, y):\n    {SEND}\ndef other(self):\n    self._send(1, 2)",
    ),
    "a helper handed out unguarded": in_a_method(
        "self.run(self._send)", f"def _send(self, x, y):\n    {SEND}"
    ),
    "a helper that nobody here calls": in_a_method(
        "return x", f"def _set_event_xy_position(self, x, y):\n    {SEND}"
    ),
    "a helper's helper": in_a_method(
        "self._a(x, y)",
        f"def _a(self, x, y):\n    self._b(x, y)\ndef _b(self, x, y):\n    {SEND}",
    ),
    "a helper that sends two things, one of them asked for": in_a_method(
        ASK + "self._send(x, y)",
        f"def _send(self, x, y):\n    {SEND}\n    self.core.setPosition(x)",
    ),
    "a helper that asks, or not": in_a_method(
        "answer = self._ask(x, y)\nif isinstance(answer, Refusal):\n    return answer\n" + SEND,
        "def _ask(self, x, y):\n    if not x:\n        return Permit('x')\n"
        "    return self._gate.xy(x, y)",
    ),
    "a public method is no helper": in_a_method(
        ASK + "self.send(x, y)", f"def send(self, x, y):\n    {SEND}"
    ),
    "the command handed out, not called": in_a_method("self.run(self.core.snapImage)"),
    "the command renamed": in_a_method("move = self.core.setXYPosition\nmove(x, y)"),
    "the command by its name in a text": in_a_method("getattr(self.core, 'setXYPosition')(x, y)"),
    "the command by a computed name": in_a_method("getattr(self.core, 'set' + x)(y)"),
    "at the top of the module": "core.snapImage()",
    "in a plain function": f"def go(self, x, y):\n    {SEND}",
    "a command that no question fits": in_a_method(ASK + "self.core.setRelativeXYPosition(x, y)"),
    "opening a shutter": in_a_method("self.core.setShutterOpen('Lamp', True)"),
    "opening a shutter, perhaps": in_a_method("self.core.setShutterOpen('Lamp', x)"),
    "a shutter that stays open": in_a_method("self.core.setAutoShutter(False)"),
    "loading outside of start-up": in_a_method("self.core.loadSystemConfiguration('a.cfg')"),
    "snap of a core": in_a_method("return self._mmcore.snap()"),
    "the stock engine's setup": "class E(Base):\n    def setup_event(self, e):\n"
    "        super().setup_event(e)",
    "an engine that inherits the stock exposure": "class E(MDAEngine):\n"
    "    def setup_event(self, e): ...\n    def setup_sequence(self, s): ...\n"
    "    def teardown_event(self, e): ...\n    def teardown_sequence(self, s): ...",
}


@pytest.mark.parametrize("source", GOOD.values(), ids=GOOD)
def test_the_checker_lets_pass_what_asks_first(source: str) -> None:
    assert leaks(source, "hardware/microscope/mover.py") == []


@pytest.mark.parametrize("source", BAD.values(), ids=BAD)
def test_the_checker_finds_what_does_not(source: str) -> None:
    for file in FILES:
        assert leaks(source, file) != []


@pytest.mark.parametrize("file", ["agent/pump.py", "hardware/autofocus.py", "policies/watch.py"])
def test_even_a_guarded_command_may_not_stand_elsewhere(file: str) -> None:
    assert [leak.why for leak in leaks(in_a_method(ASK + SEND), file)] == [
        f"setXYPosition in go: only {', '.join(FILES)} may send it"
    ]


@pytest.mark.parametrize("name", [n for n in [*COMMANDS, *OF_A_CORE] if "*" not in n])
def test_the_checker_knows_every_command(name: str) -> None:
    assert leaks(in_a_method(f"self.core.{name}(x)"), "hardware/microscope/mover.py") != []


def test_the_list_of_commands_has_every_setter_of_the_core() -> None:
    from pymmcore_plus import CMMCorePlus

    told_apart = {  # neither moves nor exposes nor switches
        *("setChannelGroup", "setCircularBufferMemoryFootprint", "setDeviceAdapterSearchPaths"),
        *("setDeviceDelayMs", "setDeviceTimeoutMs", "setParentLabel", "setPrimaryLogFile"),
        *("setPrimaryLogFileRotation", "setPrimaryLogLevel", "setStderrLogLevel"),
        *("setSerialProperties", "setTimeoutMs", "startSecondaryLogFile"),
    }
    setters = {
        name
        for name in dir(CMMCorePlus)
        if name.startswith(("set", "start", "load", "run", "snap"))
    }
    assert told_apart <= setters
    unknown = {
        name
        for name in setters - told_apart
        if not leaks(in_a_method(f"self.core.{name}(x)"), "hardware/microscope/mover.py")
    }
    assert unknown == set()


@pytest.mark.parametrize("file", SOURCES)
def test_every_command_in_the_repository_passes_the_gate(file: str) -> None:
    assert leaks(SOURCES[file], file) == []


def test_private_methods_that_send_are_called_in_their_own_file_only() -> None:
    sending = {(file, name) for file in SOURCES for name in senders(SOURCES[file], file)}
    assert ("hardware/microscope/mover.py", "_send_z") in sending
    for file, source in SOURCES.items():
        assert not {n for home, n in sending if home != file} & private_calls(source)


def test_without_its_gate_the_microscope_would_leak() -> None:
    found = " ".join(
        leak.why
        for file in SOURCES
        if file.startswith("hardware/microscope/")
        for leak in leaks(SOURCES[file].replace("_gate", "_"), file)
    )
    for command in ("setXYPosition", "setConfig", "snapImage", "startSequenceAcquisition"):
        assert command in found


def test_the_start_up_list_names_functions_that_exist() -> None:
    for place in START_UP:
        file, function = place.split()
        tree = ast.parse(SOURCES[file])
        assert function in {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}


@pytest.mark.parametrize("file", [f for f in SOURCES if not f.startswith("hardware/")])
def test_only_hardware_and_sim_import_micro_manager(file: str) -> None:
    assert imports(SOURCES[file]) & {"pymmcore", "pymmcore_plus"} == set()


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import pymmcore_plus.mda as m", True),
        ("def f():\n    from pymmcore_plus import CMMCorePlus", True),
        ("import importlib\nimportlib.import_module('pymmcore_plus.mda')", True),
        ("__import__('pymmcore_plus')", True),
        ("if TYPE_CHECKING:\n    from pymmcore_plus import CMMCorePlus", False),
        ("if TYPE_CHECKING:\n    pass\nelse:\n    import pymmcore_plus", True),
        ("from importlib.metadata import version\nversion('pymmcore-plus')", False),
    ],
)
def test_the_checker_finds_imports(source: str, found: bool) -> None:
    assert ("pymmcore_plus" in imports(source)) is found
