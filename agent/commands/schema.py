"""`microscout schema`: JSON Schemas for editors."""

from __future__ import annotations

import json

from agent.jsonschema import schema as build


def schema(what: str) -> int:
    """Exit code 0; an unknown name is a ConfigError."""
    print(json.dumps(build(what), indent=2))
    return 0
