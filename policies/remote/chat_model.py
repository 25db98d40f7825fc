"""A chat model through LangChain: one picture in, one filled-in form out."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from policies.judge import JudgeUnavailable
from policies.remote.answer import Answer
from policies.remote.chat_faults import NOT_THE_FORM, ChatFailed, Unfit, in_words
from policies.remote.logprobs import p_yes
from policies.remote.questions import instruction

if TYPE_CHECKING:
    from policies.judge_config import ChatJudgeConfig

ALTERNATIVES = 5  # likeliest tokens asked for at each place


@dataclass(frozen=True, slots=True)
class Reply:
    """A form, and P(yes) of its ``target_present`` where the provider gives probabilities."""

    answer: Answer
    p_yes: float | None


class ChatModel:
    """Asks once per call: no retries, no memory between calls."""

    def __init__(self, config: ChatJudgeConfig) -> None:
        """Raises JudgeUnavailable. The API key is read from the environment by LangChain."""
        self._timeout_s = config.timeout_s
        arguments: dict[str, Any] = {"timeout": config.timeout_s, "max_retries": 0}
        if config.base_url is not None:
            arguments["base_url"] = config.base_url
        self._plain = _form(config, arguments)
        # not every model gives probabilities, and a provider may refuse to be asked for them
        self._weighed: Any = None
        if config.model.startswith("openai:"):
            more = {"logprobs": True, "top_logprobs": ALTERNATIVES}
            self._weighed = _form(config, arguments | more)

    @property
    def asks_for_probabilities(self) -> bool:
        """Whether token probabilities are asked for; False once they were refused."""
        return self._weighed is not None

    def fill_in(self, target: str, png: bytes) -> Reply:
        """Show one PNG. Raises ChatFailed without an answer, Unfit where it is not the form.

        Where asking for probabilities is refused, that is a ChatFailed to be tried `again`, and
        they are not asked for any more.
        """
        chain = self._weighed or self._plain
        try:
            result = chain.invoke([_message(target, png)])
        except Exception as error:  # providers raise what they like
            fault = in_words(error, self._timeout_s)
            refused = isinstance(getattr(error, "status_code", None), int)
            if self._weighed is not None and refused and "logprobs" in str(error).lower():
                self._weighed = None
                fault = ChatFailed("the server refused to give probabilities", again=True)
            raise fault from None  # what the library says may hold parts of the key
        if result["parsing_error"] is not None:
            fault = in_words(result["parsing_error"], self._timeout_s)
            raise (fault if isinstance(fault, Unfit) else Unfit(NOT_THE_FORM)) from None
        answer = result["parsed"]
        if not isinstance(answer, Answer):
            raise Unfit(NOT_THE_FORM)
        found = (result["raw"].response_metadata or {}).get("logprobs")
        tokens = found.get("content") if isinstance(found, dict) else None
        return Reply(answer, p_yes(tokens) if isinstance(tokens, list) else None)


def _form(config: ChatJudgeConfig, arguments: dict[str, Any]) -> Any:
    from langchain.chat_models import init_chat_model

    try:
        model = init_chat_model(config.model, **arguments)
        return model.with_structured_output(Answer, include_raw=True)
    except Exception as error:  # no package, no key, no such provider
        why = " ".join(str(error).split())[:200]
        remedy = "name it provider:model, install LangChain's package of the provider, set its key"
        raise JudgeUnavailable(
            f"judge.model: {config.model} cannot be used ({why}); {remedy}"
        ) from None


def _message(target: str, png: bytes) -> Any:
    from langchain_core.messages import HumanMessage

    image = {
        "type": "image",
        "base64": base64.b64encode(png).decode("ascii"),
        "mime_type": "image/png",
    }
    return HumanMessage(content=[{"type": "text", "text": instruction(target)}, image])
