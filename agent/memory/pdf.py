"""PDF: the text of its pages; the pictures are not read."""

from __future__ import annotations

import io
import logging
import re
from typing import TYPE_CHECKING

from agent.finding import config_error
from agent.memory.blocks import Extracted, joined

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_PAGES = 300
_SAME = str.maketrans(
    {"\ufb00": "ff", "\ufb01": "fi", "\ufb02": "fl", "\ufb03": "ffi", "\ufb04": "ffl"}
    | {"\u00ad": "", "\u0000": ""}
)
_EMPTY_LINE = re.compile(r"\n[ \t]*\n")


def read_pdf(name: str, data: bytes) -> Extracted:
    """The text page by page. Raises ConfigError for a file that is encrypted, broken, too long."""
    from pypdf import PdfReader
    from pypdf.errors import DependencyError, PyPdfError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # its notes on odd files help nobody
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not _opens(reader):
            raise config_error(name, "is encrypted", "save a copy without a password")
        if len(reader.pages) > MOST_PAGES:
            message = f"has {len(reader.pages)} pages, at most {MOST_PAGES} are read"
            raise config_error(name, message, "give the part that matters")
        pages = [page.extract_text().translate(_SAME) for page in reader.pages]
        title = str((reader.metadata.title if reader.metadata else "") or "")
    except DependencyError:
        raise config_error(name, "is encrypted", "save a copy without a password") from None
    except (PyPdfError, ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise _broken(name, error) from None
    except (RecursionError, AssertionError, OSError, OverflowError, ArithmeticError) as error:
        raise _broken(name, error) from None
    return joined(title or _first_line(pages), _pieces(pages))


def _opens(reader: object) -> bool:
    """Many files are encrypted with an empty password, to forbid printing only."""
    from pypdf import PdfReader

    return isinstance(reader, PdfReader) and bool(reader.decrypt(""))


def _broken(name: str, error: Exception) -> Exception:
    return config_error(name, f"is no readable PDF ({error})", "open it and save it again")


def _pieces(pages: list[str]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for number, page in enumerate(pages, start=1):
        for part in _EMPTY_LINE.split(page):
            if part.strip():
                yield part.strip(), f"page {number}", ()


def _first_line(pages: list[str]) -> str:
    return next((line for page in pages for line in page.splitlines() if line.strip()), "")
