"""Messages to people: written down first, then sent, until they have arrived.

`Messenger` is what the rest of the service uses; `compose` and `overnight` make the texts from a
run's directory. apprise is loaded when the first message goes out, not before.
"""

from __future__ import annotations

from agent.messages.config import MessagesConfig, TargetConfig
from agent.messages.message import Message, MessageKind

__all__ = ["Message", "MessageKind", "MessagesConfig", "TargetConfig"]
