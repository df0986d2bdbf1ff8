"""Leaky tanh units with fixed random weights, drawn and scaled. One `Weights` is what an echo state network or a layer of one is."""

from typing import Any

import numpy as np

from ranvier.reservoirs.scan import Weights
from ranvier.reservoirs.spectrum import spectral_radius
from ranvier.reservoirs.topologies import Sparse, Topology, links

ACTIVATIONS = ("tanh", "identity")


def seeds(random_state: Any, count: int) -> list[np.random.SeedSequence]:
    """Independent seeds for the parts of a reservoir. random_state: None (anew each time), a whole number, or a generator of NumPy's."""
    if isinstance(random_state, np.random.Generator):
        base = np.random.SeedSequence(int(random_state.integers(2**63)))
    elif isinstance(random_state, np.random.RandomState):
        base = np.random.SeedSequence(int(random_state.randint(2**31)))
    else:
        base = np.random.SeedSequence(None if random_state is None else int(random_state))
    return base.spawn(count)


def draw(
    where: str,
    seed: np.random.SeedSequence,
    units: int,
    scaling: np.ndarray,
    *,
    radius: float | None,
    leak: Any,
    bias_scaling: float,
    topology: Topology | None,
    activation: str,
) -> Weights:
    """Weights of `units` units. scaling: [inputs], of the input weights U(-scaling, scaling). radius: None leaves the matrix as drawn.

    Matrix, input weights and bias come from seeds of their own, so that a changed scaling changes nothing else.
    """
    if units < 1:
        raise ValueError(f"{where}: units must be at least 1, got {units}. Use for example units=100.")
    if activation not in ACTIVATIONS:
        raise ValueError(f"{where}: activation must be 'tanh' or 'identity', got {activation!r}.")
    if radius is not None and not (np.isfinite(radius) and radius >= 0):
        raise ValueError(
            f"{where}: spectral_radius must be at least 0, got {radius}. Use for example spectral_radius=0.9."
        )
    leaks = np.broadcast_to(np.asarray(leak, np.float64), units) if np.size(leak) in (1, units) else None
    if leaks is None or not ((leaks > 0) & (leaks <= 1)).all():
        raise ValueError(
            f"{where}: leak must be a number in (0, 1], or one a unit [{units}], got {leak}. 1 means no leak."
        )
    if not (np.isfinite(scaling).all() and np.isfinite(bias_scaling)):
        raise ValueError(f"{where}: input_scaling and bias_scaling must be finite, got {scaling} and {bias_scaling}.")
    for_matrix, for_input, for_bias = (np.random.default_rng(s) for s in seed.spawn(3))
    matrix = (Sparse() if topology is None else topology).draw(units, for_matrix)
    if radius is not None:
        found = spectral_radius(matrix)
        if not found > 1e-9 and radius > 0:
            raise ValueError(
                f"{where}: the recurrent matrix has no eigenvalue but 0, so it cannot be scaled to a spectral radius of {radius}. "
                "Use spectral_radius=None to take it as it is, more connections, or another seed."
            )
        matrix = matrix * (radius / found if found else 0.0)
    weight, source = links(matrix)
    return Weights(
        win=for_input.uniform(-1, 1, (units, len(scaling))) * scaling,
        bias=for_bias.uniform(-1, 1, units) * bias_scaling,
        weight=weight,
        source=source,
        leak=np.ascontiguousarray(leaks),
        linear=activation == "identity",
    )


def matrix_of(weights: Weights) -> np.ndarray:
    """The recurrent matrix, dense [N, N]."""
    found = np.zeros((weights.units, weights.units))
    np.add.at(found, (np.arange(weights.units)[:, None], weights.source), weights.weight)
    return found
