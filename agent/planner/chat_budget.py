"""Tokens and money of one plan. A call that could exceed them is not made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.planner.chat_options import ChatOptions

BYTES_PER_TOKEN = (
    3  # of text that is sent; real ones are longer, so that this errs on the safe side
)
LEAST_REPLY = 200  # tokens; a form does not fit into fewer
MILLION = 1e6


class BudgetUsedUp(Exception):
    """The next call could exceed the budget: one line. It was not made."""


@dataclass(slots=True)
class Purse:
    """What is left of one plan's budget."""

    options: ChatOptions
    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0

    @property
    def tokens(self) -> int:
        """Used so far, both ways."""
        return self.tokens_in + self.tokens_out

    @property
    def cost(self) -> float | None:
        """Spent so far; None where the prices are not known."""
        prices = self.options.price_in, self.options.price_out
        if prices[0] is None or prices[1] is None:
            return None
        return (self.tokens_in * prices[0] + self.tokens_out * prices[1]) / MILLION

    def allowance(self, size_bytes: int) -> int:
        """Most tokens that the reply to a message of this size may have.

        Raises BudgetUsedUp where a useful reply could exceed what is left.
        """
        sent = tokens_of(size_bytes)
        left = self.options.max_tokens - self.tokens - sent
        if left < LEAST_REPLY:
            raise BudgetUsedUp(f"another call could exceed {self.options.max_tokens:,} tokens")
        allowed = min(left, self.options.reply_tokens)
        spent, most = self.cost, self.options.max_cost
        if spent is None or most is None:
            return allowed
        price_in, price_out = self.options.price_in or 0.0, self.options.price_out or 0.0
        money = most - spent - sent * price_in / MILLION
        if price_out:
            allowed = min(allowed, int(money * MILLION / price_out))
        if money < 0 or allowed < LEAST_REPLY:
            raise BudgetUsedUp(f"another call could cost more than {most:g}")
        return allowed

    def count(self, usage: Mapping[str, Any] | None, size_bytes: int, allowed: int) -> None:
        """A call was made. Where the server gives no count, the most that it can have been."""
        self.calls += 1
        sent, got = (usage or {}).get("input_tokens"), (usage or {}).get("output_tokens")
        self.tokens_in += sent if _counted(sent) else tokens_of(size_bytes)
        self.tokens_out += got if _counted(got) else allowed


def _counted(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and value >= 0


def tokens_of(size_bytes: int) -> int:
    """An estimate that is rather too high."""
    return -(-size_bytes // BYTES_PER_TOKEN)
