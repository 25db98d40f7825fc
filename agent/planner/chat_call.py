"""One chat model for one plan: calls with a deadline and a budget, faults in our own words."""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from agent.planner.chat_form import Form, misfit
from policies.remote.chat_faults import ChatFailed, Unfit, in_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from langchain_core.messages import AIMessage

    from agent.planner.chat_budget import Purse
    from agent.planner.chat_options import ChatOptions

REFUSED = "the model refused to answer"
PAUSE_S = 0.5  # before a call is repeated; twice as long each time
Message = tuple[str, str]  # role (system, human, ai) and text


class ChatCalls:
    """Calls of one plan. The deadline runs from the first one.

    No call is made that could exceed the budget; a call that the server does not end is left
    behind when the time is over.
    """

    def __init__(self, options: ChatOptions, purse: Purse, form: type[Form]) -> None:
        self._options = options
        self._purse = purse
        self._form = form
        self._ends: float | None = None

    def ask(self, messages: list[Message]) -> Form:
        """A filled-in form. Raises ChatFailed without an answer, Unfit where it is not the form.

        Raises BudgetUsedUp where the call could exceed the budget.
        """
        tries = self._options.max_retries + 1
        pause_s = PAUSE_S
        while True:
            try:
                return self._once(messages)
            except ChatFailed as error:
                tries -= 1
                if not error.again or tries <= 0 or self._left() <= pause_s:
                    raise
            time.sleep(pause_s)
            pause_s *= 2

    def _once(self, messages: list[Message]) -> Form:
        size = sum(len(text.encode()) for _, text in messages) + self._schema_bytes()
        allowed = self._purse.allowance(size)
        chain = _chain(self._options, allowed, self._form)
        if self._left() <= 0:
            raise ChatFailed(self._late())
        try:
            result = self._within(lambda: chain.invoke(messages))
        except Exception as error:  # providers raise what they like
            fault = self._fault(error)
            refused = isinstance(getattr(error, "status_code", None), int)
            self._purse.count({"output_tokens": 0} if refused else None, size, allowed)
            raise fault from None  # what the library says may hold parts of the key
        self._purse.count(result["raw"].usage_metadata, size, allowed)
        return self._filled_in(result["raw"])

    def _filled_in(self, message: AIMessage) -> Form:
        """The reply as a form. LangChain's own parser is not asked: it closes what was cut off."""
        if message.additional_kwargs.get("refusal"):
            raise Unfit(REFUSED)
        try:
            if message.tool_calls:
                return self._form.model_validate(message.tool_calls[0]["args"])
            return self._form.model_validate_json(message.text)
        except ValidationError as error:
            raise Unfit(misfit(error)) from None

    def _within(self, call: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The result of a call, or ChatFailed when the time is over: not every client has one."""
        box: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()

        def run() -> None:
            try:
                box.put((call(), None))
            except BaseException as error:  # handed over, whatever it is
                box.put((None, error))

        threading.Thread(target=run, daemon=True, name="planner-chat").start()
        try:
            result, error = box.get(timeout=max(self._left(), 0.0))
        except queue.Empty:
            raise ChatFailed(self._late()) from None
        if error is not None:
            raise error
        return dict(result)

    def _fault(self, error: BaseException) -> ChatFailed | Unfit:
        if isinstance(error, ChatFailed):
            return error
        return in_words(error, self._limit)

    @property
    def _limit(self) -> float:
        return self._options.timeout_s

    def _late(self) -> str:
        return f"no answer within {self._limit:g} s"

    def _left(self) -> float:
        now = time.monotonic()
        if self._ends is None:
            self._ends = now + self._limit
        return self._ends - now

    def _schema_bytes(self) -> int:
        return len(str(self._form.model_json_schema()))


def arguments(options: ChatOptions, reply_tokens: int) -> dict[str, Any]:
    """What LangChain's client of the provider is made with. Providers name things differently."""
    made: dict[str, Any] = {} if options.base_url is None else {"base_url": options.base_url}
    if options.model.startswith("ollama:"):
        return made | {
            "num_predict": reply_tokens,
            "client_kwargs": {"timeout": options.timeout_s},
        }
    return made | {
        "max_tokens": reply_tokens,
        "timeout": options.timeout_s,
        "max_retries": 0,
    }


def _chain(options: ChatOptions, reply_tokens: int, form: type[Form]) -> Any:
    from langchain.chat_models import init_chat_model

    try:
        model = init_chat_model(options.model, **arguments(options, reply_tokens))
        strict = {"strict": True} if options.model.startswith("openai:") else {}
        return model.with_structured_output(form.model_json_schema(), include_raw=True, **strict)
    except Exception:  # no package, no key, no such provider
        provider = options.model.partition(":")[0]
        raise ChatFailed(
            f"it cannot be used here; install LangChain's package of the provider ({provider}) "
            "and set its key in the environment"
        ) from None
