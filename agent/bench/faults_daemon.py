"""A service of its own process, forked as the runners are; its runners write checksums down."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import agent.commands.serve
import agent.service.assembly
import agent.service.child
import agent.web.app
import agent.web.pages.router
from agent.bench.faults_witness import WITNESS, end_with_parent

PRELOADED = (agent.service.assembly, agent.web.app, agent.web.pages.router)


def serve(config: str, home: str, log: str, witness: str) -> None:
    """The child: what `microscout serve` does."""
    os.setsid()
    end_with_parent()
    out = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for number in (1, 2):
        os.dup2(out, number)
    sys.stdout = sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8")
    os.environ[WITNESS] = witness
    started = subprocess.Popen

    def with_witness(command: Any, **more: Any) -> Any:
        if "agent.runner" in command:
            command = ["agent.bench.faults_witness" if c == "agent.runner" else c for c in command]
        return started(command, **more)

    patched = SimpleNamespace(**vars(subprocess) | {"Popen": with_witness})
    mock.patch.object(agent.service.child, "subprocess", patched).start()
    from agent.finding import ConfigError

    try:
        code = agent.commands.serve.serve(None, config_file=Path(config), home=Path(home))
    except ConfigError as error:
        print(error, file=sys.stderr)
        code = 2
    sys.stderr.flush()
    os._exit(code)
