"""Generated blocks in a Markdown file, between two comments that name them."""

from __future__ import annotations

import re

BLOCK = "<!-- generated: {0} (do not edit) -->\n{1}\n<!-- end of {0} -->"


def replace(text: str, name: str, content: str) -> str:
    """The text with the block's content replaced. KeyError where there is no such block."""
    pattern = _pattern(name)
    if not pattern.search(text):
        raise KeyError(f"no block {name!r}")
    return pattern.sub(lambda _: BLOCK.format(name, content.strip("\n")), text, count=1)


def names(text: str) -> tuple[str, ...]:
    """The blocks of a file, in order."""
    return tuple(re.findall(r"<!-- generated: (\S+) \(do not edit\) -->", text))


def content(text: str, name: str) -> str:
    """What is in a block. KeyError where there is no such block."""
    found = _pattern(name).search(text)
    if found is None:
        raise KeyError(f"no block {name!r}")
    return found.group(1)


def _pattern(name: str) -> re.Pattern[str]:
    safe = re.escape(name)
    return re.compile(
        rf"<!-- generated: {safe} \(do not edit\) -->\n(.*?)\n?<!-- end of {safe} -->", re.DOTALL
    )
