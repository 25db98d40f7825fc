"""What goes wrong with a chat API, in one line of our own words.

Providers' messages are left out: they may hold parts of the key, or of what was sent.
"""

from __future__ import annotations

import json

from policies.remote.answer import Answer

NOT_THE_FORM = "the model's answer is not the form that was asked for"


class ChatFailed(RuntimeError):
    """The server gave no answer: one line. `again`: it may give one to the same question later."""

    def __init__(self, why: str, *, again: bool = False) -> None:
        super().__init__(why)
        self.again = again


class Unfit(ValueError):
    """The model's answer does not fit the form: one line."""


def in_words(error: BaseException, timeout_s: float) -> ChatFailed | Unfit:
    """A library's exception as one of ours. Providers' packages share no base class for these."""
    from pydantic import ValidationError

    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        return _status(status)
    if isinstance(error, ValidationError):
        wrong = {str(e["loc"][0]) for e in error.errors() if e["loc"]}
        named = [key for key in Answer.model_fields if key in wrong]  # never the model's own words
        return Unfit(f"{NOT_THE_FORM} (wrong: {', '.join(named)})" if named else NOT_THE_FORM)
    if isinstance(error, json.JSONDecodeError):
        return Unfit(NOT_THE_FORM)
    if isinstance(error, TypeError | LookupError | AttributeError):  # while reading it
        return ChatFailed("the server's answer cannot be read")
    return _by_name(error, timeout_s)


def _by_name(error: BaseException, timeout_s: float) -> ChatFailed | Unfit:
    names = " ".join(kind.__name__ for kind in type(error).__mro__)
    known: tuple[tuple[str, ChatFailed | Unfit], ...] = (  # a time-out is a connection's as well
        ("Timeout", ChatFailed(f"no answer within {timeout_s:g} s", again=True)),
        ("Connect", ChatFailed("the server cannot be reached; is it running?", again=True)),
        ("Refusal", Unfit("the model refused to answer")),
        ("ContentFilter", Unfit("the model refused to answer")),
        ("LengthFinish", Unfit("the model's answer was cut off")),
        ("OutputParser", Unfit(NOT_THE_FORM)),
    )
    other = ChatFailed(f"the call failed ({type(error).__name__})")
    return next((fault for word, fault in known if word in names), other)


def _status(status: int) -> ChatFailed:
    if status in (401, 403):
        return ChatFailed(f"the server does not accept the API key ({status})")
    if status == 404:
        return ChatFailed("the server does not know the model or the address (404)")
    if status == 429:
        return ChatFailed("the server is busy, or the account is used up (429)", again=True)
    if status >= 500:
        return ChatFailed(f"the server failed ({status})", again=True)
    return ChatFailed(f"the server refused the request ({status})")
