"""HTML: the text that a reader of the page sees, in blocks under their headings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.memory.blocks import Extracted, joined

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selectolax.lexbor import LexborNode

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_CELLS = frozenset({"td", "th"})
_BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "body", "caption", "dd", "div", "dl", "dt"}
    | {"fieldset", "figcaption", "figure", "footer", "form", "header", "html", "li", "main", "nav"}
    | {"ol", "p", "pre", "section", "table", "tr", "ul", *_HEADINGS}
)
_UNSEEN = (
    "script, style, noscript, template, iframe, object, svg, head > *:not(title), [hidden],"
    " [style*='display:none'], [style*='display: none'], [style*='visibility:hidden'],"
    " [style*='visibility: hidden']"
)


def read_html(text: str) -> Extracted:
    """The visible text; scripts, styles and hidden elements are left out."""
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(text)
    title_node = tree.css_first("title")
    title = title_node.text(deep=True) if title_node is not None else ""
    for node in tree.css(_UNSEEN):
        node.decompose()
    body = tree.body
    headings: list[tuple[int, str]] = []
    pieces: list[tuple[str, str, tuple[str, ...]]] = []
    for block, piece in _pieces(body) if body is not None else ():
        level = _HEADINGS.get(block)
        if level is not None:
            headings = [(above, name) for above, name in headings if above < level]
            headings.append((level, piece))
            title = title or piece
        else:
            place = f"paragraph {len(pieces) + 1}"
            pieces.append((piece, place, tuple(name for _, name in headings)))
    return joined(title or (pieces[0][0] if pieces else ""), pieces)


def _pieces(body: LexborNode) -> Iterator[tuple[str, str]]:
    """(tag of the block, its text), in the page's order; the cells of a row parted by " | "."""
    tag, held, cell = "", 0, 0
    parts: list[str] = []
    for node in body.traverse(include_text=True):
        if node.tag == "br":
            parts.append(" ")
        if node.tag != "-text":
            continue
        block, in_cell = _around(node)
        if block.mem_id != held:
            if text := _flat(parts):
                yield tag, text
            tag, held, cell, parts = block.tag or "", block.mem_id, in_cell, []
        elif in_cell != cell:
            if _flat(parts) and node.text(deep=False).strip():
                parts.append(" | ")
            cell = in_cell
        parts.append(node.text(deep=False) or "")
    if text := _flat(parts):
        yield tag, text


def _around(node: LexborNode) -> tuple[LexborNode, int]:
    """The block that a text is in, and the id of its table cell (0: none)."""
    cell, at = 0, node.parent
    while at is not None and at.parent is not None and at.tag not in _BLOCKS:
        if at.tag in _CELLS and not cell:
            cell = at.mem_id
        at = at.parent
    return (at if at is not None else node), cell


def _flat(parts: list[str]) -> str:
    return " ".join("".join(parts).split())
