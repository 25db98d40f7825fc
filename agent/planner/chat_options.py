"""Which chat model reads instructions, and what it may take: time, tokens, money."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ValidationError

from agent.finding import config_error
from policies.judge_config import ChatJudgeConfig


@dataclass(frozen=True, slots=True)
class ChatOptions:
    """For one plan each; what is used up is not carried over to the next.

    Attributes
    ----------
    model : `provider:model` as LangChain names them (`openai:gpt-5-mini`, `ollama:qwen3`). Its key
        is read from the environment, never from here.
    base_url : of a server that speaks the provider's API; None for the provider's own.
    timeout_s : for the whole plan, repeated calls and the repair included.
    max_retries : how often a call is repeated when the server does not answer or is busy.
    max_tokens : most tokens for the whole plan, what is sent and what comes back.
    reply_tokens : most tokens of one reply.
    max_cost : most money for the whole plan, in the currency of the prices; None: not limited.
    price_in, price_out : of a million tokens sent, of a million that come back.

    Raises
    ------
    ConfigError : where a value makes no sense.
    """

    model: str
    base_url: str | None = None
    timeout_s: float = 20.0
    max_retries: int = 1
    max_tokens: int = 20_000
    reply_tokens: int = 4_000
    max_cost: float | None = None
    price_in: float | None = None
    price_out: float | None = None

    def __post_init__(self) -> None:
        try:  # model, address, time-out and retries are those of the chat judge
            ChatJudgeConfig(
                model=self.model,
                base_url=self.base_url,
                timeout_s=self.timeout_s,
                max_retries=self.max_retries,
            )
        except ValidationError as error:
            fault = error.errors()[0]
            key = str(fault["loc"][0]) if fault["loc"] else "model"
            raise config_error(
                "planner", fault["msg"].removeprefix("Value error, "), "give another value", key=key
            ) from None
        for key in ("max_tokens", "reply_tokens"):
            if getattr(self, key) < 1:
                raise config_error("planner", "is not above 0", "give another value", key=key)
        for key in ("max_cost", "price_in", "price_out"):
            value = getattr(self, key)
            if value is not None and not 0 <= value < float("inf"):
                raise config_error("planner", "is no amount of money", "give 0 or more", key=key)
        if self.max_cost is not None and (self.price_in is None or self.price_out is None):
            raise config_error(
                "planner",
                "cannot be kept without prices",
                "give the prices of a million tokens sent and of a million that come back as well",
                key="max_cost",
            )
