"""What became of an action: words, and beside them what a person should hear of by itself."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Kind(StrEnum):
    """What an action has led to, as far as people are told of it."""

    DONE = "done"  # or not done, as its words say: the journal has it, for who wants to look
    BURST = "burst"  # a field is imaged fast from now on
    QUESTION = "question"  # a person is asked for leave


class Became(str):
    """The words, of a `kind`. `question`: the number of the question that was asked."""

    __slots__ = ("kind", "question")
    kind: Kind
    question: int | None

    def __new__(cls, words: str, kind: Kind = Kind.DONE, question: int | None = None) -> Self:
        """Words with what they tell of."""
        made = super().__new__(cls, words)
        made.kind, made.question = kind, question
        return made
