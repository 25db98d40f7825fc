"""Every command says what it does and shows how it is typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import typer

from agent.cli.main import app

if TYPE_CHECKING:
    from collections.abc import Iterator


def commands(command: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every command that does something, groups of them walked through."""
    inner = getattr(command, "commands", None)
    if inner is None or getattr(command, "invoke_without_command", False):
        yield name, command
    for word, below in (inner or {}).items():
        yield from commands(below, f"{name} {word}".strip())


ALL = dict(commands(typer.main.get_command(app)))
OPTIONS_FOR_ALL = ("--help", "--version")


@pytest.mark.parametrize("name", [name for name in ALL if name])
def test_its_help_says_what_it_does_and_shows_an_example(name: str) -> None:
    command = ALL[name]
    assert command.help and len(command.help.strip()) > 10
    assert "Example" in (command.epilog or ""), name
    assert "microscout" in command.epilog
    for parameter in command.params:
        if parameter.name != "help":
            assert getattr(parameter, "help", ""), (name, parameter.name)


def test_what_the_examples_type_is_there() -> None:
    """The first words of each example are a command, and its options are that command's."""
    for name, command in ALL.items():
        for example in (command.epilog or "").split("microscout ")[1:]:
            words = example.split()
            assert " ".join(words).startswith(name) or name == "mcp", (name, example)
            known = {o for p in command.params for o in (*p.opts, *p.secondary_opts)}
            options = {word.partition("=")[0] for word in words if word.startswith("--")}
            assert options <= known | set(OPTIONS_FOR_ALL), (name, example)
