"""The API against its own description, attacked by schemathesis: no 500, nothing undocumented."""

from __future__ import annotations

import contextlib
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from api_kit import GENEROUS, House, build
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi.checks import negative_data_rejection
from standin import StandIn

from agent.web.app import OPENAPI, described
from agent.web.settings import WebConfig

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EXAMPLES = 12  # per operation; raise it for a longer attack
LIMITS = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def attacked(finished_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    config = WebConfig(limits=GENEROUS, allowed_hosts=("testserver",))
    house = build(tmp_path_factory.mktemp("attacked"), StandIn(finished_run), config)
    with house.client:
        yield house


@pytest.fixture(scope="module")
def api(attacked: House) -> Any:
    """Everything but the endless stream."""
    made = schemathesis.openapi.from_asgi(OPENAPI, attacked.app, headers=attacked.bearer())
    return made.exclude(path="/api/v1/events")


@pytest.mark.parametrize("generation", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_no_input_makes_a_fault_and_every_answer_is_documented(
    attacked: House, api: Any, generation: GenerationMode
) -> None:
    """As the description allows, and as it does not."""
    headers = attacked.bearer()
    tried: Counter[str] = Counter()
    for result in api.get_all_operations():
        operation = result.ok()

        @LIMITS
        @given(case=operation.as_strategy(generation_mode=generation))
        def attack(case: Any) -> None:
            tried[case.operation.label] += 1
            response = case.call(headers=headers)
            if response.status_code == 421:
                return  # a Host of its own: for another service
            judged = _is_wrong(case) and response.status_code != 413  # which it takes for a yes
            passed = [] if judged else [negative_data_rejection]
            case.validate_response(response, headers=headers, excluded_checks=passed)

        with contextlib.suppress(Unsatisfiable):  # nothing can be wrong where nothing is given
            attack()
    assert len(tried) >= (29 if generation is GenerationMode.POSITIVE else 20)
    assert sum(tried.values()) > 100


def _is_wrong(case: Any) -> bool:
    """Whether what we read of it is: its path or its body. A token is sent always here, and a
    query that nobody knows is ignored, as everywhere."""
    parts = case.meta.components
    wrong = {where for where, part in parts.items() if part.mode is GenerationMode.NEGATIVE}
    return bool(wrong & {ParameterLocation.PATH, ParameterLocation.BODY})


def test_every_route_is_described_with_its_errors_and_its_lock(attacked: House) -> None:
    found = described(attacked.app)
    routes = {(r.method.lower(), r.path) for r in attacked.routes() if r.path != OPENAPI}
    routes -= {("post", "/login"), ("post", "/logout")}
    told = {(m, path) for path, methods in found["paths"].items() for m in methods}
    assert told == routes
    for path, methods in found["paths"].items():
        for operation in methods.values():
            assert {"401", "403", "422", "429"} <= set(operation["responses"]), path
            assert operation["summary"] or operation["description"]
            if path != "/health":
                assert operation["security"] == [{"token": []}]
