"""What ridge regression says of rows that it was not fitted to, for many penalties at the price of one decomposition."""

from collections.abc import Sequence

import numpy as np
import torch

from ranvier.reservoirs.readouts.factor import Factor
from ranvier.reservoirs.readouts.solutions import Path


def held_out(factors: list[Factor], fold: int, alphas: Sequence[float]) -> np.ndarray:
    """Sum of squared errors on one fold of the solutions of the others, one for each alpha."""
    path = Path(Factor.joined([factor for k, factor in enumerate(factors) if k != fold]))
    return np.array([factors[fold].error(*path.solve(alpha)) for alpha in alphas])


def left_out(states: np.ndarray, targets: np.ndarray, alphas: Sequence[float]) -> np.ndarray:
    """Output for every row of the solution without it, [alphas, n, K]: the residual divided by 1 - h, h the row's share in its own output.

    Source: Golub, Heath and Wahba, Technometrics 21 (1979), section 2.
    """
    centred, mean = torch.from_numpy(states - states.mean(0)), targets.mean(0)
    u, s, _ = (part.numpy() for part in torch.linalg.svd(centred, full_matrices=False))
    projected, outputs = u.T @ (targets - mean), np.empty((len(alphas), *targets.shape))
    kept = s > np.finfo(np.float64).eps * max(states.shape) * s.max(initial=0.0)
    for j, alpha in enumerate(alphas):
        shrunk = np.divide(s * s, s * s + alpha, out=np.zeros_like(s), where=kept)
        residual = targets - mean - u @ (shrunk[:, None] * projected)
        rest = 1.0 - np.square(u) @ shrunk - 1.0 / len(states)
        outputs[j] = targets - residual / np.maximum(rest, 1e-12)[:, None]
    return outputs
