"""Deep echo state network."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ranvier.reservoirs.pooling import Pooling
from ranvier.reservoirs.reservoir import Reservoir
from ranvier.reservoirs.scan import Weights, scan
from ranvier.reservoirs.topologies import Topology
from ranvier.reservoirs.units import IntrinsicPlasticity, adapted, draw, seeds


class DeepEchoState(Reservoir):
    """Echo state networks in a row: layer l gets the states of layer l - 1 at the same step; the readout sees all layers.

        x_l[t] = (1 - leak_l) x_l[t-1] + leak_l tanh(W_l x_l[t-1] + Win_l x_{l-1}[t] + b_l),   x_0 = u

    `leak`, `spectral_radius`, `between` and `bias_scaling` are one number for all layers, or one a layer; slower layers (a smaller leak)
    behind faster ones give the stack its several time scales. See `Reservoir` for X, y and the shared arguments.

    Args:
        units: of every layer, such as (100, 100, 100). spectral_radius, leak, bias_scaling, topology, activation, noise: as in `EchoState`.
        input_scaling: Win_1 ~ U(-1, 1) times this; a number, or one a feature.
        between: the further Win_l ~ U(-1, 1) times this / sqrt(units of the layer before); one number, or one for each layer but the first.
        plasticity: `IntrinsicPlasticity(...)`, layer after layer, each on the states of the adapted one before.

    Attributes after a fit:
        layers_: one `Weights` a layer. readout_: the fitted readout.

    Source: Gallicchio, Micheli and Pedrelli, Neurocomputing 268 (2017), equations 1 to 3.

    Example:
        >>> from ranvier.reservoirs import DeepEchoState, tasks
        >>> u, y = tasks.narma(10, 3000, seed=0)
        >>> u = u[:, None]  # [T, features]
        >>> model = DeepEchoState((50, 50), input_scaling=0.5, bias_scaling=0.3, washout=200).fit(u[:2000], y[:2000])
        >>> model.states(u).shape
        (3000, 100)
    """

    def __init__(
        self,
        units: Sequence[int] = (100, 100, 100),
        *,
        spectral_radius: Any = 0.9,
        leak: Any = 1.0,
        input_scaling: Any = 1.0,
        between: Any = 1.0,
        bias_scaling: Any = 0.0,
        topology: Topology | None = None,
        activation: str = "tanh",
        noise: float = 0.0,
        plasticity: IntrinsicPlasticity | None = None,
        readout: Any = None,
        pooling: Pooling | None = None,
        washout: int = 0,
        read_input: bool = False,
        standardise: bool = False,
        random_state: Any = 0,
    ) -> None:
        self.units = units
        self.spectral_radius = spectral_radius
        self.leak = leak
        self.input_scaling = input_scaling
        self.between = between
        self.bias_scaling = bias_scaling
        self.topology = topology
        self.activation = activation
        self.noise = noise
        self.plasticity = plasticity
        self.readout = readout
        self.pooling = pooling
        self.washout = washout
        self.read_input = read_input
        self.standardise = standardise
        self.random_state = random_state

    @property
    def _columns(self) -> int:
        return sum(self.units)

    def _check_arguments(self) -> None:
        super()._check_arguments()
        if not len(self.units):
            raise ValueError("DeepEchoState: units must name at least one layer, got none. Write units=(100, 100).")
        if not self.noise >= 0:
            raise ValueError(f"DeepEchoState: noise must be at least 0, got {self.noise}. Use for example noise=1e-6.")
        if self.plasticity is not None and self.activation != "tanh":
            raise ValueError(
                "DeepEchoState: intrinsic plasticity is defined for tanh units. Use activation='tanh' or plasticity=None."
            )

    def _draw(self, inputs: int) -> None:
        depth = len(self.units)
        *each, self._noise_seed = seeds(self.random_state, depth + 1)
        given = np.atleast_1d(np.asarray(self.input_scaling, np.float64))
        if len(given) not in (1, inputs):
            raise ValueError(
                f"DeepEchoState: input_scaling has {len(given)} entries, X {inputs} features. Give a number, or one a feature."
            )
        radii, leaks, biases = (
            _per_layer(name, getattr(self, name), depth) for name in ("spectral_radius", "leak", "bias_scaling")
        )
        between = _per_layer("between", self.between, depth - 1) if depth > 1 else []
        self.layers_: list[Weights] = []
        for k, units in enumerate(self.units):
            if k == 0:
                scaling = np.broadcast_to(given, inputs)
            else:
                before = self.units[k - 1]
                scaling = np.full(before, between[k - 1] / np.sqrt(before))
            self.layers_.append(
                draw(
                    "DeepEchoState",
                    each[k],
                    units,
                    scaling,
                    radius=radii[k],
                    leak=leaks[k],
                    bias_scaling=biases[k],
                    topology=self.topology,
                    activation=self.activation,
                )  # fmt: skip
            )

    def _adapt(self, rows: np.ndarray, start: np.ndarray) -> None:
        if self.plasticity is None:
            return
        for k, weights in enumerate(self.layers_):
            self.layers_[k] = adapted(weights, self.plasticity, rows, start)
            rows, _ = scan(self.layers_[k], rows, start, np.zeros((len(start) - 1, weights.units)))

    def _noise(self) -> Any:
        return np.random.default_rng(self._noise_seed) if self.noise else None

    def _scan(self, rows: np.ndarray, start: np.ndarray, state: Any, noise: Any = None) -> tuple[np.ndarray, Any]:
        found, after = [np.ascontiguousarray(rows)], []
        for k, weights in enumerate(self.layers_):
            before = np.zeros((len(start) - 1, weights.units)) if state is None else state[k]
            added = None if noise is None else noise.normal(0.0, self.noise, (len(rows), weights.units))
            states, last = scan(weights, found[-1], start, before, added)
            found.append(states)
            after.append(last)
        return np.hstack(found[1:]), after


def _per_layer(name: str, value: Any, depth: int) -> list[Any]:
    """One value a layer."""
    if value is None or np.ndim(value) == 0:
        return [value] * depth
    if len(value) != depth:
        raise ValueError(
            f"DeepEchoState: {name} has {len(value)} entries, expected one number or one for each of {depth} layers."
        )
    return list(value)
