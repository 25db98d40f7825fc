"""`python -m agent.docs`: write the tables of keys in docs/ anew, from the models."""

from __future__ import annotations

from pathlib import Path

from agent.docs.reference import FILES, generate

DOCS = Path(__file__).parents[2] / "docs"


def main() -> None:
    """Every file with tables of keys."""
    for name in FILES:
        path = DOCS / name
        path.write_text(generate(path.read_text(encoding="utf-8")), encoding="utf-8")
        print(f"wrote {path}")


if __name__ == "__main__":
    main()
