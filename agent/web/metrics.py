"""/metrics in Prometheus's text format: what goes through the door, and how the service stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily

from agent.service.states import ExperimentState, Level

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prometheus_client.metrics_core import Metric
    from starlette.types import Scope

    from agent.service.contract import Service

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_LEVELS = {Level.GOOD: 0, Level.WARNING: 1, Level.BAD: 2}
_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
_BUCKETS = (0.005, 0.025, 0.1, 0.25, 1.0, 5.0)


class Traffic:
    """Requests by method, kind of status and route; what a client makes up becomes no label."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "microscout_http_requests_total",
            "Requests answered",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "microscout_http_seconds",
            "Time to the end of the answer; lasting streams are left out",
            registry=self.registry,
            buckets=_BUCKETS,
        )

    def count(self, scope: Scope, status: int, seconds: float) -> None:
        """One request; status 0 for one whose client went away."""
        method = scope["method"] if scope["method"] in _METHODS else "other"
        route = _route(scope)
        kind = f"{status // 100}xx" if status else "gone"
        self._requests.labels(method, route, kind).inc()
        if not route.endswith("/events"):
            self._seconds.observe(seconds)

    def text(self, service: Service) -> bytes:
        """Everything, as it stands now. Asks the service once."""
        standing = CollectorRegistry()
        standing.register(_Standing(service))
        return bytes(generate_latest(standing)) + bytes(generate_latest(self.registry))


class _Standing:
    """Gauges from the service's status."""

    def __init__(self, service: Service) -> None:
        self._status = service.status()

    def describe(self) -> Iterable[Metric]:
        """None beforehand: they depend on the state."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """One gauge after the other."""
        status, run = self._status, self._status.run
        yield _gauge("level", "0 good, 1 warning, 2 bad", _LEVELS[status.level])
        yield _gauge("attended", "1 while somebody is there", int(status.attended))
        yield _gauge("waiting_experiments", "In the queue", len(status.waiting))
        yield _gauge("open_questions", "Nobody has answered yet", len(status.asks))
        yield _gauge("problems", "Named in the status", len(status.problems))
        state = GaugeMetricFamily(
            "microscout_experiment_state", "1 for the current experiment's state", labels=["state"]
        )
        for one in ExperimentState:
            is_it = status.current is not None and status.current.state is one
            state.add_metric([str(one)], int(is_it))
        yield state
        if run is not None:
            yield from _of_run(run)


def _of_run(run: Any) -> Iterable[Metric]:
    visits = GaugeMetricFamily(
        "microscout_run_visits", "Of the current run, by state", labels=["state"]
    )
    for name, number in sorted(run.visits.items()):
        visits.add_metric([name], number)
    yield visits
    dose = "j_cm2" if run.dose_unit == "J/cm2" else "s"
    yield _gauge("run_seconds", "Run time", run.time_s)
    yield _gauge("run_end_seconds", "Planned end, run time", run.end_s)
    yield _gauge("run_late_visits", "Begun too late", run.late)
    yield _gauge("run_errors", "In the journal", run.errors)
    yield _gauge("run_refusals", "In the journal", run.refusals)
    yield _gauge(f"run_dose_max_fov_{dose}", "Of the field that got most", run.dose_max_fov)
    yield _gauge(f"run_dose_total_{dose}", "Over all fields", run.dose_total)
    yield _gauge("light_on", "1 on, 0 off, -1 unknown", {"off": 0, "on": 1}.get(run.light, -1))


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"microscout_{name}", text, value=value)


def _route(scope: Scope) -> str:
    """The route's pattern, not the path: experiment 7 and 8 are one line."""
    path = getattr(scope.get("route"), "path", None)
    if path is None:
        return "none"
    context = scope.get("fastapi", {}).get("effective_route_context")
    return str(getattr(context, "path", path))
