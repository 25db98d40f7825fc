"""`microscout learn`: take protocols and past runs into the memory, list them, forget them."""

from __future__ import annotations

import json as jsonlib
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from agent.finding import ConfigError, config_error, one_line
from agent.memory.memory import Memory
from agent.memory.where import memory_folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from agent.memory.data import Document, Listed


def learn(
    files: Sequence[Path],
    *,
    listing: bool,
    forget: Sequence[str],
    memory: Path | None,
    json: bool,
) -> int:
    """Exit code 0 when every file was learned.

    A file that cannot be learned does not keep the others from it; all faults are raised as one
    ConfigError at the end.
    """
    if not (files or listing or forget):
        raise config_error("learn", "nothing to learn", "name files, or --list, or --forget NAME")
    with Memory(memory_folder(memory)) as store:
        for name in forget:
            store.forget(name)
            if not json:
                print(f"{one_line(name)}: forgotten")
        learned, faults = _learn_all(store, files, quiet=json)
        listed = store.listed() if listing or json else ()
        if listing and not json:
            _print_list(store, listed)
    if json:
        _print_json(learned, listed)
    if faults:
        sys.stdout.flush()
        raise ConfigError(finding for fault in faults for finding in fault.findings)
    return 0


def _learn_all(
    store: Memory, files: Sequence[Path], *, quiet: bool
) -> tuple[list[Document], list[ConfigError]]:
    learned, faults = [], []
    for path in files:
        try:
            document = store.learn(path)
        except ConfigError as fault:
            faults.append(fault)
            continue
        learned.append(document)
        if not quiet:
            print(_line(document))
    return learned, faults


def _line(document: Document) -> str:
    line = f"{document.name}: {document.kind}, {_passages(len(document.passages))}"
    if document.suspicious:
        line += f"; note: {document.suspicious}; it is kept as text and obeyed by nobody"
    return one_line(line)


def _passages(count: int) -> str:
    return f"{count} passage{'s' * (count != 1)}"


def _print_list(store: Memory, listed: tuple[Listed, ...]) -> None:
    if not listed:
        print(f"{store.folder}: nothing learned yet")
    for item in listed:
        odd = f", {item.suspicious} suspicious" if item.suspicious else ""
        day = f"{item.learned.astimezone():%Y-%m-%d}"
        what = f"{item.name}: {item.kind}, {_passages(item.passages)}{odd}, learned {day}"
        print(one_line(f"{what}: {item.title}"))


def _print_json(learned: list[Document], listed: tuple[Listed, ...]) -> None:
    documents = [asdict(item) | {"learned": item.learned.isoformat()} for item in listed]
    print(jsonlib.dumps({"learned": [item.name for item in learned], "documents": documents}))
