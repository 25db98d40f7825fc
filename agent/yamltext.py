"""Reads YAML strictly: one document, no key twice, and every key's line for error messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import yaml
from yaml.constructor import SafeConstructor

from agent.finding import config_error, join, short

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping
    from pathlib import Path

MAX_BYTES = 4_000_000  # a plan with 10,000 positions has 0.5 MB
MAX_NODES = 500_000  # stops the "billion laughs" of nested aliases
MERGE = "tag:yaml.org,2002:merge"

Data: TypeAlias = "bool | int | float | str | list[Data] | dict[str, Data] | None"


@dataclass(frozen=True, slots=True)
class Document:
    """A file's content; `lines` maps each dotted key to its line (counting from 1)."""

    data: Data
    lines: Mapping[str, int]


class _Duplicate(Exception):
    def __init__(self, key: str, line: int, first: int) -> None:
        self.key, self.line, self.first = key, line, first


class _NotText(Exception):
    def __init__(self, key: str, line: int, value: str) -> None:
        self.key, self.line, self.value = key, line, value


def read_yaml(path: Path, shown: str) -> Document:
    """Read a YAML file. Raises ConfigError (naming it `shown`) for everything that is not right."""
    return parse_yaml(_text(path, shown), shown)


def parse_yaml(text: str, shown: str) -> Document:
    """The same for text. Raises ConfigError, naming it `shown`."""
    try:
        # the pure-Python parser: ten times slower, but deep nesting crashes the one in C
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        lines = dict(_lines(node)) if node is not None else {}
        data = SafeConstructor().construct_document(node) if node is not None else None
    except _Duplicate as fault:
        message = f"written twice (first in line {fault.first})"
        raise config_error(
            shown, message, "keep one of the two", key=fault.key, line=fault.line
        ) from None
    except _NotText as fault:
        message = f"the key {short(fault.value)} is read as a number, date or true/false, not text"
        raise config_error(
            shown, message, f'write "{fault.value}" in quotes', key=fault.key, line=fault.line
        ) from None
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark or fault.context_mark
        line = mark.line + 1 if mark else None
        message = f"not valid YAML: {fault.problem or fault.context}"
        raise config_error(
            shown, message, "check indentation, colons and brackets near there", line=line
        ) from None
    except yaml.YAMLError as fault:
        raise config_error(shown, f"not valid YAML: {fault}", "write plain text") from None
    except (ValueError, OverflowError, RecursionError) as fault:
        message = f"not valid YAML: {fault}"
        raise config_error(shown, message, "check dates, numbers and nesting") from None
    if data is None:
        raise config_error(shown, "the file is empty", "microscout new DIR writes one to edit")
    return Document(data, lines)


def _text(path: Path, shown: str) -> str:
    try:
        size = path.stat().st_size
        raw = path.read_bytes() if size <= MAX_BYTES else b""
    except OSError as fault:
        reason = "it is a folder" if path.is_dir() else fault.strerror or str(fault)
        raise config_error(shown, f"cannot be read: {reason}", "name a YAML file") from None
    if size > MAX_BYTES:
        message = f"{size / 1e6:.1f} MB is too large for a YAML file (at most {MAX_BYTES / 1e6:g})"
        raise config_error(shown, message, "is it an image?")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise config_error(shown, "not a text file", "name a YAML file, saved as UTF-8")
    return text


def _lines(root: yaml.Node) -> Iterator[tuple[str, int]]:
    """Every dotted key with its line; finds doubled keys, keys that are not text, endless nests."""
    left = MAX_NODES
    todo: list[tuple[str, yaml.Node, frozenset[int]]] = [("", root, frozenset())]
    while todo:
        path, node, above = todo.pop()
        left -= 1
        if id(node) in above or left < 0:
            raise yaml.MarkedYAMLError(
                problem="an alias that contains itself, or nests without end",
                problem_mark=node.start_mark,
            )
        inside = above | {id(node)}
        if isinstance(node, yaml.MappingNode):
            for key, child in _entries(path, node):
                yield key, child[0].start_mark.line + 1
                todo.append((key, child[1], inside))
        elif isinstance(node, yaml.SequenceNode):
            for number, item in enumerate(node.value):
                key = join(path, number)
                yield key, item.start_mark.line + 1
                todo.append((key, item, inside))


def _entries(
    path: str, node: yaml.MappingNode
) -> Iterator[tuple[str, tuple[yaml.Node, yaml.Node]]]:
    seen: dict[Hashable, int] = {}
    for name, value in node.value:
        line = name.start_mark.line + 1
        if name.tag == MERGE:
            continue
        if not isinstance(name, yaml.ScalarNode):
            raise yaml.MarkedYAMLError(problem="a key is not text", problem_mark=name.start_mark)
        key = join(path, name.value)
        if name.tag != "tag:yaml.org,2002:str":
            raise _NotText(key, line, name.value)
        if name.value in seen:
            raise _Duplicate(key, line, seen[name.value])
        seen[name.value] = line
        yield key, (name, value)
