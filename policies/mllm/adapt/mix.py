"""How a model's evidence and the neighbours' labels become one probability."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict, FiniteFloat

if TYPE_CHECKING:
    from collections.abc import Sequence

LOG_SCALE_SPREAD, BIAS_SPREAD, WEIGHT_SPREAD = 0.7, 1.0, 0.5  # of the priors


class Mix(BaseModel):
    """p = sigmoid(evidence / temperature + bias + memory * logit of the neighbours' share)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    temperature: FiniteFloat = 1.0
    bias: FiniteFloat = 0.0
    memory: FiniteFloat = 0.0

    def probability(self, evidence: float, near_logit: float) -> float:
        """Probability of the target, 0 to 1."""
        z = evidence / self.temperature + self.bias + self.memory * near_logit
        return 1.0 / (1.0 + math.exp(-min(max(z, -30.0), 30.0)))


def fit(
    evidence: Sequence[float], near_logits: Sequence[float], targets: Sequence[bool], prior: Mix
) -> Mix:
    """Maximum a posteriori from held-out evidence; `memory` stays 0 where the prior has it at 0."""
    from scipy.optimize import minimize

    z, near = np.asarray(evidence, float), np.asarray(near_logits, float)
    sign = np.where(np.asarray(targets, bool), 1.0, -1.0)
    log_scale = -math.log(prior.temperature)

    def loss(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
        scale, bias, memory = values
        logit = math.exp(scale) * z + bias + memory * near
        apart = (scale - log_scale) / LOG_SCALE_SPREAD, bias / BIAS_SPREAD
        far = (memory - prior.memory) / WEIGHT_SPREAD
        return float(
            np.logaddexp(0, -sign * logit).sum() + 0.5 * (sum(a * a for a in apart) + far**2)
        )

    most = 3.0 if prior.memory > 0 else 0.0
    bounds = [(-4.0, 3.0), (-6.0, 6.0), (0.0, most)]
    start = np.array([log_scale, 0.0, prior.memory])
    scale, bias, memory = minimize(loss, start, method="L-BFGS-B", bounds=bounds).x
    return Mix(temperature=round(math.exp(-scale), 5), bias=round(bias, 5), memory=round(memory, 5))
