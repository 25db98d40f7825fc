"""Reading protocols: where a passage is, and one line for every file that cannot be read."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from memory_kit import PROTOCOLS, pdf_bytes

from agent.finding import ConfigError
from agent.memory.files import MOST_BYTES, MOST_CHARACTERS, read_file
from agent.memory.passages import LONGEST, passages

if TYPE_CHECKING:
    from pathlib import Path

    from agent.memory.data import Passage


def read(path: Path, content: str | bytes) -> tuple[Passage, ...]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return passages(read_file(path)[0])


def encrypted(password: str) -> bytes:
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf_bytes("", [["every 4 min"]]))))
    writer.encrypt(user_password=password, owner_password="owner", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize("path", sorted(PROTOCOLS.iterdir()), ids=lambda path: path.name)
def test_offsets_cite_the_text_exactly(path: Path) -> None:
    found, _ = read_file(path)
    assert found.title
    parts = passages(found)
    assert parts
    for passage in parts:
        assert passage.text == found.text[passage.start : passage.end]
        assert passage.text.strip() and len(passage.text) <= LONGEST
        assert passage.place and not passage.suspicious
    ends = [0, *(passage.end for passage in parts)]
    assert all(p.start >= end for p, end in zip(parts, ends[:-1], strict=True))


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.md", "# A\n\none\n\n## B\ntwo\n", [("A, line 3", "one"), ("B, line 6", "two")]),
        ("a.md", "Title\n=====\n\none\n\nPart\n----\ntwo",
         [("Title, line 4", "one"), ("Part, line 8", "two")]),
        ("a.md", "```\n# no heading\n```\n", [("line 1", "```\n# no heading\n```")]),
        ("a.md", "\ufeff# A\r\n\r\none\r\ntwo\r\n", [("A, line 3", "one\ntwo")]),
        ("a.txt", "# one\n\ntwo\n", [("line 1", "# one\n\ntwo")]),
        ("a.html", "<h1>A</h1><p>one<br>two <b>bold</b></p><ul><li>x<li>y</ul>",
         [("A, paragraph 1", "one two bold\n\nx\n\ny")]),
        ("a.html", "<table><tr><td>Interval</td><td>4&nbsp;min</td></tr></table>",
         [("paragraph 1", "Interval | 4 min")]),
        ("a.html", "<p>one</p><script>two()</script><style>p{}</style><p hidden>three</p>"
         "<p style='display:none'>four</p><!-- five --><template><p>six</p></template>",
         [("paragraph 1", "one")]),
        ("a.html", "<div>" * 3000 + "deep" + "</div>" * 3000, [("paragraph 1", "deep")]),
        ("a.HTM", "plain words, no tags", [("paragraph 1", "plain words, no tags")]),
        ("a.pdf", pdf_bytes("", [["one (a)"], ["two"]]),
         [("page 1", "one (a)"), ("page 2", "two")]),
        ("a.pdf", encrypted(""), [("page 1", "every 4 min")]),  # printing forbidden, no password
    ],
)  # fmt: skip
def test_passages_say_where_they_are(
    name: str, content: str | bytes, expected: list[tuple[str, str]], tmp_path: Path
) -> None:
    found = read(tmp_path / name, content)
    assert [(passage.place, passage.text) for passage in found] == expected


def test_long_paragraphs_are_cut_at_sentences(tmp_path: Path) -> None:
    found = read(tmp_path / "a.txt", "This is one sentence of some length. " * 100)
    assert len(found) > 3
    assert all(passage.text.endswith(".") or passage is found[-1] for passage in found)
    one_word = read(tmp_path / "b.txt", "x" * (3 * LONGEST))
    assert "".join(passage.text for passage in one_word) == "x" * (3 * LONGEST)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.txt", b"", "is empty"),
        ("a.txt", b" \n\n ", "is empty"),
        ("a.md", b"# only a heading\n", "no text"),
        ("a.txt", b"every 4 min \xb5m", "a.txt:1: byte 0xb5 is not UTF-8; save it as UTF-8"),
        ("a.md", b"PK\x03\x04\x00\x00", "not a text file"),
        ("a.html", b"<script>x</script>", "no text"),
        ("a.pdf", b"%PDF-1.4 cut off", "no readable PDF"),
        ("a.pdf", b"\x00\x01\x02\x03", "no readable PDF"),
        ("a.pdf", pdf_bytes("", [["one"]])[:300], "PDF"),
        ("a.pdf", pdf_bytes("scan", [[]]), "no text in it; is it a scan"),
        ("a.pdf", encrypted("secret"), "is encrypted; save a copy without a password"),
        ("a.docx", b"PK", "known: md"),
        ("a", b"words", "known: md"),
        ("a.txt", b"x " * (MOST_CHARACTERS // 2 + 1), "give the part that matters"),
    ],
)
def test_a_bad_file_is_one_line_with_a_remedy(
    name: str, content: bytes, says: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError) as fault:
        read(tmp_path / name, content)
    assert says in str(fault.value)
    assert "\n" not in str(fault.value) and "; " in str(fault.value)


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "a.txt").open("wb") as file:
        file.truncate(10 * MOST_BYTES)  # sparse: 200 MB of nothing
    with pytest.raises(ConfigError, match="200 MB, at most 20 MB"):
        read_file(tmp_path / "a.txt")


def test_missing_files_and_folders_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        read_file(tmp_path / "a.md")
    with pytest.raises(ConfigError, match="folder without a run's journal"):
        read_file(tmp_path)


@pytest.mark.parametrize("cut", range(0, 1200, 60))
def test_a_pdf_cut_anywhere_never_gives_a_traceback(cut: int, tmp_path: Path) -> None:
    whole = pdf_bytes("t", [["one line", "another"], ["page two"]])
    broken = whole[:cut] + whole[cut + 40 :]
    path = tmp_path / "a.pdf"
    path.write_bytes(broken)
    try:
        assert read_file(path)[0].text
    except ConfigError as fault:
        assert "\n" not in str(fault)
