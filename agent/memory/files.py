"""A protocol file, checked and read: one line per fault, before anything is stored."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from agent.finding import config_error, one_line
from agent.memory.html import read_html
from agent.memory.pdf import read_pdf
from agent.memory.plaintext import read_plain

if TYPE_CHECKING:
    from pathlib import Path

    from agent.memory.blocks import Extracted

KINDS = (".md", ".markdown", ".txt", ".html", ".htm", ".pdf")
MOST_BYTES = 20_000_000
MOST_CHARACTERS = 1_000_000


def read_file(path: Path) -> tuple[Extracted, str]:
    """The text of a protocol and the file's SHA-256.

    Raises ConfigError when it is missing, too large, of another kind, broken or without text.
    """
    data, suffix = _bytes(path), path.suffix.lower()
    name = one_line(str(path))
    if suffix == ".pdf":
        found = read_pdf(name, data)
    elif suffix in (".html", ".htm"):
        found = read_html(_text(name, data))
    else:
        found = read_plain(_text(name, data), markdown=suffix != ".txt")
    if not found.blocks:
        remedy = "is it a scan? run text recognition on it first" if suffix == ".pdf" else ""
        raise config_error(name, "there is no text in it", remedy or "give a file with text")
    if len(found.text) > MOST_CHARACTERS:
        message = f"{len(found.text):,} characters, at most {MOST_CHARACTERS:,} are read"
        raise config_error(name, message, "give the part that matters")
    return found, hashlib.sha256(data).hexdigest()


def _bytes(path: Path) -> bytes:
    name = one_line(str(path))
    if not path.exists():
        raise config_error(name, "there is no such file", "check the name")
    if path.is_dir():
        remedy = "give a run's directory, or files: microscout learn FOLDER/*"
        raise config_error(name, "is a folder without a run's journal", remedy)
    if path.suffix.lower() not in KINDS or not path.is_file():
        remedy = "known: " + ", ".join(kind[1:] for kind in KINDS) + ", and a run's directory"
        raise config_error(name, "is not a kind of document that can be learned", remedy)
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            message = f"{size / 1e6:,.0f} MB, at most {MOST_BYTES / 1e6:,.0f} MB are read"
            raise config_error(name, message, "give the part that matters")
        data = path.read_bytes()
    except OSError as error:
        raise config_error(name, f"cannot be read ({error.strerror})", "check its rights") from None
    if not data.strip():
        raise config_error(name, "is empty", "give a file with text")
    return data


def _text(name: str, data: bytes) -> str:
    if b"\x00" in data:
        raise config_error(name, "is not a text file", "save it as UTF-8 text, or as PDF")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        message = f"byte 0x{data[error.start]:02x} is not UTF-8"
        raise config_error(name, message, "save it as UTF-8", line=line) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")
