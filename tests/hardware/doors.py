"""Reads source text and finds commands to the instrument that do not pass the gate.

The rule: a call that can move, expose or switch stands in a function where, on every way to it,
the gate was asked (a method of `_gate` that fits the command) and a Refusal was seen to leave.

    answer = self._gate.xy(x_um, y_um)
    if isinstance(answer, Refusal):
        return answer
    self.core.setXYPosition(x_um, y_um)

A private method may send without asking (`_send_z`) if every call of it is guarded in this way,
and may ask for others (`_permit`) if all it returns are refusals and answers of the gate.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TypeGuard

from door_commands import COMMANDS, FILES, INHERITED, NOTHING_FITS, OF_A_CORE, START_UP


class Text(ast.Constant):
    """A constant that is a string."""

    value: str


@dataclass(frozen=True, slots=True, order=True)
class Leak:
    """A command that does not pass the gate."""

    line: int
    why: str


Command = tuple[ast.expr, str, frozenset[str]]
"""Where it stands, its name, and the questions to the gate of which one has to come before."""


def leaks(source: str, path: str) -> list[Leak]:
    """Every command to the instrument in `source` that does not pass the gate."""
    return sorted(_Module(source, path).leaks())


def senders(source: str, path: str) -> set[str]:
    """Private methods that send without asking: their calls are judged in this file only."""
    return _Module(source, path).senders


def private_calls(source: str) -> set[str]:
    """Names with one leading underscore that `source` uses as attributes."""
    names = {n.attr for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Attribute)}
    return {name for name in names if name.startswith("_")}


def imports(source: str) -> set[str]:
    """Top-level packages that `source` imports when it runs, anywhere and in any way."""
    found: set[str] = set()
    todo: list[ast.AST] = [ast.parse(source)]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.If) and _name(node.test) == "TYPE_CHECKING":
            todo += node.orelse  # names for the type checker are no imports
            continue
        todo += ast.iter_child_nodes(node)
        if isinstance(node, ast.Import):
            found.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
        elif isinstance(node, ast.Call) and _name(node.func) in ("import_module", "__import__"):
            found.update(arg.value.split(".")[0] for arg in node.args if _is_text(arg))
    return found


class _Module:
    def __init__(self, source: str, path: str) -> None:
        self.tree = ast.parse(source)
        self.path = path
        self.allowed = any(fnmatchcase(path, pattern) for pattern in FILES)
        self.parents = {
            child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)
        }
        self.asking = self._asking_helpers()
        self.commands = self._all_commands()

    def leaks(self) -> Iterator[Leak]:
        for node, name, asks in self.commands:
            function = self._function(node)
            where = function.name if function is not None else "the module"
            if not self.allowed:
                yield Leak(node.lineno, f"{name} in {where}: only {', '.join(FILES)} may send it")
            elif name in START_UP.get(f"{self.path} {where}", ()):
                continue
            elif not asks:
                yield Leak(node.lineno, f"{name} in {where}: no question to the gate fits it")
            elif not self._guarded(node, asks) and not self._left_to_callers(node, asks):
                methods = " or ".join(sorted(asks))
                yield Leak(
                    node.lineno, f"{name} in {where}: not behind an answer of gate.{methods}"
                )
        for definition in ast.walk(self.tree):
            if isinstance(definition, ast.ClassDef):
                yield from _stock_engine(definition)

    def _all_commands(self) -> list[Command]:
        """The commands, and the calls of private methods that leave the asking to their callers."""
        self.senders: set[str] = set()
        commands = list(self._commands())
        for node, name, asks in commands:  # grows while it is walked, until nothing is new
            if self._guarded(node, asks) or not self._left_to_callers(node, asks):
                continue
            helper = self._function(node)
            assert helper is not None
            self.senders.add(helper.name)
            for call in self._calls_of(helper.name):
                if not any(call is c and asks == a for c, _, a in commands):
                    commands.append(
                        (call, f"{helper.name} ({name.split('(')[-1].rstrip(')')})", asks)
                    )
        return commands

    def _left_to_callers(self, node: ast.expr, asks: frozenset[str]) -> bool:
        function = self._function(node)
        if not asks or function is None or not self._is_helper(function):
            return False
        # no call of it here: then somebody else calls it (the stock engine, say)
        return any(self._function(c) is not function for c in self._calls_of(function.name))

    # -------------------------------------------------------------- what is a command

    def _commands(self) -> Iterator[Command]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Attribute):
                name = node.attr
                asks = _asks(name)
                if asks is None and _is_core(node.value):
                    asks = OF_A_CORE.get(name)
                if asks is None and name in INHERITED and _name(node.value) == "super":
                    asks = NOTHING_FITS
                if asks is not None and not self._takes_light_away(node):
                    yield node, name, asks
            elif isinstance(node, ast.Call) and _name(node.func) in ("getattr", "methodcaller"):
                for arg in node.args:
                    if _is_text(arg) and _asks(arg.value) is not None:
                        yield node, f"getattr {arg.value}", NOTHING_FITS
                if len(node.args) > 1 and _is_core(node.args[0]) and not _is_text(node.args[1]):
                    yield node, "getattr of a computed name", NOTHING_FITS

    def _takes_light_away(self, node: ast.Attribute) -> bool:
        """setShutterOpen(..., False) closes; setAutoShutter(True) closes after each exposure."""
        call = self.parents.get(node)
        if not isinstance(call, ast.Call) or call.func is not node or not call.args:
            return False
        last = call.args[-1]
        value = last.value if isinstance(last, ast.Constant) else None
        return (node.attr == "setShutterOpen" and value is False) or (
            node.attr == "setAutoShutter" and value is True
        )

    def _calls_of(self, method: str) -> Iterator[ast.Attribute]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Attribute) and node.attr == method:
                yield node

    # -------------------------------------------------------------- what is a guard

    def _guarded(self, node: ast.expr, asks: frozenset[str]) -> bool:
        """True if on every way to `node` the gate was asked and a refusal left the function."""
        child: ast.AST = node
        while not isinstance(child, ast.ClassDef | ast.Module):
            parent = self.parents[child]
            if isinstance(parent, ast.If):
                held = self._answers(self._function(parent), asks, before=parent)
                if child in parent.body and _is_permit(parent.test, held):
                    return True
            for block in _blocks(parent):
                if child in block:
                    before = block[: block.index(child)]
                    if self._block_guards(before, asks):
                        return True
            child = parent
        return False

    def _block_guards(self, block: list[ast.stmt], asks: frozenset[str]) -> bool:
        held: set[str] = set()
        guarded = False
        for statement in block:
            if isinstance(statement, ast.For) and self._block_guards(statement.body, asks):
                guarded = True  # each of a batch was asked for, or the function was left
            if isinstance(statement, ast.With) and self._block_guards(statement.body, asks):
                guarded = True
            names = _assigned(statement)
            if names and self._is_question(_value(statement), asks):
                held |= names
                guarded = False
            elif names & held:
                held -= names
            if isinstance(statement, ast.If) and _leaves(statement.body):
                guarded = guarded or _is_refusal(statement.test, held)
        return guarded

    def _answers(
        self, function: ast.FunctionDef | None, asks: frozenset[str], before: ast.stmt
    ) -> set[str]:
        """Names that hold an answer of the gate at `before`, a statement of `function`."""
        held: set[str] = set()
        for node in ast.walk(function) if function is not None else ():
            if not isinstance(node, ast.Assign | ast.AnnAssign) or node.lineno >= before.lineno:
                continue
            if self._is_question(node.value, asks):
                held |= _assigned(node)
        return held

    def _is_question(self, node: ast.expr | None, asks: frozenset[str]) -> bool:
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            return False
        if _name(node.func.value) in ("_gate", "gate"):
            return node.func.attr in asks
        return node.func.attr in self.asking and bool(self.asking[node.func.attr] & asks)

    def _asking_helpers(self) -> dict[str, frozenset[str]]:
        """Private methods that return nothing but refusals and answers of the gate."""
        helpers = {}
        for node in ast.walk(self.tree):
            if not isinstance(node, ast.FunctionDef) or not self._is_helper(node):
                continue
            asked: set[str] = set()
            returned = [n.value for n in ast.walk(node) if isinstance(n, ast.Return)]
            for value in returned:
                if not isinstance(value, ast.Call):
                    break
                if _name(value.func) == "Refusal":
                    continue
                if _name(getattr(value.func, "value", None)) not in ("_gate", "gate"):
                    break
                asked.add(_name(value.func))
            else:
                if len(asked) == 1 and isinstance(node.body[-1], ast.Return):
                    helpers[node.name] = frozenset(asked)
        return helpers

    def _is_helper(self, function: ast.FunctionDef) -> bool:
        private = function.name.startswith("_") and not function.name.startswith("__")
        return private and isinstance(self.parents[function], ast.ClassDef)

    def _function(self, node: ast.AST) -> ast.FunctionDef | None:
        """The outermost function or method around `node`."""
        found = None
        while node in self.parents:
            node = self.parents[node]
            if isinstance(node, ast.FunctionDef):
                found = node
        return found


def _stock_engine(node: ast.ClassDef) -> Iterator[Leak]:
    if "MDAEngine" not in {_name(base) for base in node.bases}:
        return
    defined = {item.name for item in node.body if isinstance(item, ast.FunctionDef)}
    for name in INHERITED:
        if name not in defined:
            yield Leak(node.lineno, f"{node.name} inherits {name} of the stock engine")


def _asks(name: str) -> frozenset[str] | None:
    if name in COMMANDS:
        return COMMANDS[name]
    for pattern, asks in COMMANDS.items():
        if fnmatchcase(name, pattern):
            return asks
    return None


def _is_refusal(test: ast.expr, held: set[str]) -> bool:
    """`isinstance(answer, Refusal)`, `not isinstance(answer, Permit)`, or one of these `or` x."""
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or):
        return any(_is_refusal(value, held) for value in test.values)
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return _is_instance(test.operand, held, "Permit")
    return _is_instance(test, held, "Refusal")


def _is_permit(test: ast.expr, held: set[str]) -> bool:
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        return any(_is_permit(value, held) for value in test.values)
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return _is_instance(test.operand, held, "Refusal")
    return _is_instance(test, held, "Permit")


def _is_instance(node: ast.expr, held: set[str], kind: str) -> bool:
    return (
        isinstance(node, ast.Call)
        and _name(node.func) == "isinstance"
        and len(node.args) == 2
        and _name(node.args[0]) in held
        and _name(node.args[1]) == kind
    )


def _leaves(body: list[ast.stmt]) -> bool:
    return isinstance(body[-1], ast.Return | ast.Raise)


def _blocks(node: ast.AST) -> list[list[ast.stmt]]:
    fields = ("body", "orelse", "finalbody")
    return [b for f in fields if isinstance(b := getattr(node, f, None), list)]


def _assigned(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.Assign):
        return {_name(target) for target in node.targets if isinstance(target, ast.Name)}
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return {node.target.id}
    return set()


def _value(node: ast.stmt) -> ast.expr | None:
    return node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None


def _name(node: ast.AST | None) -> str:
    """The last name of an expression: ``self._gate`` gives ``_gate``, ``core()`` gives core."""
    if isinstance(node, ast.Call):
        return _name(node.func)
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _is_core(node: ast.expr) -> bool:
    return _name(node).lower().split("_")[-1] in (
        "core",
        "mmcore",
        "mmc",
        "cmmcoreplus",
        "unimmcore",
    )


def _is_text(node: ast.expr) -> TypeGuard[Text]:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
