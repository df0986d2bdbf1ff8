"""What a liquid can do, measured without a task: separation, rank of states (approximation), fading of the past.

Each takes a fitted reservoir; X is what its `states` takes.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def separation(model: Any, first: Any, second: Any, tau: float | None = None) -> NDArray[np.float64]:
    """Distance of the states of pairs of sequences at every step, mean over pairs, [T].

    Args:
        model: a fitted reservoir.
        first, second: lists of sequences [T, F], all of one length; pairs stand at the same place.
        tau: steps of a low-pass filter that the distances are smoothed with; None: as they are.

    Returns:
        Euclidean distances divided by sqrt(N), the root of the mean square over units.

    Source: Maass, Natschlaeger and Markram (2002), Neural Computation 14, section 4, figure 2.
    """
    a, b = np.stack(model.states(list(first))), np.stack(model.states(list(second)))
    apart = np.sqrt(np.square(a - b).mean(-1)).mean(0)
    if tau is None:
        return apart
    decay, smooth = np.exp(-1.0 / tau), np.empty_like(apart)
    value = apart[0]
    for t, d in enumerate(apart):
        value = decay * value + (1 - decay) * d
        smooth[t] = value
    return smooth


def rank(model: Any, X: Any, tolerance: float = 1e-2) -> int:
    """How many of the states at the end of sequences are linearly independent: what a linear readout can tell apart.

    With different inputs this is the kernel quality, the more the better, at most the number of sequences; with versions of one input that differ by noise
    it is the generalisation rank, the fewer the better.

    Args:
        model: a fitted reservoir.
        X: a list of sequences.
        tolerance: singular values below this share of the largest count as 0.

    Source: Legenstein and Maass (2007), Neural Networks 20, "Edge of chaos and prediction of computational performance for neural circuit models".
    """
    ends = np.stack([states[-1] for states in model.states(list(X))])
    values = np.linalg.svd(ends, compute_uv=False)
    return int((values > tolerance * values.max(initial=0.0)).sum()) if values.max(initial=0.0) > 0 else 0


def fading(model: Any, first: Any, second: Any, common: Any) -> NDArray[np.float64]:
    """How the difference of two pasts fades under one input: distances at every step of `common`, mean over pairs, as shares of that before it, [T].

    Args:
        model: a fitted reservoir.
        first, second: lists of sequences, the pasts; any lengths.
        common: one sequence [T, F] that follows all of them.

    Raises:
        ValueError: the pasts leave the same states, so that there is nothing to fade.
    """
    distances, before = np.zeros(len(common)), 0.0
    for a, b in zip(first, second, strict=True):
        ends, after = [], []
        for past in (a, b):
            run = model.run([past]).state
            ends.append(model.states([past])[0][-1])
            after.append(model.run([common], run).states[0])
        before += np.sqrt(np.square(ends[0] - ends[1]).mean())
        distances += np.sqrt(np.square(after[0] - after[1]).mean(-1))
    if before == 0:
        raise ValueError("fading: the pasts leave the same states. Give pasts that differ, or raise the input's scale.")
    return distances / before
