"""Keeps tokens out of the log, whoever writes it there."""

from __future__ import annotations

import logging
import re
import traceback

HIDDEN = "***"
_SECRETS = (
    re.compile(r"\bms[aov]_[\w-]{20,}"),  # our tokens
    re.compile(r"(?i)(?<=bearer )[\w.~+/=-]{8,}"),
    re.compile(r"(?i)(?<=microscout=)[\w-]{20,}"),  # the page's cookie
    re.compile(r"(?i)(?<=csrf=)[\w-]{20,}"),
)
LOGGERS = ("agent.web", "uvicorn", "uvicorn.error", "uvicorn.access", "asyncio")


def redacted(text: str) -> str:
    """`text` without what opens the door."""
    for secret in _SECRETS:
        text = secret.sub(HIDDEN, text)
    return text


class WebFilter(logging.Filter):
    """Redacts every record, its traceback too."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Lets it pass."""
        record.msg, record.args = redacted(record.getMessage()), None
        if record.exc_info and record.exc_info[1] is not None:
            lines = traceback.format_exception(record.exc_info[1])
            record.exc_text, record.exc_info = redacted("".join(lines).rstrip()), None
        elif record.exc_text:
            record.exc_text = redacted(record.exc_text)
        return True


_FILTER = WebFilter()


def keep_secrets_out() -> None:
    """On the loggers of the door. Doing it twice does no more."""
    for name in LOGGERS:
        logging.getLogger(name).addFilter(_FILTER)
